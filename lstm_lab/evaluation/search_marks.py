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
_PRUNED: Final = Look("given up early, after fewer folds", "grey", "diamond", filled=False)


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
    def all_trials(self) -> tuple[Trial, ...]:
        """In the order of their numbers; number 0 is the options as they were given."""

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
    """Return the error of the best trials in every fold, and how it differs from that of the options as given.

    Trials that were given up early come last, with the folds that they were judged in.
    """
    pruned = [trial for trial in search.all_trials if trial.state == "pruned" and trial.losses]
    pruned.sort(key=lambda trial: search.gap(trial).mean)
    others = [trial for trial in (*search.ranked, *pruned) if trial is not search.base][:SHOWN]
    folds = len(search.folds.folds)
    values = np.full((len(others) + 1, folds), np.nan)
    for row, trial in enumerate((search.base, *others)):
        values[row, : len(trial.losses)] = [search.folds.mean([losses]) for losses in trial.losses]
    error = Column(search.metric, values, line=search.folds.mean(search.base.losses), scale=scale_for(values))
    return StudyMarks(
        f"Search for {search.target}",
        (search.verdict, *([f"mattered: {search.mattered}"] if others else [])),
        names=("as given", *(f"trial {trial.number}" for trial in others)),
        looks=(_BASE, *(_look(search, trial) for trial in others)),
        seeds=tuple(str(fold) for fold in range(1, folds + 1)),
        columns=(error, _changes(search, others, folds)) if others else (error,),
        reference="mean of the options as given",
        interval="two standard errors of a difference",
        remarks=("", *(_options(trial) for trial in others)),
        each="fold",
    )


def _look(search: RankedTrials, trial: Trial) -> Look:
    if trial.state == "pruned":
        return _PRUNED
    return _CLEAR if search.gap(trial).clear else _CHANCE


def _changes(search: RankedTrials, others: Sequence[Trial], folds: int) -> Column:
    """Return how each trial's error differs from that of the options as given in the same folds, in percent of it."""
    values = np.full((len(others) + 1, folds), np.nan)
    ends = np.full((len(others) + 1, 2), np.nan)
    for row, trial in enumerate(others, start=1):
        gap = search.gap(trial)
        base = search.folds.mean(search.base.losses[: len(trial.losses)])
        percent = 100 / base if base else np.nan
        values[row, 0] = percent * gap.mean
        ends[row] = [percent * (gap.mean + side * 2 * gap.error) for side in (-1, 1)]
    label = "difference from the options as given"
    return Column(label, values, ends, 0.0, form="change", scale=scale_of_changes(values))


def _options(trial: Trial) -> str:
    return ", ".join(f"{name}={short_text(value)}" for name, value in trial.options.items())
