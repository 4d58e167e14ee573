def right(weight, inputs, outputs):
    return weight[:outputs, :inputs].clone().contiguous()


def wrong_turned(weight, inputs, outputs):
    return weight[:inputs, :outputs].clone()


def wrong_turned_2(weight, inputs, outputs):
    return weight[:outputs, :inputs].T


def wrong_exchanged(weight, inputs, outputs):
    return weight[:inputs, :outputs].T.clone()


def wrong_end(weight, inputs, outputs):
    return weight[-outputs:, -inputs:].clone()


def wrong_strided(weight, inputs, outputs):
    return weight[:outputs, :inputs]


def wrong_shared(weight, inputs, outputs):
    return weight[:outputs, :inputs].contiguous()


def wrong_shape(weight, inputs, outputs):
    return weight[:outputs]
