"""Huffman's code (1952), for the masks of many tasks: decodable bytes, so that a count of them is a count of what is needed.

A code's *symbols* are whole numbers of a few bits. What is written is one byte with the number of bits, four with the number
of symbols, a byte per possible symbol with the length of its code word (0: it does not occur), and the code words one after
another. Code words are canonical: their lengths say what they are.
"""

from __future__ import annotations

import heapq
import struct

import numpy as np
import torch
from torch import Tensor

HEADER = "<BI"  # bits of a symbol, and how many symbols
MOST_BITS = 8


def lengths(counts: list[int]) -> list[int]:
    """The length of each symbol's code word, in bits, when symbol i occurs ``counts[i]`` times; 0 where it does not.

    >>> lengths([5, 1, 0, 2])
    [1, 2, 0, 2]
    """
    found = [0] * len(counts)
    heap = [(count, symbol, [symbol]) for symbol, count in enumerate(counts) if count]
    heapq.heapify(heap)
    if len(heap) == 1:
        found[heap[0][1]] = 1
    while len(heap) > 1:
        (a, first, left), (b, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        for symbol in left + right:
            found[symbol] += 1
        heapq.heappush(heap, (a + b, first, left + right))
    return found


def _words(of: list[int]) -> tuple[list[int], np.ndarray]:
    """The symbols that occur, the shortest word first, and their code words as numbers."""
    symbols = sorted((s for s, length in enumerate(of) if length), key=lambda s: (of[s], s))
    words, word, before = [], 0, 0
    for symbol in symbols:
        word <<= of[symbol] - before
        words.append(word)
        word, before = word + 1, of[symbol]
    return symbols, np.array(words, dtype=np.uint64)


def encode(symbols: Tensor, bits: int) -> bytes:
    """``symbols``, whole numbers below 2 ** ``bits`` of any shape, as bytes that :func:`decode` reads. ``bits``: 1 to 8."""
    if not 1 <= bits <= MOST_BITS:
        raise ValueError(f"a symbol has 1 to {MOST_BITS} bits here, not {bits}: code fewer masks at a time")
    flat = symbols.flatten().cpu().numpy()
    if flat.size and not 0 <= int(flat.min()) <= int(flat.max()) < 2**bits:
        raise ValueError(f"symbols of {bits} bits are 0 to {2**bits - 1}, not {flat.min()} to {flat.max()}")
    of = lengths(np.bincount(flat, minlength=2**bits).tolist())
    known, words = _words(of)
    word, size = np.zeros(2**bits, np.uint64), np.array(of)
    word[known] = words
    word, size = word[flat], size[flat]
    starts = np.cumsum(size) - size
    out = np.zeros(int(size.sum()), np.uint8)
    for k in range(max(of)):  # the k-th bit of every word that has one
        has = size > k
        out[starts[has] + k] = word[has] >> (size[has] - 1 - k).astype(np.uint64) & np.uint64(1)
    return struct.pack(HEADER, bits, flat.size) + bytes(of) + np.packbits(out).tobytes()


def decode(code: bytes) -> Tensor:
    """The symbols (n,), uint8, that were coded. Raises ``ValueError`` if bytes are missing."""
    start = struct.calcsize(HEADER)
    if len(code) < start:
        raise ValueError(f"a code has {start} bytes or more, not {len(code)}: bytes of it are missing")
    bits, count = struct.unpack_from(HEADER, code)
    of = list(code[start : start + 2**bits])
    if not count:
        return torch.zeros(0, dtype=torch.uint8)
    known, words = _words(of)
    longest, sizes = max(of), np.array([of[symbol] for symbol in known])
    stream = np.unpackbits(np.frombuffer(code[start + 2**bits :], np.uint8))
    padded = np.concatenate([stream, np.zeros(longest, np.uint8)])
    ahead = np.zeros(len(stream), np.uint64)  # from every place on, the next bits as a number
    for k in range(longest):
        ahead = ahead << np.uint64(1) | padded[k : k + len(stream)]
    least = words << (longest - sizes).astype(np.uint64)  # the least number that begins with each word
    which = np.searchsorted(least, ahead, side="right") - 1
    step, symbol = sizes[which].tolist(), np.array(known, np.uint8)[which].tolist()
    found: list[int] = []
    place = 0
    while len(found) < count and place < len(stream):
        found.append(symbol[place])
        place += step[place]
    if len(found) < count or place > len(stream):
        raise ValueError(f"the code ends after {len(found)} of {count} symbols: bytes of it are missing")
    return torch.tensor(found, dtype=torch.uint8)
