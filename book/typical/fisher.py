import torch
import torch.nn.functional as F


def gradients(model, images, labels):
    """Of each image: a list of tensors, one per parameter."""
    own = list(model.parameters())
    return [
        torch.autograd.grad(F.cross_entropy(model(x), y), own)
        for x, y in zip(images.split(1), labels.split(1), strict=True)
    ]


def mean(each, of):
    return [
        torch.stack([of(g) for g in of_one]).mean(0)
        for of_one in zip(*each, strict=True)
    ]


def right(model, images, labels):
    return mean(gradients(model, images, labels), torch.square)


def wrong_batch(model, images, labels):
    loss = F.cross_entropy(model(images), labels)
    return [g**2 for g in torch.autograd.grad(loss, list(model.parameters()))]


def wrong_uncleared(model, images, labels):
    total = [torch.zeros_like(p) for p in model.parameters()]
    for x, y in zip(images.split(1), labels.split(1), strict=True):
        F.cross_entropy(model(x), y).backward()
        for sum_, p in zip(total, model.parameters(), strict=True):
            sum_ += p.grad**2 / len(images)
    return total


def wrong_added(model, images, labels):
    n = len(images)
    return [n**2 * f for f in wrong_batch(model, images, labels)]


def wrong_sum(model, images, labels):
    return [len(images) * f for f in right(model, images, labels)]


def wrong_absolute(model, images, labels):
    return mean(gradients(model, images, labels), torch.abs)


def wrong_root(model, images, labels):
    return [f.sqrt() for f in right(model, images, labels)]


def wrong_signed(model, images, labels):
    return mean(gradients(model, images, labels), torch.clone)


def wrong_own(model, images, labels):
    return right(model, images, model(images).argmax(1))


def wrong_two(model, images, labels):
    return right(model, images, labels)[:1]


def wrong_shape(model, images, labels):
    return [f[None] for f in right(model, images, labels)]


def wrong_value(model, images, labels):
    return [2 * f for f in right(model, images, labels)]


def wrong_value_2(model, images, labels):
    """The bias alone is wrong."""
    weight, bias = right(model, images, labels)
    return [weight, 2 * bias]
