import torch


def right(below, above):
    return 1 - torch.minimum(above[:, None], below)


def wrong_turned(below, above):
    return 1 - torch.minimum(below[:, None], above)


def wrong_protected(below, above):
    return torch.minimum(above[:, None], below)


def wrong_greater(below, above):
    return 1 - torch.maximum(above[:, None], below)


def wrong_product(below, above):
    return 1 - torch.outer(above, below)


def wrong_hard(below, above):
    return torch.minimum(above[:, None], below) < 0.5


def wrong_above(below, above):
    return (1 - above)[:, None].repeat(1, len(below))


def wrong_value(below, above):
    return torch.ones(len(above), len(below))
