"""Trials: several networks trained on the same first rows, and judged on the same later ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.data.encoding import Encoder
from lstm_lab.data.origins import Observed
from lstm_lab.data.recipe import settle
from lstm_lab.data.timeline import segments
from lstm_lab.data.windows import cut_rows
from lstm_lab.errors import DataError, OptionError, did_you_mean
from lstm_lab.options import CompareOptions, ForecastOptions, TrainOptions
from lstm_lab.prediction import ORIGINS, spread_out
from lstm_lab.studies.course import Course, Stage, no_calibration, season_of
from lstm_lab.studies.fitting import Fit
from lstm_lab.studies.judging import Past

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from lstm_lab.data.recipe import Recipe


__all__ = ["Settings", "Trial", "first_rows", "lay_out", "settled"]


@dataclass(frozen=True, eq=False)
class Settings:
    """The options of a study, sorted by what they belong to."""

    study: CompareOptions
    train: TrainOptions
    forecast: ForecastOptions

    @classmethod
    def of(cls, study: Mapping[str, Any], others: Mapping[str, Any]) -> Settings:
        """Sort keywords into options of training and of the forecast, and validate all.

        Raises
        ------
        OptionError
            An unknown name or a refused value; ``seed``, for a study takes several.
        """
        if "seed" in others:
            raise OptionError(f"a study trains with several seeds, got seed={others['seed']}; use seeds=[0, 1, 2]")
        names = {**TrainOptions.model_fields, **ForecastOptions.model_fields, **CompareOptions.model_fields}
        for name in others:
            if name not in TrainOptions.model_fields and name not in ForecastOptions.model_fields:
                raise OptionError(f"there is no option {name!r}; {did_you_mean(name, names)}")
        train = {name: value for name, value in others.items() if name in TrainOptions.model_fields}
        forecast = {name: value for name, value in others.items() if name in ForecastOptions.model_fields}
        return cls(CompareOptions.of(study), TrainOptions.of(train), ForecastOptions.of(forecast).resolved())


@dataclass(frozen=True, eq=False)
class Trial:
    """The rows to train on, and the course that follows."""

    frame: pd.DataFrame
    target: str
    cut: int
    """The first row that training never sees."""
    course: Course

    def fit(self, name: str, options: TrainOptions, seed: int, *, transformer: bool = False) -> Fit:
        """Make the task that trains one network and forecasts from the judged origins."""
        rows = self.course.past.rows
        settings = {**options.model_dump(), "target": self.target, "time": None, "missing": "error", "seed": seed}
        known = self.frame.iloc[: int(rows[-1]) + self.course.forecast.horizon]
        return Fit(name, known, self.cut, rows, settings, self.course.forecast, transformer=transformer)


def lay_out(frame: pd.DataFrame, target: str, settings: Settings, variants: Sequence[TrainOptions]) -> Trial:
    """Choose origins that every variant can forecast from, in the newest rows.

    Raises
    ------
    DataError
        No origin has its whole horizon there.
    """
    horizon = settings.forecast.horizon
    cut = first_rows(frame, settings)
    seen = [_observed(frame, target, cut, variant) for variant in variants]
    rows = _common([one.possible(cut, len(frame), horizon) for one in seen])
    if len(rows) == 0:
        raise DataError(
            f"judging needs {horizon} known steps after an origin in the newest {len(frame) - cut} rows, got none;"
            " shorten the horizon or raise test="
        )
    judged, _ = spread_out(rows, settings.study.origins, horizon)
    first = cut_rows(cut, validation=settings.train.validation, calibration=settings.train.calibration)
    calibrating, overlap = spread_out(seen[0].possible(first.calibration, cut, horizon), ORIGINS, horizon)
    stages: tuple[Stage, ...] = (Stage(slice(0, len(judged)), calibrating, overlap),)
    problem = no_calibration(stages, settings.forecast)
    if problem is not None:
        stages = tuple(replace(stage, calibrating=stage.calibrating[:0]) for stage in stages)
    course = Course(
        forecast=settings.forecast,
        observed=seen[0],
        earlier=seen[0],
        past=Past.of(frame[target], judged, horizon, settings.forecast.interval),
        stages=stages,
        season=season_of(frame[target].iloc[first.train_rows]),
        problem=problem,
        renew=settings.study.renew,
    )
    return Trial(frame, target, cut, course)


def _observed(frame: pd.DataFrame, target: str, cut: int, options: TrainOptions) -> Observed:
    """See the frame as a network would that was trained on the rows before `cut`."""
    known = frame.iloc[:cut]
    rows = cut_rows(cut, validation=options.validation, calibration=options.calibration).train_rows
    recipe = settled(frame, target, cut, options)
    stretches = segments(known.index, options.max_gap)
    encoder = Encoder.fit(known, target, recipe.transform, recipe.features, rows, stretches)
    return Observed.of(frame, encoder, options.lookback, options.max_gap)


def _common(several: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    rows = several[0]
    for others in several[1:]:
        rows = np.intersect1d(rows, others)
    return rows


def first_rows(frame: pd.DataFrame, settings: Settings) -> int:
    """Count the rows before those that are judged."""
    return len(frame) - round(settings.study.test * len(frame))


def settled(frame: pd.DataFrame, target: str, cut: int, options: TrainOptions) -> Recipe:
    """Give the transform and features that training on the rows before `cut` would use."""
    rows = cut_rows(cut, validation=options.validation, calibration=options.calibration).train_rows
    return settle(options.transform, options.features, frame[target].iloc[rows])
