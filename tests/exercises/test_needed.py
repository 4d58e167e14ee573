"""Which pieces of code an answer needs: found by names, checked by running them."""

from __future__ import annotations

import pytest

from tfm_lite.exercises.grading.needed import names, needed

# Pieces, the name that is wanted, and which pieces are needed for it.
CASES = {
    "one": (["a = 1", "b = 2"], "b", [1]),
    "the last one counts": (["a = 1", "a = 2"], "a", [1]),
    "what it is made of": (["a = 1", "a = a + 1"], "a", [0, 1]),
    "added to": (["a = 1", "a += 1", "b = a"], "b", [0, 1, 2]),
    "a function's own names": (["x = 1", "def f(x): return x"], "f", [1]),
    "a function uses": (["k = 2", "def f(x): return k * x"], "f", [0, 1]),
    "a function uses what comes later": (["def f(x): return g(x)", "def g(x): return x"], "f", [0, 1]),
    "a default is used at once": (["k = 1", "def f(x=k): return x", "k = 2"], "f", [0, 1]),
    "a class and its base": (["class A: pass", "n = 3", "class B(A):\n    m = n"], "B", [0, 1, 2]),
    "an import": (["import torch", "import math as m", "a = m.pi"], "a", [1, 2]),
    "a part of a module": (["import os.path", "a = os.path.sep"], "a", [0, 1]),
    "changed by a method": (["a = []", "a.append(1)", "b = 1"], "a", [0, 1]),
    "changed by an item": (["a = {}", "b = 1", "a['x'] = b"], "a", [0, 1, 2]),
    "changed by an attribute": (["class A: pass", "A.x = 1", "print(A)"], "A", [0, 1]),
    "given to a function": (["a = []", "def put(a): a.append(1)", "put(a)"], "a", [0, 1, 2]),
    "shown": (["a = 1", "print(a)"], "a", [0]),
    "a comprehension's names": (["i = 1", "a = [i for i in range(3)]"], "a", [1]),
    "a loop": (["a = 0", "for i in range(3):\n    a += i"], "a", [0, 1]),
    "a loop's own name": (["i = 1", "a = []\nfor i in range(3):\n    a.append(i)"], "a", [1]),
    "given in a block": (["b = 1", "a = []\nfor i in range(3):\n    b = i\n    a.append(b)"], "a", [1]),
    "given in the other branch": (["b = 1", "a = 0\nif a:\n    b = 2\nelse:\n    a = b"], "a", [0, 1]),
    "given in a block, used behind it": (["b = 1", "a = 1\nif a > 1:\n    b = 2\na = b"], "a", [0, 1]),
    "a comprehension of what is given": (["b = [1]", "b = [2]\na = [i for i in b]"], "a", [1]),
    "in a lambda": (["k = 1", "f = lambda x: k + x"], "f", [0, 1]),
    "before it is given anew": (["a = 1", "b = a", "a = 2", "c = b"], "c", [0, 1, 3]),
    "two in one": (["a, b = 1, 2", "c = b"], "c", [0, 1]),
    "with a walrus": (["if (n := 3) > 2:\n    m = n"], "m", [0]),
    "nobody gives it": (["a = 1"], "z", []),
    "perhaps given": (["a = 1", "if a > 3:\n    a = 2", "b = a"], "b", [0, 1, 2]),
    "given, then used": (["a = 1", "b = 2", "a = 3\nb = a"], "b", [2]),
    "given by a loop": (["a = 1", "for a in range(3):\n    pass"], "a", [0, 1]),
    "a function's own import": (["m = 1", "import math as m\ndef f(x):\n    return m.pi"], "f", [1]),
    "a local name": (["w = 1", "def f(x):\n    w = x\n    return w"], "f", [1]),
    "a seed": (["import random", "random.seed(3)", "a = random.random()"], "a", [0, 1, 2]),
    "heard by a check": (
        ["class checks: check_x = print", "a = 1", "checks.check_x(a)", "b = 1", "checks.check_x(b)"],
        "b",
        [3],
    ),
    "recursion": (["def f(n): return n and f(n - 1)"], "f", [0]),
    "a decorator": (["def twice(f): return f", "@twice\ndef g(): pass"], "g", [0, 1]),
    "a builtin by another name": (["sum = max", "a = sum([1, 2])"], "a", [0, 1]),
    "given, then used in a comprehension": (["k = 1", "k = 2\na = [k for _ in range(2)]"], "a", [1]),
}


@pytest.mark.parametrize("what", CASES)
def test_what_is_needed(what: str) -> None:
    pieces, name, expected = CASES[what]
    assert needed(pieces, [name]) == expected
    whole: dict[str, object] = {}
    some: dict[str, object] = {}
    exec("\n".join(pieces), whole)
    exec("\n".join(pieces[i] for i in expected), some)
    if isinstance(whole.get(name), int | list | dict | str):
        assert some[name] == whole[name]
    assert (name in some) == (name in whole)


def test_a_cell_is_not_needed_for_a_seed() -> None:
    cells = [
        "import torch",
        "torch.manual_seed(0)\nnet = long_training()",
        "def f(x): return torch.relu(x)",
        "torch.x = 1",
    ]
    assert needed(cells, ["f"], seeds=False) == [0, 2, 3]


def test_names_of_a_piece() -> None:
    found = names("def f(a):\n    b = c\n    return a + b\nx.y = f(z)")
    assert (found.given, found.changed, found.used, found.later) == ({"f"}, {"x"}, {"x", "z"}, {"c"})
    with pytest.raises(SyntaxError):
        names("def")
