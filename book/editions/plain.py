"""MyST as plain Markdown that reads well in JupyterLab, VS Code and Colab. A directive or role that is not listed here is an
error that names it: nothing is passed over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace

from _ext.front import reading
from _ext.tasks import RIGHT, WRONG, as_details, questions
from markdown_it.token import Token
from sphinx.directives.code import LiteralIncludeReader

from editions.blocks import comma_separated, fence, formula, listed, quoted
from editions.inline import Inline
from editions.labels import Book, anchor, mark, numbered
from editions.markup import (
    PARSER,
    Directive,
    Edit,
    directive,
    edited,
    heading,
    spans,
    starts,
)
from editions.pictures import embedded

# Blocks beside the text: what stands in front of them. Those without a word take the title that is written there.
BOXES = dict.fromkeys(["admonition", "topic", "dropdown", "sidebar", "card"], "")
BOXES |= {"note": "Note", "warning": "Warning", "tip": "Tip", "hint": "Hint"}
BOXES |= {"important": "Important", "caution": "Caution", "danger": "Danger"}
BOXES |= {"attention": "Attention", "error": "Error", "seealso": "See also"}
BESIDE = ["margin", "aside"]
# What only lays out a page: its content is the text itself, if need be under a title.
FRAMES = ["tab-set", "grid", "grid-item", "div", "container"]
TITLED = ["tab-item", "grid-item-card"]
CODE = ["code", "code-block", "sourcecode"]
UNSEEN = ["toctree", "contents", "tableofcontents"]
DROPPED = ["myst_target", "myst_line_comment", "myst_block_break", "front_matter"]


class Plain:
    """The plain Markdown of one page of a book."""

    def __init__(self, book: Book, page: str) -> None:
        self.book, self.page = book, page
        self.inline = Inline(book, page)
        self.writers: dict[str, Callable[[Directive], str]] = {
            "front": self.front,
            "image": lambda d: self.picture(d.argument, d.options.get("alt", "")),
            "figure": self.figure,
            "math": self.math,
            "literalinclude": self.code_of,
            "table": self.table,
            "list-table": partial(self.rows, read=listed),
            "csv-table": partial(self.rows, read=comma_separated),
            "glossary": self.glossary,
            "quiz": self.quiz,
            "bibliography": lambda d: book.references(list(self.inline.cited)),
        }
        self.writers |= dict.fromkeys(CODE, lambda d: fence(d.argument, d.content))
        self.writers |= dict.fromkeys(UNSEEN, lambda d: "")

    def markdown(self, text: str) -> str:
        """The same text without directives and roles."""
        tokens = PARSER.parse(text)
        edits = [self._block(text, token) for token in tokens]
        edits += self._marks(text, tokens)
        edits += [
            (start, end, new)
            for token, start, end in spans(text, tokens)
            if (new := self._within(token, text[start:end])) is not None
        ]
        plain = edited(text, [edit for edit in edits if edit is not None])
        return re.sub(r"\n{3,}", "\n\n", plain).strip("\n")

    def _marks(self, text: str, tokens: list[Token]) -> Iterator[Edit]:
        """A mark for each heading that a reference of the book may lead to."""
        lines = starts(text)
        wanted = {t.anchor for t in self.book.targets.values() if t.page == self.page}
        for i, token in enumerate(tokens):
            if token.type == "heading_open" and anchor(heading(tokens, i)) in wanted:
                at = lines[token.map[0]] + len(token.markup) + 1
                yield at, at, mark(heading(tokens, i))

    def _block(self, text: str, token: Token) -> Edit | None:
        lines = starts(text) if token.map else [0]
        found = directive(token)
        if token.type in DROPPED:
            return lines[token.map[0]], lines[token.map[1]], ""
        if found is not None:
            new = self.directive(found)
        elif token.type == "math_block_label":
            new = formula(token.content, self.book.target(token.info).words)
        elif token.type.startswith("footnote"):
            raise ValueError(
                f"{self.page}.md has a footnote, which notebooks do not know: say it in the text"
            )
        else:
            return None
        first, last = lines[token.map[0]], lines[token.map[1]]
        if token.level == 0:
            return first, last, f"\n{new}\n\n"
        # within a list or a quotation each line begins as the block's first does
        begin = re.match(r"[\s>*+-]*|\d+\.\s*", text[first:last])[0]
        more = re.sub(r"[^>\s]", " ", begin)
        return first, last, begin + ("\n" + more).join(new.split("\n")) + "\n"

    def _within(self, token: Token, source: str) -> str | None:
        if token.type == "myst_role":
            return self.inline.role(token.meta["name"], token.content)
        if token.type == "image":
            return self.picture(str(token.attrs["src"]), token.content)
        if token.type == "link_open":
            return self.inline.link(str(token.attrs["href"]), source)
        return None

    # -- directives

    def directive(self, found: Directive) -> str:
        """A directive as Markdown."""
        kind = found.name
        if kind == "dropdown" and re.fullmatch(r"Hint \d", found.argument):
            return as_details(found.argument, self.markdown(found.content))
        if kind in [*BOXES, *BESIDE] or kind.startswith("prf:"):
            return self.box(found)
        if kind in FRAMES:
            return self.markdown(found.content)
        if kind in TITLED:
            title = f"**{self.markdown(found.argument)}**"
            return f"{title}\n\n{self.markdown(found.content)}"
        if kind not in self.writers:
            raise ValueError(
                f"{self.page}.md has the directive {{{kind}}}, which book/editions/plain.py does not know: teach it there"
            )
        return self.writers[kind](found)

    def _counted(self, found: Directive) -> str:
        """What a directive is called, if it has a number."""
        return self.book.target(found.label).words if numbered(found) else ""

    def box(self, found: Directive) -> str:
        """A quotation with a title in bold."""
        name, title = BOXES.get(found.name, ""), self.markdown(found.argument)
        content = found.content
        if found.name.startswith("prf:"):
            number = self._counted(found) or found.name[4:].capitalize()
            title = f"**{number}{f' ({title})' if title else ''}.** "
        elif name or found.name in BESIDE:
            # what stands behind such a name is already its text
            title, content = (
                f"**{name}.** " if name else "",
                f"{found.argument}\n{content}",
            )
        elif title:
            title = f"**{title}**\n\n"
        content = self.markdown(content)
        tokens = PARSER.parse(content)
        if title and tokens and tokens[0].type != "paragraph_open":
            title = f"{title.rstrip()}\n\n"  # a list or a formula begins with its line
        return quoted(title + content)

    def front(self, found: Directive) -> str:
        """The box below a chapter's title, without the minutes to run, which are those of a build of the page."""
        minutes = f"{reading(str(self.book.folder / f'{self.page}.md'))} to read"
        if "practise" in found.options:
            minutes += f", about {found.options['practise']} to practise"
        needs = found.options.get("needs")
        lines = [
            "**In this chapter** you will be able to",
            self.markdown(found.content),
            f"**You need** {self.markdown(needs).rstrip('.')}." if needs else "",
            f"**Minutes** {minutes}. {found.options.get('gpu', 'Needs no GPU.')}",
        ]
        return quoted("\n\n".join(line for line in lines if line))

    def picture(self, path: str, words: str) -> str:
        if re.match(r"[a-z]+:", path):
            return f"![{words}]({path})"
        return embedded(self.book.folder / path, words)

    def figure(self, found: Directive) -> str:
        picture = self.picture(found.argument, found.options.get("alt", ""))
        number = self._counted(found)
        caption = self.markdown(found.content)
        return f"{picture}\n\n{f'**{number}.** ' if number else ''}{caption}".rstrip()

    def math(self, found: Directive) -> str:
        content = f"{found.argument}\n{found.content}".strip()
        if r"\\" in content and r"\begin" not in content:
            content = f"\\begin{{aligned}}\n{content}\n\\end{{aligned}}"
        return formula(content, self._counted(found))

    def code_of(self, found: Directive) -> str:
        """The code itself, under where it stands."""
        path = (self.book.folder / found.argument).resolve()
        options = {
            k: int(v) if k in ("dedent", "tab-width") and v else v
            for k, v in found.options.items()
        }
        reader = LiteralIncludeReader(
            str(path), options, SimpleNamespace(source_encoding="utf-8")
        )
        code, _ = reader.read()
        name = path.relative_to(self.book.root.resolve()).as_posix()
        part = f", `{options['pyobject']}`" if "pyobject" in options else ""
        language = options.get("language", "python" if path.suffix == ".py" else "")
        return f"`{name}`{part}:\n\n{fence(language, code)}"

    def table(self, found: Directive) -> str:
        return self._title(found) + self.markdown(found.content)

    def rows(self, found: Directive, read: Callable[[str], list[list[str]]]) -> str:
        """A table of cells; where it has no header, its header is empty."""
        rows = read(found.content)
        if "header" in found.options:
            rows = comma_separated(found.options["header"]) + rows
        elif not int(found.options.get("header-rows", "0")):
            rows = [[""] * len(rows[0]), *rows]
        rows.insert(1, ["---"] * len(rows[0]))
        lines = [f"| {' | '.join(self.cell(cell) for cell in row)} |" for row in rows]
        return self._title(found) + "\n".join(lines)

    def cell(self, text: str) -> str:
        return " ".join(self.markdown(text).split()).replace("|", "\\|")

    def _title(self, found: Directive) -> str:
        if not found.argument:
            return ""
        number = self._counted(found)
        return (
            f"**{f'{number}. ' if number else ''}{self.markdown(found.argument)}**\n\n"
        )

    def quiz(self, found: Directive) -> str:
        """The questions, with numbers, for Jupyter leaves no space between one's last choice and the next; each choice is
        folded, with what is to be said of it."""
        blocks = [f"**{self.markdown(found.argument) or 'Quiz'}**"]
        for number, question in enumerate(questions(found.content), 1):
            blocks.append(f"**{number}.** {self.markdown(question.words)}")
            for one in question.choices:
                verdict = f"**{RIGHT if one.right else WRONG}** {one.reason}"
                blocks.append(
                    as_details(self.markdown(one.words), self.markdown(verdict))
                )
        return "\n\n".join(blocks)

    def glossary(self, found: Directive) -> str:
        """Each term in bold before what it means."""
        lines: list[str] = []
        for line in found.content.split("\n"):
            if line and not line.startswith((" ", "\t")):
                lines.append(f"- **{line.strip()}**:")
            elif line.strip():
                lines[-1] += " " + line.strip()
        return self.markdown("\n".join(lines))
