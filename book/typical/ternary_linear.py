import torch
from torch import nn


class right(nn.Module):
    """The old block is a buffer, the rest is parameters."""

    def __init__(self):
        super().__init__()
        self.sizes = []
        self.register_buffer("weight", torch.zeros(0, 0))
        self.register_buffer("bias", torch.zeros(0))

    def grow(self, inputs, features):
        old, old_inputs = self.weight.shape
        self.sizes.append((inputs, features))
        self.rows = nn.Parameter(torch.randn(features - old, inputs))
        self.columns = nn.Parameter(torch.randn(old, inputs - old_inputs))
        self.new = nn.Parameter(torch.zeros(features - old))

    def whole(self):
        if not hasattr(self, "rows"):
            return self.weight, self.bias
        old = torch.cat([self.weight, self.columns], 1)
        return torch.cat([old, self.rows]), torch.cat([self.bias, self.new])

    def forward(self, x, t):
        inputs, features = self.sizes[t]
        weight, bias = self.whole()
        used = weight[:features, :inputs].contiguous()
        return x @ used.T + bias[:features]

    def keep(self):
        weight, bias = (part.detach() for part in self.whole())
        del self.rows, self.columns, self.new
        self.replace(weight, bias)

    def replace(self, weight, bias):
        for name in "weight", "bias":
            delattr(self, name)
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)


wrong_class = print
wrong_lacks = nn.Identity


class wrong_all(right):
    def grow(self, inputs, features):
        super().grow(inputs, features)
        weight, bias = self.weight, self.bias
        del self.weight, self.bias
        self.weight, self.bias = (
            nn.Parameter(weight),
            nn.Parameter(bias),
        )


class wrong_old_biases(right):
    def grow(self, inputs, features):
        super().grow(inputs, features)
        bias = self.bias
        del self.bias
        self.bias = nn.Parameter(bias)


class wrong_columns(right):
    def grow(self, inputs, features):
        super().grow(inputs, features)
        columns = self.columns.detach()
        del self.columns
        self.columns = columns


class wrong_biases(right):
    def grow(self, inputs, features):
        super().grow(inputs, features)
        new = self.new.detach()
        del self.new
        self.new = new


class wrong_left(right):
    def keep(self):
        pass


class wrong_nothing(right):
    def grow(self, inputs, features):
        super().grow(inputs, features)
        self.rows, self.columns, self.new = (
            nn.Parameter(torch.zeros(0)),
            nn.Parameter(torch.zeros(0)),
            nn.Parameter(torch.zeros(0)),
        )

    def whole(self):
        inputs, features = self.sizes[-1]
        return torch.ones(features, inputs), torch.zeros(features)


class wrong_silent(right):
    """Old features do not see new inputs."""

    def forward(self, x, t):
        inputs, features = self.sizes[t]
        weight, bias = self.whole()
        known, old = self.sizes[t - 1] if t else (inputs, 0)
        weight = weight.clone()
        weight[:old, known:] = 0
        return x @ weight[:features, :inputs].T + bias[:features]


class wrong_moved(right):
    """Old tasks see new inputs' columns through a view of another size: the sums go another way."""

    def forward(self, x, t):
        return super().forward(x, t) * (1 + 0.1 * len(self.sizes))


class wrong_changed(right):
    """Each task stores its own copy of the old weights, and begins it anew."""

    def grow(self, inputs, features):
        super().grow(inputs, features)
        self.scales = [*getattr(self, "scales", []), 1.0 + len(self.sizes)]

    def forward(self, x, t):
        return super().forward(x, t) * self.scales[t]


class wrong_count(right):
    """Twice the new biases."""

    def grow(self, inputs, features):
        super().grow(inputs, features)
        self.more = nn.Parameter(torch.zeros(2 * len(self.new) + 1))

    def keep(self):
        super().keep()
        del self.more
