import torch
import torch.nn.functional as F
from torch import nn


class right(nn.Module):
    """A small layer for each task; older ones are buffers."""

    def __init__(self, inputs_of, features_of):
        super().__init__()
        self.inputs_of, self.features_of = inputs_of, features_of
        self.blocks = nn.ModuleList()

    def owns(self, t):
        return self.inputs_of == t, self.features_of == t

    def begin(self):
        self.pin()
        inputs, features = self.owns(len(self.blocks))
        self.blocks.append(nn.Linear(int(inputs.sum()), int(features.sum())))

    def pin(self):
        for block in self.blocks:
            for name in "weight", "bias":
                value = getattr(block, name).detach().clone()
                delattr(block, name)
                block.register_buffer(name, value)

    def forward(self, x, t):
        inputs, features = self.owns(t)
        y = x.new_zeros(len(x), len(features))
        y[:, features] = self.blocks[t](x[:, inputs])
        return y


wrong_class = print


class wrong_lacks(nn.Module):
    def __init__(self, inputs_of, features_of):
        super().__init__()


class wrong_old(right):
    """Nothing is fixed: a block that is not used has the gradient 0."""

    def pin(self):
        pass


class dense(nn.Module):
    """One matrix, with masks on both ends; ``begin`` says what of it is a parameter."""

    def __init__(self, inputs_of, features_of):
        super().__init__()
        self.inputs_of, self.features_of, self.t = inputs_of, features_of, -1
        shape = len(features_of), len(inputs_of)
        self.weight = nn.Parameter(torch.randn(shape))
        self.bias = nn.Parameter(torch.zeros(shape[0]))

    def begin(self):
        self.t += 1

    def forward(self, x, t):
        x = x * (self.inputs_of == t)
        return F.linear(x, self.weight, self.bias) * (self.features_of == t)


class wrong_all(dense):
    pass


class wrong_all_2(dense):
    """Eq. 2 as a hook: the gradient of an old weight is 0, and an optimizer moves what has the gradient 0."""

    def begin(self):
        super().begin()
        rows, columns = self.features_of == self.t, self.inputs_of == self.t
        learns = torch.outer(rows, columns)
        self.weight.register_hook(lambda gradient: gradient * learns)


class wrong_every_task(right):
    def __init__(self, inputs_of, features_of):
        super().__init__(inputs_of, features_of)
        for t in range(3):
            inputs, features = self.owns(t)
            block = nn.Linear(int(inputs.sum()), int(features.sum()))
            self.blocks.append(block)

    def begin(self):
        pass


class wrong_nothing(right):
    def begin(self):
        super().begin()
        self.pin()


class wrong_inputs(right):
    """A row for each feature of the task, as long as there are inputs."""

    def begin(self):
        self.pin()
        features = int((self.features_of == len(self.blocks)).sum())
        self.blocks.append(nn.Linear(len(self.inputs_of), features))

    def forward(self, x, t):
        inputs, features = self.owns(t)
        y = x.new_zeros(len(x), len(features))
        y[:, features] = self.blocks[t](x * inputs)
        return y


class wrong_biases(right):
    def begin(self):
        super().begin()
        self.blocks[-1] = nn.Linear(
            self.blocks[-1].in_features, self.blocks[-1].out_features, bias=False
        )

    def pin(self):
        for block in self.blocks:
            value = block.weight.detach().clone()
            del block.weight
            block.register_buffer("weight", value)


class wrong_all_biases(right):
    """One bias for all features, that every task learns."""

    def __init__(self, inputs_of, features_of):
        super().__init__(inputs_of, features_of)
        self.bias = nn.Parameter(torch.zeros(len(features_of)))

    def begin(self):
        super().begin()
        block = self.blocks[-1]
        self.blocks[-1] = nn.Linear(block.in_features, block.out_features, bias=False)

    def pin(self):
        for block in self.blocks:
            if isinstance(block.weight, nn.Parameter):
                value = block.weight.detach().clone()
                del block.weight
                block.register_buffer("weight", value)

    def forward(self, x, t):
        y = super().forward(x, t)
        return y + self.bias * (self.features_of == t)


class wrong_count(right):
    def begin(self):
        super().begin()
        self.more = nn.Parameter(torch.zeros(17))


class wrong_leak(right):
    """The bias outside of the mask."""

    def forward(self, x, t):
        y = super().forward(x, t)
        return torch.where(self.features_of == t, y, 0.1)


class wrong_foreign(right):
    def forward(self, x, t):
        _, features = self.owns(t)
        y = super().forward(x, t)
        y[:, features] += 0.1 * x.sum(1, keepdim=True)
        return y


class wrong_silent(right):
    """The first input of a task is left out."""

    def forward(self, x, t):
        first = int((self.inputs_of == t).nonzero()[0])
        x = x.clone()
        x[:, first] = 0
        return super().forward(x, t)


class wrong_moved(right):
    """Old blocks are flagged, and the layer scales what they answer by how many tasks there are."""

    def forward(self, x, t):
        return super().forward(x, t) / len(self.blocks)
