"""tfm_lite: ternary feature masks, zero forgetting for task-incremental learning (Masana et al., CVPRW 2021).

``import tfm_lite as tfm`` gives the names of ``__all__``. Each is imported when it is first asked for: until then not even
PyTorch is. All else is a module away, as in ``from tfm_lite import train``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what type checkers and editors read; _HOMES says the same to Python, and a test compares the two
    from tfm_lite import datasets, memory, methods, metrics
    from tfm_lite.datasets import load
    from tfm_lite.datasets.tasks import Split, Task, TaskSequence
    from tfm_lite.figures import plots
    from tfm_lite.methods.base import Method
    from tfm_lite.nn.convert import ternary
    from tfm_lite.nn.deploy import extract
    from tfm_lite.nn.feature_norm import FeatureNorm
    from tfm_lite.nn.growth import schedule
    from tfm_lite.nn.layers import TernaryLayer
    from tfm_lite.nn.networks import Builder, Network
    from tfm_lite.nn.stages import Stage
    from tfm_lite.protocol import FULL, QUICK, Protocol
    from tfm_lite.runs.config import Config
    from tfm_lite.runs.results import Result
    from tfm_lite.runs.results import load_all as load_results
    from tfm_lite.runs.run import run_experiment
    from tfm_lite.runs.trained import load_trained

__version__ = "0.1.0"
__all__ = [
    "FULL",
    "QUICK",
    "Builder",
    "Config",
    "FeatureNorm",
    "Method",
    "Network",
    "Protocol",
    "Result",
    "Split",
    "Stage",
    "Task",
    "TaskSequence",
    "TernaryLayer",
    "datasets",
    "extract",
    "load",
    "load_results",
    "load_trained",
    "memory",
    "methods",
    "metrics",
    "plots",
    "run_experiment",
    "schedule",
    "ternary",
]

# Where each name is at home: a module, and after the colon what it is called there; without a colon, the module itself.
_HOMES = {
    **{name: f"protocol:{name}" for name in ("FULL", "QUICK", "Protocol")},
    **{name: f"nn.networks:{name}" for name in ("Builder", "Network")},
    **{name: f"datasets.tasks:{name}" for name in ("Split", "Task", "TaskSequence")},
    **{name: name for name in ("datasets", "memory", "methods", "metrics")},
    "Config": "runs.config:Config",
    "Method": "methods.base:Method",
    "Result": "runs.results:Result",
    "FeatureNorm": "nn.feature_norm:FeatureNorm",
    "Stage": "nn.stages:Stage",
    "TernaryLayer": "nn.layers:TernaryLayer",
    "extract": "nn.deploy:extract",
    "load": "datasets:load",
    "load_results": "runs.results:load_all",
    "load_trained": "runs.trained:load_trained",
    "plots": "figures.plots",
    "run_experiment": "runs.run:run_experiment",
    "schedule": "nn.growth:schedule",
    "ternary": "nn.convert:ternary",
}


if not TYPE_CHECKING:  # to a type checker it would say that every name exists

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(
                f"tfm_lite has no name {name!r}; its names are {', '.join(__all__)}. Any module is imported by its path, as "
                "in `from tfm_lite import train`"
            )
        module, _, attribute = _HOMES[name].partition(":")
        found = import_module(f"{__name__}.{module}")
        value = globals()[name] = getattr(found, attribute) if attribute else found
        return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
