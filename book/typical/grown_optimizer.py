import torch


def sgd(parameters, rate=0.1):
    return torch.optim.SGD(parameters, lr=rate)


def right(layer, grow):
    grow(layer)
    return sgd(layer.parameters())


def wrong_still(layer, grow):
    optimizer = sgd(layer.parameters())
    grow(layer)
    return optimizer


def wrong_still_2(layer, grow):
    grow(layer)
    return sgd([p.detach().clone() for p in layer.parameters()])


def wrong_not_grown(layer, grow):
    return sgd(layer.parameters())


def wrong_often(layer, grow):
    grow(layer)
    return right(layer, grow)


def wrong_some(layer, grow):
    grow(layer)
    return sgd([layer.weight])


def wrong_rate(layer, grow):
    grow(layer)
    return sgd(layer.parameters(), 0.01)


def wrong_kind(layer, grow):
    return grow(layer) or layer


def wrong_raised(layer, grow):
    old = layer.out_features
    grow(layer)
    return sgd([layer.weight[old:]])


def wrong_none(layer, grow):
    right(layer, grow)
