"""Downloads, against a server on the loopback that behaves badly: and what the commands say."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from made_up import KINDS, make, tiny_keys
from PIL import Image

from tfm_lite.__main__ import main
from tfm_lite.datasets import download, receive, unpack
from tfm_lite.datasets.about import Archive


@dataclass
class Server:
    """What is served by path, and how: after ``drop`` bytes the connection breaks, once per path in ``broken``."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    drop: dict[str, list[int]] = field(
        default_factory=dict
    )  # bytes after which each of the next connections breaks off
    deaf: bool = False  # sends everything from its start, whatever is asked for
    status: dict[str, list[int]] = field(default_factory=dict)  # answers before the file itself
    headers: dict[str, dict[str, str]] = field(default_factory=dict)  # beside or instead of its own, by path
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted, name = self.headers.get("Range"), self.path[1:].partition("?")[0]
            state.asked.append((name, wanted))
            if state.status.get(name):
                self.send_response(state.status[name].pop(0))
                for header, value in state.headers.get(name, {}).items():
                    self.send_header(header, value)
                return self.end_headers()
            if name not in state.files:
                return self.send_error(404)
            whole = state.files[name]
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and not state.deaf else 0
            if start >= len(whole):
                return self.send_error(416)
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
            length = state.headers.get(name, {}).get("Content-Length", str(len(whole) - start))
            if length != "none":
                self.send_header("Content-Length", length)
            self.end_headers()
            drops = state.drop.get(name, [])
            self.wfile.write(whole[start : start + drops.pop(0)] if drops else whole[start:])

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{http.server_port}/"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    http.shutdown()
    http.server_close()
    thread.join()


def packed(folder: Path, names: list[str], form: str) -> bytes:
    """An archive of these files and folders of ``folder``."""
    buffer = io.BytesIO()
    if form == "zip":
        with zipfile.ZipFile(buffer, "w") as zipped:
            for name in names:
                for path in sorted([folder / name, *(folder / name).rglob("*")]):
                    zipped.write(path, path.relative_to(folder))
    else:
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            for name in names:
                tar.add(folder / name, name)
    return buffer.getvalue()


@dataclass
class Site:
    """A made-up data set on the server, and where it is fetched to."""

    name: str
    server: Server
    data: Path

    @property
    def folder(self) -> Path:
        return self.data / KINDS[self.name].module.ABOUT.folder

    def fetch(self, *more: str) -> int:
        return main(["data", "fetch", self.name, "--data", str(self.data), *more])

    def left(self) -> list[str]:
        """What lies in the data folder, without parts of downloads."""
        return (
            sorted(path.name for path in self.data.glob("*") if path.name != "downloads") if self.data.exists() else []
        )


@pytest.fixture(params=["birds", "actions", "tiny_imagenet"])
def site(request: pytest.FixtureRequest, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return publish(request.param, server, tmp_path, monkeypatch)


@pytest.fixture
def birds(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return publish("birds", server, tmp_path, monkeypatch)


def publish(name: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    source = make(name, tmp_path / "publisher", monkeypatch)
    about = KINDS[name].module.ABOUT
    if name == "actions":
        content = [packed(source, [part], "zip") for part in ("JPEGImages", "ImageSplits")]
    else:
        content = [packed(source.parent, [source.name], "tgz" if name == "birds" else "zip")]
    archives = []
    for archive, whole in zip(about.archives, content, strict=True):
        server.files[archive.name] = whole
        md5 = hashlib.md5(whole).hexdigest() if archive.md5 else None
        archives.append(replace(archive, urls=(server.url + archive.name + "?download=1",), md5=md5, megabytes=1))
    monkeypatch.setattr(KINDS[name].module, "ABOUT", replace(about, archives=tuple(archives)))
    monkeypatch.setattr(receive, "PAUSE", 0.0)
    return Site(name, server, tmp_path / "data")


def first(site: Site) -> Archive:
    return KINDS[site.name].module.ABOUT.archives[0]


def test_fetch_gets_a_set_that_loads(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert site.fetch() == 0
    said = capsys.readouterr().out
    about = KINDS[site.name].module.ABOUT
    assert about.terms in said and f"{len(about.archives)} MB to download" in said and f"complete {site.folder}" in said
    assert ("gives no checksum" in said) == (site.name == "actions")
    assert site.left() == [about.folder] and not list((site.data / "downloads").iterdir())
    assert main(["data", "verify", site.name, "--data", str(site.data)]) == 0
    assert "complete: every image can be read" in capsys.readouterr().out
    asked = len(site.server.asked)
    assert site.fetch() == 0 and len(site.server.asked) == asked  # there is nothing left to do


def test_a_broken_connection_is_taken_up_again(site: Site) -> None:
    name = first(site).name
    half = len(site.server.files[name]) // 2
    site.server.drop[name] = [half, 10]
    assert site.fetch() == 0
    assert [wanted for asked, wanted in site.server.asked if asked == name] == [
        None,
        f"bytes={half}-",
        f"bytes={half + 10}-",
    ]


def test_the_next_call_goes_on(birds: Site, capsys: pytest.CaptureFixture[str]) -> None:
    name = first(birds).name
    birds.server.drop[name] = [1000, *[0] * receive.ATTEMPTS]
    assert birds.fetch() == 2
    assert "The same command goes on where it broke off" in capsys.readouterr().err
    assert (birds.data / "downloads" / f"{name}.part").stat().st_size == 1000 and birds.left() == []
    birds.server.asked.clear()
    assert birds.fetch() == 0
    assert birds.server.asked == [(name, "bytes=1000-")]


def test_a_server_that_cannot_go_on_starts_again(birds: Site) -> None:
    birds.server.deaf = True
    birds.server.drop[first(birds).name] = [1000]
    assert birds.fetch() == 0


def test_a_part_that_is_whole_already(birds: Site) -> None:
    part = birds.data / "downloads" / f"{first(birds).name}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(birds.server.files[first(birds).name])
    assert birds.fetch() == 0 and len(birds.server.asked) == 1


def test_a_busy_server_is_asked_again(birds: Site) -> None:
    birds.server.status[first(birds).name] = [503, 500]
    assert birds.fetch() == 0


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited each time; nobody waits in tests."""
    waited: list[float] = []
    monkeypatch.setattr(receive.time, "sleep", waited.append)
    return waited


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
@pytest.mark.parametrize(("asked", "waited"), [("7", 7), ("0", 0), (None, 0.25), ("soon", 0.25), ("-3", 0.25)])
def test_it_waits_as_the_server_asks(
    birds: Site, waits: list[float], monkeypatch: pytest.MonkeyPatch, code: int, asked: str | None, waited: float
) -> None:
    monkeypatch.setattr(receive, "PAUSE", 0.25)
    name = first(birds).name
    birds.server.status[name] = [code]
    birds.server.headers[name] = {"Retry-After": asked} if asked else {}
    assert birds.fetch() == 0 and waits == [waited]


@pytest.mark.parametrize(
    "form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a, %d %b %Y %H:%M:%S -0000"]
)
def test_it_waits_until_a_date(birds: Site, waits: list[float], capsys: pytest.CaptureFixture[str], form: str) -> None:
    name = first(birds).name
    birds.server.status[name] = [429]
    birds.server.headers[name] = {"Retry-After": (datetime.now(UTC) + timedelta(seconds=50)).strftime(form)}
    assert birds.fetch() == 0 and len(waits) == 1 and 40 < waits[0] <= 50
    assert "the server says 429 Too Many Requests and asks to wait" in capsys.readouterr().err
    shutil.rmtree(birds.data)
    birds.server.status[name] = [429]
    birds.server.headers[name] = {"Retry-After": (datetime.now(UTC) - timedelta(days=1)).strftime(form)}
    assert birds.fetch() == 0 and waits[1] == 0


def test_it_does_not_wait_for_hours(birds: Site, waits: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    name = first(birds).name
    birds.server.status[name] = [429]
    birds.server.headers[name] = {"Retry-After": "3600"}
    assert birds.fetch() == 2 and waits == [] and birds.left() == []
    assert "says 429 Too Many Requests, and to come again after 3,600 s" in capsys.readouterr().err
    birds.server.status[name] = [429] * receive.ATTEMPTS
    birds.server.headers[name] = {"Retry-After": "1"}
    assert birds.fetch() == 2 and waits == [1] * (receive.ATTEMPTS - 1), "it does not ask for ever"


@pytest.mark.parametrize("length", ["abc", "-5", "", "1e3", "none", "9" * 30])
def test_a_length_that_is_none_says_nothing(site: Site, length: str) -> None:
    site.server.headers[first(site).name] = {"Content-Length": length}
    assert site.fetch() == 0


@pytest.mark.parametrize("to", ["ftp://127.0.0.1/a.tgz", "file:///etc/passwd", "data:,x", "http:"])
def test_it_goes_nowhere_but_to_the_web(birds: Site, capsys: pytest.CaptureFixture[str], to: str) -> None:
    archive = first(birds)
    birds.server.status["gone.tgz"] = [302]
    birds.server.headers["gone.tgz"] = {"Location": to}
    addresses(birds, birds.server.url + "gone.tgz")
    assert birds.fetch() == 2 and len(birds.server.asked) <= receive.ATTEMPTS
    said = capsys.readouterr().err
    assert "gone.tgz: " in said and (to in said or to == "http:")
    birds.server.status["gone.tgz"] = [302]
    birds.server.headers["gone.tgz"] = {"Location": birds.server.url + archive.name}
    assert birds.fetch() == 0


def addresses(site: Site, *urls: str) -> None:
    """Let the first archive have these addresses."""
    module = KINDS[site.name].module
    archive, *others = module.ABOUT.archives
    module.ABOUT = replace(module.ABOUT, archives=(replace(archive, urls=urls), *others))


def test_what_another_address_left_does_not_spoil_the_next(birds: Site) -> None:
    name = first(birds).name
    whole = birds.server.files[name]
    birds.server.files["other.tgz"] = b"x" * len(whole)
    birds.server.drop["other.tgz"] = [1000, *[0] * receive.ATTEMPTS]
    addresses(birds, birds.server.url + "other.tgz", birds.server.url + name)
    assert birds.fetch() == 0
    assert [asked for asked in birds.server.asked if asked[0] == name] == [(name, "bytes=1000-"), (name, None)]


def test_more_than_the_publisher_has_is_not_taken(
    birds: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "SPARE", 1000.0 - 1.5e6)
    for length in ("", str(10**9)):
        birds.server.headers[first(birds).name] = {"Content-Length": length} if length else {}
        assert birds.fetch() == 2 and "it sends more than 0 MB, far more than" in capsys.readouterr().err
        assert birds.left() == [] and not list((birds.data / "downloads").iterdir())


@pytest.mark.parametrize("wrong", ["html", "a bit", "longer"])
def test_wrong_bytes_are_refused(birds: Site, capsys: pytest.CaptureFixture[str], wrong: str) -> None:
    archive = first(birds)
    whole = birds.server.files[archive.name]
    spoilt = {"html": b"<html>sign in</html>", "a bit": whole[:500] + b"x" + whole[501:], "longer": whole + b"x"}
    birds.server.files[archive.name] = spoilt[wrong]
    assert birds.fetch() == 2
    said = capsys.readouterr().err
    assert f"its MD5 checksum is not {archive.md5}" in said and f"--archive {archive.name}" in said
    assert birds.left() == [] and not list((birds.data / "downloads").iterdir())


def spoilt(whole: bytes, how: str) -> bytes:
    """An archive without checksum that is bad."""
    at = whole.index(b"JFIF") + 200
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as zipped:
        zipped.writestr("JPEGImages/a.jpg", b"of something else")
    return {
        "html": b"<html>",
        "half": whole[: len(whole) // 2],
        "a bit": whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :],
        "a head": whole[: at - 300] + bytes(40) + whole[at - 260 :],
        "another": other.getvalue(),
        "encrypted": flagged(whole, 1),
        "packed otherwise": whole.replace(b"PK\1\2\x14\3\x14\0\0\0\0\0", b"PK\1\2\x14\3\x14\0\0\0\x63\0"),
    }[how]


def flagged(whole: bytes, flag: int) -> bytes:
    """A zip whose members say that they are encrypted."""
    for head, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = -1
        while (start := whole.find(head, start + 1)) >= 0:
            whole = whole[: start + at] + bytes([flag]) + whole[start + at + 1 :]
    return whole


BAD = ["html", "half", "a bit", "another", "encrypted", "packed otherwise"]


@pytest.mark.parametrize("how", BAD)
@pytest.mark.parametrize("where", ["from here", "from before", "at the first address"])
def test_a_bad_archive_without_checksum_does_not_stay(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    how: str,
    where: str,
) -> None:
    site = publish("actions", server, tmp_path, monkeypatch)
    name = first(site).name
    whole = site.server.files[name]
    bad, downloads = spoilt(whole, how), site.data / "downloads"
    assert bad != whole
    if where == "from before":
        downloads.mkdir(parents=True)
        (downloads / name).write_bytes(bad)
    elif where == "at the first address":
        site.server.files["mirror.zip"] = bad
        addresses(site, site.server.url + "mirror.zip", site.server.url + name)
    else:
        site.server.files[name] = bad
        assert site.fetch() == 2
        said = capsys.readouterr().err
        assert f"removed  {downloads / name}: " in said and "it was removed" in said and f"--archive {name}" in said
        assert f".{site.name}-" not in said, "it names a folder that is gone"
        assert site.left() == [] and not (downloads / name).exists()
        site.server.files[name] = whole
    assert site.fetch() == 0
    assert where == "from here" or f"removed  {downloads / name}: " in capsys.readouterr().err
    assert site.left() == [site.folder.name] and not list(downloads.iterdir())


def test_a_bad_archive_that_was_brought_stays(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = publish("actions", server, tmp_path, monkeypatch)
    name = first(site).name
    for how in BAD:
        (tmp_path / name).write_bytes(spoilt(site.server.files[name], how))
        assert site.fetch("--archive", str(tmp_path / name)) == 2
        said = capsys.readouterr().err
        assert name in said and (tmp_path / name).exists() and f".{site.name}-" not in said
        assert site.left() == []


def form_of(how: str) -> str:
    return how.split()[0]


def bomb(how: str) -> tuple[str, bytes]:
    """An archive that is small and becomes large, or has very many files."""
    buffer, zeros = io.BytesIO(), bytes(1 << 20)
    form = form_of(how)
    if form == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
            for i in range(500 if how.endswith("files") else 4):
                zipped.writestr(f"a/{i}", b"" if how.endswith("files") else zeros)
    else:
        with tarfile.open(fileobj=buffer, mode=f"w:{form}") as tar:
            for i in range(500 if how.endswith("files") else 4):
                info = tarfile.TarInfo(f"{'__MACOSX' if how.endswith('passed over') else 'a'}/{i}")
                info.size = 0 if how.endswith("files") else len(zeros)
                tar.addfile(info, io.BytesIO(zeros))
    return "birds" if form != "zip" else "tiny_imagenet", buffer.getvalue()


@pytest.mark.parametrize("how", ["zip", "gz", "bz2", "xz", "gz passed over", "zip of many files", "gz of many files"])
def test_a_bomb_does_not_go_off(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    monkeypatch.setattr(unpack, "SPARE", 1e6)
    monkeypatch.setattr(unpack, "OTHERS", 100)
    name, whole = bomb(how)
    site = publish(name, server, tmp_path, monkeypatch)
    module, archive = KINDS[name].module, first(site)
    server.files[archive.name] = whole
    known = replace(archive, md5=hashlib.md5(whole).hexdigest())  # the checksum says nothing against it
    monkeypatch.setattr(module, "ABOUT", replace(module.ABOUT, archives=(known,)))
    assert site.fetch() == 2 and site.left() == []
    said = capsys.readouterr().err
    expected = "has more than 436 files" if how.endswith("files") else "would become more than 3 MB"
    assert f"{archive.name} is refused: it {expected}" in said
    assert ("unpacking" in said) == (form_of(how) != "zip"), "a zip says before what it holds"
    monkeypatch.setattr(module, "ABOUT", replace(module.ABOUT, archives=(replace(known, md5=None),)))
    assert site.fetch() == 2 and site.left() == [] and not list((site.data / "downloads").iterdir())


def test_a_zip_that_says_less_than_it_holds(tmp_path: Path) -> None:
    limits = unpack.Limits(1, 1 << 20, 9)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("a", bytes(5 << 20))
    whole = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(whole.replace((5 << 20).to_bytes(4, "little"), (5).to_bytes(4, "little")))
    with pytest.raises(unpack.BadArchive):
        unpack.unpack(tmp_path / "a.zip", tmp_path / "out", limits)
    assert sum(path.stat().st_size for path in (tmp_path / "out").rglob("*")) <= limits.unpacked


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("what", ["part", "member"])
def test_a_disk_that_is_full_is_not_the_archives_fault(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
    what: str,
) -> None:
    site = publish("actions", server, tmp_path, monkeypatch)
    opened = Path.open

    def full(path: Path, mode: str = "r", *more: object, **others: object) -> object:
        if (mode == "xb") if what == "member" else (path.suffix == ".part"):
            raise OSError(number, os.strerror(number))
        return opened(path, mode, *more, **others)  # type: ignore[call-overload]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        assert site.fetch() == 2
    said = capsys.readouterr().err
    assert f"({os.strerror(number)}): make room" in said and "removed" not in said
    assert len(site.server.asked) <= 2 and site.left() == []
    assert site.fetch() == 0


def test_a_missing_file_names_the_next_step(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    name = first(site).name
    del site.server.files[name]
    assert site.fetch() == 2
    said = capsys.readouterr().err
    assert "404" in said and f"`python -m tfm_lite data fetch {site.name} --archive {name}`" in said
    assert KINDS[site.name].module.ABOUT.page in said and site.left() == []
    assert len(site.server.asked) == 1  # nobody knocks again at a door that is not there


def test_mirrors(birds: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = first(birds)
    urls = (birds.server.url + "gone.tgz", birds.server.url + "wrong.tgz", *archive.urls)
    birds.server.files["wrong.tgz"] = b"something else"
    about = KINDS["birds"].module.ABOUT
    monkeypatch.setattr(KINDS["birds"].module, "ABOUT", replace(about, archives=(replace(archive, urls=urls),)))
    assert birds.fetch() == 0 and [name for name, _ in birds.server.asked] == ["gone.tgz", "wrong.tgz", archive.name]


def test_archives_that_the_user_brought(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = []
    for name, whole in site.server.files.items():
        (tmp_path / name).write_bytes(whole)
        options += ["--archive", str(tmp_path / name)]
    assert site.fetch(*options) == 0
    assert site.server.asked == [] and all((tmp_path / name).exists() for name in site.server.files)


def test_a_wrong_archive_is_refused(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.zip").write_bytes(b"something")
    assert site.fetch("--archive", str(tmp_path / "other.zip")) == 2
    said = capsys.readouterr().err
    expected = "is none of the archives" if site.name == "actions" else "is not the publisher's"
    assert expected in said and site.server.asked == []
    assert site.fetch("--archive", str(tmp_path / first(site).name)) == 2
    assert "there is no file" in capsys.readouterr().err


def evil(form: str, how: str, out: Path) -> bytes:
    """An archive with one good member and one that must not be unpacked; the absolute one would be ``out``."""
    name = {"up": "a/../../out", "absolute": str(out), "back": "..\\out", "drive": "C:/out"}.get(how, "link")
    buffer = io.BytesIO()
    if form == "zip":
        with zipfile.ZipFile(buffer, "w") as zipped:
            zipped.writestr("a/good", b"good")
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if how == "link" else 0o100644) << 16
            zipped.writestr(info, b"/etc")
    else:
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            for member in ("a/good", name):
                info = tarfile.TarInfo(member)
                if member == "link":
                    info.type = {"link": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE, "pipe": tarfile.FIFOTYPE}[how]
                    info.linkname = "/etc"
                tar.addfile(info)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("form", "how"),
    [
        *[(form, how) for form in ("zip", "tgz") for how in ("up", "absolute", "back", "drive", "link")],
        *[("tgz", how) for how in ("hard link", "pipe")],
    ],
)
def test_members_that_would_escape_are_refused(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    form: str,
    how: str,
) -> None:
    site = publish("birds" if form == "tgz" else "tiny_imagenet", server, tmp_path, monkeypatch)
    out = tmp_path / "absolute"
    whole = evil(form, how, out)
    module, archive = KINDS[site.name].module, first(site)
    server.files[archive.name] = whole
    known = replace(archive, md5=hashlib.md5(whole).hexdigest())  # the checksum says nothing against it
    monkeypatch.setattr(module, "ABOUT", replace(module.ABOUT, archives=(known,)))
    assert site.fetch() == 2
    said = capsys.readouterr().err
    assert "is refused: its member" in said and ("outside the folder" in said or "a link or a device" in said)
    assert site.left() == [] and not (tmp_path / "out").exists() and not out.exists()


def test_an_archive_of_something_else_is_refused(birds: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "else" / "CUB_200_2011").mkdir(parents=True)
    whole = packed(tmp_path / "else", ["CUB_200_2011"], "tgz")
    birds.server.files[first(birds).name] = whole
    known = replace(first(birds), md5=hashlib.md5(whole).hexdigest())
    monkeypatch.setattr(KINDS["birds"].module, "ABOUT", replace(KINDS["birds"].module.ABOUT, archives=(known,)))
    assert birds.fetch() == 2 and birds.left() == []


def test_a_set_that_lies_elsewhere_is_not_fetched_again(site: Site) -> None:
    assert site.fetch() == 0
    asked = len(site.server.asked)
    site.folder.rename(site.folder.with_name(site.folder.name.lower() + "_"))
    assert site.fetch() == 0 and len(site.server.asked) == asked
    site.folder.mkdir()  # empty: as good as none
    assert site.fetch() == 0 and len(site.server.asked) > asked


def test_a_folder_that_is_not_complete_is_left_alone(birds: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert birds.fetch() == 0
    (birds.folder / KINDS["birds"].sample).unlink()
    before = sorted(birds.folder.rglob("*"))
    assert birds.fetch() == 2 and sorted(birds.folder.rglob("*")) == before
    said = capsys.readouterr().err
    assert "Bird_0001_101.jpg is missing" in said and "move the folder away first" in said


def test_too_small_a_disk_is_told_before(
    birds: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10**6})())
    assert birds.fetch() == 2 and "has room for 1 MB; about 2 MB are needed" in capsys.readouterr().err
    assert birds.server.asked == []


def test_a_set_behind_a_signature(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "fetch", "imagenet", "--data", str(tmp_path)]) == 2
    assert "https://image-net.org" in capsys.readouterr().err
    assert main(["data", "fetch", "alphabets"]) == 2 and "it is drawn on your machine" in capsys.readouterr().err


def test_verify_says_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make("tiny_imagenet", tmp_path / "data", monkeypatch)
    verify = ["data", "verify", "tiny_imagenet", "--data", str(folder.parent)]
    assert main(verify) == 0
    said = capsys.readouterr().out
    assert "classes  12 of 12" in said and "48 of 48 images, 4 to 4 per class" in said and "77 RGB, 7 grey" in said
    (folder / "wnids.txt").write_text("\n".join(tiny_keys()[:8]) + "\n")
    assert main(verify) == 0
    assert "partial: every image can be read; its name is tiny_imagenet+partial" in capsys.readouterr().out
    for name in ("val_0.JPEG", "val_1.JPEG"):
        (folder / "val" / "images" / name).write_text("<html>")
    assert main(verify) == 2
    said = capsys.readouterr().err
    assert "val_0.JPEG cannot be read" in said and "val_1.JPEG cannot be read" in said


def test_verify_fails_on_a_class_with_too_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make("imagenet", tmp_path / "data", monkeypatch)
    verify = ["data", "verify", "imagenet", "--data", str(folder.parent)]
    (folder / "train" / "n00000002" / "n00000002_1.JPEG").unlink()
    assert main(verify) == 2 and "has 47 training images" in capsys.readouterr().err
    for i in (2, 3):
        (folder / "train" / "n00000002" / f"n00000002_{i}.JPEG").unlink()
    assert main(verify) == 2 and "n00000002 has 1 training images: too few" in capsys.readouterr().err
    shutil.rmtree(folder / "val" / "n00000002")
    assert main(verify) == 2 and "class folder" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["sheet.png", "sheet.jpg"])
def test_show_saves_a_contact_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    folder = make("tiny_imagenet", tmp_path / "data", monkeypatch)
    show = ["data", "show", "tiny_imagenet+larger", "--data", str(folder.parent), "--out", str(tmp_path / out)]
    assert main(show) == 0 and "3 tasks of 12 classes" in capsys.readouterr().out
    with Image.open(tmp_path / out) as sheet:
        sheet.load()
    assert sheet.format == ("PNG" if out.endswith("png") else "JPEG")
    assert sheet.size == (6 + 6 * (96 + 6), 6 + 3 * (36 + 96 + 6))  # six classes in the first task, three rows
    assert len(sheet.convert("RGB").getcolors(1 << 20)) > 12
