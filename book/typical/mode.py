def right(a, b, f, g):
    total = f + g
    return ((f * a + g * b) / total).where(total > 0, (a + b) / 2)


def wrong_mean(a, b, f, g):
    return (a + b) / 2


def wrong_mean_2(a, b, f, g):
    """What is small is taken for nothing."""
    total = f + g
    return ((f * a + g * b) / total).where(total > 1e-8, (a + b) / 2)


def wrong_exchanged(a, b, f, g):
    return right(a, b, g, f)


def wrong_undivided(a, b, f, g):
    return f * a + g * b


def wrong_pulled(a, b, f, g):
    return (f * a + g * b) / (f + g + 1e-8)


def wrong_pulled_2(a, b, f, g):
    return (f * a + g * b) / (f + g).clamp(min=1e-8)


def wrong_nan(a, b, f, g):
    return (f * a + g * b) / (f + g)


def wrong_zero(a, b, f, g):
    return wrong_nan(a, b, f, g).nan_to_num(0)


def wrong_value(a, b, f, g):
    return right(a, b, f**0.5, g**0.5)
