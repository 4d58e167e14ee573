import torch
import torch.nn.functional as F


def held(net, old, h, before, s, temperature):
    targets = (old.heads[s](before) / temperature).softmax(1)
    return F.cross_entropy(net.heads[s](h) / temperature, targets)


def made(net, old, x, y, t, lam, temperature, of=sum, first=0):
    h = net.features(x)
    loss = F.cross_entropy(net.heads[t](h), y)
    if t == 0:
        return loss
    with torch.no_grad():
        before = old.eval().features(x)
        targets = [old.heads[s](before) for s in range(t)]
    paid = [
        F.cross_entropy(
            net.heads[s](h) / temperature,
            (targets[s] / temperature).softmax(1),
        )
        for s in range(first, t)
    ]
    return loss + lam * of(paid)


def right(net, old, x, y, t, lam, temperature):
    return made(net, old, x, y, t, lam, temperature)


def wrong_one_head(net, old, x, y, t, lam, temperature):
    first = max(0, t - 1)
    return made(net, old, x, y, t, lam, temperature, first=first)


def wrong_first_head(net, old, x, y, t, lam, temperature):
    return made(net, old, x, y, t, lam, temperature, lambda all: all[0])


def wrong_mean(net, old, x, y, t, lam, temperature):
    return made(net, old, x, y, t, lam, temperature, lambda all: sum(all) / t)


def wrong_unweighted(net, old, x, y, t, lam, temperature):
    return right(net, old, x, y, t, 1.0, temperature)


def wrong_all_weighted(net, old, x, y, t, lam, temperature):
    loss = right(net, old, x, y, t, 1.0, temperature)
    return lam * loss if t else loss


def wrong_cold(net, old, x, y, t, lam, temperature):
    return right(net, old, x, y, t, lam, 1.0)


def wrong_square(net, old, x, y, t, lam, temperature):
    return right(net, old, x, y, t, lam * temperature**2, temperature)


def wrong_divergence(net, old, x, y, t, lam, temperature):
    loss = right(net, old, x, y, t, lam, temperature)
    for s in range(t):
        with torch.no_grad():
            p = (old.heads[s](old.features(x)) / temperature).softmax(1)
        loss = loss + lam * (p * p.log()).sum(1).mean()
    return loss


def wrong_old_alone(net, old, x, y, t, lam, temperature):
    new = F.cross_entropy(net.heads[t](net.features(x)), y)
    loss = right(net, old, x, y, t, lam, temperature)
    return loss - new if t else loss


def wrong_new_alone(net, old, x, y, t, lam, temperature):
    return F.cross_entropy(net.heads[t](net.features(x)), y)


def wrong_number(net, old, x, y, t, lam, temperature):
    return right(net, old, x, y, t, lam, temperature).item()


def wrong_taught(net, old, x, y, t, lam, temperature):
    h = net.features(x)
    loss = F.cross_entropy(net.heads[t](h), y)
    if t:
        before = old.eval().features(x)
        for s in range(t):
            loss = loss + lam * held(net, old, h, before, s, temperature)
    return loss


def wrong_held(net, old, x, y, t, lam, temperature):
    h = net.features(x)
    loss = F.cross_entropy(net.heads[t](h), y)
    if t:
        with torch.no_grad():
            before = old.eval().features(x)
            paid = [held(net, old, h, before, s, temperature) for s in range(t)]
        loss = loss + lam * sum(paid)
    return loss


def wrong_slope(net, old, x, y, t, lam, temperature):
    """The new head's features are cut off."""
    h = net.features(x)
    loss = F.cross_entropy(net.heads[t](h.detach()), y)
    if t:
        with torch.no_grad():
            before = old.eval().features(x)
        for s in range(t):
            with torch.no_grad():
                said = old.heads[s](before)
            targets = (said / temperature).softmax(1)
            now = net.heads[s](h) / temperature
            loss = loss + lam * F.cross_entropy(now, targets)
    return loss


def wrong_passes(net, old, x, y, t, lam, temperature):
    loss = F.cross_entropy(net.heads[t](net.features(x)), y)
    for s in range(t):
        with torch.no_grad():
            said = old.heads[s](old.eval().features(x))
        now = net.heads[s](net.features(x)) / temperature
        targets = (said / temperature).softmax(1)
        loss = loss + lam * F.cross_entropy(now, targets)
    return loss


def wrong_noise(net, old, x, y, t, lam, temperature):
    loss = F.cross_entropy(net.heads[t](h := net.features(x)), y)
    if t:
        with torch.no_grad():
            before = old.features(x)
            said = [old.heads[s](before) for s in range(t)]
        for s in range(t):
            targets = (said[s] / temperature).softmax(1)
            now = net.heads[s](h) / temperature
            loss = loss + lam * F.cross_entropy(now, targets)
    return loss


def wrong_raised(net, old, x, y, t, lam, temperature):
    with torch.no_grad():
        old.features(x)
    return right(net, old, x, y, t, lam, temperature)
