import torch

from tfm_lite.nn.layers import MASKED, NORMAL


def used(inputs, outputs):
    return (outputs != MASKED)[:, None] & (inputs != MASKED)


def right(inputs, outputs):
    new = (outputs == NORMAL)[:, None] | (inputs == NORMAL)
    return used(inputs, outputs) & new


def wrong_turned(inputs, outputs):
    return right(inputs, outputs).T


def wrong_old(inputs, outputs):
    return used(inputs, outputs)


def wrong_masked(inputs, outputs):
    return (outputs == NORMAL)[:, None] | (inputs == NORMAL)


def wrong_reuse(inputs, outputs):
    return (outputs == NORMAL)[:, None] & (inputs == NORMAL)


def wrong_columns(inputs, outputs):
    return (outputs == NORMAL)[:, None] & (inputs != MASKED)


def wrong_new(inputs, outputs):
    both = (outputs == NORMAL)[:, None] & (inputs == NORMAL)
    return right(inputs, outputs) & ~both


def wrong_binary(inputs, outputs):
    return 2.0 * right(inputs, outputs)


def wrong_raised(inputs, outputs):
    return torch.outer(outputs, inputs)[:, 9]
