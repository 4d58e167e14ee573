import torch
from torch import nn


class right(nn.Module):
    """The parameter is a copy of what is kept, and lives while its task is learned."""

    def __init__(self, inputs, features):
        super().__init__()
        self.register_buffer("kept", torch.zeros(features, inputs))
        self.register_buffer("owner", torch.zeros(features, inputs))
        self.tasks = 0

    def begin(self):
        self.tasks += 1
        self.mine = self.owner == 0
        start = 0.1 * torch.randn(self.kept.shape)
        self.weight = nn.Parameter(torch.where(self.mine, start, self.kept))

    def forward(self, x, t):
        if hasattr(self, "weight") and t == self.tasks - 1:
            return x @ self.weight.T
        used = (self.owner > 0) & (self.owner <= t + 1)
        return x @ (self.kept * used).T

    @torch.no_grad()
    def restore(self):
        self.weight.copy_(torch.where(self.mine, self.weight, self.kept))

    def left(self, share):
        """Which weights stay."""
        sizes = self.weight.detach().abs()
        order = sizes[self.mine].sort().values
        return self.mine & (sizes > order[round(share * len(order)) - 1])

    def prune(self, share):
        self.mine = self.left(share)
        self.restore()

    def keep(self):
        weight = self.weight.detach()
        self.kept = torch.where(self.mine, weight, self.kept)
        self.owner = self.owner.masked_fill(self.mine, self.tasks)
        del self.weight


wrong_class = print
wrong_lacks = nn.Identity


class wrong_nothing(right):
    def begin(self):
        super().begin()
        weight = self.weight.detach()
        del self.weight
        self.weight = weight


class wrong_still(right):
    """Restores all."""

    @torch.no_grad()
    def restore(self):
        self.weight.copy_(self.start)

    def begin(self):
        super().begin()
        self.start = self.weight.detach().clone()


class wrong_owned(right):
    """Old weights are counted among those that may go."""

    def left(self, share):
        sizes = self.weight.detach().abs()
        order = sizes.flatten().sort().values
        return sizes > order[round(share * len(order)) - 1]

    def prune(self, share):
        stays = self.left(share)
        self.kept = self.kept * stays
        self.mine = self.mine & stays
        self.restore()


class wrong_unpruned(right):
    def prune(self, share):
        pass


class wrong_share(right):
    def left(self, share):
        return super().left(1 - share)


class wrong_of_all(right):
    def left(self, share):
        free, every = int(self.mine.sum()), self.mine.numel()
        stay = every - round(share * every)
        return super().left(1 - stay / free)


class wrong_count(right):
    """One too many."""

    def left(self, share):
        free = int(self.mine.sum())
        return super().left(share - 1 / free)


class wrong_smallest(right):
    def left(self, share):
        sizes = self.weight.detach().abs()
        order = sizes[self.mine].sort().values
        stay = len(order) - round(share * len(order))
        return self.mine & (sizes <= order[stay - 1])


class wrong_smallest_2(right):
    """By value, not by magnitude."""

    def left(self, share):
        weight = self.weight.detach()
        order = weight[self.mine].sort().values
        return self.mine & (weight > order[round(share * len(order)) - 1])


class wrong_regrown(right):
    """Pruned weights are 0, and go on learning."""

    @torch.no_grad()
    def prune(self, share):
        self.weight *= self.left(share) | (self.owner > 0)


class wrong_alone(right):
    @torch.no_grad()
    def restore(self):
        self.weight *= self.mine

    def begin(self):
        super().begin()
        self.restore()


class wrong_changed(right):
    """Only what was pruned is put back."""

    @torch.no_grad()
    def restore(self):
        self.weight *= self.mine | (self.owner > 0)


class wrong_left(right):
    def keep(self):
        weight = self.weight
        super().keep()
        self.weight = weight


class wrong_lost(right):
    def keep(self):
        self.owner = self.owner.masked_fill(self.mine, self.tasks)
        del self.weight


class wrong_moved(right):
    """Old tasks see what later ones own."""

    def forward(self, x, t):
        if hasattr(self, "weight") and t == self.tasks - 1:
            return x @ self.weight.T
        return x @ self.kept.T
