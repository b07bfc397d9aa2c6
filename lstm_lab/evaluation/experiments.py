"""Trials: several networks trained on the same first rows with the same seeds, and judged on the same later rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import pandas as pd

from lstm_lab.data.auto import season_of, settle
from lstm_lab.data.dataset import Dataset
from lstm_lab.data.preparation import AS_LOADED, prepare_rows
from lstm_lab.data.windows import cut_rows
from lstm_lab.errors import DataError, ForecastError, OptionError
from lstm_lab.evaluation.forecast_sets import Course, Job, Stage, gather, no_calibration
from lstm_lab.evaluation.refit import Fit
from lstm_lab.evaluation.scoring import Past, difference, score
from lstm_lab.evaluation.tables import origins_text
from lstm_lab.forecasting.predictor import ORIGINS, spread_out
from lstm_lab.formatting import span
from lstm_lab.options import ForecastOptions, HoldoutOptions, TrainOptions, TrialOptions, shared_out
from lstm_lab.results import Still

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lstm_lab.data.auto import Recipe
    from lstm_lab.evaluation.refit import Fitted
    from lstm_lab.evaluation.scoring import Difference, Forecasts
    from lstm_lab.parallel import Outcome

__all__ = ["Judged", "Settings", "Trial", "first_rows", "lay_out", "settled"]

Study = TypeVar("Study", bound=TrialOptions)


@dataclass(frozen=True, eq=False)
class Settings(Generic[Study]):
    """The options of a study, sorted by what they belong to."""

    study: Study
    train: TrainOptions
    forecast: ForecastOptions

    @classmethod
    def of(cls, model: type[Study], options: Mapping[str, Any]) -> Settings[Study]:
        """Sort keywords into options of the study, of training and of the forecast, and validate all.

        Raises
        ------
        OptionError
            An unknown name or a refused value; ``seed``, for a study takes several.
        """
        if "seed" in options:
            raise OptionError(f"a study trains with several seeds, got seed={options['seed']}; use seeds=[0, 1, 2]")
        study, train, forecast = shared_out(options, model, TrainOptions, ForecastOptions)
        chosen = ForecastOptions.of(forecast).resolved()
        if chosen.combine == "auto":  # mixed with the same naive forecasts, networks would all look alike
            chosen = chosen.model_copy(update={"combine": False})
        return cls(model.of(study), TrainOptions.of(train), chosen)


@dataclass(frozen=True, eq=False)
class Trial:
    """The rows to train on, and the course that follows."""

    frame: pd.DataFrame
    target: str
    cut: int
    """The first row that training never sees."""
    course: Course

    def job(self, name: str, options: TrainOptions, seed: int, *, transformer: bool = False) -> Job:
        """Plan to train one network and to forecast with it from the judged origins."""
        rows = self.course.past.rows
        settings = {**options.model_dump(), "target": self.target, **AS_LOADED, "seed": seed}
        known = self.frame.iloc[: int(rows[-1]) + self.course.forecast.horizon]
        task = Fit(
            f"{name} with seed {seed}",
            known,
            self.cut,
            rows,
            settings,
            self.course.forecast,
            transformer=transformer,
        )
        return Job(model_name(name, seed), 0, judged=True, part=slice(0, len(rows)), task=task)


def model_name(name: str, seed: int) -> str:
    """Name a model in one word, to be taken apart by `_key`."""
    return f"{name}:{seed}"


def _key(model: str) -> tuple[str, int]:
    name, _, seed = model.rpartition(":")
    return name, int(seed)


@dataclass(frozen=True, eq=False, repr=False)
class Judged(Still):
    """What all models of a study forecast, and what they cost."""

    past: Past
    """The series and the judged origins."""
    forecasts: Mapping[tuple[str, int], Forecasts]
    """By name and seed; a baseline has the first seed alone, for its point forecast has no chance in it."""
    fitted: Mapping[tuple[str, int], Fitted]
    """By name and seed, for networks: how training ended and what it cost."""
    details: Mapping[str, str]
    """How it was done, in words."""

    called: ClassVar[str] = "model"
    """What the names are names of."""

    @classmethod
    def of(cls, trial: Trial, jobs: Sequence[Job], outcome: Outcome) -> Self:
        """Put together what is complete.

        Raises
        ------
        ForecastError
            Stopped before anything was.
        """
        done = {_key(name): one for name, one in gather(trial.course, jobs, outcome).items() if one.reached.all()}
        if not done:
            raise ForecastError("stopped before any model was judged; let it run longer, or ask for fewer")
        past = trial.course.past
        every = np.ones(len(past.rows), dtype=np.bool_)
        fitted = {key: one.fitted[0] for key, one in done.items() if one.fitted}
        kinds = {key: one.uncalibrated for key, one in fitted.items()}
        combine = trial.course.forecast.combines
        forecasts = {
            key: one.forecasts(past, every, kinds.get(key, "predictive"), combine=combine and key in fitted)
            for key, one in done.items()
        }
        details = {
            "trained on": f"{trial.cut:,} rows, {span(trial.frame.index[: trial.cut])}",
            "judged at": origins_text(past),
            **trial.course.described(),
        }
        if combine:
            details["median"] = "every network's leans on the naive forecasts (combine), so networks look more alike"
        if outcome.stopped:
            details["stopped"] = f"with {len(done)} of {len({job.model for job in jobs})} models judged"
        return cls(past, forecasts, fitted, details)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """A row for each name and seed: all scores."""
        frame = pd.DataFrame.from_dict({key: self._scored(key) for key in self.forecasts}, orient="index")
        frame.index = pd.MultiIndex.from_tuples(list(self.forecasts), names=[self.called, "seed"])
        return frame

    def _scored(self, key: tuple[str, int]) -> dict[str, float]:
        return score(self.forecasts[key])

    def mae(self, name: str) -> float:
        """Give the mean absolute error, averaged over the seeds."""
        return float(self.scores.xs(name, level=0)["mae"].mean())

    def gap(self, name: str, other: str) -> Difference:
        """Compare absolute errors, `name` minus `other`, origin by origin, averaged over the seeds that both have."""
        both = self._seeds(name) & self._seeds(other)
        return difference(self._errors(name, both), self._errors(other, both), self.past.overlap)

    def _seeds(self, name: str) -> set[int]:
        return {seed for one, seed in self.fitted if one == name}

    def _errors(self, name: str, seeds: set[int]) -> NDArray[np.float64]:
        """Average absolute errors over some seeds, or over all if there are none in particular: (origins, horizon)."""
        of_name = {seed: one.errors for (called, seed), one in self.forecasts.items() if called == name}
        return np.asarray(np.mean([of_name[seed] for seed in seeds or of_name], axis=0))

    def band(self, name: str | None = None) -> str:
        """Say what the bands are, of one name or of all, where several kinds are possible."""
        kinds = {one.kind for (called, _), one in self.forecasts.items() if name in {None, called}}
        interval = f"{self.past.interval:g} %"
        return " or ".join(f"calibrated {interval}" if kind == "calibrated" else kind for kind in sorted(kinds))


def lay_out(frame: pd.DataFrame, target: str, settings: Settings[Any], variants: Sequence[TrainOptions]) -> Trial:
    """Choose origins that every variant can forecast from, in the newest rows.

    Raises
    ------
    DataError
        No origin has its whole horizon there.
    """
    horizon = settings.forecast.horizon
    cut = first_rows(frame, settings.study)
    seen = [_dataset(frame, target, cut, variant) for variant in variants]
    rows = _common([one.possible(cut, len(frame), horizon) for one in seen])
    if len(rows) == 0:
        lookback, newest = settings.train.lookback, len(frame) - cut
        raise DataError(
            f"an origin has {lookback} rows before it and {horizon} known steps after, without a gap, got none in the"
            f" newest {newest} rows; lower lookback, shorten the horizon or raise test="
        )
    judged, _ = spread_out(rows, settings.study.origins, horizon)
    first = cut_rows(cut, validation=settings.train.validation, calibration=settings.train.calibration)
    calibrating, overlap = spread_out(seen[0].possible(first.calibration, cut, horizon), ORIGINS, horizon)
    stages: tuple[Stage, ...] = (Stage(slice(0, len(judged)), calibrating, overlap),)
    problem = no_calibration(stages, settings.forecast)
    if problem is not None and not settings.forecast.combines:
        stages = tuple(replace(stage, calibrating=stage.calibrating[:0]) for stage in stages)
    course = Course(
        forecast=settings.forecast,
        dataset=seen[0],
        earlier=seen[0],
        past=Past.of(frame[target], judged, horizon, settings.forecast.interval),
        stages=stages,
        season=season_of(frame[target].iloc[first.train_rows]),
        problem=problem,
        renew=settings.study.renew,
        adapt=settings.study.adapt,
    )
    return Trial(frame, target, cut, course)


def _dataset(frame: pd.DataFrame, target: str, cut: int, options: TrainOptions) -> Dataset:
    """See the frame as a network would that was trained on the rows before `cut`."""
    encoder = prepare_rows(frame.iloc[:cut], target, options).dataset.encoder
    return Dataset.of(frame, encoder, options.lookback, options.max_gap)


def _common(several: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    rows = several[0]
    for others in several[1:]:
        rows = np.intersect1d(rows, others)
    return rows


def first_rows(frame: pd.DataFrame, options: HoldoutOptions) -> int:
    """Count the rows before those that are judged."""
    return len(frame) - round(options.test * len(frame))


def settled(frame: pd.DataFrame, target: str, cut: int, options: TrainOptions) -> Recipe:
    """Give the transform and features that training on the rows before `cut` would use."""
    rows = cut_rows(cut, validation=options.validation, calibration=options.calibration).train_rows
    return settle(options.transform, options.features, frame[target].iloc[rows])
