"""How much the options of a search mattered: what share of the trials' differences goes with each, beside chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lstm_lab.options.search_space import Choices, short_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from lstm_lab.options import Space

    Array = NDArray[np.float64]

__all__ = ["FEWEST", "option_importance"]

FEWEST: Final = 8
"""Trials from which anything is told."""
_PARTS: Final = 3
"""Parts that a range is cut into, with an equal number of trials each."""
_SHUFFLES: Final = 1000


def option_importance(space: Space, values: Sequence[Mapping[str, Any]], scores: Array, seed: int = 0) -> pd.DataFrame:
    """Measure what share of the differences between trials goes with each option alone.

    The trials are ranked by their scores, so that a very bad one does not outweigh all others, and grouped by the
    option's values, a range in three parts. The share is the correlation ratio: variance of the groups' mean ranks over
    that of all ranks. ``chance`` is the share that 95 % of random orders stay below: few trials give a large one.

    Parameters
    ----------
    space
        What was searched.
    values
        The options of each trial.
    scores
        (trials,) the lower, the better.
    seed
        Of the random orders.

    Returns
    -------
    pandas.DataFrame
        A row an option, the largest share first: ``share``, ``chance``, ``clear`` and the ``best`` values. Empty with
        fewer than `FEWEST` trials.

    Notes
    -----
    A search does not choose its trials at random, and an option that matters only together with another has no share
    of its own: the table says where to look, and is no experiment.

    References
    ----------
    Pearson (1905), On the general theory of skew correlation: the correlation ratio. With random orders in place of
    normal errors it is the one-way test of Kruskal and Wallis (1952), J. Am. Stat. Assoc. 47.
    """
    columns = ["share", "chance", "clear", "best"]
    if len(scores) < FEWEST:
        return pd.DataFrame(columns=columns, index=pd.Index([], name="option"))
    ranks: Array = np.asarray(pd.Series(scores).rank(), dtype=np.float64)
    rng = np.random.default_rng(seed)
    orders: Array = np.stack([rng.permutation(ranks) for _ in range(_SHUFFLES)])
    rows = {}
    for name, dimension in space.dimensions.items():
        own = [trial[name] for trial in values]
        if isinstance(dimension, Choices):
            groups, names = _by_value(own, dimension)
        else:
            groups, names = _by_size(np.array(own, dtype=np.float64))
        share = _shares(ranks[None], groups)[0]
        chance = float(np.quantile(_shares(orders, groups), 0.95))
        means = [float(ranks[groups == group].mean()) for group in range(len(names))]
        rows[name] = (share, chance, share > chance, names[int(np.argmin(means))])
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("option")
    return frame.sort_values("share", ascending=False, kind="stable")


def _shares(ranks: Array, groups: NDArray[np.int64]) -> Array:
    """Compute the correlation ratio of every row of ranks, (orders,)."""
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    between = np.zeros(len(ranks))
    for group in np.unique(groups):
        members = groups == group
        between += members.sum() * centred[:, members].mean(axis=1) ** 2
    total = (centred**2).sum(axis=1)
    return np.where(total > 0, between / np.maximum(total, 1e-300), 0.0)


def _by_value(own: Sequence[Any], dimension: Choices) -> tuple[NDArray[np.int64], list[str]]:
    """Group trials by the values of an option that occur."""
    present = [value for value in dict.fromkeys([*dimension.members, *own]) if value in own]
    return np.array([present.index(value) for value in own]), [short_text(value) for value in present]


def _by_size(own: Array) -> tuple[NDArray[np.int64], list[str]]:
    """Group trials by the size of a number, in parts with an equal number of trials."""
    edges = np.unique(np.quantile(own, np.linspace(0, 1, _PARTS + 1)[1:-1]))
    groups = np.searchsorted(edges, own, side="left")
    present = np.unique(groups)
    names = [f"{own[groups == group].min():.4g} to {own[groups == group].max():.4g}" for group in present]
    return np.searchsorted(present, groups), names
