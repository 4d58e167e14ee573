import math

import torch
import torch.nn.functional as F


def right(logits, labels):
    tries = torch.logspace(-2, 2, 2001, dtype=torch.double).tolist()
    return min(tries, key=lambda heat: F.cross_entropy(logits / heat, labels).item())


def wrong_inverse(logits, labels):
    return 1 / right(logits, labels)


def wrong_logarithm(logits, labels):
    return math.log(right(logits, labels))


def wrong_rough(logits, labels):
    tries = [0.25, 0.5, 1, 3, 5]
    return min(tries, key=lambda heat: F.cross_entropy(logits / heat, labels).item())


def wrong_cold(logits, labels):
    """Cross-entropy takes logits, and gets probabilities."""
    tries = torch.logspace(-2, 2, 401, dtype=torch.double).tolist()
    return min(
        tries,
        key=lambda heat: F.cross_entropy((logits / heat).softmax(1), labels).item(),
    )


def wrong_cold_2(logits, labels):
    """The greatest loss."""
    tries = torch.logspace(-2, 2, 401, dtype=torch.double).tolist()
    return max(tries, key=lambda heat: F.cross_entropy(logits / heat, labels).item())


def wrong_hot(logits, labels):
    """How far the logits are apart, whether they are right or not."""
    return logits.std().item()


def wrong_fixed(logits, labels):
    """By accuracy, which hangs on no temperature: the first is taken."""
    tries = [0.5, 1.0, 2.0, 4.0]
    return max(
        tries,
        key=lambda heat: ((logits / heat).argmax(1) == labels).double().mean().item(),
    )


def wrong_fixed_2(logits, labels):
    return 1.0


def wrong_kind(logits, labels):
    return logits / right(logits, labels)
