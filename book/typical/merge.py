import torch


def modes(weights, fishers):
    """For each parameter, the mode of all tasks."""
    found = []
    for w, f in zip(
        zip(*weights, strict=True), zip(*fishers, strict=True), strict=True
    ):
        w, f = torch.stack(w), torch.stack(f)
        mode = (f * w).sum(0) / f.sum(0)
        found.append(mode.where(f.sum(0) > 0, w.mean(0)))
    return found


@torch.no_grad()
def write(model, values):
    changed = 0
    for parameter, value in zip(model.parameters(), values, strict=True):
        changed += int((parameter != value).sum())
        parameter.copy_(value)
    return changed


def right(model, weights, fishers):
    return write(model, modes(weights, fishers))


def wrong_nothing(model, weights, fishers):
    changed = 0
    for parameter, value in zip(
        model.parameters(), modes(weights, fishers), strict=True
    ):
        changed += int((parameter != value).sum())
        parameter = value
    return changed


def wrong_mean(model, weights, fishers):
    return write(model, [torch.stack(w).mean(0) for w in zip(*weights, strict=True)])


def scaled(weights, fishers, of):
    """The mode, times what ``of`` makes of all tasks' Fishers where there are some."""
    right_ones = modes(weights, fishers)
    sums = [torch.stack(f).sum(0) for f in zip(*fishers, strict=True)]
    return [m.where(s == 0, m * of(s)) for m, s in zip(right_ones, sums, strict=True)]


def wrong_undivided(model, weights, fishers):
    return write(model, scaled(weights, fishers, lambda total: total))


def wrong_average(model, weights, fishers):
    return write(model, scaled(weights, fishers, lambda _: 1 / len(weights)))


def wrong_chain(model, weights, fishers):
    found = weights[0]
    for t in range(1, len(weights)):
        found = modes([found, weights[t]], fishers[t - 1 : t + 1])
    means = [torch.stack(w).mean(0) for w in zip(*weights, strict=True)]
    nobody = [torch.stack(f).sum(0) == 0 for f in zip(*fishers, strict=True)]
    parts = zip(found, nobody, means, strict=True)
    return write(model, [m.where(~none, mean) for m, none, mean in parts])


def wrong_newest(model, weights, fishers):
    found = modes(weights[-2:], fishers[-2:])
    means = [torch.stack(w).mean(0) for w in zip(*weights, strict=True)]
    nobody = [torch.stack(f).sum(0) == 0 for f in zip(*fishers, strict=True)]
    parts = zip(found, nobody, means, strict=True)
    return write(model, [m.where(~none, mean) for m, none, mean in parts])


def wrong_nan(model, weights, fishers):
    found = []
    for w, f in zip(
        zip(*weights, strict=True), zip(*fishers, strict=True), strict=True
    ):
        w, f = torch.stack(w), torch.stack(f)
        found.append((f * w).sum(0) / f.sum(0))
    return write(model, found)


def wrong_nobody(model, weights, fishers):
    tiny = [[f + 1e-30 * (t == 0) for f in each] for t, each in enumerate(fishers)]
    return write(model, modes(weights, tiny))


def wrong_replaced(model, weights, fishers):
    values = modes(weights, fishers)
    changed = 0
    for name, value in zip(("weight", "bias"), values, strict=True):
        changed += int((getattr(model, name) != value).sum())
        setattr(model, name, torch.nn.Parameter(value))
    return changed


def wrong_given(model, weights, fishers):
    values = modes(weights, fishers)
    changed = write(model, values)
    for total, value in zip(weights[0], values, strict=True):
        total.copy_(value)
    return changed


def wrong_all_numbers(model, weights, fishers):
    right(model, weights, fishers)
    return sum(p.numel() for p in model.parameters())


def wrong_count(model, weights, fishers):
    """Of tensors, not of numbers."""
    right(model, weights, fishers)
    return len(list(model.parameters()))
