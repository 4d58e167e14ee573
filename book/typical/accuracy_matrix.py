def right(learn, accuracy, count):
    matrix = []
    for t in range(count):
        learn(t)
        matrix.append([accuracy(s) for s in range(t + 1)])
    return matrix


def wrong_given(learn, accuracy, count):
    matrix, row = [], []
    for t in range(count):
        learn(t)
        row = [*row, accuracy(t)]
        matrix.append(row)
    return matrix


def wrong_all(learn, accuracy, count):
    matrix = []
    for t in range(count):
        learn(t)
        matrix.append([accuracy(s) for s in range(count)])
    return matrix


def wrong_before(learn, accuracy, count):
    matrix = []
    for t in range(count):
        matrix.append([accuracy(s) for s in range(t + 1)])
        learn(t)
    return matrix


def wrong_shared(learn, accuracy, count):
    matrix, row = [], []
    for t in range(count):
        learn(t)
        row[:] = [accuracy(s) for s in range(t + 1)]
        matrix.append(row)
    return matrix


def wrong_end(learn, accuracy, count):
    for t in range(count):
        learn(t)
    return [[accuracy(s) for s in range(t + 1)] for t in range(count)]


def wrong_last(learn, accuracy, count):
    return right(learn, accuracy, count)[-1]


def wrong_diagonal(learn, accuracy, count):
    return [row[-1] for row in right(learn, accuracy, count)]


def wrong_newest(learn, accuracy, count):
    return [[row[-1]] for row in right(learn, accuracy, count)]


def wrong_learned(learn, accuracy, count):
    """Everything so far is learned again before it is tested."""
    matrix = []
    for t in range(count):
        for s in range(t + 1):
            learn(s)
        matrix.append([accuracy(s) for s in range(t + 1)])
    return matrix


def wrong_value(learn, accuracy, count):
    """The rows grow by one too few."""
    matrix = []
    for t in range(count):
        learn(t)
        matrix.append([accuracy(s) for s in range(max(t, 1))])
    return matrix


def wrong_kind(learn, accuracy, count):
    return dict(enumerate(right(learn, accuracy, count)))
