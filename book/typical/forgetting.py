def right(matrix):
    lost = [matrix[-1][t] - row[-1] for t, row in enumerate(matrix)]
    return sum(lost[:-1]) / (len(lost) - 1)


def wrong_sign(matrix):
    return -right(matrix)


def wrong_last(matrix):
    lost = [matrix[-1][t] - row[-1] for t, row in enumerate(matrix)]
    return sum(lost) / len(lost)


def wrong_best(matrix):
    old = range(len(matrix) - 1)
    best = [max(row[t] for row in matrix[t:-1]) for t in old]
    return sum(matrix[-1][t] - best[t] for t in old) / len(old)


def wrong_best_sign(matrix):
    return -wrong_best(matrix)


def wrong_sum(matrix):
    return right(matrix) * (len(matrix) - 1)


def wrong_percent(matrix):
    return 100 * right(matrix)


def wrong_first(matrix):
    return matrix[-1][0] - matrix[0][0]


def wrong_value(matrix):
    return matrix[0][0]


def wrong_raised(matrix):
    return sum(matrix[-1][t] - matrix[t] for t in range(2))
