from __future__ import annotations

from tfm_lite.methods.single import Single


class Binary(Single):
    """Disjoint binary feature masks (section 3.1, Eq. 1 and 2): each task owns an equal share of the features.

    A weight joins two features, and is used only if one task owns both: the network falls apart into one small network
    per task, and that is how it is kept here. The weights between features of different tasks are used by none; with T
    tasks that is all but 1/T of the network. ``fraction`` is the size of the whole network, as a share of the plain one's
    weights. Like the masks themselves, it needs the number of tasks beforehand.
    """

    name = "binary"
    paper = "masana2021ternary"

    def widths(self) -> list[int]:
        return [max(1, n // self.build.tasks) for n in super().widths()]
