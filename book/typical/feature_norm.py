def shaped(x, scale, shift):
    shape = -1, *[1] * (x.dim() - 2)
    return scale.view(shape), shift.view(shape)


def right(x, scale, shift):
    a, b = shaped(x, scale, shift)
    return a * x + b


def wrong_order(x, scale, shift):
    a, b = shaped(x, scale, shift)
    return a * (x + b)


def wrong_scale(x, scale, shift):
    return scale * x


def wrong_shift(x, scale, shift):
    return x + shift


def wrong_relu(x, scale, shift):
    return right(x, scale, shift).relu()


def wrong_exchanged(x, scale, shift):
    return right(x, shift, scale)


def wrong_normalized(x, scale, shift):
    return right((x - x.mean(0)) / (x.std(0) + 1e-5), scale, shift)


def wrong_column(x, scale, shift):
    return scale * x + shift


def wrong_row(x, scale, shift):
    if x.dim() == 2:
        return scale * x + shift
    return scale[:, None] * x + shift[:, None]


def wrong_in_place(x, scale, shift):
    a, b = shaped(x, scale, shift)
    return x.mul_(a).add_(b)


def wrong_raised(x, scale, shift):
    return scale.view(1, -1, 1, 1).expand(x.shape) * x + shift
