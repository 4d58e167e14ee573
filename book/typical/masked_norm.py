def shaped(x, *each):
    return [one.view(-1, *[1] * (x.dim() - 2)) for one in each]


def right(x, mask, scale, shift):
    m, a, b = shaped(x, mask, scale, shift)
    return m * (a * x + b)


def wrong_shift(x, mask, scale, shift):
    m, a, b = shaped(x, mask, scale, shift)
    return a * (m * x) + b


def wrong_unmasked(x, mask, scale, shift):
    _, a, b = shaped(x, mask, scale, shift)
    return a * x + b


def wrong_scale(x, mask, scale, shift):
    m, a, b = shaped(x, mask, scale, shift)
    return a * x + m * b


def wrong_passed(x, mask, scale, shift):
    m, a, b = shaped(x, mask, scale, shift)
    return (a * x + b).where(m > 0, x)


def wrong_column(x, mask, scale, shift):
    return mask * (scale * x + shift)


def wrong_shape(x, mask, scale, shift):
    return right(x, mask, scale, shift)[:, mask > 0]


def wrong_raised(x, mask, scale, shift):
    return x[mask] * scale + shift
