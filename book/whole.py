"""The pages of the built book as one page, to be printed: all that is folded is open, figures stand on the frame that they
open with, and what leads to another page leads within this one.

Solutions stand at the end, each linked with its exercise, so that nobody reads one by accident; so do a quiz's answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import urljoin

import yaml
from bs4 import BeautifulSoup
from bs4.element import Tag

# What refers to an element of the same page, beside href.
REFERS = ("for", "aria-labelledby", "aria-describedby", "aria-controls")
WITHIN = re.compile(r"url\(#([^)]+)\)")
SOLUTIONS = "solutions"


@dataclass
class Chapter:
    """A page of the book: its name, its title, its sections as (title, id), and its text."""

    name: str
    title: str
    sections: list[tuple[str, str]]
    text: Tag


@dataclass
class Part:
    """Chapters under one caption; those before the first part have none."""

    caption: str
    chapters: list[Chapter]


def parts(root: Path) -> list[Part]:
    """The book of ``_toc.yml`` in ``root`` as it was built there."""
    contents = yaml.safe_load((root / "_toc.yml").read_text())
    listed = [("", [contents["root"]])]
    for part in contents["parts"]:
        listed.append((part["caption"], [entry["file"] for entry in part["chapters"]]))
    site = root / "_build" / "html"
    found = [
        Part(caption, [chapter(site, file) for file in files])
        for caption, files in listed
    ]
    found[-1].chapters.append(solutions(found))
    known = {
        tag["id"]
        for each in all_chapters(found)
        for tag in [each.text, *each.text.find_all(id=True)]
    }
    for each in all_chapters(found):
        for link in each.text.find_all("a", href=re.compile("^#")):
            if link["href"][1:] not in known:
                raise ValueError(
                    f"{each.name} leads to {link['href']}, which is nowhere in the book: mend the link there"
                )
    return found


def all_chapters(found: list[Part]) -> Iterator[Chapter]:
    for part in found:
        yield from part.chapters


def chapter(site: Path, file: str) -> Chapter:
    """One built page; ``file`` is its name without the ending, as in ``_toc.yml``."""
    path = site / f"{file}.html"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there: build the book first, with `make book`"
        )
    name = path.stem
    article = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").select_one(
        "article.bd-article"
    )
    text = article.find("section", recursive=False)
    for head in text.select(".tfm th button"):
        head.unwrap()  # of a table that can be sorted on a screen
    for gone in text.select(
        "a.headerlink, script, [hidden], .tfm button, input[type=range], button.copybtn"
    ):
        gone.decompose()
    for playground in text.select(".tfm-playground"):
        for part in playground.find_all(recursive=False):
            if not {"where", "tfm-caption"} & {*part.get("class", [])}:
                part.decompose()  # what is operated
    for menu in text.find_all("select"):
        menu.replace_with(chosen(menu))
    for folded in text.select("details:not(.choice)"):
        opened(folded)
    within(text, f"{name}--", urljoin("html/", f"{file}.html"))
    text.h1["id"], text["id"], text["class"] = text["id"], name, ["chapter"]
    heads = [
        (section.h2, f"{section['id']}--head")
        for section in text.find_all("section", recursive=False)
        if section.h2
    ]
    for head, ident in heads:  # the page it is on, and not that its section begins on
        head["id"] = ident
    return Chapter(
        name,
        text.h1.get_text().strip(),
        [(head.get_text().strip(), ident) for head, ident in heads],
        text,
    )


def opened(folded: Tag) -> None:
    """Open what is folded. Its title stays, but where it only says that something is."""
    if {"hide", "tfm-why"} & set(folded.get("class", [])):
        folded.summary.decompose()
    else:
        folded.summary.replace_with(
            paragraph(folded.summary.get_text(" ").strip(), "unfolded")
        )
    folded.name = "div"


def paragraph(words: str, kind: str) -> Tag:
    return BeautifulSoup(f'<p class="{kind}">{escape(words)}</p>', "html.parser").p


def chosen(menu: Tag) -> Tag:
    """What a menu shows, as text."""
    option = menu.find("option", selected=True) or menu.option
    shown = BeautifulSoup("<output></output>", "html.parser").output
    shown.string = option.get_text()
    return shown


def within(text: Tag, prefix: str, place: str) -> None:
    """Let the page's names begin with ``prefix``, and all links and pictures be as seen from the folder of ``html/``."""
    for tag in text.find_all(True):
        if "id" in tag.attrs:
            tag["id"] = prefix + tag["id"]
        for name, value in list(tag.attrs.items()):
            if name in REFERS:
                tag[name] = prefix + "".join(value)
            elif name == "src" or name.endswith("href"):
                tag[name] = _led(value, prefix, place)
            elif isinstance(value, str) and "url(#" in value:
                tag[name] = WITHIN.sub(rf"url(#{prefix}\1)", value)


def _led(link: str, prefix: str, place: str) -> str:
    """Where a link leads now."""
    if link.startswith("#"):
        return f"#{prefix}{link[1:]}" if link != "#" else f"#{prefix[:-2]}"
    if ":" in link:  # elsewhere, or a picture in the page
        return link
    page, _, ident = urljoin(place, link).partition("#")
    if not page.endswith(".html"):
        return page
    return f"#{Path(page).stem}--{ident}" if ident else f"#{Path(page).stem}"


def solutions(found: list[Part]) -> Chapter:
    """Take the solutions and the answers of quizzes out of the chapters and make a chapter of them."""
    soup = BeautifulSoup(
        f'<section class="chapter" id="{SOLUTIONS}"><h1>Solutions</h1></section>',
        "html.parser",
    )
    whole, sections = soup.section, []
    for each in all_chapters(found):
        taken = each.text.select("div.solution")
        quizzes = [
            answers(quiz, f"{SOLUTIONS}--{each.name}--quiz-{k}")
            for k, quiz in enumerate(each.text.select("div.quiz"))
        ]
        if not taken + quizzes:
            continue
        ident = f"{SOLUTIONS}--{each.name}"
        section = soup.new_tag("section", id=ident)
        section.append(BeautifulSoup(f"<h2>{escape(each.title)}</h2>", "html.parser"))
        section.extend(quizzes)
        for solution in taken:
            exercise = each.text.find(
                id=solution.select_one(".admonition-title a")["href"][1:]
            )
            exercise.append(_turn_to(solution["id"]))
            section.append(solution.extract())
        whole.append(section)
        sections.append((each.title, ident))
    return Chapter(SOLUTIONS, "Solutions", sections, whole)


def answers(quiz: Tag, ident: str) -> Tag:
    """A copy of the quiz with what there is to say of every choice; the quiz itself keeps the choices alone."""
    both = copy(quiz)
    both["id"] = ident
    for answered in both.select("details.choice"):
        answered.name = "div"
        answered.summary.name = "p"
    for choice in quiz.select("details.choice"):
        choice.replace_with(
            paragraph(f"○ {choice.summary.get_text().strip()}", "choice")
        )
    quiz.append(_turn_to(ident, "Answers"))
    return both


def _turn_to(ident: str, what: str = "Solution") -> BeautifulSoup:
    line = f'<p class="turn"><a href="#{ident}">{what}: page <span data-page-of="{ident}"></span></a></p>'
    return BeautifulSoup(line, "html.parser")
