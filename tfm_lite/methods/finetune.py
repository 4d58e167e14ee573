from tfm_lite.methods.base import Method


class Finetune(Method):
    """Fine-tuning: learn each task with all weights and do nothing about the old ones. It forgets."""

    name = "finetune"
