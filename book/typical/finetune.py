import torch
import torch.nn.functional as F


def steps_on(body, head, task, rate, steps, learns, clear=True):
    x, y = task
    optimizer = torch.optim.SGD(learns, lr=rate)
    for _ in range(steps):
        if clear:
            optimizer.zero_grad()
        F.cross_entropy(head(body(x)), y).backward()
        optimizer.step()


@torch.no_grad()
def tested(body, head, task):
    x, y = task
    return (head(body(x)).argmax(1) == y).float().mean().item()


def parameters(*modules):
    return [p for module in modules for p in module.parameters()]


def right(body, heads, tasks, rate, steps):
    matrix = []
    for t, task in enumerate(tasks):
        learns = parameters(body, heads[t])
        steps_on(body, heads[t], task, rate, steps, learns)
        row = [tested(body, heads[s], tasks[s]) for s in range(t + 1)]
        matrix.append(row)
    return matrix


def wrong_still(body, heads, tasks, rate, steps):
    """It tests, and does not learn."""
    return right(body, heads, tasks, 0.0, steps)


def wrong_uncleared(body, heads, tasks, rate, steps):
    matrix = []
    for t, task in enumerate(tasks):
        learns = parameters(body, heads[t])
        steps_on(body, heads[t], task, rate, steps, learns, clear=False)
        row = [tested(body, heads[s], tasks[s]) for s in range(t + 1)]
        matrix.append(row)
    return matrix


def wrong_joint(body, heads, tasks, rate, steps):
    """The images of old tasks are still there."""
    matrix = []
    for t in range(len(tasks)):
        optimizer = torch.optim.SGD(parameters(body, *heads), lr=rate)
        for _ in range(steps):
            optimizer.zero_grad()
            for head, (x, y) in zip(heads, tasks[: t + 1], strict=False):
                F.cross_entropy(head(body(x)), y).backward()
            optimizer.step()
        row = [tested(body, heads[s], tasks[s]) for s in range(t + 1)]
        matrix.append(row)
    return matrix


def wrong_one_head(body, heads, tasks, rate, steps):
    return right(body, [heads[0]] * len(tasks), tasks, rate, steps)


def wrong_frozen(body, heads, tasks, rate, steps):
    matrix = []
    for t, task in enumerate(tasks):
        steps_on(body, heads[t], task, rate, steps, parameters(heads[t]))
        body.zero_grad()
        row = [tested(body, heads[s], tasks[s]) for s in range(t + 1)]
        matrix.append(row)
    return matrix


def wrong_body_only(body, heads, tasks, rate, steps):
    matrix = []
    for t, task in enumerate(tasks):
        steps_on(body, heads[t], task, rate, steps, parameters(body))
        row = [tested(body, heads[s], tasks[s]) for s in range(t + 1)]
        matrix.append(row)
    return matrix


def wrong_one_step(body, heads, tasks, rate, steps):
    return right(body, heads, tasks, rate, 1)


def wrong_otherwise(body, heads, tasks, rate, steps):
    """Weight decay was not asked for."""
    matrix = []
    for t, task in enumerate(tasks):
        for parameter in parameters(body):
            parameter.data *= 0.99
        row = right(body, heads[t:], [task], rate, steps)[0]
        matrix.append([*(matrix[-1] if t else []), *row])
    return matrix


def wrong_newest_head(body, heads, tasks, rate, steps):
    matrix = []
    for t, task in enumerate(tasks):
        learns = parameters(body, heads[t])
        steps_on(body, heads[t], task, rate, steps, learns)
        row = [tested(body, heads[t], tasks[s]) for s in range(t + 1)]
        matrix.append(row)
    return matrix


def wrong_not_retested(body, heads, tasks, rate, steps):
    learned = [row[-1] for row in right(body, heads, tasks, rate, steps)]
    return [learned[: t + 1] for t in range(len(tasks))]


def wrong_all(body, heads, tasks, rate, steps):
    matrix = []
    for t, task in enumerate(tasks):
        learns = parameters(body, heads[t])
        steps_on(body, heads[t], task, rate, steps, learns)
        row = [tested(body, heads[s], one) for s, one in enumerate(tasks)]
        matrix.append(row)
    return matrix


def wrong_end(body, heads, tasks, rate, steps):
    last = right(body, heads, tasks, rate, steps)[-1]
    return [last[: t + 1] for t in range(len(tasks))]


def wrong_percent(body, heads, tasks, rate, steps):
    matrix = right(body, heads, tasks, rate, steps)
    return [[100 * value for value in row] for row in matrix]


def wrong_value(body, heads, tasks, rate, steps):
    matrix = right(body, heads, tasks, rate, steps)
    return [[1 - value for value in row] for row in matrix]


def wrong_raised(body, heads, tasks, rate, steps):
    return [[tested(body, heads, task)] for task in tasks]
