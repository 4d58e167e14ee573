class right:
    def __init__(self):
        self.tasks, self.anchors, self.fishers = 0, [], []

    def keep(self, model, fisher):
        self.anchors = [w.detach().clone() for w in model.parameters()]
        old = self.fishers or [0] * len(fisher)
        self.fishers = self.merged(old, fisher)
        self.tasks += 1

    def merged(self, old, new):
        t = self.tasks
        return [(t * f + g) / (t + 1) for f, g in zip(old, new, strict=True)]

    def held(self, model):
        if not self.tasks:
            return []
        return list(zip(model.parameters(), self.anchors, self.fishers, strict=True))

    def penalty(self, model, strength):
        parts = [(f * (w - a) ** 2).sum() for w, a, f in self.held(model)]
        return strength / 2 * sum(parts)

    def pull(self, model, strength):
        return [strength * f * (w - a).detach() for w, a, f in self.held(model)]


wrong_class = print
wrong_lacks = dict


class wrong_start(right):
    """It holds the weights at 0 before any task."""

    def penalty(self, model, strength):
        if not self.tasks:
            return strength / 2 * sum((w**2).sum() for w in model.parameters())
        return super().penalty(model, strength)


class wrong_alias(right):
    def keep(self, model, fisher):
        super().keep(model, fisher)
        self.anchors = [w.detach() for w in model.parameters()]


class wrong_half(right):
    def penalty(self, model, strength):
        return 2 * super().penalty(model, strength)


class wrong_plain(right):
    def merged(self, old, new):
        return [g * 0 + 1 for g in new]


class wrong_sum(right):
    def merged(self, old, new):
        return [f + g for f, g in zip(old, new, strict=True)]


class wrong_newest(right):
    def merged(self, old, new):
        return new


class wrong_first(right):
    def keep(self, model, fisher):
        first = self.anchors
        super().keep(model, fisher)
        self.anchors = first or self.anchors


class wrong_each(right):
    """One penalty for each task."""

    def keep(self, model, fisher):
        if not self.tasks:
            self.each = []
        super().keep(model, fisher)
        self.each.append((self.anchors, fisher))

    def penalty(self, model, strength):
        value = 0.0
        for anchors, fishers in self.each if self.tasks else []:
            parts = zip(model.parameters(), anchors, fishers, strict=True)
            value = value + strength / 2 * sum(
                (f * (w - a) ** 2).sum() for w, a, f in parts
            )
        return value


class wrong_running(right):
    def merged(self, old, new):
        if not self.tasks:
            return new
        return [(f + g) / 2 for f, g in zip(old, new, strict=True)]


class wrong_detached(right):
    def penalty(self, model, strength):
        return super().penalty(model, strength).item() if self.tasks else 0


class wrong_tensors(right):
    def pull(self, model, strength):
        return super().pull(model, strength)[:1]


class wrong_sign(right):
    def pull(self, model, strength):
        return [-g for g in super().pull(model, strength)]


class wrong_pull_half(right):
    def pull(self, model, strength):
        return [g / 2 for g in super().pull(model, strength)]


class wrong_pull_strength(right):
    def pull(self, model, strength):
        return super().pull(model, 1)
