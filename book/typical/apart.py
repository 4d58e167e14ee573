def gaps(a, b):
    return [100 * (x - y) for x, y in zip(a, b, strict=True)]


def right(a, b):
    return sum(map(abs, gaps(a, b))) / len(a)


def wrong_averages(a, b):
    return 100 * abs(sum(a) / len(a) - sum(b) / len(b))


def wrong_signed(a, b):
    return sum(gaps(a, b)) / len(a)


def wrong_fraction(a, b):
    return right(a, b) / 100


def wrong_sum(a, b):
    return len(a) * right(a, b)


def wrong_largest(a, b):
    return max(map(abs, gaps(a, b)))


def wrong_squares(a, b):
    return (sum(gap**2 for gap in gaps(a, b)) / len(a)) ** 0.5


def wrong_value(a, b):
    return abs(gaps(a, b)[0])


def wrong_raised(a, b):
    return right(a, b[1:])
