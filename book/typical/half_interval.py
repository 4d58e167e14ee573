import math
from statistics import pstdev, stdev

from scipy.stats import t


def right(differences):
    n = len(differences)
    if n < 2:
        return math.inf
    return t.ppf(0.975, n - 1) * stdev(differences) / math.sqrt(n)


def wrong_fault(differences):
    return 1.96 * pstdev(differences) / len(differences) ** 0.5


def wrong_normal(differences):
    return 1.96 * stdev(differences) / len(differences) ** 0.5


def wrong_count(differences):
    n = len(differences)
    return t.ppf(0.975, n - 1) * pstdev(differences) / math.sqrt(n)


def wrong_deviation(differences):
    return right(differences) * len(differences) ** 0.5


def wrong_error(differences):
    return stdev(differences) / len(differences) ** 0.5


def wrong_freedom(differences):
    n = len(differences)
    return t.ppf(0.975, n) * stdev(differences) / math.sqrt(n)


def wrong_one_sided(differences):
    n = len(differences)
    return t.ppf(0.95, n - 1) * stdev(differences) / math.sqrt(n)


def wrong_whole(differences):
    return 2 * right(differences)


def wrong_one(differences):
    return right(differences) if len(differences) > 1 else 0.0


def wrong_value(differences):
    return max(differences)


def wrong_raised(differences):
    return right(differences) / differences[len(differences)]


def wrong_kind(differences):
    return str(right(differences))
