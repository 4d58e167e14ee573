"""A stub as students get it, and the solution that takes its place."""

from __future__ import annotations

import ast
from collections.abc import Iterator

UNWRITTEN = 'raise NotImplementedError("write it here")'
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def is_open(node: ast.stmt) -> bool:
    """Whether a function or a class has nothing in it but ``...``, and maybe what it is to do."""
    if not isinstance(node, Definition):
        return False
    last = node.body[-1]
    return (
        len(node.body) <= 2
        and isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Constant)
        and last.value.value is ...
    )


def open_functions(tree: ast.AST) -> Iterator[ast.stmt]:
    """The ``...`` that functions consist of."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and is_open(node):
            yield node.body[-1]


def raising(stub: str) -> str:
    """The same stub, whose functions say that they are not written yet.

    >>> print(raising("def f(x): ..."))
    def f(x):
        raise NotImplementedError("write it here")
    """
    lines = stub.split("\n")
    for dots in sorted(open_functions(ast.parse(stub)), key=lambda node: -node.lineno):
        line = lines[dots.lineno - 1]
        before = line[: dots.col_offset].rstrip()
        if before:  # def f(x): ...
            indent = " " * (len(line) - len(line.lstrip()) + 4)
            lines[dots.lineno - 1 : dots.lineno] = [before, indent + UNWRITTEN]
        else:
            lines[dots.lineno - 1] = " " * dots.col_offset + UNWRITTEN
    return "\n".join(lines)


def combined(stub: str, solution: str) -> str:
    """The solution with what it takes from its stub, which is run before it: imports, definitions that it keeps, those in
    which a fault is to be found, which it then gives anew, and ``name = ...``, without which nobody knew a number's name."""
    lines, own = stub.split("\n"), {_name(n): n for n in ast.parse(solution).body}
    kept = [
        "\n\n" * isinstance(node, Definition)
        + "\n".join(lines[node.lineno - 1 : node.end_lineno])
        for node in ast.parse(stub).body
        if not is_open(node)
        and (_name(node) not in own or is_faulty(node, own[_name(node)]))
    ]
    kept = list(dict.fromkeys(kept))  # what two cells of a stub import
    return "\n".join([*kept, "", "", solution] if kept else [solution]).lstrip("\n")


def is_faulty(given: ast.stmt, mended: ast.stmt) -> bool:
    """Whether a function or a class is given whole, with nothing left open, and its solution is another."""
    whole = isinstance(given, Definition) and not any(open_functions(given))
    return whole and ast.dump(given) != ast.dump(mended)


def _name(node: ast.stmt) -> str:
    """What a statement defines, or the statement itself."""
    return node.name if isinstance(node, Definition) else ast.unparse(node)


def marked(stub: str, solution: str) -> str:
    """The solution and its stub as one, with what the stub does not have between nbgrader's marks: its release is the stub.

    Of a function that both have, the marks are around its body; of a class around what the stub's does not have. What is
    given with a fault stays as it is; behind it the mended one is marked, and the release has a place for it.
    """
    whole = combined(stub, solution)
    made = _marked(ast.parse(stub).body, ast.parse(whole).body, whole.split("\n"), "")
    return "\n".join(made).strip("\n")


def _marked(
    stub: list[ast.stmt], solution: list[ast.stmt], lines: list[str], indent: str
) -> list[str]:
    """The lines of the solution's statements; those that the stub does not have, between marks."""
    same, kept = ({ast.dump(node) for node in each} for each in (stub, solution))
    given = {
        node.name: node
        for node in stub
        if isinstance(node, Definition) and ast.dump(node) not in kept
    }
    written: list[str] = []
    hidden, at = False, 0
    for node in solution:
        first = (
            min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            - 1
        )
        stays = ast.dump(node) in same
        known = (
            given.get(node.name) if isinstance(node, Definition) and not stays else None
        )
        hide = not stays and known is None
        if hidden and not hide:
            written.append(indent + END)
        if written:
            written += lines[at:first]
        if hide and not hidden:
            written.append(indent + BEGIN)
        written += (
            _shared(known, node, lines, first)
            if known
            else lines[first : node.end_lineno]
        )
        hidden, at = hide, node.end_lineno or 0
    return [*written, indent + END] if hidden else written


def _shared(known: ast.stmt, node: ast.stmt, lines: list[str], first: int) -> list[str]:
    """The lines of a function or class that the stub has, too: its head, and what is within."""
    body, inner = node.body[0].lineno - 1, " " * node.body[0].col_offset
    if isinstance(node, ast.ClassDef) and not is_open(known):
        within = _marked(known.body, node.body, lines, inner)
    else:
        within = [inner + BEGIN, *lines[body : node.end_lineno], inner + END]
    return [*lines[first:body], *within]
