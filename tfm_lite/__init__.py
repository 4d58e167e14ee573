"""tfm_lite: ternary feature masks, zero forgetting for task-incremental learning (Masana et al., CVPRW 2021)."""

__version__ = "0.1.0"
