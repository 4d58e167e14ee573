import torch
from torch import nn


class right(nn.Module):
    def __init__(self, width, features, older):
        super().__init__()
        self.width, self.older = width, older
        self.weight = nn.Parameter(torch.randn(features, width))
        self.bias = nn.Parameter(torch.zeros(features))
        if older:
            self.scale = nn.Parameter(torch.full((older,), 0.01))
            project = torch.randn(width, older * width)
            self.project = nn.Parameter(project)
            self.lateral = nn.Parameter(torch.randn(features, width))

    def parts(self, x):
        """The older columns' inputs, and its own."""
        return x[:, : -self.width], x[:, -self.width :]

    def each(self):
        return self.scale.repeat_interleave(self.width)

    def adapter(self, old):
        mixed = torch.relu(old * self.each() @ self.project.T)
        return mixed @ self.lateral.T

    def forward(self, x):
        old, own = self.parts(x)
        y = own @ self.weight.T + self.bias
        return y + self.adapter(old) if self.older else y

    def keep(self):
        for name, parameter in list(self.named_parameters()):
            delattr(self, name)
            self.register_buffer(name, parameter.detach())


wrong_class = print


class wrong_lacks(nn.Module):
    def __init__(self, width, features, older):
        super().__init__()
        self.own = nn.Linear(width, features)


class wrong_more(right):
    def __init__(self, width, features, older):
        super().__init__(width, features, older)
        self.lateral_bias = nn.Parameter(torch.zeros(features))


class wrong_alone(right):
    def adapter(self, old):
        return 0


class wrong_biasless(right):
    def forward(self, x):
        return super().forward(x) - self.bias


class wrong_linear(right):
    def adapter(self, old):
        return old * self.each() @ self.project.T @ self.lateral.T


class wrong_outside(right):
    def adapter(self, old):
        mixed = old * self.each() @ self.project.T
        return torch.relu(mixed @ self.lateral.T)


class wrong_unscaled(right):
    def each(self):
        return 1


class wrong_swapped(right):
    def each(self):
        return self.scale.flip(0).repeat_interleave(self.width)


class wrong_repeated(right):
    def each(self):
        return self.scale.repeat(self.width)


class wrong_own_first(right):
    def parts(self, x):
        return x[:, self.width :], x[:, : self.width]


class wrong_activated(right):
    def forward(self, x):
        return super().forward(x).relu()


class wrong_scale(right):
    def __init__(self, width, features, older):
        super().__init__(width, features, older)
        if older:
            self.scale.data.fill_(1.0)


class wrong_keep(right):
    keep = property()


class wrong_left(right):
    def keep(self):
        for parameter in self.parameters():
            parameter.requires_grad_(False)


class wrong_changed(right):
    def keep(self):
        super().keep()
        self.scale = self.scale.round(decimals=1)


class wrong_unsaved(right):
    def keep(self):
        for name, parameter in list(self.named_parameters()):
            delattr(self, name)
            setattr(self, name, parameter.detach())
