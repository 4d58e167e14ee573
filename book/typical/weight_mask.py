import torch


def right(inputs, outputs):
    return torch.outer(outputs, inputs)


def wrong_turned(inputs, outputs):
    return torch.outer(inputs, outputs)


def wrong_all(inputs, outputs):
    return torch.ones(len(outputs), len(inputs))


def wrong_either(inputs, outputs):
    return (outputs[:, None] + inputs) > 0


def wrong_sum(inputs, outputs):
    return outputs[:, None] + inputs


def wrong_outputs(inputs, outputs):
    return outputs[:, None].repeat(1, len(inputs))


def wrong_inputs(inputs, outputs):
    return inputs.repeat(len(outputs), 1)


def wrong_shape(inputs, outputs):
    return outputs


def wrong_value(inputs, outputs):
    return torch.zeros(len(outputs), len(inputs))
