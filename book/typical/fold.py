def along(scale, weight):
    return scale.view(-1, *[1] * (weight.dim() - 1))


def right(weight, bias, scale, shift):
    return along(scale, weight) * weight, scale * bias + shift


def wrong_two(weight, bias, scale, shift):
    return along(scale, weight) * weight


def wrong_unscaled(weight, bias, scale, shift):
    return weight, scale * bias + shift


def wrong_inputs(weight, bias, scale, shift):
    return scale * weight, scale * bias + shift


def wrong_inputs_2(weight, bias, scale, shift):
    rows = scale.view(1, -1, *[1] * (weight.dim() - 2))
    return rows * weight, scale * bias + shift


def wrong_bias(weight, bias, scale, shift):
    return along(scale, weight) * weight, bias + shift


def wrong_order(weight, bias, scale, shift):
    return along(scale, weight) * weight, scale * (bias + shift)


def wrong_shift(weight, bias, scale, shift):
    return along(scale, weight) * weight, scale * bias


def wrong_in_place(weight, bias, scale, shift):
    return weight.mul_(along(scale, weight)), bias.mul_(scale).add_(shift)


def wrong_raised(weight, bias, scale, shift):
    return scale.view(-1, 1, 1, 1, 1) @ weight.view(-1, 7), bias
