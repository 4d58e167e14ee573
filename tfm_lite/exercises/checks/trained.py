"""Chapter 14: whether a task was learned at all."""

from __future__ import annotations

from typing import Any

from tfm_lite.exercises.judge import Judge, check


@check
def check_trained(judge: Judge, trained: Any) -> None:
    """Chapter 14: ``trained(accuracy, classes, images)`` is whether a task of so many classes, tested on so many images, was
    learned: above chance by three standard deviations of one who guesses."""

    def says(accuracy: float, classes: int, images: int) -> bool:
        value = trained(accuracy, classes, images)
        judge.must(value is not None, "none")
        return bool(value)

    # Of 25 classes and 1,500 images: chance is .04, its standard deviation .00506, and three above it is .0552.
    with judge.part("clear"):
        judge.must(says(0.4, 25, 1500), "turned_round")
        judge.must(not says(0.0401, 25, 1500), "lucky")
    with judge.part("close"):
        judge.must(not says(0.05, 25, 1500), "deviations")
        judge.must(says(0.056, 25, 1500), "own")
    with judge.part("few"):
        judge.must(not says(0.9, 2, 10), "fixed")
        judge.must(says(1.0, 2, 10), "never")
