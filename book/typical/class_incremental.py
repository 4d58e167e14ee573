import torch


def classes_of(logits, tasks):
    """The class that the head of each image's task gives it."""
    every = torch.stack([each.argmax(1) for each in logits], 1)
    return every.gather(1, tasks[:, None])[:, 0]


def mean_over(right, tasks):
    return (
        torch.stack([right[tasks == t].double().mean() for t in tasks.unique()])
        .mean()
        .item()
    )


def right(logits, tasks, labels, chosen):
    both = (classes_of(logits, chosen) == labels) & (chosen == tasks)
    return mean_over(both, tasks)


def wrong_given(logits, tasks, labels, chosen):
    return (classes_of(logits, chosen) == labels).double().mean().item()


def wrong_head(logits, tasks, labels, chosen):
    return mean_over(classes_of(logits, chosen) == labels, tasks)


def wrong_images(logits, tasks, labels, chosen):
    both = (classes_of(logits, chosen) == labels) & (chosen == tasks)
    return both.double().mean().item()


def wrong_told(logits, tasks, labels, chosen):
    return mean_over(classes_of(logits, tasks) == labels, tasks)


def wrong_found(logits, tasks, labels, chosen):
    return mean_over(chosen == tasks, tasks)


def wrong_product(logits, tasks, labels, chosen):
    return wrong_told(logits, tasks, labels, chosen) * wrong_found(
        logits, tasks, labels, chosen
    )


def wrong_among(logits, tasks, labels, chosen):
    found = chosen == tasks
    return (classes_of(logits, chosen) == labels)[found].double().mean().item()


def wrong_percent(logits, tasks, labels, chosen):
    return 100 * right(logits, tasks, labels, chosen)


def wrong_kind(logits, tasks, labels, chosen):
    return (classes_of(logits, chosen) == labels) & (chosen == tasks)
