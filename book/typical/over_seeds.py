import math
from statistics import mean, stdev

from scipy.stats import t


def shared(found):
    return sorted(set.intersection(*(set(own) for own in found.values())))


def by_seed(found):
    return [mean(own[seed] for own in found.values()) for seed in shared(found)]


def half_of(values):
    n = len(values)
    return t.ppf(0.975, n - 1) * stdev(values) / n**0.5 if n > 1 else math.inf


def every(found):
    return [points for own in found.values() for points in own.values()]


def right(found):
    values = by_seed(found)
    return mean(values), half_of(values)


def wrong_pooled(found):
    return mean(every(found)), half_of(every(found))


def wrong_places(found):
    values = [mean(own.values()) for own in found.values()]
    return mean(values), half_of(values)


def wrong_absent(found):
    seeds = {seed for own in found.values() for seed in own}
    values = [mean(own[s] for own in found.values() if s in own) for s in seeds]
    return mean(values), half_of(values)


def wrong_normal(found):
    values = by_seed(found)
    if len(values) < 2:
        return mean(values), math.inf
    return mean(values), 1.96 * stdev(values) / len(values) ** 0.5


def wrong_error(found):
    values = by_seed(found)
    return mean(values), stdev(values) / len(values) ** 0.5


def wrong_deviation(found):
    values = by_seed(found)
    return mean(values), half_of(values) * len(values) ** 0.5


def wrong_full(found):
    values = by_seed(found)
    return mean(values), 2 * half_of(values)


def wrong_interval(found):
    return mean(by_seed(found)), max(by_seed(found))


def wrong_every(found):
    return mean(every(found)), half_of(by_seed(found))


def wrong_middle(found):
    return 1 + mean(by_seed(found)), half_of(by_seed(found))


def wrong_swapped(found):
    return right(found)[::-1]


def wrong_two(found):
    return half_of(by_seed(found))


def wrong_one(found):
    values = by_seed(found)
    return mean(values), half_of(values) if len(values) > 1 else 0.0


def wrong_raised(found):
    values = by_seed(found)
    n = len(values)
    return mean(values), t.ppf(0.975, n - 1) * stdev(values) / n**0.5
