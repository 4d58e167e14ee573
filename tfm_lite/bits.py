"""What a task needs kept, as files: the same masks and the same feature normalization, written in several ways.

:func:`pack` writes arrays of small numbers, each in so many bits or in a code by how often it occurs, and :func:`read` reads
them again from the bytes alone. TFM's masks go in as boundaries or as two bits per feature, PackNet's as the owner of every
weight or as a bit per weight and task (:func:`forms`). :func:`pack_norm` writes feature normalization in 32, 16 or 8 bits.
"""

from __future__ import annotations

import copy
import math
import struct
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tfm_lite import huffman
from tfm_lite.methods.packnet import PackNet
from tfm_lite.methods.tfm import TFM
from tfm_lite.methods.wsn import WSN

CODED = 0  # in place of a number of bits: the code by how often a number occurs
FORMATS: dict[str, torch.dtype | None] = {
    "32 bits": torch.float32,
    "16 bits": torch.float16,
    "8 bits, floating": torch.float8_e4m3fn,
    "8 bits, grid": None,  # between the least and the greatest value of each scale or shift
}


def pack(arrays: Sequence[np.ndarray], bits: int) -> bytes:
    """Arrays of whole numbers from 0 on, each number in ``bits`` bits, from 1 to 32; or, with ``CODED``, the more often it
    occurs the fewer (:mod:`tfm_lite.huffman`). The bytes say the shapes as well. Raises ``ValueError`` for a number that has
    no room.
    """
    if not 0 <= bits <= 32:
        raise ValueError(f"a number is packed in 1 to 32 bits, or CODED, not in {bits}")
    head = struct.pack("<BH", bits, len(arrays))
    head += b"".join(struct.pack(f"<B{each.ndim}I", each.ndim, *each.shape) for each in arrays)
    values = np.concatenate([each.ravel() for each in arrays]).astype(np.int64)
    most = 256 if bits == CODED else 2**bits
    if len(odd := values[(values < 0) | (values >= most)]):
        raise ValueError(f"{odd[0]} has no room: numbers to be packed are 0 to {most - 1} here; take more bits")
    if bits != CODED:
        places = np.arange(bits - 1, -1, -1)
        return head + np.packbits((values[:, None] >> places) & 1).tobytes()
    symbols = torch.from_numpy(values.astype(np.uint8))
    return head + huffman.encode(symbols, max(1, int(values.max(initial=0)).bit_length()))


def read(data: bytes) -> list[np.ndarray]:
    """The arrays that :func:`pack` made the bytes of, int64."""
    (bits, number), place = struct.unpack_from("<BH", data), 3
    shapes = []
    for _ in range(number):
        (dimensions,) = struct.unpack_from("<B", data, place)
        shapes.append(struct.unpack_from(f"<{dimensions}I", data, place + 1))
        place += 1 + 4 * dimensions
    sizes = [math.prod(shape) for shape in shapes]
    if bits != CODED:
        flat = np.unpackbits(np.frombuffer(data, np.uint8, offset=place), count=bits * sum(sizes))
        values = flat.reshape(-1, bits).astype(np.int64) @ (1 << np.arange(bits - 1, -1, -1))
    else:
        values = huffman.decode(data[place:]).numpy().astype(np.int64)
    parts = np.split(values, np.cumsum(sizes)[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def boundaries(method: TFM) -> np.ndarray:
    """Of every task and layer how many features the task uses, (tasks, layers): all that TFM's masks say."""
    return np.array([[outputs for _, outputs in stage.layer.boundaries] for stage in method.net.stages]).T


def masks(method: TFM) -> list[np.ndarray]:
    """Per layer the ternary masks (tasks, features), as the paper counts them: at the width of the network's end."""
    return [np.stack([stage.layer.mask(t).numpy() for t in range(len(method.classes))]) for stage in method.net.stages]


def owners(method: PackNet) -> list[np.ndarray]:
    """Per layer whose each weight is, in the weights' shape: 0 nobody's, t + 1 that of task t."""
    return [stage.owner.cpu().numpy() for stage in method.net.stages]


def used(owned: Sequence[np.ndarray], tasks: int) -> list[np.ndarray]:
    """Per layer which weights each task uses, (tasks, ...): its own, and those of older tasks."""
    return [np.stack([(each > 0) & (each <= t + 1) for t in range(tasks)]) for each in owned]


def chosen(method: WSN) -> list[np.ndarray]:
    """Per layer which weights each task uses, (tasks, ...), of whichever owner."""
    return [np.stack([stage.mask(t).cpu().numpy() for t in range(method.learned)]) for stage in method.net.stages]


def forms(method: TFM | PackNet | WSN) -> dict[str, bytes]:
    """The masks of all tasks that a method has learned, in each way to write them, as the bytes of a file.

    Raises ``ValueError`` for a method that has no masks of features or weights.
    """
    if isinstance(method, TFM):
        return {"boundaries": pack([boundaries(method)], 32), "two bits per feature": pack(masks(method), 2)}
    if isinstance(method, WSN):
        return {
            "masks, coded": pack([each.numpy() for each in method.symbols()], CODED),
            "masks": pack(chosen(method), 1),
        }
    if not isinstance(method, PackNet):
        raise ValueError(f"masks are written of a TFM, a PackNet or a WSN, not of a {type(method).__name__}")
    owned, tasks = owners(method), len(method.classes)
    return {
        "owners, coded": pack(owned, CODED),
        "owners": pack(owned, math.ceil(math.log2(tasks + 1))),
        "a bit per weight": pack(used(owned, tasks), 1),
    }


def pack_norm(method: TFM, form: str) -> bytes:
    """The scales and shifts of all tasks as the bytes of a file, in one of :data:`FORMATS`, in the order of their names.

    On a grid each scale or shift of a layer and task has its least value and its step first, eight bytes.
    """
    kind, parts = _format(form), list[bytes]()
    for values in _norm(method).values():
        if kind is None:
            low, step = _grid(values)
            parts.append(
                struct.pack("<2f", low, step) + ((values - low) / (step or 1)).round().byte().numpy().tobytes()
            )
        else:
            parts.append(values.to(kind).view(torch.uint8).numpy().tobytes())
    return b"".join(parts)


@torch.no_grad()
def read_norm(data: bytes, method: TFM, form: str) -> TFM:
    """A copy of the method that has the scales and shifts of such a file."""
    kind, place, found = _format(form), 0, dict[str, Tensor]()
    norm = _norm(method)
    whole = len(pack_norm(method, form))
    if len(data) != whole:
        raise ValueError(f"the file has {len(data)} bytes, but this method's normalization in {form} has {whole}")
    for name, like in norm.items():
        low, step = struct.unpack_from("<2f", data, place) if kind is None else (0.0, 1.0)
        place += 8 * (kind is None)
        size = like.numel() * (1 if kind is None else kind.itemsize)
        raw = torch.frombuffer(bytearray(data[place : place + size]), dtype=torch.uint8)
        found[name] = raw.float() * step + low if kind is None else raw.view(kind).float()
        place += size
    method = copy.deepcopy(method)
    method.load_state_dict(
        method.state_dict() | found
    )  # loading drops the slices in use, which have the scales in them
    return method


def _format(form: str) -> torch.dtype | None:
    if form not in FORMATS:
        raise ValueError(f"feature normalization is written in {', '.join(FORMATS)}, not in {form!r}")
    return FORMATS[form]


def _norm(method: TFM) -> dict[str, Tensor]:
    """Every scale and every shift of a task and a layer, float32 (features,), by its name."""
    state = method.state_dict()
    return {name: state[name].cpu().float() for name in sorted(state) if method.role(name) == "norm"}


def _grid(values: Tensor) -> tuple[float, float]:
    """The least value, and the step of 255 to the greatest, as float32 has them."""
    low, high = float(values.min()), float(values.max())
    return low, float(np.float32((high - low) / 255))
