import torch


def of_batch(logits, labels):
    return (logits.argmax(1) == labels).float()


def right(batches):
    return torch.cat([of_batch(*batch) for batch in batches]).mean().item()


def wrong_given(batches):
    every = []
    for logits, labels in batches:
        every.append((logits.argmax(1) == labels).float().mean().item())
    return sum(every) / len(every)


def wrong_sum(batches):
    return sum(of_batch(*batch).sum().item() for batch in batches)


def wrong_percent(batches):
    return 100 * right(batches)


def wrong_batches(batches):
    return wrong_sum(batches) / len(batches)


def wrong_equal(batches):
    """All batches are taken to be as large as the first."""
    return wrong_sum(batches) / (len(batches) * len(batches[0][1]))


def wrong_dropped(batches):
    return right(batches[:-1])


def wrong_last_only(batches):
    for logits, labels in batches:
        right = of_batch(logits, labels)
    return right.mean()


def wrong_kind(batches):
    return [of_batch(*batch) for batch in batches]


def wrong_raised(batches):
    return torch.stack([of_batch(*batch) for batch in batches]).mean()
