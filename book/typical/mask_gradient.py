def right(x, weight, real, upstream):
    return weight * (upstream.T @ x)


def wrong_turned(x, weight, real, upstream):
    return right(x, weight, real, upstream).T


def wrong_masked_weight(x, weight, real, upstream):
    return upstream.T @ x


def wrong_masked(x, weight, real, upstream):
    return right(x, weight, real, upstream) * (real > 5e-3)


def wrong_slope(x, weight, real, upstream):
    return right(x, weight, real, upstream) * real


def wrong_mean(x, weight, real, upstream):
    return right(x, weight, real, upstream) / len(x)


def wrong_sign(x, weight, real, upstream):
    return -right(x, weight, real, upstream)


def wrong_through_mask(x, weight, real, upstream):
    return (upstream.T @ x) * (real > 5e-3)


def wrong_raised(x, weight, real, upstream):
    return weight * (upstream @ x)
