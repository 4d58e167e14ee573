"""Chapter 13: what masks and feature normalization cost."""

from __future__ import annotations

from typing import Any

from tfm_lite.exercises.judge import Judge, check


@check
def check_overhead(judge: Judge, overhead: Any) -> None:
    """Chapter 13: ``overhead(features, tasks, bits)`` is the bytes of TFM's masks and FN, as the paper counts them."""
    cases = {"float": (1000, 4, 32), "half": (1000, 4, 16), "one": (8, 1, 32)}
    for part, (features, tasks, bits) in cases.items():
        masks, norm = 2 * features * tasks / 8, 2 * bits * features * (tasks - 1) / 8
        one_bit = masks / 2 + norm
        wrong = {
            "bits": 8 * (masks + norm),
            "first": masks + 2 * bits * features * tasks / 8,
            "one_number": masks + norm / 2,
            "one_bit": one_bit,
            "masks_only": masks,
            "norm_only": norm,
            "kilobytes": (masks + norm) / 1000,
        }
        if part == "half":
            wrong = {"fixed": masks + 2 * 32 * features * (tasks - 1) / 8} | wrong
        if part == "one":
            wrong = {"first": wrong["first"]}
        with judge.part(part):
            given = f"{features} features, {tasks} tasks and {bits} bits"
            judge.equal(judge.number(overhead(features, tasks, bits)), masks + norm, wrong, given=given)
