"""From image files to arrays. Also the program that worker processes run: it needs NumPy and Pillow, not PyTorch."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

BLOCK = 64  # images that a worker decodes, writes and reports at once
TURN = Image.Transpose
UPRIGHT = {  # by the value of EXIF's tag, what turns the picture upright
    **{2: TURN.FLIP_LEFT_RIGHT, 3: TURN.ROTATE_180, 4: TURN.FLIP_TOP_BOTTOM, 5: TURN.TRANSPOSE},
    **{6: TURN.ROTATE_270, 7: TURN.TRANSVERSE, 8: TURN.ROTATE_90},
}


def decode(file: Path | str, size: int) -> np.ndarray:
    """One image as uint8 (3, size, size), whatever its mode: its short side scaled to ``size``, the middle cut out.

    Shown upright, as its EXIF tag says; what is transparent, on white; of sixteen bits the upper eight. Inks (CMYK) are
    taken off white, and colour profiles are not applied. Refuses what has no such rule, e.g. floats.
    """
    with _opened(file) as image:
        image.draft("RGB", (size, size))  # lets the JPEG decoder skip detail that is scaled away
        picture = _plain(image)
    if picture.size != (size, size):
        scale = size / min(picture.size)
        width, height = (max(size, round(side * scale)) for side in picture.size)
        left, top = (width - size) // 2, (height - size) // 2
        picture = picture.resize((width, height), Image.Resampling.BICUBIC)
        picture = picture.crop((left, top, left + size, top + size))
    return np.asarray(picture).transpose(2, 0, 1)


def look(file: Path | str) -> tuple[str, tuple[int, int]]:
    """The mode and the width and height of an image that :func:`decode` takes; it is read in full."""
    with _opened(file) as image:
        kind = image.mode, image.size
        _plain(image)
    return kind


@contextmanager
def _opened(file: Path | str) -> Iterator[Image.Image]:
    """An image to read; whatever is wrong with it is said with its name."""
    try:
        with Image.open(file) as image:
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(
            f"the image {file} is too large or not what it claims to be ({error}): save it with fewer pixels or replace it"
        ) from error
    except Exception as error:  # Pillow's decoders raise nearly anything
        raise ValueError(
            f"the image {file} cannot be read ({error}): unpack its archive again or replace the file"
        ) from error


def _plain(image: Image.Image) -> Image.Image:
    """The image in RGB, eight bits a channel, upright."""
    clear = "transparency" in image.info
    sixteen = image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG")
    if sixteen and not clear:
        picture = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    elif image.mode in ("LA", "PA", "RGBA") or (image.mode in ("1", "L", "P", "RGB") and clear):
        above = image.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", above.size, "white"), above).convert("RGB")
    elif image.mode in ("1", "L", "P", "RGB", "CMYK", "YCbCr"):
        picture = image.convert("RGB")
    else:
        raise ValueError(f"its pixels are of the kind {image.mode}; save it with eight bits a channel")
    turn = UPRIGHT.get(_orientation(image))
    return picture if turn is None else picture.transpose(turn)


def _orientation(image: Image.Image) -> int:
    """How the camera was held; 1 is upright, or not said."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # what cannot be read says nothing, and many a camera wrote nonsense
        return 1


def decode_into(store: Path, files: Sequence[Path], *, workers: int, advance: Callable[[int], object]) -> None:
    """Decode ``files`` into the rows of the .npy file ``store``, which exists, with this many processes.

    Processes, because Pillow's own Python code would make threads wait for each other; started afresh rather than forked,
    because a process that uses PyTorch is not safely forked. ``advance(n)`` is called when n more images are done.
    """
    top = str(Path(__file__).parents[1])
    path = os.pathsep.join(filter(None, [top, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-P", __file__]  # by its path: by its name, the whole package would be loaded
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [
        subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, **pipes)  # type: ignore[call-overload]
        for _ in range(workers)
    ]
    pool = ThreadPoolExecutor(workers)
    try:
        blocks = [(i, [str(file) for file in files[i : i + BLOCK]]) for i in range(0, len(files), BLOCK)]
        jobs: list[dict[str, object]] = [{"store": str(store), "blocks": blocks[k::workers]} for k in range(workers)]
        for done in as_completed([pool.submit(_follow, *pair, advance) for pair in zip(processes, jobs, strict=True)]):
            done.result()
    finally:
        for process in processes:
            process.kill()
        pool.shutdown()
        for process in processes:
            process.communicate()


def _follow(process: subprocess.Popen[str], job: dict[str, object], advance: Callable[[int], object]) -> None:
    """Give a worker its job and read its reports until it ends."""
    assert process.stdin and process.stdout and process.stderr
    process.stdin.write(json.dumps(job))
    process.stdin.close()
    process.stdin = None  # so that nobody closes it again
    for line in process.stdout:
        advance(int(line))
    complaint = process.stderr.read().strip()
    if process.wait() == 1 and complaint.startswith("the image"):
        raise ValueError(complaint)
    if process.returncode:
        why = complaint.splitlines()[-1] if complaint else f"a process ended with {process.returncode}"
        raise OSError(f"decoding stopped ({why}): is there room on the disk of {job['store']}?")


def _work() -> None:
    """A worker: read a job from standard input, write rows, report their number."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asked decides what Ctrl-C means
    job = json.load(sys.stdin)
    store = np.lib.format.open_memmap(job["store"], mode="r")
    with open(job["store"], "r+b") as file:  # not through the map: a write costs less than the page faults of a block
        for first, names in job["blocks"]:
            block = np.empty((len(names), *store.shape[1:]), np.uint8)
            for i, name in enumerate(names):
                try:
                    block[i] = decode(name, store.shape[-1])
                except ValueError as error:
                    sys.exit(str(error))
            file.seek(store.offset + first * block[0].nbytes)
            file.write(block.data)
            sys.stdout.write(f"{len(names)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    _work()
