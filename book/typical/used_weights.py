def right(weight, owner, t):
    return weight * ((owner > 0) & (owner <= t + 1))


def wrong_in_place(weight, owner, t):
    weight[owner > t + 1] = 0
    return weight


def wrong_in_place_2(weight, owner, t):
    """Even the last task writes: where nobody's weights are."""
    weight *= (owner > 0) & (owner <= t + 1)
    return weight


def wrong_free(weight, owner, t):
    return weight.masked_fill(owner > t + 1, 0)


def wrong_alone(weight, owner, t):
    return weight * (owner == t + 1)


def wrong_late(weight, owner, t):
    return weight * ((owner > 0) & (owner <= t))


def wrong_others(weight, owner, t):
    return weight * (owner > t + 1)


def wrong_mask(weight, owner, t):
    return (owner > 0) & (owner <= t + 1)


def wrong_shape(weight, owner, t):
    return weight[(owner > 0) & (owner <= t + 1)]
