def right(accuracies, margin):
    enough = max(accuracies) - margin
    return next(i for i, a in enumerate(accuracies) if a >= enough)


def wrong_first(accuracies, margin):
    return 0


def wrong_last(accuracies, margin):
    enough = max(accuracies) - margin
    return max(i for i, a in enumerate(accuracies) if a >= enough)


def wrong_most(accuracies, margin):
    return accuracies.index(max(accuracies))


def wrong_relative(accuracies, margin):
    enough = max(accuracies) * (1 - margin)
    return next(i for i, a in enumerate(accuracies) if a >= enough)


def wrong_accuracy(accuracies, margin):
    return accuracies[right(accuracies, margin)]


def wrong_raised(accuracies, margin):
    return accuracies.index(max(accuracies) - margin)
