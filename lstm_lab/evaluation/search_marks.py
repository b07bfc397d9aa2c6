"""Marks of a search: the options as given and the best trials, a mark a fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from lstm_lab.evaluation.study_marks import Column, Look, StudyMarks, scale_for, scale_of_changes
from lstm_lab.options.search_space import short_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lstm_lab.evaluation.scoring import Difference
    from lstm_lab.evaluation.search import Trial
    from lstm_lab.evaluation.search_folds import Folds

    Array = NDArray[np.float64]

__all__ = ["marks_of_search"]

SHOWN: Final = 20
"""Trials that are drawn at most."""
_BASE: Final = Look("the options as given", "grey", "square")
_CLEAR: Final = Look("differs by more than chance", "orange")
_CHANCE: Final = Look("the difference may be chance", filled=False)


class RankedTrials(Protocol):
    """A search, as it is drawn."""

    @property
    def target(self) -> str:
        """The column that is forecast."""

    @property
    def folds(self) -> Folds:
        """Where the trials were judged."""

    @property
    def base(self) -> Trial:
        """The options as they were given."""

    @property
    def ranked(self) -> tuple[Trial, ...]:
        """The trials that were judged in all folds, the lowest error first."""

    @property
    def metric(self) -> str:
        """Name of the score."""

    @property
    def verdict(self) -> str:
        """A line with the winner, and what it is worth."""

    @property
    def mattered(self) -> str:
        """The options that mattered more than chance, in words."""

    def gap(self, trial: Trial, /) -> Difference:
        """Compare the errors of a trial with those of the options as given."""


def marks_of_search(search: RankedTrials) -> StudyMarks:
    """Return the error of the best trials in every fold, and how it differs from that of the options as given."""
    others = [trial for trial in search.ranked if trial is not search.base][:SHOWN]
    trials = [search.base, *others]
    values = np.array([[search.folds.mean([losses]) for losses in trial.losses] for trial in trials])
    folds = len(search.folds.folds)
    clear = [search.gap(trial).clear for trial in others]
    return StudyMarks(
        f"Search for {search.target}",
        (search.verdict, *([f"mattered: {search.mattered}"] if others else [])),
        names=("as given", *(f"trial {trial.number}" for trial in others)),
        looks=(_BASE, *(_CLEAR if each else _CHANCE for each in clear)),
        seeds=tuple(str(fold) for fold in range(1, folds + 1)),
        columns=(
            Column(search.metric, values, line=search.folds.mean(search.base.losses), scale=scale_for(values)),
            _changes(search, others, folds),
        ),
        reference="mean of the options as given",
        interval="two standard errors of a difference",
        remarks=("", *(_options(trial) for trial in others)),
        each="fold",
    )


def _changes(search: RankedTrials, others: Sequence[Trial], folds: int) -> Column:
    """Return how each trial's error differs from that of the options as given, in percent of it."""
    base = search.folds.mean(search.base.losses)
    percent = 100 / base if base else np.nan
    values = np.full((len(others) + 1, folds), np.nan)
    ends = np.full((len(others) + 1, 2), np.nan)
    for row, trial in enumerate(others, start=1):
        gap = search.gap(trial)
        values[row, 0] = percent * gap.mean
        ends[row] = [percent * (gap.mean + side * 2 * gap.error) for side in (-1, 1)]
    label = "difference from the options as given"
    return Column(label, values, ends, 0.0, form="change", scale=scale_of_changes(values))


def _options(trial: Trial) -> str:
    return ", ".join(f"{name}={short_text(value)}" for name, value in trial.options.items())
