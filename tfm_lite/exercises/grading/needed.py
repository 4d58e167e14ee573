"""Which of many pieces of code are needed for one name that they give: an analysis by names, which runs nothing.

A piece is a cell or a statement. It is needed if it gives a name that a needed one uses. To give a name is to bind it, to
change it through an attribute, an item or a method, or to hand it to a function that is called for nothing else.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SHOWING = {"print", "display", "len", "repr"}  # what does not change what it is given


@dataclass(frozen=True)
class Names:
    """Of a piece: the names that it gives, of these the ones that it may not have given (in an ``if`` or a loop), those that
    it changes, those whose functions it calls for their effect, those that it uses at once, or later when it is called, and
    those that it imports."""

    given: frozenset[str]
    maybe: frozenset[str]
    changed: frozenset[str]
    called: frozenset[str]
    used: frozenset[str]
    later: frozenset[str]
    imported: frozenset[str]


class _Reader(ast.NodeVisitor):
    def __init__(self) -> None:
        self.given, self.maybe, self.changed, self.called = set[str](), set[str](), set[str](), set[str]()
        self.used, self.later, self.imported = set[str](), set[str](), set[str]()

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self._give(node.id)
        elif isinstance(node.ctx, ast.Del):
            self.changed.add(node.id)
        elif node.id not in self.given - self.maybe:
            self.used.add(node.id)

    def _in_order(self, *parts: ast.AST | None) -> None:
        for part in filter(None, parts):
            self.visit(part)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._in_order(node.value, *node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._in_order(node.annotation, node.value, node.target if node.value else None)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._in_order(node.value, node.target)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._in_order(node.iter)
        self._unsure(node.target, *node.body)
        self._unsure(*node.orelse)

    visit_AsyncFor = visit_For

    def visit_If(self, node: ast.If | ast.While) -> None:
        self._in_order(node.test)
        self._unsure(*node.body)
        self._unsure(*node.orelse)

    visit_While = visit_If

    def visit_Try(self, node: ast.Try) -> None:
        self._unsure(*node.body)
        for handler in node.handlers:
            self._unsure(handler)
        self._unsure(*node.orelse)
        self._in_order(*node.finalbody)

    def _unsure(self, *parts: ast.AST) -> None:
        """A block that may not be run. What it gives it has itself; whoever comes after it may not."""
        had, maybe = set(self.given), set(self.maybe)
        self._in_order(*parts)
        self.maybe |= maybe | (self.given - had)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._give(node.name)
        for part in [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.visit(part)
        self._body(node.body, node.args)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._body([node.body], node.args)

    def _body(self, body: Iterable[ast.AST], arguments: ast.arguments) -> None:
        """What a function uses when it is called, but for its own names."""
        inner = _Reader()
        for part in body:
            inner.visit(part)
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        own = inner.given | {a.arg for a in every if a}
        self.later |= (inner.used | inner.later | inner.changed) - own

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._give(node.name)
        for part in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(part)
        inner = _Reader()
        for part in node.body:
            inner.visit(part)
        self.used |= inner.used - inner.given
        self.later |= inner.later

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        inner = _Reader()
        inner.generic_visit(node)
        self.used |= inner.used - inner.given - (self.given - self.maybe)
        self.later |= inner.later - inner.given

    visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_ListComp

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name in node.names:
            own = (name.asname or name.name).partition(".")[0]
            self._give(own)
            self.imported.add(own)

    visit_ImportFrom = visit_Import

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.generic_visit(node)
        if isinstance(node.target, ast.Name):
            self.used.add(node.target.id)
        self.changed |= _root(node.target)

    def visit_Attribute(self, node: ast.Attribute | ast.Subscript) -> None:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            self.changed |= _root(node)

    visit_Subscript = visit_Attribute

    def visit_Expr(self, node: ast.Expr) -> None:
        """A call for its effect: it may change what it is a method of, and what it is given."""
        self.generic_visit(node)
        if isinstance(node.value, ast.Call):
            function = node.value.func
            if (isinstance(function, ast.Name) and function.id in SHOWING) or _hears(function):
                return
            own = self.given - self.maybe  # what the piece has made itself is nobody else's
            self.called |= _root(function) - own if isinstance(function, ast.Attribute) else set()
            for argument in [*node.value.args, *(k.value for k in node.value.keywords)]:
                self.changed |= _root(argument) - own

    def _give(self, name: str) -> None:
        self.maybe.discard(name)
        self.given.add(name)


def _hears(function: ast.expr) -> bool:
    """Whether it is a check, or the report of what is done: they hear an answer, and change nothing."""
    return (
        isinstance(function, ast.Attribute)
        and re.fullmatch(r"checks\.(check_\w+|report)", ast.unparse(function)) is not None
    )


def _root(node: ast.AST) -> set[str]:
    """The name that an attribute, an item or a method is of: ``a`` of ``a.b[0].c``."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def names(code: str) -> Names:
    """The names of a piece of code. Raises ``SyntaxError``."""
    reader = _Reader()
    reader.visit(ast.parse(code))
    later = reader.later - (reader.given - reader.maybe)
    some = reader.given, reader.maybe, reader.changed, reader.called, reader.used, later, reader.imported
    return Names(*map(frozenset, some))


def needed(pieces: Sequence[str], wanted: Iterable[str], *, seeds: bool = True) -> list[int]:
    """Which pieces must run, in their order, for the ``wanted`` names to be what they are after all of them have run.

    ``seeds``: whether ``torch.manual_seed(0)`` changes ``torch``, as any method that is called for its effect changes what it
    is a method of. Of cells, few are wanted for the seed that they set.
    """
    read = [names(piece) for piece in pieces]
    imported = set().union(*(one.imported for one in read))
    changes = [one.changed | (one.called if seeds else one.called - imported) for one in read]
    found: set[int] = set()
    waiting = [(name, len(pieces)) for name in wanted]
    asked: set[tuple[str, int]] = set()
    while waiting:
        name, before = waiting.pop()
        if (name, before) in asked:
            continue
        asked.add((name, before))
        givers = [i for i in range(before) if name in read[i].given]
        late = [i for i in range(before, len(pieces)) if name in read[i].given]
        if not givers and before < len(pieces):  # a function may use what is given after it
            givers = late[:1]
        if not givers:
            continue
        first = givers[-1]
        if name in read[first].used | read[first].maybe:  # it is made of what it was, or still is that
            waiting.append((name, first))
        changers = [i for i in range(first + 1, before) if name in changes[i]]
        for i in [first, *changers]:
            if i not in found:
                found.add(i)
                waiting += [(used, i) for used in read[i].used | changes[i]]
                waiting += [(used, len(pieces)) for used in read[i].later]
    return sorted(found)
