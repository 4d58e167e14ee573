"""What a class has handed in: notebooks in a folder, from whatever platform they were downloaded.

A student is a folder of his own within it, or, for what lies in it itself, the name of the file without that of the chapter.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tfm_lite.exercises.asked import Asked
from tfm_lite.exercises.grading.needed import names
from tfm_lite.exercises.words import said

# What Moodle hangs on a folder's name, and Canvas and browsers on a file's.
MOODLE = re.compile(r"_\d+_assignsubmission_\w+_?$")
CANVAS = re.compile(r"(_LATE)?_\d+_\d+$")
COPY = re.compile(r"( ?\(\d+\)|-\d{1,2})$")


@dataclass
class Notebook:
    """The Python of one notebook; ``remarks`` says what of it cannot be used."""

    file: Path
    chapter: str = ""  # what an edition of the book has written into it
    cells: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, file: Path, called: str) -> Notebook:
        """A notebook's cells without what only Jupyter understands. ``called`` is what remarks call the file."""
        found = cls(file)
        try:
            content = json.loads(file.read_text(encoding="utf-8-sig"))
            cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
            sources = ["".join(cell["source"]) for cell in cells]
            own = content.get("metadata", {}).get("tfm_lite", {})
            found.chapter = str(own.get("chapter", "")) if isinstance(own, dict) else ""
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            found.remarks.append(said("grade", "unread", file=called, what=f"{type(error).__name__}: {error}"[:200]))
            return found
        for number, source in enumerate(sources, 1):
            code = python(source)
            try:
                ast.parse(code)
                found.cells.append(code)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                what = f"{getattr(error, 'msg', error)}, line {getattr(error, 'lineno', '?')}"
                found.remarks.append(said("grade", "broken", cell=number, what=what))
        return found

    @cached_property
    def statements(self) -> list[str]:
        """All statements of all cells, each as its own code."""
        found = []
        for cell in self.cells:
            for node in ast.parse(cell).body:
                found.append(ast.unparse(node) if isinstance(node, ast.Expr) else segment(cell, node))
        return found

    @cached_property
    def replaced(self) -> list[str]:
        """What of the checks the notebook puts its own in the place of. No answer needs that, so it may never run."""
        ours, found = set[str](), dict[str, None]()
        for node in ast.walk(ast.parse("\n".join(self.statements))):
            if isinstance(node, ast.Import | ast.ImportFrom) and "tfm_lite.exercises" in ast.unparse(node):
                ours |= {name.asname or name.name for name in node.names}
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                found[ast.unparse(node)] = None
        return [name for name in found if any(name.startswith(f"{own}.") for own in ours)]

    @cached_property
    def given(self) -> set[str]:
        """The names that the notebook gives at all."""
        return {name for statement in self.statements for name in names(statement).given}


def segment(code: str, node: ast.stmt) -> str:
    """A statement as it was written, with what decorates it."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(one.lineno for one in decorators)])
    lines = code.splitlines()[first - 1 : node.end_lineno]
    alone = ast.get_source_segment(code, node)
    if decorators or alone is None:
        return "\n".join(lines)
    return alone


def python(cell: str) -> str:
    """A cell without the lines that only Jupyter understands: ``%magic``, ``!command``, ``name?``."""
    if cell.lstrip().startswith("%%"):
        magic, _, rest = cell.lstrip().partition("\n")
        return rest if magic.split()[0] in ("%%time", "%%timeit", "%%capture") else ""
    try:
        ast.parse(cell)
        return cell
    except (SyntaxError, ValueError):
        return "\n".join("" if re.match(r"\s*[%!?]|\s*[\w.]+\?+\s*$", line) else line for line in cell.splitlines())


@dataclass
class Student:
    """One who handed in something, with all that he handed in."""

    name: str
    notebooks: list[Notebook] = field(default_factory=list)

    @property
    def files(self) -> list[str]:
        return [notebook.file.name for notebook in self.notebooks]


def students(folder: Path, asked: Sequence[Asked]) -> list[Student]:
    """All students of a folder, by name. Raises ``ValueError`` if there is no notebook in it."""
    found: dict[str, Student] = {}
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: name the one that holds the notebooks, or a folder per student")
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith((".", "__")):
            name = MOODLE.sub("", path.name)
            files = [file for file in sorted(path.rglob("*.ipynb")) if is_own(file.relative_to(path))]
        elif path.suffix == ".ipynb":
            name, files = owner(path.stem, {one.chapter for one in asked}), [path]
        else:
            continue
        student = found.setdefault(name, Student(name))
        student.notebooks += [Notebook.read(file, str(file.relative_to(folder))) for file in files]
    if not any(student.notebooks for student in found.values()):
        raise ValueError(f"{folder} has no notebook (.ipynb): unpack what the platform gave you into it")
    return sorted(found.values(), key=lambda student: student.name)


def is_own(path: Path) -> bool:
    """Not what a system or Jupyter itself has put beside a notebook."""
    return not any(part.startswith((".", "__MACOSX")) for part in path.parts)


def owner(stem: str, chapters: set[str]) -> str:
    """The student in a file's name: what is left without the chapter's, and without what a platform adds."""
    stem = COPY.sub("", stem)
    for chapter in sorted(chapters, key=len, reverse=True):
        if chapter in stem:
            stem = stem.replace(chapter, "").strip(" _-.") or stem
            break
    return CANVAS.sub("", stem).strip(" _-.") or stem


def chapters_of(notebook: Notebook, asked: Sequence[Asked]) -> set[str]:
    """The chapters whose exercises a notebook answers: by what it says of itself, its name, the checks that it calls, or, if
    all of that is lost, the names that it gives."""
    every = dict.fromkeys(one.chapter for one in asked)
    if notebook.chapter in every:
        return {notebook.chapter}
    if named := {chapter for chapter in every if chapter in notebook.file.stem}:
        return named
    text = "\n".join(notebook.cells)
    if called := {one.chapter for one in asked if one.called(text)}:
        return called
    count = {chapter: sum(one.answer in notebook.given for one in asked if one.chapter == chapter) for chapter in every}
    most = max(count.values(), default=0)
    return {chapter for chapter in every if most and count[chapter] == most}
