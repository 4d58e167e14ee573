"""What is mended in a page after the theme and its extensions have made it."""

from __future__ import annotations

import re

import pytest
from _ext import tidy
from docutils import nodes
from docutils.utils import new_document
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

CODE = '''def long(self, wide):
    """Words of a docstring.

    More of them."""

    return wide  # a word behind it
    # a word alone
'''


def test_a_line_of_code_goes_on_below_its_own_beginning() -> None:
    listed = highlight(CODE, PythonLexer(), HtmlFormatter(nowrap=True))
    page = f'<p>7</p><div class="highlight-default notranslate"><div class="highlight"><pre>{listed}</pre></div></div>'
    context = {"body": page}
    tidy.hang_lines(None, "", "", context, None)
    depths = re.findall(r"--deep: (\d+)ch", context["body"])
    assert [int(depth) for depth in depths] == [4, 4, 4, 4, 4, 8, 6]  # an empty line is as deep as it likes
    assert re.sub("<[^>]+>", "", context["body"]) == re.sub("<[^>]+>", "", page)  # what is copied stays the same


@pytest.mark.parametrize("kind", ["bash", "default"])
def test_only_code_of_its_own_width_is_touched(kind: str) -> None:
    assert tidy.WIDE.search(
        f'<div class="highlight-{kind} notranslate"><div class="highlight"><pre>a</pre></div></div>'
    )
    assert not tidy.WIDE.search(
        '<div class="highlight-ipython3 notranslate"><div class="highlight"><pre>a</pre></div></div>'
    )


def test_a_percent_sign_stays_with_its_number_but_for_code() -> None:
    document = new_document("page")
    document += nodes.paragraph("", "", nodes.Text("7 % of "), nodes.literal("", "7 % 3"), nodes.Text(" and a % b"))
    tidy.keep_percent(None, document, "page")
    assert document.astext() == "7\xa0% of 7 % 3 and a % b"
