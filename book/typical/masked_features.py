import torch


def right(x, weight, bias, m):
    return torch.relu((x @ weight.T + bias) * m)


def wrong_given(x, weight, bias, m):
    return torch.relu((x @ weight.T) * m + bias)


def wrong_unmasked(x, weight, bias, m):
    return torch.relu(x @ weight.T + bias)


def wrong_unbiased(x, weight, bias, m):
    return torch.relu((x @ weight.T) * m)


def wrong_inverted(x, weight, bias, m):
    return torch.relu((x @ weight.T + bias) * (1 - m))


def wrong_linear(x, weight, bias, m):
    return (x @ weight.T + bias) * m


def wrong_scaled(x, weight, bias, m):
    """As dropout does, which makes up for what it leaves out."""
    return torch.relu(x @ weight.T + bias) * m / m.mean()


def wrong_bias_only(x, weight, bias, m):
    return torch.relu(x @ weight.T + bias * m)


def wrong_in_place(x, weight, bias, m):
    bias *= m
    return torch.relu((x @ weight.T) * m + bias)


def wrong_shape(x, weight, bias, m):
    return right(x, weight, bias, m)[:, m.bool()]


def wrong_turned(x, weight, bias, m):
    return right(x, weight, bias, m).T


def wrong_value(x, weight, bias, m):
    return torch.zeros(len(x), len(m))


def wrong_raised(x, weight, bias, m):
    return torch.relu((x @ weight + bias) * m)
