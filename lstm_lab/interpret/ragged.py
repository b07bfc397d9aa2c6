"""Traces of sequences of different lengths: every sequence is read by itself, so that nothing is padded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from lstm_lab.errors import TraceError
from lstm_lab.results import Summary

__all__ = ["Traces", "is_ragged", "refuse_ragged_mistakes"]

_SHOWN = 20
"""Sequences that a summary lists, at most."""


@dataclass(frozen=True, eq=False, repr=False)
class Traces(Sequence[Any]):
    """Traces of several sequences of different lengths, in the order in which they were given."""

    each: tuple[Any, ...]
    """A `lstm_lab.interpret.trace.Trace` of each."""

    @overload
    def __getitem__(self, which: int) -> Any: ...

    @overload
    def __getitem__(self, which: slice) -> Traces: ...

    def __getitem__(self, which: int | slice) -> Any:
        return Traces(self.each[which]) if isinstance(which, slice) else self.each[which]

    def __len__(self) -> int:
        return len(self.each)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Steps of each sequence."""
        return tuple(len(trace.index) for trace in self.each)

    @property
    def output(self) -> np.ndarray:
        """The model's output for each sequence, (sequences, …), where it has one size."""
        return np.concatenate([trace.output for trace in self.each])

    @property
    def verified(self) -> float:
        """The largest difference between a replayed hidden state and the layer's own output, over all sequences."""
        return float(max(trace.verified for trace in self.each))

    def summary_table(self) -> Summary:
        """Return the lengths of the sequences, and how far each replay is off."""
        rows = [
            (
                "sequences",
                f"{len(self):,}, of {min(self.lengths):,} to {max(self.lengths):,} steps, none padded",
            ),
            ("verified", f"largest difference to the layers' own output {self.verified:.1g}"),
        ]
        if len(self) > _SHOWN:
            rows.append(("listed", f"the first {_SHOWN}"))
        lines = [("sequence", "steps", "verified")]
        for number, trace in enumerate(self.each[:_SHOWN]):
            lines.append((str(number), f"{len(trace.index):,}", f"{trace.verified:.1g}"))
        return Summary("Traces", tuple(rows), tuple(lines))

    def __repr__(self) -> str:
        return self.summary_table().text()

    def _repr_html_(self) -> str:
        return self.summary_table().html()


def is_ragged(x: Any) -> bool:
    """Return whether x is a list of arrays of which not all have the same length."""
    if not isinstance(x, list | tuple) or not all(hasattr(part, "__len__") for part in x):
        return False
    return len({len(part) for part in x}) > 1 and all(np.ndim(part) > 0 for part in x)


def refuse_ragged_mistakes(x: Sequence[Any], index: Any) -> None:
    """Refuse an empty sequence, and labels that are not as many as the sequences.

    Raises
    ------
    TraceError
        One line with the sequence and the remedy.
    """
    empty = [number for number, part in enumerate(x) if len(part) == 0]
    if empty:
        raise TraceError(f"every sequence has at least one step, got none in sequence {empty[0]}; leave it out")
    if index is not None and (len(index) != len(x) or any(not hasattr(part, "__len__") for part in index)):
        raise TraceError(
            f"index of a list of sequences is a list of {len(x)} indexes, one for each, got {type(index).__name__} of"
            f" {len(index)}; pass [dates_of_first, dates_of_second, ...]"
        )
