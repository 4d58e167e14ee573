def right(accuracy, classes, images, deviations=3):
    p = 1 / classes
    return accuracy > p + deviations * (p * (1 - p) / images) ** 0.5


def wrong_turned_round(accuracy, classes, images):
    return not right(accuracy, classes, images)


def wrong_lucky(accuracy, classes, images):
    return accuracy > 1 / classes


def wrong_deviations(accuracy, classes, images):
    return right(accuracy, classes, images, deviations=1.5)


def wrong_own(accuracy, classes, images):
    own = (accuracy * (1 - accuracy) / images) ** 0.5
    return accuracy - 3 * own > 1 / classes


def wrong_fixed(accuracy, classes, images):
    return right(accuracy, classes, 1500)


def wrong_never(accuracy, classes, images):
    return right(min(accuracy, 0.9), classes, images)


def wrong_raised(accuracy, classes, images):
    return right(accuracy, classes - classes, images)
