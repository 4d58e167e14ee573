def right(features, tasks, bits):
    masks = 2 * features * tasks
    norm = 2 * bits * features * (tasks - 1)
    return (masks + norm) / 8


def wrong_bits(features, tasks, bits):
    return 8 * right(features, tasks, bits)


def wrong_first(features, tasks, bits):
    return (2 + 2 * bits) * features * tasks / 8


def wrong_one_number(features, tasks, bits):
    return (2 * tasks + bits * (tasks - 1)) * features / 8


def wrong_one_bit(features, tasks, bits):
    return (tasks + 2 * bits * (tasks - 1)) * features / 8


def wrong_masks_only(features, tasks, bits):
    return 2 * features * tasks / 8


def wrong_norm_only(features, tasks, bits):
    return 2 * bits * features * (tasks - 1) / 8


def wrong_kilobytes(features, tasks, bits):
    return right(features, tasks, bits) / 1000


def wrong_fixed(features, tasks, bits):
    return right(features, tasks, 32)


def wrong_value(features, tasks, bits):
    return 0


def wrong_raised(features, tasks, bits):
    return features * tasks / (bits - bits)
