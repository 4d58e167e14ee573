from torch import nn


def right(older, width):
    maps = (nn.Linear(width, width, bias=False) for _ in range(older))
    return nn.ModuleList(maps)


def wrong_shared(older, width):
    return nn.ModuleList([nn.Linear(width, width, bias=False)] * older)


def wrong_listed(older, width):
    return list(right(older, width))


def wrong_count(older, width):
    return right(older + 1, width)


def wrong_linear(older, width):
    maps = [nn.Linear(older * width, width, bias=False)] * older
    return nn.ModuleList(maps)


def wrong_bias(older, width):
    return nn.ModuleList(nn.Linear(width, width) for _ in range(older))


def wrong_learning(older, width):
    return right(older, width).requires_grad_(False)
