"""Chapter 18: what the map of when ternary masks pay is made of."""

from __future__ import annotations

import math
from statistics import mean, pstdev, stdev

from scipy.stats import t as student

from tfm_lite import memory
from tfm_lite.datasets.sets.alphabets import ALPHABETS
from tfm_lite.exercises.answers.number import Answer, number
from tfm_lite.nn.networks import Builder
from tfm_lite.runs.pays import NEW, START, WIDTH

FIVE = (0.4, 1.9, 1.1, -0.3, 1.4)  # differences, as the exercise has them


@number
def pays_norm() -> Answer:
    """Bytes of feature normalization that TFM keeps for two tasks when it ended at the plain network's size."""
    build = Builder.of("lenet", tasks=2, channels=1, size=28, width=WIDTH)
    classes = [len(ALPHABETS[NEW])] * 2
    kept, small = (memory.kept("tfm", build, classes, fractions=[START, size]) for size in (1.0, START))
    right = kept["norm"]
    wrong = {"twice": 2 * right, "scale": right / 2, "numbers": right / 4, "bits": 8 * right, "start": small["norm"]}
    return Answer(right, wrong | {"added": right - small["norm"], "all": right + kept["masks"]})


@number
def pays_low() -> Answer:
    """The lower end of the 95 % interval of the mean of five differences, one per seed."""
    middle, spread, n = mean(FIVE), stdev(FIVE), len(FIVE)
    half = float(student.ppf(0.975, n - 1)) * spread / math.sqrt(n)
    wrong = {
        "normal": middle - 1.96 * spread / math.sqrt(n),
        "freedom": middle - float(student.ppf(0.975, n)) * spread / math.sqrt(n),
        "one_sided": middle - float(student.ppf(0.95, n - 1)) * spread / math.sqrt(n),
        "count": middle - half * pstdev(FIVE) / spread,
        "deviation": middle - half * math.sqrt(n),
        "error": middle - spread / math.sqrt(n),
        "upper": middle + half,
        "mean": middle,
        "half": half,
    }
    return Answer(middle - half, wrong, within=0.03)  # who takes 2.78 rounds
