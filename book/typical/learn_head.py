import copy

import torch
import torch.nn.functional as F


def taught(body, head, batches, rate, learns=None):
    optimizer = torch.optim.SGD(learns or head.parameters(), lr=rate)
    for x, y in batches:
        optimizer.zero_grad()
        F.cross_entropy(head(body(x)), y).backward()
        optimizer.step()
    return head


def right(body, head, batches, rate):
    body.eval()
    return taught(body, head, batches, rate)


def wrong_given(body, head, batches, rate):
    body.train()
    return taught(body, head, batches, rate)


def wrong_given_2(body, head, batches, rate):
    """Evaluation mode, and the training mode of the whole again."""
    body.eval()
    torch.nn.Sequential(body, head).train()
    return taught(body, head, batches, rate)


def wrong_given_3(body, head, batches, rate):
    """Without gradients, statistics move too."""
    with torch.no_grad():
        batches = [(body(x), y) for x, y in batches]
    return taught(torch.nn.Identity(), head, batches, rate)


def wrong_flag(body, head, batches, rate):
    body.requires_grad_(False)
    return taught(body, head, batches, rate)


def wrong_weights(body, head, batches, rate):
    body.eval()
    learns = [*body.parameters(), *head.parameters()]
    return taught(body, head, batches, rate, learns)


def wrong_batch(body, head, batches, rate):
    """The body is spared, and its features are those of the batch."""
    return taught(copy.deepcopy(body).train(), head, batches, rate)


def wrong_batch_2(body, head, batches, rate):
    for part in body.modules():
        if hasattr(part, "momentum"):
            part.momentum = 0.0
    return taught(body, head, batches, rate)


def wrong_still(body, head, batches, rate):
    body.eval()
    with torch.no_grad():
        for x, _ in batches:
            head(body(x))
    return head


def wrong_last(body, head, batches, rate):
    body.eval()
    return taught(body, head, batches[-1:], rate)


def wrong_otherwise(body, head, batches, rate):
    body.eval()
    return taught(body, head, batches * 2, rate)


def wrong_kind(body, head, batches, rate):
    return right(body, head, batches, rate).state_dict()


def wrong_raised(body, head, batches, rate):
    return taught(body.freeze(), head, batches, rate)
