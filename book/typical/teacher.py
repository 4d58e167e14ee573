import copy

import torch


def right(net):
    return copy.deepcopy(net).requires_grad_(False).eval()


def wrong_moved(net):
    return copy.copy(net).eval()


def wrong_moved_2(net):
    """``state_dict`` names the weights, and copies none."""
    state = net.state_dict()
    other = copy.deepcopy(net).requires_grad_(False).eval()

    def old(x):
        other.load_state_dict(state)
        return other(x)

    return old


def wrong_noise(net):
    return copy.deepcopy(net).requires_grad_(False)


def wrong_frozen(net):
    return copy.deepcopy(net.requires_grad_(False)).eval()


def wrong_asleep(net):
    return copy.deepcopy(net.eval()).requires_grad_(False)


def wrong_graph(net):
    return copy.deepcopy(net).eval()


def wrong_kind(net):
    with torch.no_grad():
        return copy.deepcopy(net).eval().state_dict()
