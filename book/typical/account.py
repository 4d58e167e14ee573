import math

import torch


def size(tensor):
    if tensor.dtype == torch.bool:
        return math.ceil(tensor.numel() / 8)
    return tensor.numel() * tensor.element_size()


def kind(name, kinds):
    known = [kinds[part] for part in name.split(".") if part in kinds]
    return known[0] if known else "weights"


def right(tensors, kinds, size=size, kind=kind):
    found = {}
    for name, tensor in tensors.items():
        of = kind(name, kinds)
        found[of] = found.get(of, 0) + size(tensor)
    return found


def packed(bits):
    """The account of those who pack otherwise."""

    def one(tensor):
        return bits(tensor) if tensor.dtype == torch.bool else size(tensor)

    return lambda tensors, kinds: right(tensors, kinds, one)


wrong_unpacked = packed(lambda tensor: tensor.numel())
wrong_floor = packed(lambda tensor: tensor.numel() // 8)
wrong_fraction = packed(lambda tensor: tensor.numel() / 8)


def wrong_together(tensors, kinds):
    found = wrong_fraction(tensors, kinds)
    return {of: math.ceil(count) for of, count in found.items()}


def wrong_outermost(tensors, kinds):
    def last(name, kinds):
        return kind(".".join(reversed(name.split("."))), kinds)

    return right(tensors, kinds, kind=last)


def wrong_names(tensors, kinds):
    return right(tensors, kinds, kind=lambda name, kinds: "all")


def wrong_names_2(tensors, kinds):
    return right(tensors, kinds, kind=lambda n, _: n.split(".")[0])


def wrong_numbers(tensors, kinds):
    return right(tensors, kinds, torch.numel)


def wrong_floats(tensors, kinds):
    return right(tensors, kinds, lambda tensor: 4 * tensor.numel())


def wrong_bits(tensors, kinds):
    return right(tensors, kinds, lambda tensor: 8 * size(tensor))


def wrong_storage(tensors, kinds):
    def whole(tensor):
        if tensor.dtype == torch.bool:
            return size(tensor)
        return tensor.untyped_storage().nbytes()

    return right(tensors, kinds, whole)


def wrong_sizes(tensors, kinds):
    """The last of a kind counts alone."""
    return {kind(name, kinds): size(one) for name, one in tensors.items()}


def wrong_kind(tensors, kinds):
    return sum(map(size, tensors.values()))
