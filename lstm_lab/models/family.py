"""Kinds of networks for sequences as a family tree: what each knows of the order of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from lstm_lab.errors import named_keywords
from lstm_lab.results import StillResult, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FAMILY", "Family", "Member", "family"]


@dataclass(frozen=True, slots=True)
class Member:
    """A kind of network."""

    name: str
    parent: str | None
    order: str
    """How it knows the order of the rows."""
    past: str
    """What carries the past to the present."""
    good_for: str = ""


FAMILY: Final = (
    Member("neural network", None, "not at all", "nothing"),
    Member("dense", "neural network", "by the column of each input", "nothing: it reads a fixed row", "tables"),
    Member("convolution (CNN)", "neural network", "within a filter's width", "stacked filters", "images"),
    Member("attention (Transformer)", "neural network", "by positions that are added", "all rows at once", "language"),
    Member("recurrent", "neural network", "row after row", "a state", "sequences"),
    Member("plain RNN", "recurrent", "row after row", "one state, written over at each row", "short memories"),
    Member("GRU", "recurrent", "row after row", "one state, 2 gates", "long memories, fewer weights"),
    Member("LSTM", "recurrent", "row after row", "a cell and a hidden state, 3 gates", "long memories"),
)
"""Parents before their children."""


@dataclass(frozen=True, eq=False, repr=False)
class Family(StillResult):
    """The family tree of networks for sequences; made by `family`."""

    members: tuple[Member, ...] = FAMILY

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each kind that has no further kinds: its parent, order, past and what it is good for."""
        rows = {
            member.name: {
                "kind of": member.parent,
                "knows the order": member.order,
                "carries the past in": member.past,
                "good for": member.good_for,
            }
            for member in self.members
            if not self.children(member.name)
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("network")

    def children(self, name: str | None) -> tuple[Member, ...]:
        """Return the kinds below a kind, in their order; below None the root."""
        return tuple(member for member in self.members if member.parent == name)

    def summary_table(self) -> Summary:
        """Describe each kind in a line."""
        return Summary("A family of networks", tuple(self._rows()))

    def _rows(self) -> Iterator[tuple[str, str]]:
        for name, row in self.frame.iterrows():
            order, past = row["knows the order"], row["carries the past in"]
            yield str(name), f"knows the order {order}; carries the past in: {past}"


@named_keywords
def family() -> Family:
    """Return the family tree of networks for sequences, and what each kind knows of the order of its rows.

    Returns
    -------
    Family
        ``.frame``, a row for each kind; a picture of the tree.

    Examples
    --------
    >>> family().frame.loc["LSTM", "carries the past in"]
    'a cell and a hidden state, 3 gates'
    """
    return Family()
