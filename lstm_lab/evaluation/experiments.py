"""Studies: several networks trained on the same first rows with the same seeds, and judged on the same later rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeAlias, TypeVar

import numpy as np
import pandas as pd

from lstm_lab.data.dataset import Dataset
from lstm_lab.data.encoding.auto import choose_inputs, season_of
from lstm_lab.data.preparation import AS_LOADED, prepare_rows
from lstm_lab.data.windows.cuts import cut_rows
from lstm_lab.errors import DataError, ForecastError, OptionError
from lstm_lab.evaluation.evaluation_set import EvaluationSet
from lstm_lab.evaluation.forecast_sets import EvaluationProtocol, Job, Stage, collect_results, no_calibration
from lstm_lab.evaluation.refit import TrainingTask
from lstm_lab.evaluation.scoring import difference, score
from lstm_lab.evaluation.tables import origins_text
from lstm_lab.evaluation.task_checkpoint import TaskCheckpoint
from lstm_lab.forecasting.arguments import ORIGINS, evenly_spaced
from lstm_lab.forecasting.floor import refuse_floor_above
from lstm_lab.formatting import span
from lstm_lab.options import ForecastOptions, HoldoutOptions, TrainOptions, TrialOptions, shared_out
from lstm_lab.results import Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lstm_lab.data.encoding.auto import InputChoice
    from lstm_lab.evaluation.refit import TrainingResult
    from lstm_lab.evaluation.scoring import Difference, Forecasts
    from lstm_lab.execution.parallel import Outcome

__all__ = [
    "ModelKey",
    "StudyPlan",
    "StudyResult",
    "StudySettings",
    "choose_inputs_before",
    "first_rows",
    "fits",
    "plan_study",
]

Study = TypeVar("Study", bound=TrialOptions)
ModelKey: TypeAlias = tuple[str, int]
"""A name and a seed."""


@dataclass(frozen=True, eq=False)
class StudySettings(Generic[Study]):
    """The options of a study, of its trainings and of its forecasts."""

    study: Study
    train: TrainOptions
    forecast: ForecastOptions

    @classmethod
    def of(cls, model: type[Study], options: Mapping[str, Any]) -> StudySettings[Study]:
        """Split keywords into options of the study, of training and of the forecast, and validate them.

        Raises
        ------
        OptionError
            An unknown name or a refused value; ``seed``, for a study takes several; seconds between checkpoints.
        """
        if "seed" in options:
            raise OptionError(f"a study trains with several seeds, got seed={options['seed']}; use seeds=[0, 1, 2]")
        if "checkpoint_seconds" in options:
            raise OptionError(
                f"a study is written after every task, got checkpoint_seconds={options['checkpoint_seconds']!r}; leave"
                " checkpoint_seconds= out"
            )
        study, train, forecast = shared_out(options, model, TrainOptions, ForecastOptions)
        chosen = ForecastOptions.of(forecast).resolved()
        if chosen.combine == "auto":  # mixed with the same naive forecasts, networks would all look alike
            chosen = chosen.model_copy(update={"combine": False})
        train.pop("checkpoint", None)  # the folder is the study's: its trainings are told apart by their tasks
        return cls(model.of(study), TrainOptions.of(train), chosen)

    def checkpoint(
        self, work: str, dataset: Dataset, libraries: Mapping[str, str] = MappingProxyType({})
    ) -> TaskCheckpoint | None:
        """Open the folder for the finished tasks of a study over some rows; None where none is named."""
        models = (self.study, self.train, self.forecast)
        return TaskCheckpoint.of(self.study.checkpoint, work, models, dataset, libraries=libraries)


@dataclass(frozen=True, eq=False)
class StudyPlan:
    """The rows that every network of a study trains on, and how all are evaluated."""

    frame: pd.DataFrame
    target: str
    cut: int
    """The first row that training never sees."""
    protocol: EvaluationProtocol

    def job(
        self,
        name: str,
        options: TrainOptions,
        seed: int,
        *,
        transformer: bool = False,
        forecast: ForecastOptions | None = None,
    ) -> Job[ModelKey]:
        """Return the job that trains one network and forecasts, by the plan's options unless others are given."""
        task = self.training(name, options, seed, transformer=transformer, forecast=forecast)
        return Job((name, seed), 0, judged=True, part=slice(0, len(task.rows)), task=task)

    def training(
        self,
        name: str,
        options: TrainOptions,
        seed: int,
        *,
        transformer: bool = False,
        forecast: ForecastOptions | None = None,
    ) -> TrainingTask:
        """Return the task of `job`."""
        rows = self.protocol.evaluated.rows
        settings = {**options.model_dump(), "target": self.target, **AS_LOADED, "seed": seed}
        known = self.frame.iloc[: int(rows[-1]) + self.protocol.forecast.horizon]
        return TrainingTask(
            f"{name} with seed {seed}",
            known,
            self.cut,
            rows,
            settings,
            self.protocol.forecast if forecast is None else forecast,
            transformer=transformer,
        )


@dataclass(frozen=True, eq=False, repr=False)
class StudyResult(Result):
    """Forecasts, scores and costs of all models of a study."""

    evaluated: EvaluationSet
    """The series and the judged origins."""
    forecasts: Mapping[ModelKey, Forecasts]
    """By name and seed; a baseline has the first seed alone, for its point forecast has no chance in it."""
    fitted: Mapping[ModelKey, TrainingResult]
    """By name and seed, for networks: how training ended and what it cost; the paths are those of `forecasts` alone."""
    details: Mapping[str, str]
    """How the study was made, in words."""

    called: ClassVar[str] = "model"
    """Name of the index level that holds the models' names."""
    error: ClassVar[str] = "mae"
    """Name of the score that ranks models."""

    @property
    def target(self) -> str:
        """The column that is forecast."""
        return str(self.evaluated.series.name)

    @property
    def interval(self) -> float:
        """Nominal coverage of the bands, in percent."""
        return self.evaluated.interval

    @property
    def clusters(self) -> str:
        """Count the origins, in words."""
        origins = len(self.evaluated.rows)
        return f"{origins} origin{'s' if origins > 1 else ''}"

    @classmethod
    def of(cls, plan: StudyPlan, jobs: Sequence[Job[ModelKey]], outcome: Outcome) -> Self:
        """Collect the models whose forecasts from all origins are complete.

        Raises
        ------
        ForecastError
            Stopped before anything was.
        """
        complete = {
            key: results
            for key, results in collect_results(plan.protocol, jobs, outcome).items()
            if results.reached.all()
        }
        if not complete:
            raise ForecastError("stopped before any model was judged; let it run longer, or ask for fewer")
        evaluated = plan.protocol.evaluated
        every = np.ones(len(evaluated.rows), dtype=np.bool_)
        fitted = {key: results.fitted[0] for key, results in complete.items() if results.fitted}
        kinds = {key: results.uncalibrated for key, results in fitted.items()}
        combine = plan.protocol.forecast.combines
        forecasts = {
            key: results.forecasts(
                f"{key[0]}:{key[1]}", evaluated, every, kinds.get(key, "predictive"), combine=combine and key in fitted
            )
            for key, results in complete.items()
        }
        details = {
            "trained on": f"{plan.cut:,} rows, {span(plan.frame.index[: plan.cut])}",
            "judged at": origins_text(evaluated),
            **plan.protocol.described(),
            **outcome.described,
        }
        if combine:
            details["median"] = "every network's leans on the naive forecasts (combine), so networks look more alike"
        if outcome.stopped:
            details["stopped"] = f"with {len(complete)} of {len({job.model for job in jobs})} models judged"
        return cls(evaluated, forecasts, fitted, details)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """A row for each name and seed: all scores."""
        frame = pd.DataFrame.from_dict({key: self._scored(key) for key in self.forecasts}, orient="index")
        frame.index = pd.MultiIndex.from_tuples(list(self.forecasts), names=[self.called, "seed"])
        return frame

    def _scored(self, key: ModelKey) -> dict[str, float]:
        return score(self.forecasts[key])

    def gap(self, name: str, other: str, by: str = "mae") -> Difference:
        """Compare absolute errors, `name` minus `other`, origin by origin, averaged over the seeds that both have.

        With ``by="interval_score"`` the interval scores of the bands are compared.
        """
        both = self._seeds(name) & self._seeds(other)
        return difference(self._losses(name, both, by), self._losses(other, both, by), self.evaluated.overlap)

    def _seeds(self, name: str) -> set[int]:
        return {seed for fitted_name, seed in self.fitted if fitted_name == name}

    def _losses(self, name: str, seeds: set[int], by: str) -> NDArray[np.float64]:
        """Average a loss over the given seeds, or over all where none are given: (origins, horizon)."""
        of_name = {
            seed: forecasts.errors if by == "mae" else forecasts.interval_scores
            for (other, seed), forecasts in self.forecasts.items()
            if other == name
        }
        return np.asarray(np.mean([of_name[seed] for seed in seeds or of_name], axis=0))

    def band(self, name: str | None = None) -> str:
        """Describe what the bands are, of one name or of all, where several kinds are possible."""
        kinds = {forecasts.kind for (other, _), forecasts in self.forecasts.items() if name in {None, other}}
        interval = f"{self.evaluated.interval:g} %"
        return " or ".join(f"calibrated {interval}" if kind == "calibrated" else kind for kind in sorted(kinds))


def plan_study(
    frame: pd.DataFrame, target: str, settings: StudySettings[Any], variants: Sequence[TrainOptions]
) -> StudyPlan:
    """Choose origins that every variant can forecast from, in the newest rows.

    Raises
    ------
    DataError
        No origin has its whole horizon there.
    """
    horizon = settings.forecast.horizon
    refuse_floor_above(float(frame[target].min()), target, settings.forecast.floor)
    cut = first_rows(frame, settings.study)
    datasets = [_dataset(frame, target, cut, variant) for variant in variants]
    rows = _common([dataset.possible(cut, len(frame), horizon) for dataset in datasets])
    if len(rows) == 0:
        lookback, newest = settings.train.lookback, len(frame) - cut
        raise DataError(
            f"an origin has {lookback} rows before it and {horizon} known steps after, without a gap, got none in the"
            f" newest {newest} rows; lower lookback, shorten the horizon or raise test="
        )
    judged_rows, _ = evenly_spaced(rows, settings.study.origins, horizon)
    cuts = cut_rows(cut, validation=settings.train.validation, calibration=settings.train.calibration)
    calibrating, overlap = evenly_spaced(datasets[0].possible(cuts.calibration, cut, horizon), ORIGINS, horizon)
    stages: tuple[Stage, ...] = (Stage(slice(0, len(judged_rows)), calibrating, overlap),)
    problem = no_calibration(stages, settings.forecast)
    if problem is not None and not settings.forecast.combines:
        stages = tuple(replace(stage, calibrating=stage.calibrating[:0]) for stage in stages)
    protocol = EvaluationProtocol(
        forecast=settings.forecast,
        dataset=datasets[0],
        earlier=datasets[0],
        evaluated=EvaluationSet.of(frame[target], judged_rows, horizon, settings.forecast.interval),
        stages=stages,
        season=season_of(frame[target].iloc[cuts.train_rows]),
        problem=problem,
        renew=settings.study.renew,
        adapt=settings.study.adapt,
    )
    return StudyPlan(frame, target, cut, protocol)


def _dataset(frame: pd.DataFrame, target: str, cut: int, options: TrainOptions) -> Dataset:
    """Encode the frame by the scaling and transform of the rows before `cut`."""
    encoder = prepare_rows(frame.iloc[:cut], target, options).dataset.encoder
    return Dataset.of(frame, encoder, options.lookback, options.max_gap)


def _common(row_sets: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    rows = row_sets[0]
    for others in row_sets[1:]:
        rows = np.intersect1d(rows, others)
    return rows


def first_rows(frame: pd.DataFrame, options: HoldoutOptions) -> int:
    """Count the rows before those that are judged."""
    return len(frame) - round(options.test * len(frame))


def choose_inputs_before(frame: pd.DataFrame, target: str, cut: int, options: TrainOptions) -> InputChoice:
    """Return the transform and features that training on the rows before `cut` would use."""
    rows = cut_rows(cut, validation=options.validation, calibration=options.calibration).train_rows
    return choose_inputs(options.transform, options.features, frame[target].iloc[rows])


def fits(rows: pd.DataFrame, target: str, options: TrainOptions) -> bool:
    """Return whether every part of some rows still has a window of this lookback."""
    try:
        prepare_rows(rows, target, options).dataset.checked_split()
    except DataError:
        return False
    return True
