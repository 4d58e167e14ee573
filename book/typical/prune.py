import torch


def right(weight, free, share):
    order = weight[free].abs().sort().values
    count = round(share * len(order))
    if not count:
        return free.clone()
    return free & (weight.abs() > order[count - 1])


def wrong_in_place(weight, free, share):
    return right(weight.abs_(), free, share)


def wrong_dtype(weight, free, share):
    return right(weight, free, share).int()


def wrong_kind(weight, free, share):
    return right(weight, free, share).tolist()


def wrong_owned(weight, free, share):
    return right(weight, torch.ones_like(free), share)


def wrong_pruned(weight, free, share):
    return free & ~right(weight, free, share)


def wrong_signed(weight, free, share):
    order = weight[free].sort().values
    return free & (weight > order[round(share * len(order)) - 1])


def wrong_among(weight, free, share):
    order = weight.abs().flatten().sort().values
    return free & (weight.abs() > order[round(share * len(order)) - 1])


def wrong_nothing(weight, free, share):
    return free.clone()


def wrong_threshold(weight, free, share):
    largest = weight[free].abs().max()
    return free & (weight.abs() > share * largest)


def wrong_zero(weight, free, share):
    order = weight[free].abs().sort().values
    return free & (weight.abs() > order[round(share * len(order)) - 1])


def wrong_most(weight, free, share):
    return right(weight, free, min(share, 0.5))


def wrong_shape(weight, free, share):
    return right(weight, free, share)[0]
