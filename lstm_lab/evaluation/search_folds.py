"""Folds of a search: every network is trained on a growing first part of the rows and judged on the rows after it.

All folds lie before the test rows. What a training loses is told for each cluster: an origin, or of many series a
series, so that two trials are compared origin by origin, or series by series.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import pandas as pd

from lstm_lab.data.encoding.panel_ids import series_of
from lstm_lab.errors import DataError
from lstm_lab.evaluation.experiments import plan_study
from lstm_lab.evaluation.forecast_sets import ModelResults
from lstm_lab.evaluation.panel_study import PanelStudy, judged_models
from lstm_lab.evaluation.scoring import Difference, difference, difference_by_series
from lstm_lab.evaluation.trial_task import TrialTask
from lstm_lab.formatting import span
from lstm_lab.options import InputOptions
from lstm_lab.options.search_space import Choices, Range

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from lstm_lab.evaluation.experiments import ModelKey, StudyPlan, StudySettings
    from lstm_lab.evaluation.forecast_sets import Job
    from lstm_lab.evaluation.panel_task import PanelTaskResult
    from lstm_lab.evaluation.refit import TrainingResult
    from lstm_lab.options import Space, TrainOptions, TuneOptions

    Array = NDArray[np.float64]

__all__ = ["Fold", "Folds"]

JUDGED: Final = 0.3
"""Newest share of the search's rows that its folds are judged on, a part each."""


class Fold(Protocol):
    """A cut of the rows."""

    @property
    def first_rows(self) -> int:
        """Rows before the cut."""
        ...

    def task(self, name: str, options: TrainOptions, seed: int) -> TrialTask:
        """Return the task that trains on the rows before the cut and forecasts from those after it."""
        ...

    def losses(self, result: Any) -> Array:
        """Return the mean loss of every cluster, NaN where it has none: (clusters,)."""
        ...


@dataclass(frozen=True, eq=False)
class _SeriesFold:
    """A cut of one series; its clusters are its origins."""

    plan: StudyPlan
    job: Job[ModelKey]
    """Which origins every training is judged at."""
    metric: str

    @property
    def first_rows(self) -> int:
        """Rows before the cut."""
        return self.plan.cut

    def task(self, name: str, options: TrainOptions, seed: int) -> TrialTask:
        """Return the task of a training."""
        return TrialTask(f"{name} with seed {seed}", self.plan.training(name, options, seed))

    def losses(self, result: TrainingResult) -> Array:
        """Average over the steps of every origin."""
        collected = ModelResults(self.plan.protocol)
        collected.take(self.job, result)
        evaluated = self.plan.protocol.evaluated
        every = np.ones(len(evaluated.rows), dtype=np.bool_)
        combine = self.plan.protocol.forecast.combines
        forecasts = collected.forecasts("", evaluated, every, result.uncalibrated, combine=combine)
        by_step = forecasts.errors if self.metric == "mae" else forecasts.crps
        return np.asarray(by_step.mean(axis=1))


@dataclass(frozen=True, eq=False)
class _PanelFold:
    """A cut of every series, each by its own time; its clusters are the series."""

    study: PanelStudy
    ids: tuple[Hashable, ...]
    """Of all rows of the search."""
    metric: str

    @property
    def first_rows(self) -> int:
        """Rows before the cuts."""
        return int(self.study.older.sum())

    def task(self, name: str, options: TrainOptions, seed: int) -> TrialTask:
        """Return the task of a training."""
        return TrialTask(f"{name} with seed {seed}", self.study.task(name, options, seed))

    def losses(self, result: PanelTaskResult) -> Array:
        """Average over the origins of every series, in units of its own mean changes."""
        judged = next(iter(judged_models(self.study, {("", 0): result}).values()))
        if self.metric == "mae":
            values = judged.errors[judged.network]
        else:
            values = judged.by_series(judged.outcome.crps) / judged.scales
        by_id = dict(zip(judged.ids, values, strict=True))
        return np.array([by_id.get(name, np.nan) for name in self.ids])


@dataclass(frozen=True, eq=False)
class Folds:
    """All cuts of a search, from the oldest to the newest, and how losses at them are compared."""

    folds: tuple[Fold, ...]
    overlap: int
    """Following origins whose horizon still touches an origin's."""
    ids: tuple[Hashable, ...] | None
    """Of many series; None for one."""
    judged: str
    """Where they are judged, in words."""

    @classmethod
    def of(cls, frame: pd.DataFrame, target: str, settings: StudySettings[TuneOptions], space: Space) -> Folds:
        """Cut the rows of a search, which are those before the test rows.

        Raises
        ------
        DataError
            A fold has no origin.
        """
        study = settings.study
        shares = JUDGED * np.arange(study.folds, -1, -1) / study.folds
        borders = [_first(frame.index, share) for share in shares]
        _check_fold(frame.index, borders, settings)
        return cls._cut(frame, target, settings, space, borders)

    @classmethod
    def of_test(
        cls,
        frame: pd.DataFrame,
        older: NDArray[np.bool_],
        target: str,
        settings: StudySettings[TuneOptions],
        space: Space,
    ) -> Folds:
        """Cut all rows once, before the test rows."""
        return cls._cut(frame, target, settings, space, [older, np.ones(len(frame), dtype=np.bool_)])

    @classmethod
    def _cut(
        cls,
        frame: pd.DataFrame,
        target: str,
        settings: StudySettings[TuneOptions],
        space: Space,
        borders: Sequence[NDArray[np.bool_]],
    ) -> Folds:
        """Cut at borders, each the rows before it."""
        pairs = list(pairwise(borders))
        metric = settings.study.metric
        if isinstance(frame.index, pd.MultiIndex):
            ids, _ = series_of(frame.index)
            studies = [PanelStudy(frame[end], target, begin[end], settings) for begin, end in pairs]
            judged = f"{len(ids):,} series, errors in mean seasonal changes of each (MASE)"
            return cls(tuple(_PanelFold(each, ids, metric) for each in studies), 0, ids, judged)
        variants = _variants(settings.train, space)
        plans = [_plan(frame[end], target, settings, variants, int(begin.sum())) for begin, end in pairs]
        folds = tuple(_SeriesFold(plan, plan.job("", settings.train, 0), metric) for plan in plans)
        evaluated = [plan.protocol.evaluated for plan in plans]
        origins = evaluated[0].origins.append([each.origins for each in evaluated[1:]])
        steps = settings.forecast.horizon
        judged = f"{len(origins)} origins from {span(origins)}, {steps} step{'s' * (steps > 1)} each"
        return cls(folds, max(each.overlap for each in evaluated), None, judged)

    @property
    def clusters(self) -> str:
        """Name what losses are compared by."""
        return "origins" if self.ids is None else "series"

    @property
    def error(self) -> str:
        """Name the mean absolute error in the unit of the losses."""
        return "MAE" if self.ids is None else "MASE"

    def mean(self, losses: Sequence[Array]) -> float:
        """Average losses, by fold (seeds, clusters), over all of them."""
        return float(np.nanmean(self._joined(losses)))

    def compare(self, losses: Sequence[Array], others: Sequence[Array]) -> Difference:
        """Compare two trials at the folds that both were judged at, the first minus the second."""
        count = min(len(losses), len(others))
        first, second = self._joined(losses[:count]), self._joined(others[:count])
        if self.ids is None:
            return difference(first[:, None], second[:, None], self.overlap)
        return difference_by_series(first, second)

    def _joined(self, losses: Sequence[Array]) -> Array:
        """Average over seeds, and join the origins of all folds; of many series, average the folds of each."""
        by_fold = [each.mean(axis=0) for each in losses]
        return np.concatenate(by_fold) if self.ids is None else _present_mean(np.stack(by_fold))


def _present_mean(values: Array) -> Array:
    """Average over the first axis what is no NaN; NaN where nothing else is."""
    present = np.isfinite(values)
    counts = present.sum(axis=0)
    sums = np.where(present, values, 0.0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _first(index: pd.Index, share: float) -> NDArray[np.bool_]:
    """Mark the rows of each series before its newest share."""
    _, borders = series_of(index)
    counts = np.diff(borders)
    cuts = counts - np.round(share * counts).astype(np.int64)
    return np.asarray(np.arange(len(index)) - np.repeat(borders[:-1], counts) < np.repeat(cuts, counts))


def _check_fold(index: pd.Index, borders: Sequence[NDArray[np.bool_]], settings: StudySettings[TuneOptions]) -> None:
    """Refuse folds that are shorter than a forecast."""
    _, starts = series_of(index)
    horizon, folds = settings.forecast.horizon, settings.study.folds
    for begin, end in pairwise(borders):
        longest = int(np.add.reduceat(end & ~begin, starts[:-1]).max())
        if longest < horizon:
            raise DataError(
                f"a fold of a search needs {horizon} known steps after an origin, got {longest} rows with {folds} of"
                " them; shorten the horizon, or lower folds= or test="
            )


def _plan(
    frame: pd.DataFrame, target: str, settings: StudySettings[TuneOptions], variants: Sequence[TrainOptions], cut: int
) -> StudyPlan:
    """Plan the study of one fold: the rows from `cut` on are judged."""
    share = (len(frame) - cut) / len(frame)
    study = settings.study.model_copy(update={"test": share})
    try:
        return plan_study(frame, target, replace(settings, study=study), variants)
    except DataError as refused:
        raise DataError(str(refused).replace("raise test=", "lower folds=")) from None


def _variants(base: TrainOptions, space: Space) -> list[TrainOptions]:
    """List options whose origins all trials have: the base, and each choice of inputs with the longest lookback."""
    lookback = space.dimensions.get("lookback")
    longest = base.lookback
    if isinstance(lookback, Range):
        longest = max(longest, int(lookback.high))
    elif lookback is not None:
        longest = max(longest, *lookback.members)
    longest_base = base.model_copy(update={"lookback": longest})
    return [
        longest_base,
        *(
            longest_base.model_copy(update={name: value})
            for name, dimension in space.dimensions.items()
            if name in InputOptions.model_fields and isinstance(dimension, Choices)
            for value in dimension.members
            if name != "lookback"
        ),
    ]
