def block(weight, inputs, outputs):
    return weight[:outputs, :inputs]


def right(weight, inputs, outputs, learn):
    before = block(weight, inputs, outputs).clone()
    learn()
    return (block(weight, inputs, outputs) - before).abs().max().item()


def wrong_view(weight, inputs, outputs, learn):
    before = block(weight, inputs, outputs)
    learn()
    return (block(weight, inputs, outputs) - before).abs().max().item()


def wrong_view_2(weight, inputs, outputs, learn):
    before = block(weight, inputs, outputs).detach()
    learn()
    return (block(weight, inputs, outputs) - before).abs().max()


def wrong_shared(weight, inputs, outputs, learn):
    before = block(weight, inputs, outputs).contiguous()
    learn()
    return (block(weight, inputs, outputs) - before).abs().max()


def wrong_view_3(weight, inputs, outputs, learn):
    """It copies too late."""
    learn()
    before = block(weight, inputs, outputs).clone()
    return (block(weight, inputs, outputs) - before).abs().max()


def wrong_unlearned(weight, inputs, outputs, learn):
    return 1.0


def wrong_whole(weight, inputs, outputs, learn):
    before = weight.clone()
    learn()
    return (weight - before).abs().max()


def wrong_signed(weight, inputs, outputs, learn):
    before = block(weight, inputs, outputs).clone()
    learn()
    return (block(weight, inputs, outputs) - before).max()


def wrong_squared(weight, inputs, outputs, learn):
    return right(weight, inputs, outputs, learn) ** 2


def wrong_kind(weight, inputs, outputs, learn):
    return right(weight, inputs, outputs, learn) == 0


def wrong_value(weight, inputs, outputs, learn):
    return 3 * right(weight, inputs, outputs, learn)
