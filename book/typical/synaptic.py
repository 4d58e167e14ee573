import torch


def copies(weights):
    return [w.detach().clone() for w in weights]


class right:
    def __init__(self):
        self.importance = None

    def begin(self, weights):
        self.weights = list(weights)
        self.start, self.before = copies(self.weights), copies(self.weights)
        self.paths = [torch.zeros_like(w) for w in self.start]
        if self.importance is None:
            self.importance = [torch.zeros_like(w) for w in self.start]

    def after_step(self, gradients):
        for i, (w, g) in enumerate(zip(self.weights, gradients, strict=True)):
            self.paths[i] = self.paths[i] - g * (w.detach() - self.before[i])
        self.before = copies(self.weights)

    def divisor(self, i, damping):
        return (self.weights[i].detach() - self.start[i]) ** 2 + damping

    def part(self, i, damping):
        return self.paths[i] / self.divisor(i, damping)

    def added(self, old, part):
        return (old + part).clamp(min=0)

    def end(self, damping):
        for i, old in enumerate(self.importance):
            self.importance[i] = self.added(old, self.part(i, damping))
        return copies(self.importance)


wrong_class = print
wrong_lacks = dict


class wrong_tensors(right):
    def end(self, damping):
        return super().end(damping)[:1]


class wrong_sign(right):
    def part(self, i, damping):
        return -super().part(i, damping)


class wrong_still(right):
    """Not cloned, it moves along."""

    def begin(self, weights):
        super().begin(weights)
        self.before = [w.detach() for w in weights]

    def after_step(self, gradients):
        super().after_step(gradients)
        self.before = [w.detach() for w in self.weights]


class wrong_from_start(right):
    def after_step(self, gradients):
        super().after_step(gradients)
        self.before = self.start


class wrong_length(right):
    def begin(self, weights):
        super().begin(weights)
        self.lengths = [0.0] * len(self.weights)

    def after_step(self, gradients):
        for i, (w, old) in enumerate(zip(self.weights, self.before, strict=True)):
            self.lengths[i] = self.lengths[i] + (w - old) ** 2
        super().after_step(gradients)

    def divisor(self, i, damping):
        return self.lengths[i] + damping


class wrong_undamped(right):
    def end(self, damping):
        return super().end(0)


class wrong_straight(right):
    def divisor(self, i, damping):
        return (self.weights[i] - self.start[i]).abs() + damping


class wrong_path(right):
    def divisor(self, i, damping):
        return 1


class wrong_newest(right):
    def added(self, old, part):
        return part.clamp(min=0)


class wrong_start(right):
    def begin(self, weights):
        first = getattr(self, "start", None)
        super().begin(weights)
        self.start = first or self.start


class wrong_unreset(right):
    def begin(self, weights):
        old = getattr(self, "paths", None)
        super().begin(weights)
        self.paths = old or self.paths


class wrong_negative(right):
    def added(self, old, part):
        return old + part


class wrong_terms(right):
    def added(self, old, part):
        return old + part.clamp(min=0)
