"""Huffman's code: read back as it was written, and no longer than it must be."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from tfm_lite import huffman


def drawn(count: int, bits: int, share: float) -> torch.Tensor:
    """Symbols whose bits are 1 with this probability."""
    generator = torch.Generator().manual_seed(count)
    ones = [torch.rand(count, generator=generator) < share for _ in range(bits)]
    return torch.stack([one.to(torch.uint8) << k for k, one in enumerate(ones)]).sum(0, dtype=torch.uint8)


@pytest.mark.parametrize("share", [0.0, 0.03, 0.5, 1.0])
@pytest.mark.parametrize(("count", "bits"), [(0, 3), (1, 1), (2, 7), (999, 1), (4000, 7), (1000, 8)])
def test_what_is_coded_is_read_back(count: int, bits: int, share: float) -> None:
    symbols = drawn(count, bits, share)
    code = huffman.encode(symbols.view(1, -1), bits)
    assert torch.equal(huffman.decode(code), symbols)


def test_very_unlike_counts_make_very_long_words() -> None:
    """Fibonacci's numbers make the deepest tree there is."""
    counts = [1, 1]
    while len(counts) < 20:
        counts.append(counts[-1] + counts[-2])
    assert max(huffman.lengths(counts)) == 19
    symbols = torch.repeat_interleave(torch.arange(20), torch.tensor(counts)).to(torch.uint8)
    symbols = symbols[torch.randperm(len(symbols), generator=torch.Generator().manual_seed(0))]
    assert torch.equal(huffman.decode(huffman.encode(symbols, 5)), symbols)


def test_no_code_of_whole_bits_is_shorter() -> None:
    """Against every possible set of lengths that leaves each word readable (Kraft)."""
    counts = [1, 6, 2, 9, 3]
    ours = sum(count * length for count, length in zip(counts, huffman.lengths(counts), strict=True))
    readable = (of for of in itertools.product(range(1, 5), repeat=5) if sum(2.0**-length for length in of) <= 1)
    assert ours == min(sum(count * length for count, length in zip(counts, of, strict=True)) for of in readable)


def test_it_is_within_a_bit_of_the_entropy() -> None:
    symbols, bits = drawn(4000, 7, 0.1), 7
    shares = torch.bincount(symbols.int()) / len(symbols)
    entropy = -sum(p * math.log2(p) for p in shares.tolist() if p)
    words = 8 * (len(huffman.encode(symbols, bits)) - 5 - 2**bits) / len(symbols)
    assert entropy <= words < entropy + 1


def test_what_cannot_be_coded_or_read_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 8 bits here, not 9: code fewer masks at a time"):
        huffman.encode(torch.zeros(3, dtype=torch.uint8), 9)
    with pytest.raises(ValueError, match="symbols of 2 bits are 0 to 3, not 0 to 4"):
        huffman.encode(torch.tensor([0, 4]), 2)
    code = huffman.encode(drawn(1000, 3, 0.5), 3)
    for end in (0, 3, 20, len(code) - 1):
        with pytest.raises(ValueError, match="bytes of it are missing"):
            huffman.decode(code[:end])
