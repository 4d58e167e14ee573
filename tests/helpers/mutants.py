"""Breaks the package in small ways, one at a time, and tells which tests notice: ``python tests/helpers/mutants.py``.

Each mutant is one change of one line in a copy of the package, and the tests that should see it. One that survives is a hole
in the tests. ``--only WORD`` runs the mutants whose file or line has the word.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).resolve().parents[1]


class Mutant(NamedTuple):
    file: str
    old: str  # once in the file
    new: str
    tests: str  # files of tests by name, and words after them for pytest's -k


TRAIN, RULE, RUN, CONFIG, LAYERS = "train.py", "protocol.py", "runs/run.py", "runs/config.py", "nn/layers.py"
PROTOCOL, GOLDEN, FORGETTING = "test_protocol.py", "test_golden.py", "test_forgetting.py"
BASE, RESUME = "methods/base.py", "test_resume.py -k stopped"
MUTANTS = [
    # The rule by which the learning rate falls.
    Mutant(RULE, "best = loss < self.loss", "best = loss <= self.loss", PROTOCOL),
    Mutant(RULE, "accuracy, 0, protocol.patience\n", "accuracy, 0, self.patience\n", PROTOCOL),
    Mutant(RULE, "self.lr / protocol.factor, protocol.patience", "self.lr / protocol.factor, 0", PROTOCOL),
    Mutant(RULE, "if self.patience == 0", "if self.patience < 0", PROTOCOL),
    Mutant(RULE, "self.since, self.patience = loss, accuracy,", "self.since, self.patience = loss, 0.5,", PROTOCOL),
    Mutant(TRAIN, 'group["lr"] /= protocol.factor', 'group["lr"] /= 1', PROTOCOL),
    Mutant(TRAIN, "now.lr >= protocol.lr_min", "now.lr > protocol.lr_min", PROTOCOL),
    Mutant(TRAIN, "now.epoch < protocol.epochs and", "now.epoch <= protocol.epochs and", PROTOCOL),
    Mutant(TRAIN, "clip=protocol.clip, ", "clip=math.inf, ", PROTOCOL),
    Mutant(TRAIN, "now.seconds), best\n", "now.seconds), _copy(method)\n", PROTOCOL),
    Mutant(TRAIN, "now.seconds - kept >= CHECKPOINT_EVERY", "now.seconds >= CHECKPOINT_EVERY", PROTOCOL),
    Mutant(TRAIN, "self.method.load_state_dict(best)", "dict(best)", PROTOCOL),
    Mutant(RULE, "self.lr, self.momentum, weight", "self.lr, 0.0, weight", "test_train.py -k optimizer"),
    Mutant(RULE, "torch.optim.Adam if", "torch.optim.AdamW if", "test_train.py -k optimizer"),
    # A step, an epoch, validation.
    Mutant(TRAIN, "    method.after_backward(t)\n", "", "test_train.py -k hooks"),
    Mutant(TRAIN, "    optimizer.zero_grad()\n", "", GOLDEN),
    Mutant(TRAIN, "progress, autocast = i / len(order)", "progress, autocast = 0.0", f"{GOLDEN} -k hat"),
    Mutant(TRAIN, "        method.train()\n", "", GOLDEN),
    Mutant(TRAIN, "        method.eval()\n", "", GOLDEN),
    Mutant(TRAIN, 'torch.manual_seed(stream(self.seed, "dropout", *own))', "pass", "test_train.py -k same_seed"),
    Mutant(TRAIN, '"batches", *name)', '"batches", self.t)', GOLDEN),
    Mutant(TRAIN, "(data.double() + penalty) * len(y)", "data.double() * len(y)", "test_golden.py -k ewc or hat"),
    Mutant(TRAIN, "part, augment)", "part, None)", "test_augment.py"),
    Mutant(TRAIN, "x, y, of.sort().values", "x, y, of", "test_train.py -k joint"),
    Mutant(TRAIN, "- ends[i] + len(task.train)", "- ends[i] - 1", "test_train.py -k joint"),
    Mutant(TRAIN, "with reproducible(device, precision=precision):", "if True:", "test_train.py -k put_back"),
    # Resuming.
    Mutant(TRAIN, 'optimizer.load_state_dict(saved["optimizer"])', "pass", RESUME),
    Mutant(TRAIN, 'saved["state"] or best', "best", "test_resume.py -k best_weights"),
    Mutant(TRAIN, 'now, best = State(**saved["now"]), saved["best"]', 'now = State(**saved["now"])', RESUME),
    Mutant(TRAIN, 'method.load_state_dict(saved["state"])\n', "pass\n", RESUME),
    Mutant("checkpoint.py", "LookupError, TypeError, ValueError", "OSError", "test_resume.py -k another_version"),
    Mutant("methods/importance.py", "    method.eval()\n", "", "test_resume.py -k importances"),
    Mutant("checkpoint.py", "if not is_signed(path)", "if False", "test_resume.py -k damaged or unreadable or byte"),
    # What a configuration hands down.
    Mutant(CONFIG, "width=c.width, ", "", "test_experiment.py"),
    Mutant(CONFIG, "seed=c.seed, ", "", "test_experiment.py"),
    Mutant(CONFIG, "dropout=c.protocol.dropout", "dropout=0.5", "test_experiment.py"),
    Mutant("nn/networks.py", "size or tasks.size, len(tasks)", "size or tasks.size, 2", "test_experiment.py"),
    Mutant(RUN, "seed=config.seed,\n        device", "seed=0,\n        device", "test_experiment.py"),
    Mutant(RUN, "precision=config.precision,", 'precision="fp32",', "test_experiment.py"),
    Mutant(CONFIG, "(build, **c.options)", "(build)", "test_experiment.py"),
    Mutant(CONFIG, "protocol.LATER)", "{})", "test_experiment.py -k came_later"),
    Mutant(RUN, "memory=method.storage()", "memory={}", "test_experiment.py"),
    Mutant(TRAIN, 'split: str = "test") -> float', 'split: str = "valid") -> float', "test_experiment.py"),
    # Layers.
    Mutant("nn/product.py", "part.mul_(factor.view", "part.mul_(1.0 + 0 * factor.view", "test_layers.py -k reference"),
    Mutant("nn/product.py", "(product - shift * total)", "(product - total)", "test_layers.py -k reference"),
    Mutant(LAYERS, "(part.clone() for part in self.used(len", "(part for part in self.used(len", FORGETTING),
    Mutant(LAYERS, "        self._join()  # the slices are still on the old device\n", "", "test_layers.py"),
    Mutant(LAYERS, "self.norm.keep()\n", "pass\n", FORGETTING),
    Mutant(LAYERS, "if self.place and t > 0:", "if self.place:", "test_layers.py test_forgetting.py test_memory.py"),
    Mutant("nn/stages.py", "parameter.detach().clone())", "parameter.detach())", FORGETTING),
    Mutant("nn/stages.py", "learning = self.training and self.learns()", "learning = self.training", FORGETTING),
    Mutant("nn/stages.py", "MOMENTUM, EPS = 0.1, 1e-5", "MOMENTUM, EPS = 0.1, 1e-3", "test_layers.py test_methods.py"),
    # Methods.
    Mutant(BASE, "if self.zero_forgetting and (left", "if False and (left", "test_contracts.py"),
    Mutant(BASE, "        self.ready()  # who", "        # who", "test_contracts.py -k once"),
    Mutant(BASE, "        _check_names(cls)\n", "", "test_contracts.py -k misspelt"),
    Mutant("methods/__init__.py", "        base.known.update(before)\n", "        pass\n", "test_contracts.py -k leaves"),
    Mutant("methods/hat.py", '"protected": "masks"', '"protected": "embeddings"', "test_memory.py -k once"),
    Mutant("methods/tfm.py", "(tried(), self.margin)", "(tried(), 0.0)", "test_methods.py"),
    Mutant("methods/tfm.py", "copy.deepcopy(before)", "before", "test_methods.py test_golden.py -k tfm"),
    Mutant("methods/joint.py", "        self.net = self.build(self.kit)\n", "", "test_train.py -k joint"),
    Mutant("methods/hat.py", "self.s_max / stage.s * steep", "stage.s / self.s_max * steep", "test_masks.py"),
    Mutant("methods/packnet.py", "sizes > smallest", "sizes >= smallest", "test_masks.py"),
    Mutant("methods/ewc.py", "mul_(task.index).add_(new)", "add_(new)", "test_importance.py"),
    Mutant("methods/mas.py", "(new, 1 - self.alpha)", "(new, self.alpha)", "test_importance.py"),
    Mutant("methods/lwf.py", "(old / self.temperature)", "old", "test_distillation.py"),
    Mutant("methods/lfl.py", "self.lam / 2 * self.batch", "self.lam * self.batch", "test_distillation.py"),
    Mutant("methods/pnn.py", "SCALE = 0.01", "SCALE = 0.02", GOLDEN),
    Mutant("methods/wsn.py", "score.numel() - count + 1", "count", "test_wsn.py"),
    Mutant("methods/wsn.py", "self.factor == 0, self.kept", "self.factor == 1, self.kept", FORGETTING),
    Mutant("methods/wsn.py", "self.register_load_state_dict_post_hook(_claim)", "pass", "test_wsn.py -k midst"),
    Mutant("huffman.py", "word + 1, of", "word, of", "test_huffman.py"),
    Mutant("methods/piggyback.py", "torch.gt(real, threshold", "torch.lt(real, threshold", "test_masks.py"),
    Mutant("methods/label.py", "right & (chosen == self.tasks)", "right", "test_label.py"),
    Mutant("methods/label.py", " / math.log(each.shape[1])", "", "test_label.py"),
    Mutant("methods/label.py", " + (self.scatter if self.means else 0)", "", "test_label.py"),
    Mutant("bits.py", "(each > 0) & (each <= t + 1)", "each <= t + 1", "test_bits.py"),
    Mutant("bits.py", "raw.float() * step + low", "raw.float() * step", "test_bits.py"),
    Mutant("huffman.py", "word <<= of[symbol] - before", "word <<= of[symbol] > before", "test_huffman.py"),
    # Data.
    Mutant("datasets/tasks.py", "without=aside)", "without=aside[:0])", "test_tasks.py"),
    Mutant("datasets/tasks.py", '"validation", int(c))', '"validation")', "test_tasks.py test_golden.py"),
    Mutant("datasets/sets/flowers.py", "len(learn) + len(valid)", "len(learn)", "test_flowers.py"),
    Mutant("datasets/sets/flowers.py", "(labels < 1) | ", "", "test_flowers.py"),
    Mutant("datasets/entries.py", " or name.lower() in LEFT", "", "test_desk.py -k programs"),
    Mutant("datasets/entries.py", "utf-8-sig", "utf-8", "test_desk.py -k editor"),
    Mutant("datasets/presence.py", "if place not in self.places:", "if False:", "test_desk.py -k elsewhere"),
    Mutant("datasets/presence.py", "if len(near) == 1:", "if near:", "test_desk.py -k two"),
    Mutant("datasets/unpack.py", "        size += info.size\n", "", "test_datasets_fetch.py -k bomb"),
    Mutant("datasets/receive.py", " if asked is None else asked)", ")", "test_datasets_fetch.py -k waits"),
    Mutant("datasets/stores.py", "(VERSION, size, state, of)", "(VERSION, size, of)", "test_flowers.py test_datasets.py"),
    Mutant("datasets/inputs.py", "sub_(self.mean)", "sub_(0)", "test_golden.py"),
    Mutant("datasets/resident.py", "split in wanted}", "True}", "test_resident_images.py"),
    Mutant("datasets/resident.py", "<= room(", "<= 0 * room(", "test_resident_images.py"),
    Mutant("datasets/augment.py", "drawn[2] > 0", "drawn[2] > 1", "test_augment.py"),
    Mutant("methods/joint.py", "(t == s)", "(t >= s)", "test_train.py -k joint"),
    Mutant("devices.py", "capability < AMPERE", "capability < (7, 0)", "test_devices.py -k weak"),
    Mutant("devices.py", "torch.cuda.is_initialized()", "False", "test_devices.py -k cublas"),
    Mutant("nn/stages.py", ', device="cpu") * math', ") * math", "test_devices.py -k drawn"),
    Mutant("datasets/inputs.py", "torch.channels_last", "torch.preserve_format", "test_train.py -k layout"),
]  # fmt: skip


def noticed(folder: Path, tests: str) -> bool:
    """Whether any of these tests fails on the package in this folder."""
    files, _, words = tests.partition(" -k ")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += [str(next(TESTS.rglob(Path(file).name))) for file in files.split()] + (["-k", words] if words else [])
    environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    code = subprocess.run(command, env=environment, capture_output=True, cwd=folder).returncode
    if code > 1:
        raise SystemExit(f"no tests ran for {tests!r}: pytest ended with {code}")
    return code == 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="WORD")
    parser.add_argument("--whole", action="store_true", help="only look whether nothing is noticed unbroken")
    options = parser.parse_args()
    chosen = [m for m in MUTANTS if options.only in f"{m.file} {m.old} {m.tests}"]
    for mutant in chosen:
        count = (TESTS.parent / "tfm_lite" / mutant.file).read_text().count(mutant.old)
        if count != 1:
            raise SystemExit(f"{mutant.old!r} stands {count} times in {mutant.file}")
    alive = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(TESTS.parent / "tfm_lite", folder / "tfm_lite", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "data").symlink_to(TESTS.parent / "data")
        for tests in dict.fromkeys(m.tests for m in chosen) if options.whole else ():
            print("unbroken:", "NOTICED" if noticed(folder, tests) else "ok", tests, flush=True)
        for mutant in () if options.whole else chosen:
            path = folder / "tfm_lite" / mutant.file
            whole = path.read_text()
            path.write_text(whole.replace(mutant.old, mutant.new))
            killed = noticed(folder, mutant.tests)
            path.write_text(whole)
            alive += not killed
            change = f"{mutant.file}: {mutant.old.strip()} -> {mutant.new.strip() or 'nothing'}"
            print("killed  " if killed else "SURVIVED", f"{change} ({mutant.tests})", flush=True)
    print(f"{len(chosen) - alive} of {len(chosen)} mutants were noticed")
    return alive > 0


if __name__ == "__main__":
    sys.exit(main())
