from tfm_lite.methods.base import Method
from tfm_lite.nn.stages import freeze


class Freeze(Method):
    """Freezing: learn the first task with all weights, every later one with its head alone (paper, section 4.1)."""

    name = "freeze"
    zero_forgetting = True

    def after_task(self, t: int) -> None:
        freeze(self.net)
