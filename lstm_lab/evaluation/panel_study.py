"""Studies of many series: several networks trained on the older rows of each, judged on the same newest rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import numpy as np
import pandas as pd

from lstm_lab.data.encoding.panel_ids import series_of
from lstm_lab.data.preparation import AS_LOADED, prepare_rows
from lstm_lab.errors import DataError, ForecastError, OptionError
from lstm_lab.evaluation.holdout import older_rows
from lstm_lab.evaluation.panel_backtest import PanelBacktest, PanelOutcome, seasonal_scales
from lstm_lab.evaluation.panel_task import PanelTask
from lstm_lab.evaluation.scoring import difference_by_series
from lstm_lab.execution.parallel import task_runner
from lstm_lab.forecasting.floor import refuse_floor_above
from lstm_lab.formatting import span
from lstm_lab.results import Result

if TYPE_CHECKING:
    import threading
    from collections.abc import Hashable, Mapping, Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from lstm_lab.evaluation.experiments import ModelKey, StudySettings
    from lstm_lab.evaluation.panel_task import PanelTaskResult
    from lstm_lab.evaluation.scoring import Difference
    from lstm_lab.evaluation.task_checkpoint import TaskCheckpoint
    from lstm_lab.events import ProgressListener
    from lstm_lab.options import TrainOptions

    Array = NDArray[np.float64]

__all__ = ["BASELINES", "PanelStudy", "PanelStudyResult", "described", "judged_models"]

BASELINES: Final = ("naive", "seasonal_naive")
"""Baselines of many series, in the order in which a task gives them."""


@dataclass(frozen=True, eq=False)
class PanelStudy:
    """The rows that every network of a study trains on, and how all are judged."""

    frame: pd.DataFrame
    target: str
    older: NDArray[np.bool_]
    """(rows,) rows that training may see."""
    settings: StudySettings[Any]

    @classmethod
    def of(cls, frame: pd.DataFrame, target: str, settings: StudySettings[Any]) -> Self:
        """Cut the newest share of every series off.

        Raises
        ------
        LabError
            No series has rows enough to be judged, or an option that means something for one series alone.
        """
        for name in ("renew", "adapt"):
            if name in settings.study.model_fields_set:
                raise OptionError(
                    f"{name}= says how a band follows one series, got {name}={getattr(settings.study, name)} with many;"
                    " leave it out"
                )
        refuse_floor_above(float(frame[target].min()), target, settings.forecast.floor)
        return cls(frame, target, older_rows(frame.index, settings.study, settings.forecast.horizon), settings)

    def task(
        self,
        name: str,
        options: TrainOptions,
        seed: int,
        *,
        transformer: bool = False,
        uncalibrated: bool = False,
    ) -> PanelTask:
        """Return the task that trains one network and forecasts with it from the judged origins."""
        study = self.settings.study
        return PanelTask(
            f"{name} with seed {seed}",
            self.frame,
            self.older,
            {**options.model_dump(), "target": self.target, **AS_LOADED, "seed": seed},
            self.settings.forecast,
            study.origins if "origins" in study.model_fields_set else None,
            transformer=transformer,
            uncalibrated=uncalibrated,
        )

    def run(  # noqa: PLR0917 - what is done, then where, then who hears of it
        self,
        tasks: Mapping[ModelKey, PanelTask],
        work: str,
        label: str,
        executor: Executor | None = None,
        listener: ProgressListener | None = None,
        stop: threading.Event | None = None,
    ) -> tuple[dict[ModelKey, PanelTaskResult], dict[str, str]]:
        """Run the tasks, and return the results of the complete ones with a description of how they were made.

        Raises
        ------
        ForecastError
            Stopped before anything was complete.
        """
        study = self.settings.study
        store: TaskCheckpoint | None = None
        if study.checkpoint is not None:
            rows = prepare_rows(self.frame, self.target, self.settings.train).dataset
            store = self.settings.checkpoint(work, rows)
        with task_runner(executor, study.workers, study.cluster) as pool:
            outcome = pool.run(list(tasks.values()), label=label, listener=listener, stop=stop, store=store)
        results = {key: outcome.results[number] for number, key in enumerate(tasks) if number in outcome.results}
        if not results:
            raise ForecastError("stopped before any model was judged; let it run longer, or ask for fewer")
        told = dict(outcome.described)
        if outcome.stopped:
            told["stopped"] = f"with {len(results)} of {len(tasks)} networks judged"
        return results, told


@dataclass(frozen=True, eq=False, repr=False)
class PanelStudyResult(Result):
    """Forecasts, scores and costs of all models of a study of many series."""

    models: Mapping[ModelKey, PanelBacktest]
    """By name and seed: the forecasts from the origins that all models share."""
    fitted: Mapping[ModelKey, PanelTaskResult]
    """By name and seed, for networks: what they are and what they cost."""
    target: str
    interval: float
    details: Mapping[str, str]
    """How the study was made, in words."""

    called: ClassVar[str] = "model"
    """Name of the index level that holds the models' names."""
    error: ClassVar[str] = "mase"
    measures: ClassVar[tuple[str, ...]] = ("mase", "scrps", "coverage", "width")

    @property
    def ids(self) -> tuple[Hashable, ...]:
        """Ids of the panel; those without a judged origin have no error."""
        return next(iter(self.models.values())).ids

    @cached_property
    def scores(self) -> pd.DataFrame:
        """A row for each name and seed: all scores.

        ``mase``, ``scrps`` and ``width`` are in units of each series' mean absolute change over a season of the older
        rows, each the mean over series; ``nd`` the sum of absolute errors over that of values.
        """
        frame = pd.DataFrame.from_dict({key: self._scored(key) for key in self.models}, orient="index")
        frame.index = pd.MultiIndex.from_tuples(list(self.models), names=[self.called, "seed"])
        return frame

    def _scored(self, key: ModelKey) -> dict[str, float]:
        judged = self.models[key]
        point = judged.outcome.points[judged.network]
        size = float(np.abs(judged.outcome.actual).sum())
        scores = {
            "mase": float(np.nanmean(judged.errors[judged.network])),
            "nd": float(np.abs(point - judged.outcome.actual).sum()) / size if size else float("nan"),
        }
        if np.isnan(judged.outcome.lower).any():  # a baseline has no band
            return scores | dict.fromkeys(("scrps", "coverage", "coverage_low", "coverage_high", "width"), float("nan"))
        coverage = judged.coverage
        widths = judged.by_series((judged.outcome.upper - judged.outcome.lower).mean(axis=1)) / judged.scales
        return scores | {
            "scrps": float(np.nanmean(judged.by_series(judged.outcome.crps) / judged.scales)),
            "coverage": coverage.share,
            "coverage_low": coverage.low,
            "coverage_high": coverage.high,
            "width": float(np.nanmean(widths)),
        }

    def gap(self, name: str, other: str) -> Difference:
        """Compare scaled errors, `name` minus `other`, series by series, averaged over the seeds that both have."""
        both = self._seeds(name) & self._seeds(other)
        return difference_by_series(self._errors(name, both), self._errors(other, both))

    def _seeds(self, name: str) -> set[int]:
        return {seed for fitted_name, seed in self.fitted if fitted_name == name}

    def _errors(self, name: str, seeds: set[int]) -> Array:
        """Average scaled errors over the given seeds, or over all where none are given: (series,)."""
        of_name = {
            seed: judged.errors[judged.network] for (other, seed), judged in self.models.items() if other == name
        }
        return np.asarray(np.mean([of_name[seed] for seed in seeds or of_name], axis=0))

    @cached_property
    def by_id(self) -> pd.DataFrame:
        """A row an id: the scaled error of every model, averaged over the seeds."""
        names = dict.fromkeys(name for name, _ in self.models)
        errors = {name: self._errors(name, set()) for name in names}
        return pd.DataFrame(errors, index=pd.Index(self.ids, name="id", tupleize_cols=False)).dropna(how="all")

    @property
    def clusters(self) -> str:
        """Count the series that errors are compared by, in words."""
        return f"{len(self.by_id):,} series"

    def band(self, name: str | None = None) -> str:
        """Describe what the bands are, of one name or of all."""
        kinds = {judged.kind for (other, _), judged in self.models.items() if judged.kind and name in {None, other}}
        interval = f"{self.interval:g} %"
        return " or ".join(f"calibrated {interval}" if kind == "calibrated" else kind for kind in sorted(kinds))


def judged_models(
    study: PanelStudy, results: Mapping[ModelKey, PanelTaskResult], baselines: Sequence[str] = ()
) -> dict[ModelKey, PanelBacktest]:
    """Cut the forecasts of all networks to the origins that they share, and add those of baselines.

    Raises
    ------
    DataError
        They share none.
    """
    rows = reduce(np.intersect1d, [result.rows for result in results.values()])
    horizon = study.settings.forecast.horizon
    if len(rows) == 0:
        raise DataError(
            f"a study needs origins that every network can forecast {horizon} steps from, got none in the newest rows;"
            " lower lookback, shorten the horizon or raise test="
        )
    first = next(iter(results.values()))
    build = _Origins.of(study, rows, first)
    seed = next(iter(results))[1]
    models: dict[ModelKey, PanelBacktest] = {}
    for name, points in zip(BASELINES, first.naive, strict=False):
        if name in baselines:
            models[name, seed] = build.of_baseline(name, points[np.searchsorted(first.rows, rows)])
    return models | {key: build.of_network(key[0], result) for key, result in results.items()}


@dataclass(frozen=True, eq=False)
class _Origins:
    """The judged origins of a study, and what all of its models are judged by."""

    rows: NDArray[np.int64]
    ids: tuple[Hashable, ...]
    series: NDArray[np.int64]
    times: pd.Index
    actual: Array
    scales: Array
    overlap: int
    target: str
    interval: float

    @classmethod
    def of(cls, study: PanelStudy, rows: NDArray[np.int64], like: PanelTaskResult) -> Self:
        """Look up the series, times and outcomes of origins, by the rows of their first step."""
        ids, borders = series_of(study.frame.index)
        each = np.repeat(np.arange(len(ids)), np.diff(borders))
        target = study.frame[study.target].to_numpy(np.float64)
        return cls(
            rows=rows,
            ids=ids,
            series=each[rows],
            times=study.frame.index.get_level_values(-1)[rows],
            actual=target[rows[:, None] + np.arange(like.point.shape[1])],
            scales=seasonal_scales(target, study.older, each, like.season, len(ids)),
            overlap=like.overlap,
            target=study.target,
            interval=study.settings.forecast.interval,
        )

    def of_network(self, name: str, result: PanelTaskResult) -> PanelBacktest:
        """Judge a network."""
        at = np.searchsorted(result.rows, self.rows)
        return self._judged(name, result.point[at], result.lower[at], result.upper[at], result.crps[at], result.kind)

    def of_baseline(self, name: str, points: Array) -> PanelBacktest:
        """Judge a baseline, which has no band."""
        nothing = np.full(points.shape, np.nan)
        return self._judged(name, points, nothing, nothing, nothing[:, 0], "")

    def _judged(  # noqa: PLR0917 - a forecast and its band
        self, name: str, point: Array, lower: Array, upper: Array, crps: Array, kind: str
    ) -> PanelBacktest:
        outcome = PanelOutcome(self.series, self.times, self.actual, {name: point}, lower, upper, crps)
        facts = (self.ids, outcome, self.scales, self.overlap, self.target, self.interval)
        return PanelBacktest(*facts, kind, {})


def described(models: Mapping[ModelKey, PanelBacktest], fitted: PanelTaskResult) -> dict[str, str]:
    """Describe the rows and the origins of a study, and what one of its networks was trained on."""
    judged = next(iter(models.values()))
    counts = np.bincount(judged.outcome.series)
    counts = counts[counts > 0]
    many = f"{counts.min()} to {counts.max()}" if counts.min() < counts.max() else f"{counts.max()}"
    times = span(judged.outcome.times.sort_values())
    total = len(judged.ids)
    left = f"; {total - fitted.trained_ids:,} of {total:,} have too few" if fitted.trained_ids < total else ""
    return {
        "trained on": f"{fitted.trained_rows:,} rows of {fitted.trained_ids:,} ids, the older ones of each{left}",
        "judged at": f"{len(counts):,} series, {many} origins each, {times}, {judged.horizon} steps each",
        "errors": "in mean seasonal changes of each series (MASE); a difference is told by series",
    }
