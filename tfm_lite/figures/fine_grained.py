"""What section 4.2 of the paper finds in its Table 3, each finding as a question to a source (Masana et al. 2021)."""

from __future__ import annotations

from tfm_lite.figures.evidence import Source
from tfm_lite.figures.findings import Claim

OTHERS = ("finetune", "freeze", "ewc", "hat", "packnet")  # of the rows those that keep no images, and are not TFM


def forgetting(s: Source) -> bool:
    """HAT and EWC lose something on average, and the others nothing on any task."""
    lines = s.of("hat", "ewc", "tfm", "packnet", "freeze")
    lost = max(lines[method].mean_forgetting for method in ("hat", "ewc"))
    return lost < 0 and not any(any(lines[method].forgetting) for method in ("tfm", "packnet", "freeze"))


def first_task(s: Source) -> bool:
    """Of the accuracy on task 1, just learned: by TFM's smaller network and by the full one."""
    lines = s.of("tfm", "finetune")
    return lines["tfm"].learned[0] >= lines["finetune"].learned[0]


CLAIMS: dict[str, Claim] = {
    "1. TFM is the best that keeps no images.": lambda s: s.above("tfm", *OTHERS) >= 0,
    "2. FN gains a point or more.": lambda s: s.above("tfm", "tfm_no_fn") >= 1,
    "3. PackNet is the best of the others.": lambda s: s.above("packnet", *OTHERS[:-1]) >= 0,
    "4. TFM is two points or more above PackNet.": lambda s: s.above("tfm", "packnet") >= 2,
    "5. Freezing is above Finetuning, EWC and HAT.": lambda s: s.above("freeze", "finetune", "ewc", "hat") > 0,
    "6. HAT and EWC forget; TFM, PackNet and Freezing do not.": forgetting,
    "7. TFM learns task 1 at least as well as the full network.": first_task,
}
