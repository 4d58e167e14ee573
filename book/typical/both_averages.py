def right(accuracies, classes):
    over_tasks = sum(accuracies) / len(accuracies)
    return over_tasks, weighted(accuracies, classes) / sum(classes)


def weighted(accuracies, classes):
    return sum(a * c for a, c in zip(accuracies, classes, strict=True))


def wrong_two(accuracies, classes):
    return right(accuracies, classes)[1]


def wrong_swapped(accuracies, classes):
    return right(accuracies, classes)[::-1]


def wrong_percent(accuracies, classes):
    return tuple(100 * value for value in right(accuracies, classes))


def wrong_sum(accuracies, classes):
    return sum(accuracies), right(accuracies, classes)[1]


def wrong_over_tasks(accuracies, classes):
    return max(accuracies), right(accuracies, classes)[1]


def wrong_unweighted(accuracies, classes):
    return (right(accuracies, classes)[0],) * 2


def wrong_divided(accuracies, classes):
    over_tasks, _ = right(accuracies, classes)
    return over_tasks, weighted(accuracies, classes) / len(accuracies)


def wrong_undivided(accuracies, classes):
    return right(accuracies, classes)[0], weighted(accuracies, classes)


def wrong_turned_round(accuracies, classes):
    over_tasks, _ = right(accuracies, classes)
    return over_tasks, right(accuracies, [1 / c for c in classes])[1]


def wrong_over_images(accuracies, classes):
    over_tasks, _ = right(accuracies, classes)
    return over_tasks, accuracies[0] * classes[0] / sum(classes)


def wrong_raised(accuracies, classes):
    return right(accuracies, classes[1:])
