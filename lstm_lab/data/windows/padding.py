"""Sequences of different lengths in batches: masks, batches of like lengths, and what padding costs.

Padding stands behind a sequence, never before it: a network that goes forward has then read the real steps before the
first PAD step, and fused kernels take no other order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.errors import DataError, OptionError, named_keywords
from lstm_lab.formatting import percent
from lstm_lab.results import StillResult, Summary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["PaddedSteps", "like_lengths", "padded_steps", "step_mask", "unused_lookback"]

_FAR = 4
"""Times that a lookback is as long as the longest window, from which it is warned of."""


@dataclass(frozen=True, eq=False, repr=False)
class PaddedSteps(StillResult):
    """How many steps batches compute, and how many of them are padding; made by `padded_steps`."""

    lengths: NDArray[np.int64]
    """(sequences,) steps of each sequence."""
    batch: int
    """Sequences of a batch, at most."""
    to_longest: int
    """Steps computed where every batch is padded to the longest sequence of all."""
    by_chance: int
    """Steps computed where batches are drawn by chance, each padded to its own longest sequence."""
    by_length: int
    """Steps computed where a batch holds sequences of like lengths."""

    @property
    def real(self) -> int:
        """Count the steps that are no padding."""
        return int(self.lengths.sum())

    @property
    def shares(self) -> dict[str, float]:
        """Return the share of padding among the computed steps, by the way batches are made."""
        ways = {"to_longest": self.to_longest, "by_chance": self.by_chance, "by_length": self.by_length}
        return {way: 1 - self.real / computed for way, computed in ways.items()}

    @property
    def speedup(self) -> float:
        """Return how many times fewer steps batches of like lengths compute than padding to the longest."""
        return self.to_longest / self.by_length

    def summary_table(self) -> Summary:
        """Describe how long the sequences are and what share of the computed steps is padding."""
        low, middle, high = (int(value) for value in np.quantile(self.lengths, [0, 0.5, 1]))
        rows = (
            ("sequences", f"{len(self.lengths):,}, of {low:,} to {high:,} steps, the middle one {middle:,}"),
            ("batches", f"of {self.batch:,}, padded behind each sequence's end"),
            ("fewer steps", f"{self.speedup:.2f} times, by like lengths against padded to the longest of all"),
        )
        names = {
            "to_longest": "padded to the longest of all",
            "by_chance": "drawn by chance",
            "by_length": "of like lengths",
        }
        lines = [("batches", "steps computed", "padding")]
        for way, share in self.shares.items():
            lines.append((names[way], f"{getattr(self, way):,}", percent(share)))
        return Summary("Padding", rows, tuple(lines))


def step_mask(lengths: NDArray[np.int64], steps: int) -> NDArray[np.bool_]:
    """Return the mask of the real steps of right-padded sequences, (sequences, steps)."""
    return np.asarray(np.arange(steps) < lengths[:, None])


def like_lengths(lengths: NDArray[np.int64], batch: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Divide sequences into batches of like lengths, in random order.

    Parameters
    ----------
    lengths
        (sequences,) steps of each sequence.
    batch
        Sequences of a batch.
    rng
        Breaks ties among equal lengths, draws where the first batch begins and the order of the batches, so that two
        passes hold other batches.

    Returns
    -------
    ndarray
        (batches, batch) numbers of sequences; every sequence is in one batch, and -1 fills the last slots of one.
    """
    order = np.lexsort((rng.random(len(lengths)), lengths))
    batches = -(-len(lengths) // batch)
    slots = np.full(batches * batch, -1, dtype=np.int64)
    # The free slots stand in a batch drawn by chance: the cuts between batches lie elsewhere in every pass.
    free, short = len(slots) - len(lengths), int(rng.integers(batches))
    filled = np.ones(len(slots), dtype=np.bool_)
    filled[(short + 1) * batch - free : (short + 1) * batch] = False
    slots[filled] = order
    return slots.reshape(batches, batch)[rng.permutation(batches)]


@named_keywords
def padded_steps(lengths: Iterable[int], batch: int = 64, *, seed: int = 0) -> PaddedSteps:
    """Count the steps that batches of sequences compute, and the padding among them, for three ways to make batches.

    Parameters
    ----------
    lengths
        Steps of each sequence.
    batch
        Sequences of a batch.
    seed
        Of the batches that are drawn by chance.

    Returns
    -------
    PaddedSteps
        Steps computed where all are padded to the longest sequence, where batches are drawn by chance, and where a
        batch holds sequences of like lengths.

    Raises
    ------
    LabError
        No sequence, or one without a step; no sequence in a batch.

    Examples
    --------
    >>> lab.padded_steps([10, 20, 500, 480], batch=2).shares  # doctest: +SKIP
    {'to_longest': 0.495, 'by_chance': 0.485, 'by_length': 0.029}
    """
    steps = np.asarray(list(lengths), dtype=np.int64)
    if len(steps) == 0 or steps.min() < 1:
        raise DataError(f"every sequence has at least one step, got lengths {steps[:5].tolist()}; leave out empty ones")
    if batch < 1:
        raise OptionError(f"batch is at least 1 sequence, got {batch}; for example batch=64")
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(steps)
    starts = np.arange(0, len(steps), batch)
    sizes = np.diff(np.append(starts, len(steps)))
    chance = int((np.maximum.reduceat(shuffled, starts) * sizes).sum())
    # -1 of a free slot must read no length.
    batches = like_lengths(steps, batch, rng)
    used = np.where(batches >= 0, steps[batches], 0)
    return PaddedSteps(
        lengths=steps,
        batch=batch,
        to_longest=int(steps.max()) * len(steps),
        by_chance=chance,
        by_length=int((used.max(axis=1) * (batches >= 0).sum(axis=1)).sum()),
    )


def unused_lookback(lengths: NDArray[np.int64] | None, lookback: int) -> str:
    """Say that a lookback is far longer than any window, and which one reads as much; empty where it is not.

    Parameters
    ----------
    lengths
        Real steps of each training window; None where none is padded.
    lookback
        Steps of a window.

    Examples
    --------
    >>> unused_lookback(np.array([3, 140]), 5000)
    'lookback is 5,000 rows, but the longest training window has 140, so all are padded; lookback=140 reads as much'
    >>> unused_lookback(np.array([3, 140]), 150)
    ''
    """
    longest = lookback if lengths is None else int(lengths.max(initial=0))
    if longest == 0 or lookback <= _FAR * longest:
        return ""
    return (
        f"lookback is {lookback:,} rows, but the longest training window has {longest:,}, so all are padded;"
        f" lookback={longest} reads as much"
    )
