"""Chapters 0 to 2: what is measured, and what freezing and joint training cost."""

from __future__ import annotations

from torch import nn

from tfm_lite import metrics
from tfm_lite.exercises.answers.number import Answer, number
from tfm_lite.exercises.careless import careless_split
from tfm_lite.exercises.held import GRADIENTS, OPTIMIZERS, shared_memory_moves
from tfm_lite.runs import results


@number
def joint_price() -> Answer:
    """Chapter 2: images that joint training of ten tasks shows, divided by those of fine-tuning: (T + 1) / 2."""
    return Answer(5.5, {"last": 10, "less_one": 4.5, "sum": 55, "inverse": 1 / 5.5})


@number
def mean_chance() -> Answer:
    """Chapter 0: the average accuracy of one who guesses on the six alphabets: the mean of 1 / classes."""
    from tfm_lite.datasets.sets.alphabets import ALPHABETS  # with what draws them, which takes long to import

    classes = [len(letters) for letters in ALPHABETS.values()]
    count, every = len(classes), sum(classes)
    right = sum(1 / n for n in classes) / count
    return Answer(
        right, {"mean_classes": count / every, "all": 1 / every, "first": 1 / classes[0], "percent": 100 * right}
    )


@number
def record_trainings() -> Answer:
    """Chapter 0: how many trainings the run of TFM on the alphabets needed that has the smallest average, seed 0."""
    found = results.select(results.load_all(), tasks="alphabets", method="tfm", seed=0)
    worst, best = (choose(found, key=lambda record: record.average) for choose in (min, max))
    right, most, *_ = counts = [sum(map(len, record.fits)) for record in (worst, best, *found)]
    epochs = sum(fit["epochs"] for fits in worst.fits for fit in fits)
    return Answer(right, {"best": most, "epochs": epochs, "records": len(found), "every": sum(counts[2:])})


@number
def batch_weight() -> Answer:
    """Chapter 0: of 70 images in batches of 32, how many times as much one of the last counts in a mean of means."""
    first, last = 32, 70 % 32
    return Answer(first / last, {"inverse": last / first, "same": 1, "batches": 3, "images": 70 / last})


@number
def leaked_share() -> Answer:
    """Chapter 0: of the test images of a careless split, the share that training or validation has seen."""
    images, _ = careless_split()
    keys = {name: [image.tobytes() for image in part] for name, part in images.items()}
    seen = {key for name in ("train", "valid") for key in keys[name]}
    test, train = keys["test"], set(keys["train"])
    count = sum(key in seen for key in test)
    right = count / len(test)
    of_train = sum(key in train for key in test) / len(test)
    every = sum(map(len, keys.values()))
    return Answer(right, {"count": count, "percent": 100 * right, "train_only": of_train, "of_all": count / every})


@number
def transfer() -> Answer:
    """Chapter 1: the mean forward transfer of TFM over the second to the last alphabet, from the records of seed 0."""
    records = results.load_all()
    options: list[tuple[str, dict[str, float]]] = [("tfm", {"start": 0.3, "margin": 0.03}), ("single", {})]
    shared, alone = (
        metrics.learned(found[0].accuracy)
        for found in (
            results.select(records, tasks="alphabets", method=method, seed=0, options=own) for method, own in options
        )
    )
    gains = [a - b for a, b in zip(shared, alone, strict=True)]
    later = gains[1:]
    right = sum(later) / len(later)
    wrong = {"first": sum(gains) / len(gains), "sum": sum(later), "sign": -right, "percent": 100 * right}
    return Answer(right, wrong)


@number
def matrix_tests() -> Answer:
    """Chapter 1: how many tests an accuracy matrix of six tasks takes: T (T + 1) / 2."""
    count = 6
    wrong = {"once": count, "all": count**2, "old": count * (count - 1) // 2, "ends": 2 * count - 1}
    return Answer(count * (count + 1) // 2, wrong)


@number
def shared_moves() -> Answer:
    """Chapter 2: in how many of the fifteen cases of Table 2.3 a buffer moves that shares its memory with a parameter."""
    moves = {zero: sum(shared_memory_moves(zero, *each) for each in OPTIMIZERS) for zero in GRADIENTS}
    wrong = {"none": 0, "zeros": moves["zeros"], "left_over": moves["left over"], "all": len(moves) * len(OPTIMIZERS)}
    return Answer(sum(moves.values()), wrong)


@number
def moving_numbers() -> Answer:
    """Chapter 2: how many numbers of its network with batch normalization move, on which an old answer depends."""
    norms = [nn.BatchNorm2d(features) for features in (8, 16)]
    means = sum(norm.num_features for norm in norms)
    buffers = sum(buffer.numel() for norm in norms for buffer in norm.buffers())
    affine = sum(parameter.numel() for norm in norms for parameter in norm.parameters())
    wrong = {"means": means, "counters": buffers, "affine": 2 * means + affine, "layers": len(norms)}
    return Answer(2 * means, wrong)
