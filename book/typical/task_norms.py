import torch
from torch import nn


class right(nn.Module):
    """The task that is learned has parameters, each older one buffers."""

    def __init__(self):
        super().__init__()
        self.t = -1

    def begin(self, features):
        self.t += 1
        if self.t:
            self.scale = nn.Parameter(torch.ones(features))
            self.shift = nn.Parameter(torch.zeros(features))

    def of_task(self, t):
        if t == self.t and hasattr(self, "scale"):
            return self.scale, self.shift
        return getattr(self, f"scale_{t}"), getattr(self, f"shift_{t}")

    def forward(self, x, t):
        if t == 0:
            return x
        shape = -1, *[1] * (x.dim() - 2)
        scale, shift = self.of_task(t)
        return scale.view(shape) * x + shift.view(shape)

    def end(self):
        for name in ("scale", "shift") if self.t else ():
            kept = getattr(self, name).detach()
            delattr(self, name)
            self.register_buffer(f"{name}_{self.t}", kept)


wrong_class = print
wrong_lacks = nn.Identity


class wrong_start(right):
    def begin(self, features):
        super().begin(features)
        if self.t:
            nn.init.normal_(self.scale)


class wrong_nothing(right):
    def begin(self, features):
        super().begin(features)
        for name in ("scale", "shift") if self.t else ():
            value = getattr(self, name).detach()
            delattr(self, name)
            setattr(self, name, value)


class wrong_one(right):
    def begin(self, features):
        super().begin(features)
        if self.t:
            del self.shift
            self.shift = torch.zeros(features)


class wrong_old(right):
    def end(self):
        for name in ("scale", "shift") if self.t else ():
            kept = getattr(self, name)
            delattr(self, name)
            setattr(self, f"{name}_{self.t}", kept)

    def parameters(self):
        """Task 2's are shown, so that the fault is seen at task 3 only."""
        every = list(super().parameters())
        return every if self.t > 1 or hasattr(self, "scale") else []


class wrong_first(right):
    """It counts its tasks from 1."""

    def __init__(self):
        super().__init__()
        self.t = 0

    def forward(self, x, t):
        return super().forward(x, t + 1)


class wrong_count(right):
    def begin(self, features):
        super().begin(features)
        self.more = nn.Parameter(torch.zeros(3)) if self.t else None

    def end(self):
        super().end()
        self.more = None


class wrong_silent(right):
    """The shift is a parameter that nothing uses."""

    def forward(self, x, t):
        if t == 0:
            return x
        scale, shift = self.of_task(t)
        return scale.view(-1, *[1] * (x.dim() - 2)) * x + 0 * shift.sum()


class wrong_affine(right):
    """A ReLU of its own."""

    def forward(self, x, t):
        y = super().forward(x, t)
        return y if (y == x).all() or len(x) == 1 else y.relu()


class wrong_maps(right):
    def forward(self, x, t):
        if t == 0:
            return x
        scale, shift = self.of_task(t)
        return scale * x + shift


class wrong_moved(right):
    """All tasks share one scale and one shift."""

    def forward(self, x, t):
        features = x.shape[1]
        if t == 0 or self.t == 0:
            return x
        scale, shift = self.of_task(self.t)
        shape = -1, *[1] * (x.dim() - 2)
        return scale[:features].view(shape) * x + shift[:features].view(shape)


class wrong_left(right):
    def end(self):
        pass
