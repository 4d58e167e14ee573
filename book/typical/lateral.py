import torch


def right(older, scales, project, weight, activation=torch.relu):
    scaled = [s * column for s, column in zip(scales, older, strict=True)]
    return activation(torch.cat(scaled, 1) @ project.T) @ weight.T


def wrong_linear(older, scales, project, weight):
    return right(older, scales, project, weight, lambda x: x)


def wrong_unscaled(older, scales, project, weight):
    return torch.relu(torch.cat(older, 1) @ project.T) @ weight.T


def wrong_order(older, scales, project, weight):
    return right(older[::-1], scales.flip(0), project, weight)


def wrong_outside(older, scales, project, weight):
    return right(older, scales, project, weight).relu()


def wrong_swapped(older, scales, project, weight):
    return right(older, scales.flip(0), project, weight)


def wrong_first_scale(older, scales, project, weight):
    first = scales[0].repeat(len(older))
    return right(older, first, project, weight)


def wrong_shape(older, scales, project, weight):
    return torch.relu(torch.cat(older, 1) @ project.T)


def wrong_adapter(older, scales, project, weight):
    return right(older, scales, project, weight, torch.sigmoid)


def wrong_raised(older, scales, project, weight):
    return torch.relu(torch.cat(older, 0) @ project.T) @ weight.T
