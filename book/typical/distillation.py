import torch
import torch.nn.functional as F


def loss(new, old, cold_new, cold_old):
    targets = (old / cold_old).softmax(1)
    return F.cross_entropy(new / cold_new, targets)


def each(new, old, of):
    return sum(of(n, o) for n, o in zip(new, old, strict=True))


def right(new, old, temperature):
    return each(new, old, lambda n, o: loss(n, o, temperature, temperature))


def wrong_cold(new, old, temperature):
    return right(new, old, 1)


def wrong_joined(new, old, temperature):
    return right([torch.cat(new, 1)], [torch.cat(old, 1)], temperature)


def wrong_exchanged(new, old, temperature):
    return right(old, new, temperature)


def wrong_square(new, old, temperature):
    return temperature**2 * right(new, old, temperature)


def wrong_divergence(new, old, temperature):
    return right(new, old, temperature) - right(old, old, temperature)


def wrong_divergence_square(new, old, temperature):
    return temperature**2 * wrong_divergence(new, old, temperature)


def wrong_mean(new, old, temperature):
    return right(new, old, temperature) / len(new)


def wrong_images(new, old, temperature):
    return right(new, old, temperature) * len(new[0])


def wrong_hard(new, old, temperature):
    return each(
        new,
        old,
        lambda n, o: F.cross_entropy(n / temperature, o.argmax(1)),
    )


def wrong_hard_cold(new, old, temperature):
    return each(new, old, lambda n, o: F.cross_entropy(n, o.argmax(1)))


def wrong_twice(new, old, temperature):
    return each(
        new,
        old,
        lambda n, o: loss((n / temperature).softmax(1), o, 1, temperature),
    )


def wrong_old_only(new, old, temperature):
    return each(new, old, lambda n, o: loss(n, o, 1, temperature))


def wrong_new_only(new, old, temperature):
    return each(new, old, lambda n, o: loss(n, o, temperature, 1))


def wrong_sign(new, old, temperature):
    return -right(new, old, temperature)


def wrong_value(new, old, temperature):
    return each(new, old, F.mse_loss)


def wrong_raised(new, old, temperature):
    return F.cross_entropy(new / temperature, old / temperature)
