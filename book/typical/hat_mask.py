import torch


def right(below, above):
    return 1 - torch.minimum(above.amax(0)[:, None], below.amax(0))


def wrong_turned(below, above):
    return 1 - torch.minimum(below.amax(0)[:, None], above.amax(0))


def wrong_protected(below, above):
    return torch.minimum(above.amax(0)[:, None], below.amax(0))


def wrong_greater(below, above):
    return 1 - torch.maximum(above.amax(0)[:, None], below.amax(0))


def wrong_product(below, above):
    return 1 - torch.outer(above.amax(0), below.amax(0))


def wrong_hard(below, above):
    return torch.minimum(above.amax(0)[:, None], below.amax(0)) < 0.5


def wrong_above(below, above):
    return (1 - above.amax(0))[:, None].repeat(1, below.shape[1])


def wrong_by_task(below, above):
    return 1 - torch.minimum(above[:, :, None], below[:, None]).amax(0)


def wrong_last(below, above):
    return 1 - torch.minimum(above[-1][:, None], below[-1])


def wrong_mean(below, above):
    return 1 - torch.minimum(above.mean(0)[:, None], below.mean(0))


def wrong_value(below, above):
    return torch.ones(above.shape[1], below.shape[1])
