"""One file from one address: broken connections are taken up again, and a busy server is given the time it asks for."""

from __future__ import annotations

import email.utils
import http.client
import re
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tqdm import tqdm

from tfm_lite.datasets.unpack import CHUNK, DISK, DiskError

ATTEMPTS = 5  # in a row without a byte gained
PAUSE = 1.0  # seconds before the second attempt; then twice as long, and so on
PATIENCE = 120.0  # seconds that are waited because a server asks for it
TIMEOUT = 60.0
BUSY = (408, 425, 429)  # what a server says who may be asked again; and all from 500


class Refused(OSError):
    """What an address gives will not do, and asking again would not help."""


def receive(url: str, part: Path, *, most: float) -> None:
    """Download ``url`` into ``part``, after what is there already; no more than ``most`` bytes."""
    failures = 0
    while True:
        before, asked = part.stat().st_size if part.exists() else 0, None
        try:
            if _go_on(url, part, most):
                return
            complaint: Exception = ConnectionError("the connection broke off")
        except Refused:
            raise
        except urllib.error.HTTPError as error:
            with error:
                complaint = OSError(f"the server says {error.code} {error.reason}")
                if error.code < 500 and error.code not in BUSY:
                    raise complaint from None
                asked = asked_to_wait(error.headers)
            if asked is not None and asked > PATIENCE:
                raise OSError(f"{complaint}, and to come again after {asked:,.0f} s") from None
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and error.errno in DISK:
                raise DiskError(
                    f"{part} cannot be written ({error.strerror}): make room there, or name another folder with --data"
                ) from error
            complaint = error
        failures = 0 if part.exists() and part.stat().st_size > before else failures + 1
        if failures == ATTEMPTS:
            raise complaint
        if asked:
            print(f"{complaint} and asks to wait {asked:,.0f} s", file=sys.stderr)
        time.sleep(PAUSE * 2 ** max(0, failures - 1) if asked is None else asked)


def asked_to_wait(headers: Message) -> float | None:
    """How many seconds ``Retry-After`` asks to wait, given as a number or as a date; None if it says nothing."""
    text = str(headers.get("Retry-After", "")).strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


class _OfTheWeb(urllib.request.HTTPRedirectHandler):
    """Goes where a server sends it, if that is of the web: urllib would also follow to ftp."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in ("http", "https"):
            fp.close()
            raise Refused(f"the server sends on to {newurl}, which is neither http nor https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _go_on(url: str, part: Path, most: float) -> bool:
    """One connection; whether all is there at its end."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "tfm_lite"} | ({"Range": f"bytes={have}-"} if have else {})
    opener = urllib.request.build_opener(_OfTheWeb)
    try:
        response = opener.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing comes after what is there: the checksum will tell whether it is all
            error.close()
            return True
        raise
    with response:
        if response.status != 206 or not str(response.headers["Content-Range"]).startswith(f"bytes {have}-"):
            have = 0  # the server sends the file from its start
        length = str(response.headers["Content-Length"] or "")
        total = have + int(length) if re.fullmatch(r"[0-9]{1,15}", length) else None
        _check_size(part, total or 0, most)
        bar = tqdm(desc=part.stem, total=total, initial=have, unit="B", unit_scale=True)
        with bar, part.open("ab" if have else "wb") as file:
            while chunk := response.read(CHUNK):
                have += len(chunk)
                _check_size(part, have, most)
                file.write(chunk)
                bar.update(len(chunk))
        return total is None or part.stat().st_size == total


def _check_size(part: Path, size: int, most: float) -> None:
    if size > most:
        part.unlink(missing_ok=True)
        raise Refused(f"it sends more than {most / 1e6:,.0f} MB, far more than the publisher's file has")
