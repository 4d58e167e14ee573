from __future__ import annotations

from typing import TYPE_CHECKING

from tfm_lite.methods.base import Method
from tfm_lite.tasks import Task

if TYPE_CHECKING:
    from tfm_lite.train import Fit


class Joint(Method):
    """Joint training: at every task, learn all tasks so far from the initial weights (paper, section 4.1).

    It breaks the rule that old data are gone, and so bounds what can be hoped for.
    """

    name = "joint"

    def before_task(self, t: int, classes: int) -> None:
        self.net = self.build(self.kit)
        for s, count in enumerate(self.classes):
            self.net.add_head(s, count)

    def learn(self, task: Task, fit: Fit) -> None:
        fit(seen=True)
