import torch


def gradients(model, images, of=lambda z: (z**2).sum(), size=1):
    own = list(model.parameters())
    return [torch.autograd.grad(of(model(x)) / len(x), own) for x in images.split(size)]


def mean(each, of=torch.abs):
    return [
        torch.stack([of(g) for g in of_one]).mean(0)
        for of_one in zip(*each, strict=True)
    ]


def right(model, images):
    return mean(gradients(model, images))


def wrong_batch(model, images):
    return mean(gradients(model, images, size=len(images)))


def wrong_signed(model, images):
    return mean(gradients(model, images), torch.clone)


def wrong_sum(model, images):
    return [len(images) * s for s in right(model, images)]


def wrong_uncleared(model, images):
    total = [torch.zeros_like(p) for p in model.parameters()]
    for x in images.split(1):
        (model(x) ** 2).sum().backward()
        for sum_, p in zip(total, model.parameters(), strict=True):
            sum_ += p.grad.abs() / len(images)
    return total


def wrong_square(model, images):
    return mean(gradients(model, images), torch.square)


def wrong_norm(model, images):
    return mean(gradients(model, images, torch.norm))


def wrong_half(model, images):
    return [s / 2 for s in right(model, images)]


def wrong_outputs(model, images):
    return mean(gradients(model, images, torch.sum))


def wrong_two(model, images):
    return right(model, images)[:1]


def wrong_shape(model, images):
    return [s[None] for s in right(model, images)]


def wrong_value(model, images):
    weight, bias = right(model, images)
    return [weight, 3 * bias]
