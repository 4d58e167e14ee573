"""Where files are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tfm_lite.places import user_cache


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a user's cache is in another place")
@pytest.mark.parametrize("named", ["/somewhere/else", "", None])
def test_the_users_cache_on_linux(named: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Downloads of years may lie there: no version may look for them elsewhere."""
    monkeypatch.setenv("HOME", "/home/reader")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if named is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", named)
    assert user_cache() == Path(named or "/home/reader/.cache") / "tfm_lite"
