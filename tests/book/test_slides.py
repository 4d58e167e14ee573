"""The slides of the ninety minutes: opened without a server and without a network, each fits, and a figure on them moves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import slides
from built import ROOT
from docutils.nodes import make_id
from editions import minutes
from editions.labels import Book
from playwright.sync_api import Browser, Page, Route

MADE = ROOT / "_build" / "slides" / "index.html"
BOOK = Book(ROOT)
ALL = [slide for part in minutes.lesson(BOOK) for slide in part["slides"]]
SIZE = {"width": 1280, "height": 720}
NOW = "section.present"
# What reaches past the slide. It is scaled to the window, so what it was drawn for is measured.
OUTSIDE = """() => { const own = Reveal.getCurrentSlide();
    return [own.scrollHeight, own.scrollWidth, Reveal.getConfig().height, Reveal.getConfig().width]; }"""


@pytest.fixture(scope="module")
def deck(browser: Browser) -> Iterator[Page]:
    """The slides in a window; nothing may be asked of a network, and no script may fail."""
    if not MADE.is_file():
        pytest.fail("the slides are not made: run `make slides` first")
    context, wrong = browser.new_context(offline=True, viewport=SIZE), list[str]()

    def here_only(route: Route) -> None:
        if route.request.url.startswith((MADE.parent.as_uri(), "data:")):
            route.continue_()
        else:
            wrong.append(f"request to {route.request.url}")
            route.abort()

    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.route("**/*", here_only)
    page.goto(MADE.as_uri(), wait_until="load")
    page.wait_for_function("window.Reveal && Reveal.isReady() && MathJax.startup && MathJax.startup.promise")
    page.evaluate("async () => { await MathJax.startup.promise; await document.fonts.ready; }")
    yield page
    context.close()
    assert not wrong


def go_to(deck: Page, k: int) -> None:
    deck.evaluate("k => Reveal.slide(k)", k)


def test_all_slides_are_there(deck: Page) -> None:
    assert deck.locator(".slides > section").count() == len(ALL) > 12
    assert deck.locator(".slides section section").count() == 0
    notes = deck.locator("aside.notes").all_text_contents()
    took = [minutes.of_slide(BOOK, slide) for slide in ALL]
    assert [int(note.split()[0]) for note in notes] == took
    timing = [section.get_attribute("data-timing") for section in deck.locator(".slides > section").all()]
    assert timing == [str(60 * n) for n in took]


def test_formulas_are_set(deck: Page) -> None:
    assert deck.locator(".slides mjx-container").count() >= 2
    assert not deck.locator("mjx-merror").all_inner_texts()


@pytest.mark.parametrize("k", range(len(ALL)))
def test_a_slide_fits(deck: Page, k: int) -> None:
    go_to(deck, k)
    down, across, height, width = deck.evaluate(OUTSIDE)
    assert down <= height and across <= width
    assert deck.locator(NOW).inner_text().strip()
    assert not deck.locator(f"{NOW} img").evaluate_all("all => all.filter(i => !i.alt || !i.naturalWidth)")
    assert not deck.locator(f"{NOW} a").count(), "a link leads out of the slides"


def test_a_figure_is_operated_by_keyboard(deck: Page) -> None:
    k = next(k for k, slide in enumerate(ALL) if slide.get("figure") == "1.2")
    go_to(deck, k)
    slider = deck.locator(f"{NOW} input[type=range]")
    picture = deck.locator(f"{NOW} .tfm [role=img]")
    before, shown = picture.get_attribute("aria-label"), deck.locator(f"{NOW} [data-frame]:not([hidden])").inner_html()
    slider.focus()
    deck.keyboard.press("ArrowRight")
    assert picture.get_attribute("aria-label") != before
    assert deck.locator(f"{NOW} [data-frame]:not([hidden])").inner_html() != shown
    assert deck.evaluate("Reveal.getIndices().h") == k, "an arrow key in a figure turned the page"
    deck.keyboard.press("Escape")
    assert not deck.evaluate("Reveal.isOverview()")
    deck.keyboard.press("ArrowRight")
    assert deck.evaluate("Reveal.getIndices().h") == k + 1


def test_the_playground_learns(deck: Page) -> None:
    go_to(deck, 0)
    button = deck.locator(f"{NOW} button", has_text="Next task").first
    before = deck.locator(f"{NOW}").inner_text()
    button.click()
    deck.wait_for_function(f"before => document.querySelector('{NOW}').innerText !== before", arg=before)
    assert deck.evaluate("Reveal.getIndices().h") == 0


# -- what a slide is made of

CAPTIONED = [slide for slide in ALL if "section" in slide and slide.keys() & {"figure", "table"}]


@pytest.mark.parametrize("slide", CAPTIONED, ids=lambda slide: slide["section"])
def test_what_a_slide_shows_stands_in_its_section(slide: dict[str, str]) -> None:
    sections = re.split(r"^##? (.*)$", BOOK.source(slide["page"]), flags=re.MULTILINE)
    own = dict(zip(map(make_id, sections[1::2]), sections[2::2], strict=True))
    kind = "figure" if "figure" in slide else "table"
    assert f"**{kind.capitalize()} {slide[kind]}.**" in own[slide["section"]]


HTML = """<article class="bd-article"><section id="one"><h1>One<a class="headerlink">#</a></h1>
<section id="part"><h2>Part</h2>
<p>First <a href="two.html">things</a> first. Then <em>second</em> ones, by <code>a.b</code>.</p>
<table><tr><td>1</td></tr></table>
<div class="math" id="eq-1">\\[x\\]</div><img src="../_images/dot.svg" alt="A dot.">
<div class="cell_output"><div class="tfm"><b>Figure 1.1.</b></div><script>go()</script></div>
<div class="exercise" id="exercise-a"><p>Exercise 1</p><section><p>Do.</p></section><details>Hint</details></div>
</section></section></article>"""


@pytest.fixture
def one(tmp_path: Path) -> slides.Article:
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "one.html").write_text(HTML)
    return slides.Article("one", tmp_path)


def test_what_is_taken_from_a_page(one: slides.Article) -> None:
    assert (one.heading(None), one.heading("part")) == ("One", "Part")
    assert one.say("First") == "<p>First things first.</p>"
    assert one.say("Then second") == "<p>Then <em>second</em> ones, by <code>a.b</code>.</p>"
    assert one.figure("1.1") == '<div class="tfm"><b>Figure 1.1.</b></div><script>go()</script>'
    assert one.formula("eq-1") == '<div class="math">\\[x\\]</div>' and "<td>1</td>" in one.rows("part")
    assert one.picture("dot") == '<img src="dot.svg" alt="A dot.">'
    assert one.box("exercise-a") == '<div class="box"><p>Exercise 1</p><div><p>Do.</p></div></div>'


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda page: page.say("Third"), "a sentence that begins with 'Third'"),
        (lambda page: page.figure("1.2"), "Figure 1.2"),
        (lambda page: page.formula("eq-2"), "#eq-2"),
        (lambda page: page.picture("line"), "the picture line"),
        (lambda page: page.heading("other"), "#other"),
    ],
)
def test_what_is_gone_is_named(one: slides.Article, ask: Callable[[slides.Article], str], says: str) -> None:
    with pytest.raises(ValueError, match=rf"slides.yaml asks one.md for {says}, which is not there"):
        ask(one)


def test_without_a_book_the_command_that_builds_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="make book"):
        slides.Article("one", tmp_path)


def test_no_sentence_stands_twice() -> None:
    """The table names the first words of a sentence, and the notes say what is on no page."""
    every = " ".join(" ".join(BOOK.source(page).split()) for page in BOOK.pages)
    assert max(len(words.split()) for slide in ALL for words in slide.get("say", [])) <= 10
    for slide in ALL:
        notes = " ".join(slide["notes"].split())
        assert not [one for one in notes.split(". ") if len(one) > 40 and one in every]
