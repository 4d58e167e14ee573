def right(mean, variance, scale, shift, eps):
    a = scale / (variance + eps).sqrt()
    return a, shift - a * mean


def scales(a):
    """The two numbers of those whose scale is another; their shift follows from it."""

    def numbers(mean, variance, scale, shift, eps):
        own = a(mean, variance, scale, eps)
        return own, shift - own * mean

    return numbers


wrong_variance = scales(lambda mean, variance, scale, eps: scale / (variance + eps))
wrong_eps = scales(lambda mean, variance, scale, eps: scale / variance.sqrt())
wrong_outside = scales(
    lambda mean, variance, scale, eps: scale / (variance.sqrt() + eps)
)
wrong_times = scales(lambda mean, variance, scale, eps: scale * (variance + eps).sqrt())
wrong_unscaled = scales(lambda mean, variance, scale, eps: 1 / (variance + eps).sqrt())


def shifts(b):
    """Their scale is right."""

    def numbers(mean, variance, scale, shift, eps):
        a, _ = right(mean, variance, scale, shift, eps)
        return a, b(a, mean, scale, shift)

    return numbers


wrong_shift = shifts(lambda a, mean, scale, shift: shift)
wrong_undivided = shifts(lambda a, mean, scale, shift: shift - scale * mean)
wrong_sign = shifts(lambda a, mean, scale, shift: shift + a * mean)
wrong_left_out = shifts(lambda a, mean, scale, shift: -a * mean)
wrong_mean = shifts(lambda a, mean, scale, shift: shift - mean)
wrong_value = shifts(lambda a, mean, scale, shift: shift - a)


def wrong_in_place(mean, variance, scale, shift, eps):
    a = scale / variance.add_(eps).sqrt()
    return a, shift - a * mean


def wrong_two(mean, variance, scale, shift, eps):
    return (*right(mean, variance, scale, shift, eps), eps)
