"""The page of the ledger: every link leads somewhere, and a reader filters and unfolds it by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from docutils.nodes import make_id
from playwright.sync_api import Page

from tfm_lite.figures import ledger
from tfm_lite.figures.explore import explore
from tfm_lite.figures.ledger import Claim
from tfm_lite.figures.ledger.table import table
from tfm_lite.runs.suites import SUITES

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
CLAIMS = ledger.claims()
LABEL = re.compile(r"^\(([\w-]+)\)=$|^:label: ([\w-]+)$", re.MULTILINE)
HEADING = re.compile(r"^#{1,4} (.+)$", re.MULTILINE)
MARK = re.compile(r"\[ledger\]\((claim-[\w-]+)\)")


@cache
def places(page: str) -> set[str]:
    """What a link to a page of the book may end in: its labels and its headings."""
    path = BOOK / f"{page}.md"
    text = path.read_text() if path.is_file() else ""
    labels = {name for found in LABEL.findall(text) for name in found if name}
    return labels | {make_id(words) for words in HEADING.findall(text)}


def gone(claims: Iterable[Claim]) -> Iterator[str]:
    """Evidence that leads nowhere."""
    for claim in claims:
        for place in claim.evidence:
            page, _, anchor = place.partition(".md#")
            if anchor and anchor not in places(page):
                yield f"{claim.name}: book/{page}.md has no label and no heading {anchor!r}; name one that it has"
            if not anchor and place not in SUITES:
                yield f"{claim.name}: there is no suite {place!r}; there are {', '.join(SUITES)}"
        for test in claim.proof:
            file, _, function = test.partition("::")
            if not (ROOT / file).is_file() or f"\ndef {function}(" not in (ROOT / file).read_text():
                yield f"{claim.name}: there is no test {test}; name the one that proves it"


def test_all_evidence_is_there() -> None:
    assert not list(gone(CLAIMS))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"evidence": ("04_ternary_masks.md#eq-55",)}, "book/04_ternary_masks.md has no label and no heading 'eq-55'"),
        ({"evidence": ("99_none.md#eq-5",)}, "book/99_none.md has no label"),
        ({"evidence": ("letters",)}, "there is no suite 'letters'"),
        (
            {"proof": ("tests/nn/test_layers.py::test_nothing",)},
            "there is no test tests/nn/test_layers.py::test_nothing",
        ),
        ({"proof": ("tests/none.py::test_nothing",)}, "there is no test tests/none.py::test_nothing"),
    ],
)
def test_evidence_that_is_gone_is_found(change: dict, why: str) -> None:
    (found,) = gone([replace(CLAIMS[0], **{"evidence": (), "proof": (), **change})])
    assert why in found


def test_marks_in_the_chapters_lead_to_a_claim() -> None:
    marks = {mark for path in BOOK.glob("*.md") for mark in MARK.findall(path.read_text())}
    labels = {label for label in places("ledger") if label.startswith("claim-")}
    assert marks == labels and labels <= {f"claim-{claim.name}" for claim in CLAIMS}
    assert len(marks) > 20


@pytest.fixture
def page(open_html: Callable[[str], Page]) -> Page:
    parts = explore(lambda a: f"<p>{a}</p>", {"a": [1, 2]}, alt=str), table(CLAIMS, title="All claims.")
    article = "".join(part.html for part in parts)
    return open_html(f'<html lang="en"><article class="bd-article">{article}</article></html>')


def choose(page: Page, name: str, value: str) -> None:
    """Choose a button of a row by keyboard."""
    row = page.locator(f".tfm-ledger [role=radiogroup][aria-label={name}]")
    row.locator("input:checked").focus()
    for _ in range(row.locator("input").count()):
        if row.locator("input:checked").get_attribute("value") == value:
            return
        page.keyboard.press("ArrowRight")
    raise AssertionError(f"no button {value!r}")


def shown(page: Page) -> list[str]:
    return page.eval_on_selector_all("tr[data-claim]:not([hidden])", "rows => rows.map(row => row.dataset.claim)")


def test_claims_are_filtered_by_keyboard(page: Page) -> None:
    assert shown(page) == [claim.name for claim in CLAIMS]
    choose(page, "verdict", "partly")
    partly = [claim for claim in CLAIMS if claim.verdict == "partly"]
    assert shown(page) == [claim.name for claim in partly]
    choose(page, "kind", "memory")
    both = [claim.name for claim in partly if claim.kind == "memory"]
    assert shown(page) == both
    assert page.locator(".tfm-ledger [aria-live]").text_content() == f"{len(both)} of {len(CLAIMS)} claims"
    choose(page, "verdict", "all")
    choose(page, "kind", "all")
    assert len(shown(page)) == len(CLAIMS)


def test_a_row_is_unfolded_by_keyboard(page: Page) -> None:
    row = page.locator("tr[data-claim=similar-hat]")
    row.locator("summary").focus()
    page.keyboard.press("Enter")
    assert row.locator("details").get_attribute("open") is not None
    assert row.locator("a").first.get_attribute("href") == "13_memory.html#what-can-go-wrong"


def test_a_mark_opens_its_claim_whatever_is_chosen(page: Page) -> None:
    choose(page, "verdict", "proved")
    page.evaluate("location.hash = '#claim-match-packnet'")
    row = page.locator("tr[data-claim=match-packnet]")
    row.locator("details[open]").wait_for()
    assert row.is_visible() and len(shown(page)) == len(CLAIMS)
    assert page.evaluate("document.activeElement.closest('tr').dataset.claim") == "match-packnet"


def test_beside_a_notebook_links_lead_to_notebooks(open_html: Callable[[str], Page]) -> None:
    page = open_html(f"<html>{table(CLAIMS, title='All claims.').html}</html>")
    ends = page.eval_on_selector_all("details a", "links => links.map(link => link.getAttribute('href'))")
    assert ends and all(re.fullmatch(r"\w+\.ipynb", end) for end in ends)
