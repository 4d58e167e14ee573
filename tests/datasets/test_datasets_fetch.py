"""Downloads, against a server on the loopback that behaves badly: and what the commands say."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from made_up import KINDS, make, tiny_keys
from PIL import Image

from tfm_lite.__main__ import main
from tfm_lite.datasets import download
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
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted, name = self.headers.get("Range"), self.path[1:].partition("?")[0]
            state.asked.append((name, wanted))
            if state.status.get(name):
                return self.send_error(state.status[name].pop(0))
            if name not in state.files:
                return self.send_error(404)
            whole = state.files[name]
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and not state.deaf else 0
            if start >= len(whole):
                return self.send_error(416)
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
            self.send_header("Content-Length", str(len(whole) - start))
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
    monkeypatch.setattr(download, "PAUSE", 0.0)
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
    birds.server.drop[name] = [1000, *[0] * download.ATTEMPTS]
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


def test_an_archive_without_checksum_is_judged_by_its_content(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = publish("actions", server, tmp_path, monkeypatch)
    name = first(site).name
    whole = site.server.files[name]
    for spoilt, text in ((b"<html>", "is not an archive"), (whole[: len(whole) // 2], "not an archive, or not whole")):
        site.server.files[name] = spoilt
        shutil.rmtree(site.data, ignore_errors=True)
        assert site.fetch() == 2 and text in capsys.readouterr().err and site.left() == []
    at = whole.index(b"JFIF") + 200
    site.server.files[name] = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    shutil.rmtree(site.data)
    assert site.fetch() == 2 and "Bad CRC-32" in capsys.readouterr().err and site.left() == []


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
