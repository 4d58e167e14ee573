import torch


def spared(below, above):
    return 1 - torch.minimum(below, above)


def steep(e, s, s_max):
    factor = torch.cosh((s * e).clamp(-50, 50)) + 1
    return s_max / s * factor / (torch.cosh(e) + 1)


@torch.no_grad()
def done(layers, s, s_max, rule=spared, factor=steep, images=1.0):
    below = torch.full((layers[0].weight.shape[1],), images).double()
    for layer in layers:
        above = layer.protected
        layer.weight.grad *= rule(below[None], above[:, None])
        layer.bias.grad *= 1 - above
        layer.embedding.grad *= factor(layer.embedding, s, s_max)
        below = above


def right(layers, s, s_max):
    done(layers, s, s_max)


def wrong_images(layers, s, s_max):
    done(layers, s, s_max, images=0.0)


def wrong_greater(layers, s, s_max):
    done(layers, s, s_max, lambda a, b: 1 - torch.maximum(a, b))


def wrong_greater_2(layers, s, s_max):
    """Spares whatever has one end in use, from the second layer on."""

    def rule(below, above):
        if bool((below == 1).all()):
            return 1 - above
        return torch.minimum(1 - below, 1 - above)

    done(layers, s, s_max, rule)


def wrong_product(layers, s, s_max):
    done(layers, s, s_max, lambda a, b: 1 - a * b)


def wrong_above(layers, s, s_max):
    done(layers, s, s_max, lambda below, above: 1 - above)


def wrong_below(layers, s, s_max):
    done(layers, s, s_max, lambda below, above: 1 - below)


def wrong_protected(layers, s, s_max):
    done(layers, s, s_max, torch.minimum)


def wrong_bias(layers, s, s_max):
    before = [layer.bias.grad.clone() for layer in layers]
    done(layers, s, s_max)
    for layer, grad in zip(layers, before, strict=True):
        layer.bias.grad = grad


def wrong_uncompensated(layers, s, s_max):
    done(layers, s, s_max, factor=lambda e, s, s_max: 1)


def wrong_upside_down(layers, s, s_max):
    done(layers, s, s_max, factor=lambda *of: 1 / steep(*of))


def wrong_unscaled(layers, s, s_max):
    done(layers, s, s_max, factor=lambda e, s, s_max: steep(e, s, s))


def wrong_s_max(layers, s, s_max):
    done(layers, s, s_max, factor=lambda e, s, s_max: steep(e, s, 1))


def wrong_ones(layers, s, s_max):
    def factor(e, s, s_max):
        return s_max / s * torch.cosh(s * e) / torch.cosh(e)

    done(layers, s, s_max, factor=factor)


def unclamped(e, s, s_max):
    steep = (torch.cosh(s * e) + 1) / (torch.cosh(e) + 1)
    return s_max / s * steep


def wrong_overflow(layers, s, s_max):
    done(layers, s, s_max, factor=unclamped)


def wrong_clamp(layers, s, s_max):
    """The embedding is clamped, not the exponent."""

    def factor(e, s, s_max):
        return unclamped(e.clamp(-50 / s_max, 50 / s_max), s, s_max)

    done(layers, s, s_max, factor=factor if s > 50 else steep)


def wrong_raised(layers, s, s_max):
    for layer in layers:
        layer.weight.grad *= spared(layer.protected, layer.protected)
