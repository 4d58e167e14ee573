"""Write ``tiny_imagenet_semantic.json``: ten groups of 20 related classes of tiny ImageNet, from WordNet's relations.

    python data/splits/make_semantic.py --wordnet DICT --data DIR

DICT holds WordNet 3.0's ``data.noun``, the version whose numbers ImageNet's class names are (wordnet.princeton.edu;
Debian's package wordnet-base has it in /usr/share/wordnet). DIR holds tiny-imagenet-200/, complete.

Two classes are as related as their nearest common ancestor is rare: -log2 of the share of the 200 classes below it
(Resnik's measure, counted over the classes themselves). A walk through the tree, which keeps relatives beside each other,
is cut every 20 classes; then classes of two groups change places, the best exchange first, until none brings relatives
closer together. Nothing is random.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np

from tfm_lite.datasets.sets import tiny_imagenet
from tfm_lite.files import written

GROUPS = 10
UP = ("@", "@i")  # hypernym, instance hypernym


def read_nouns(path: Path) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """The parents of every noun synset, and its first word; by WordNet number as ImageNet writes it, e.g. n02084071."""
    parents, words = {}, {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            continue  # the licence
        number, _, kind, count, *rest = line.split(" | ")[0].split()
        pointers = rest[2 * int(count, 16) :]
        if kind == "n":
            found = zip(pointers[1::4], pointers[2::4], strict=False)
            parents[f"n{number}"] = tuple(f"n{other}" for symbol, other in found if symbol in UP)
            words[f"n{number}"] = rest[0].replace("_", " ")
    return parents, words


class Relatives:
    """How related the classes are."""

    def __init__(self, classes: list[str], parents: dict[str, tuple[str, ...]]) -> None:
        self.classes = classes
        ancestors = cache(lambda node: frozenset({node}).union(*(ancestors(up) for up in parents[node])))
        self.above = [ancestors(c) for c in classes]
        self.below = Counter(node for nodes in self.above for node in nodes)
        self.rarity = {node: math.log2(len(classes) / count) for node, count in self.below.items()}
        self.matrix = np.array([[self._related(a, b) for b in self.above] for a in self.above])
        np.fill_diagonal(self.matrix, 0)

    def _related(self, a: frozenset[str], b: frozenset[str]) -> float:
        return max(self.rarity[node] for node in a & b)

    def walk(self) -> list[int]:
        """The classes in an order that keeps relatives together: by their ancestors, from the most common down."""
        chains = [sorted(nodes, key=lambda node: (self.rarity[node], node)) for nodes in self.above]
        return sorted(range(len(chains)), key=lambda i: chains[i])


def exchange(matrix: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Let classes of two groups change places, the best exchange first, until no exchange raises the relatedness inside."""
    group, rows = group.copy(), np.arange(len(group))
    while True:
        to = np.stack(
            [matrix[:, group == g].sum(1) for g in range(GROUPS)], 1
        )  # relatedness of each class to each group
        own = to[rows, group]
        gain = to[:, group] - own[:, None]  # of i, if it goes to j's group
        total = gain + gain.T - 2 * matrix
        total[group[:, None] == group[None]] = 0
        a, b = np.unravel_index(total.argmax(), total.shape)
        if total[a, b] < 1e-9:
            return group
        group[a], group[b] = group[b], group[a]


def name_of(members: list[int], relatives: Relatives, words: dict[str, str]) -> str:
    """The one or two ancestors that mark a group off best: of many of its members and of few other classes."""
    named: list[str] = []
    remaining = set(members)
    while remaining and len(named) < 2:
        inside = Counter(node for i in remaining for node in relatives.above[i])
        best = max(sorted(inside), key=lambda node: inside[node] ** 2 / relatives.below[node])
        if inside[best] < 3:
            break
        named.append(words[best])
        remaining = {i for i in remaining if best not in relatives.above[i]}
    return " and ".join(named)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wordnet", type=Path, required=True, metavar="DICT")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("tiny_imagenet_semantic.json"))
    options = parser.parse_args()
    listing = tiny_imagenet.read(options.data / tiny_imagenet.ABOUT.folder)
    parents, words = read_nouns(options.wordnet / "data.noun")
    names = dict(zip(listing.keys, listing.classes, strict=True))
    relatives = Relatives(sorted(listing.keys), parents)
    order = relatives.walk()
    group = np.empty(len(order), int)
    group[order] = np.arange(len(order)) // (len(order) // GROUPS)
    group = exchange(relatives.matrix, group)
    groups = []
    for g in sorted(range(GROUPS), key=lambda g: np.median(np.argsort(order)[group == g])):
        members = np.flatnonzero(group == g).tolist()
        groups.append(
            {
                "name": name_of(members, relatives, words),
                "classes": {relatives.classes[i]: names[relatives.classes[i]] for i in members},
            }
        )
    content = {"made by": "data/splits/make_semantic.py", "from": "WordNet 3.0, hypernyms of nouns", "groups": groups}
    with written(options.out) as temporary:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
