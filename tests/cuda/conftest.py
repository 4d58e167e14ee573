"""Each test belongs to a check, ``@pytest.mark.check(number, what, seconds)``, by which it is recorded and timed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from card import DEVICE, RECORD, missing


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "check(number, what, seconds): the check that a test belongs to, and its share of time"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    if why := missing():
        pytest.skip(why)
    number, _, seconds = _check(item)
    if why := RECORD.over(number, seconds):
        pytest.skip(why)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    report = yield
    if not missing() and (report.when == "call" or report.outcome != "passed"):
        why = str(call.excinfo.value)[:600] if call.excinfo else ""
        number, what, _ = _check(item)
        RECORD.of(number, what)
        RECORD.note(number, report.outcome, item.name, why, report.duration)
    return report


def _check(item: pytest.Item) -> tuple[int, str, float]:
    marker = item.get_closest_marker("check")
    assert marker, f"{item.name} says of which check it is: @pytest.mark.check(number, what, seconds)"
    return marker.args


@pytest.fixture
def device() -> str:
    return DEVICE


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Where a test writes what it measured."""
    return RECORD.of(_check(request.node)[0])["measured"]  # type: ignore[no-any-return]
