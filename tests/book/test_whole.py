"""The pages as one page to be printed, from a little book made here."""

from __future__ import annotations

from pathlib import Path

import pytest
from whole import all_chapters, parts

FIGURE = """<div class="tfm" data-frames="2"><div role="img" aria-label="One."><div data-frame="0"><svg><clipPath
id="c"></clipPath><path clip-path="url(#c)"></path></svg></div><div data-frame="1" hidden>two</div></div>
<div class="tfm-row" data-labels='["one", "two"]'><label for="s">name</label><select id="s"><option>one</option>
<option selected>two</option></select></div></div><script>let a;</script>"""
EXERCISE = """<div class="exercise admonition" id="exercise-a"><p class="admonition-title">Exercise 1</p></div>
<div class="solution dropdown admonition" id="book/one-solution-0"><p class="admonition-title">Solution to
<a href="#exercise-a">Exercise 1</a></p><p>It is 42.</p></div>"""
QUIZ = """<div class="quiz admonition"><p class="admonition-title">Quiz</p><p>How many?</p>
<details class="choice wrong"><summary><span>One.</span></summary><p>Not so. It is two.</p></details>
<details class="choice right"><summary><span>Two.</span></summary><p>Right. Count them.</p></details></div>"""
SORTABLE = """<div class="tfm"><table><tr><th><button>average</button></th></tr></table>
<details><summary>Oxford Flowers</summary><p>rows</p></details></div>"""
PLAYGROUND = """<div class="tfm tfm-playground"><div data-part="bar"><select><option>steady</option></select></div>
<p class="where">learns in the page</p><details><summary>Settings</summary></details>
<p class="tfm-caption">Figure 1.</p></div>"""
PAGES = {
    "index": '<h1>Book</h1><p><a href="one.html">One</a> <a href="https://a.org/b.html#c">far</a></p>',
    "one": f"""<h1>1. One<a class="headerlink" href="#one">#</a></h1><section id="again"><h2>Again</h2>
<p><a href="#again">here</a></p>{FIGURE}
<details><summary>Show</summary><pre>hidden = 1</pre></details>{EXERCISE}{QUIZ}{SORTABLE}{PLAYGROUND}</section>""",
    "two": """<h1>2. Two</h1><section id="again"><h2>Again</h2><img src="../_images/a.svg">
<p><a href="one.html#again">there</a> <a href="#">top</a></p></section>""",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "_toc.yml").write_text(
        "root: book/index\nparts:\n- caption: All\n  chapters:\n  - file: book/one\n  - file: book/two\n"
    )
    for name, text in PAGES.items():
        page = tmp_path / "_build" / "html" / "book" / f"{name}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f'<article class="bd-article"><section id="{name}">{text}</section></article>')
    return tmp_path


def text_of(root: Path) -> dict[str, str]:
    return {chapter.name: str(chapter.text) for chapter in all_chapters(parts(root))}


def test_the_order_is_that_of_the_table_of_contents(root: Path) -> None:
    (_, [first]), (caption, rest) = ((part.caption, part.chapters) for part in parts(root))
    assert (first.title, caption) == ("Book", "All")
    assert [(one.title, one.sections) for one in rest] == [
        ("1. One", [("Again", "one--again--head")]),
        ("2. Two", [("Again", "two--again--head")]),
        ("Solutions", [("1. One", "solutions--one")]),
    ]


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("index", 'href="#one"'),
        ("index", 'href="https://a.org/b.html#c"'),
        ("one", 'href="#one--again"'),
        ("one", 'clip-path="url(#one--c)"'),
        ("one", 'for="one--s"'),
        ("two", 'href="#one--again"'),
        ("two", 'href="#two"'),
        ("two", 'src="html/_images/a.svg"'),
    ],
)
def test_what_leads_to_a_page_leads_within_this_one(root: Path, page: str, found: str) -> None:
    assert found in text_of(root)[page]


def test_all_that_is_folded_is_open_and_figures_stand(root: Path) -> None:
    one = text_of(root)["one"]
    assert "hidden = 1" in one and "details" not in one and "summary" not in one
    assert "<output>two</output>" in one and "select" not in one and "data-frame" in one
    assert 'data-frame="1"' not in one and "script" not in one and "headerlink" not in one


def test_solutions_stand_at_the_end_and_are_linked_both_ways(root: Path) -> None:
    text = text_of(root)
    assert "It is 42." not in text["one"] and "It is 42." in text["solutions"]
    assert 'href="#one--book/one-solution-0"' in text["one"] and 'href="#one--exercise-a"' in text["solutions"]


@pytest.mark.parametrize("link", ["#nothing", "two.html#nothing", "three.html", "../genindex.html"])
def test_a_link_that_leads_nowhere_is_named(root: Path, link: str) -> None:
    page = root / "_build" / "html" / "book" / "one.html"
    page.write_text(page.read_text().replace("#again", link))
    with pytest.raises(ValueError, match=r"one leads to #.*nowhere"):
        parts(root)


def test_a_page_that_is_not_built_is_named(root: Path) -> None:
    (root / "_build" / "html" / "book" / "two.html").unlink()
    with pytest.raises(FileNotFoundError, match=r"two\.html.*make book"):
        parts(root)


def test_a_quiz_keeps_its_choices_and_its_answers_stand_at_the_end(root: Path) -> None:
    text = text_of(root)
    assert "○ One." in text["one"] and "○ Two." in text["one"] and "Right." not in text["one"]
    assert "Two." in text["solutions"] and "Right. Count them." in text["solutions"]
    assert 'href="#solutions--one--quiz-0"' in text["one"] and 'id="solutions--one--quiz-0"' in text["solutions"]


def test_tables_keep_their_heads_and_titles_and_a_playground_its_words(root: Path) -> None:
    one = text_of(root)["one"]
    assert "<th>average</th>" in one and "Oxford Flowers" in one
    assert "learns in the page" in one and "Figure 1." in one and "steady" not in one and "Settings" not in one
