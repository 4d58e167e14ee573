"""Chapters 8a to 8c: penalties, paths, merges."""

from __future__ import annotations

from tfm_lite.exercises.answers.number import Answer, number


@number
def largest_strength() -> Answer:
    """Chapter 8a: below which strength a step of 0.05 on a Fisher of 0.4 converges: 2 / (rate * Fisher)."""
    rate, fisher = 0.05, 0.4
    right = 2 / (rate * fisher)
    return Answer(right, {"no_half": right / 2, "rate": 2 / rate, "fisher": 2 / fisher, "inverse": 1 / right})


@number
def pull() -> Answer:
    """Chapter 8a: the gradient of EWC's penalty at a strength of 10, a Fisher of 0.3 and a distance of 3."""
    strength, fisher, distance = 10, 0.3, 3
    right = strength * fisher * distance
    wrong = {
        "value": right * distance / 2,
        "no_half": 2 * right,
        "sign": -right,
        "nothing": 0,
        "plain": strength * distance,
    }
    return Answer(right, wrong)


@number
def there_and_back() -> Answer:
    """Chapter 8b: SI's importance of a weight that earned 1 on its way out, 1 on its way back, and ends 1 from its start."""
    earned, way, damping = 1 + 1, 1, 0.1
    wrong = {"straight": 1 / (way**2 + damping), "path": earned, "length": earned / (3**2 + damping)}
    return Answer(earned / (way**2 + damping), wrong | {"farthest": earned / (2**2 + damping)})


@number
def step_share() -> Answer:
    """Chapter 8b: what a step of 0.1 on gradients of 2 (data) and -1.5 (penalty) earns by the data."""
    data, penalty, rate = 2, -1.5, 0.1
    step = -rate * (data + penalty)
    wrong = {"all": -(data + penalty) * step, "penalty": -penalty * step, "sign": data * step, "plan": rate * data**2}
    return Answer(-data * step, wrong)


@number
def top_of_product() -> Answer:
    """Chapter 8c: where the product of two Gaussians is highest, with means 2 and -1 and precisions 3 and 1."""
    a, b, f, g = 2, -1, 3, 1
    weighted = f * a + g * b
    wrong = {"mean": (a + b) / 2, "exchanged": (g * a + f * b) / (f + g), "undivided": weighted}
    return Answer(weighted / (f + g), wrong | {"rooted": (f**0.5 * a + g**0.5 * b) / (f**0.5 + g**0.5)})


@number
def third_share() -> Answer:
    """Chapter 8c: the share of the third network in the mean of three, one by one."""
    return Answer(1 / 3, {"half": 1 / 2, "rest": 2 / 3, "percent": 100 / 3, "quarter": 1 / 4})


@number
def small_fisher() -> Answer:
    """Chapter 8c: two weights of 1 with Fishers of 1e-8 each, merged with 1e-8 added to the denominator."""
    fisher = added = 1e-8
    right = 2 * fisher / (2 * fisher + added)
    return Answer(right, {"meant": 1, "half": 1 / 2, "zero": 0, "third": 1 / 3})
