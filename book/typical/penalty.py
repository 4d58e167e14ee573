def squares(model, anchors, fishers, of=lambda f, d: (f * d**2).sum()):
    triples = zip(model.parameters(), anchors, fishers, strict=True)
    return sum(of(f, w - a) for w, a, f in triples)


def right(model, anchors, fishers, strength):
    return strength / 2 * squares(model, anchors, fishers)


def wrong_detached(model, anchors, fishers, strength):
    return right(model, anchors, fishers, strength).item()


def wrong_detached_2(model, anchors, fishers, strength):
    def detached(f, d):
        return (f * d.data**2).sum()

    return strength / 2 * squares(model, anchors, fishers, detached)


def wrong_half(model, anchors, fishers, strength):
    return strength * squares(model, anchors, fishers)


def wrong_mean(model, anchors, fishers, strength):
    def mean(f, d):
        return (f * d**2).mean()

    return strength / 2 * squares(model, anchors, fishers, mean)


def wrong_plain(model, anchors, fishers, strength):
    def plain(f, d):
        return (d**2).sum()

    return strength / 2 * squares(model, anchors, fishers, plain)


def wrong_straight(model, anchors, fishers, strength):
    def straight(f, d):
        return (f * d).sum()

    return strength / 2 * squares(model, anchors, fishers, straight)


def wrong_strength(model, anchors, fishers, strength):
    return squares(model, anchors, fishers) / 2


def wrong_rooted(model, anchors, fishers, strength):
    return strength / 2 * squares(model, anchors, fishers) ** 0.5


def wrong_in_place(model, anchors, fishers, strength):
    value = right(model, anchors, fishers, strength)
    for w, a in zip(model.parameters(), anchors, strict=True):
        w.data.copy_(a)
    return value


def wrong_value(model, anchors, fishers, strength):
    return 7 * right(model, anchors, fishers, strength)
