"""Checks for the exercises: each tries an answer on small cases and says, in words, what is wrong and why.

A check raises :class:`Wrong` with its explanation, and returns a sentence when all is well. An answer has parts; what is
right of it counts (:func:`report`). The words are in ``words.json``.
"""

from __future__ import annotations

from typing import Any

from tfm_lite.exercises.answers import ANSWERS, check_answer, heard
from tfm_lite.exercises.checks.account import check_account, check_bytes_kept
from tfm_lite.exercises.checks.affine import check_fold, check_masked_norm, check_task_norms
from tfm_lite.exercises.checks.beyond import check_class_incremental, check_temperature, check_two_numbers
from tfm_lite.exercises.checks.binary import check_masked_features, check_masked_linear
from tfm_lite.exercises.checks.columns import check_hat_mask, check_lateral
from tfm_lite.exercises.checks.distillation import check_distillation
from tfm_lite.exercises.checks.features import check_feature_norm, check_smallest_within, check_used_slice
from tfm_lite.exercises.checks.finetuning import check_accuracy_matrix, check_finetune
from tfm_lite.exercises.checks.forgetting import check_accuracy, check_forgetting, check_zero_forgetting
from tfm_lite.exercises.checks.frozen import check_learn_head
from tfm_lite.exercises.checks.gates import check_gate
from tfm_lite.exercises.checks.growing import check_grown_optimizer, check_growth_search
from tfm_lite.exercises.checks.hat import check_hat_gradients, check_hat_penalty
from tfm_lite.exercises.checks.importance import check_fisher, check_sensitivity
from tfm_lite.exercises.checks.mapped import check_over_seeds
from tfm_lite.exercises.checks.masks import check_gradient_mask, check_weight_mask
from tfm_lite.exercises.checks.memory import check_overhead
from tfm_lite.exercises.checks.merging import check_merge, check_mode
from tfm_lite.exercises.checks.packnet import check_packnet_linear, check_used_weights
from tfm_lite.exercises.checks.paths import check_data_path, check_synaptic
from tfm_lite.exercises.checks.penalties import check_ewc, check_penalty
from tfm_lite.exercises.checks.pnn import check_adapters, check_pnn_column
from tfm_lite.exercises.checks.slices import check_extraction, check_weight_drift
from tfm_lite.exercises.checks.splits import check_batch_accuracy, check_leaks
from tfm_lite.exercises.checks.steps import check_masked_step
from tfm_lite.exercises.checks.tables import check_apart, check_both_averages, check_half_interval, check_lead
from tfm_lite.exercises.checks.taught import check_lwf_loss, check_teacher
from tfm_lite.exercises.checks.ternary_linear import check_ternary_linear
from tfm_lite.exercises.checks.trained import check_trained
from tfm_lite.exercises.checks.weight_masks import check_mask_gradient, check_prune
from tfm_lite.exercises.judge import HEARD, RIGHT, Outcome, Wrong
from tfm_lite.exercises.report import report

__all__ = [
    "RIGHT",
    "Wrong",
    "check_account",
    "check_accuracy",
    "check_accuracy_matrix",
    "check_adapters",
    "check_answer",
    "check_apart",
    "check_batch_accuracy",
    "check_both_averages",
    "check_bytes_kept",
    "check_class_incremental",
    "check_data_path",
    "check_distillation",
    "check_ewc",
    "check_extraction",
    "check_feature_norm",
    "check_finetune",
    "check_fisher",
    "check_fold",
    "check_forgetting",
    "check_gate",
    "check_gradient_mask",
    "check_grown_optimizer",
    "check_growth_search",
    "check_half_interval",
    "check_hat_gradients",
    "check_hat_mask",
    "check_hat_penalty",
    "check_lateral",
    "check_lead",
    "check_leaks",
    "check_learn_head",
    "check_lwf_loss",
    "check_mask_gradient",
    "check_masked_features",
    "check_masked_linear",
    "check_masked_norm",
    "check_masked_step",
    "check_merge",
    "check_mode",
    "check_over_seeds",
    "check_overhead",
    "check_packnet_linear",
    "check_penalty",
    "check_pnn_column",
    "check_prune",
    "check_sensitivity",
    "check_smallest_within",
    "check_synaptic",
    "check_task_norms",
    "check_teacher",
    "check_temperature",
    "check_ternary_linear",
    "check_trained",
    "check_two_numbers",
    "check_used_slice",
    "check_used_weights",
    "check_weight_drift",
    "check_weight_mask",
    "check_zero_forgetting",
    "outcome",
    "report",
]


def outcome(name: str, answer: Any) -> Outcome:
    """What comes of an answer to the check of this name, or of a number to the question of this name.

    Raises ``ValueError`` if there is neither.
    """
    if name in HEARD:
        return HEARD[name](answer)
    if name in ANSWERS:
        return heard(name, answer)
    raise ValueError(f"there is no check {name!r}; there are {', '.join([*HEARD, *ANSWERS])}")
