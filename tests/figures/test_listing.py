"""Small tables: what they hold, in HTML and in words."""

from __future__ import annotations

import re

import pytest

from tfm_lite.figures.listing import listing


def test_a_table_has_its_rows_and_says_them_in_words() -> None:
    shown = listing(["method", "kept"], [["a < b", 3], ["c", "0.5"]], title="**Table 1.1.** What is kept.")
    assert "<caption><b>Table 1.1.</b> What is kept.</caption>" in shown.html
    assert re.findall(r'scope="row">(.*?)</th><td>(.*?)</td>', shown.html) == [("a &lt; b", "3"), ("c", "0.5")]
    assert shown.text == "Table 1.1. What is kept.\nmethod  kept\na < b  3\nc  0.5"
    assert 'role="img"' not in shown.html  # a table is read cell by cell


def test_a_column_of_words_begins_at_the_left_and_may_wrap() -> None:
    rows = [["a", 1, "short"], ["b", 2, "a sentence that is longer than a number"]]
    shown = listing(["name", "size", "says"], rows, title="Three.")
    assert re.findall(r'<th scope="col"( class="free")?>', shown.html) == ["", "", ' class="free"']
    assert re.findall(r"<td( class=\"free\")?>", shown.html) == ["", ' class="free"'] * 2


def test_a_row_that_lacks_an_entry_is_an_error() -> None:
    with pytest.raises(ValueError, match="each of 2 columns"):
        listing(["method", "kept"], [["a"]], title="What is kept.")
