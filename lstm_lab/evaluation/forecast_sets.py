"""How models are evaluated: the judged origins, those that calibrate for them, and the forecasts from both."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from lstm_lab.errors import CalibrationError
from lstm_lab.evaluation.refit import TrainingResult
from lstm_lab.evaluation.scoring import Forecasts
from lstm_lab.evaluation.tasks import BaselineTask, blocks
from lstm_lab.forecasting.baselines import naive_points
from lstm_lab.forecasting.calibration_scores import origins_for
from lstm_lab.forecasting.online_correction import OnlineCorrection
from lstm_lab.forecasting.past_forecasts import PastForecasts
from lstm_lab.forecasting.predictor import SCORE_CHUNKS
from lstm_lab.simulation.simulator import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.evaluation.evaluation_set import EvaluationSet
    from lstm_lab.evaluation.tasks import SampledPaths
    from lstm_lab.execution.parallel import Outcome, Task
    from lstm_lab.forecasting.correction import Correction
    from lstm_lab.forecasting.forecast import Kind
    from lstm_lab.options import ForecastOptions

__all__ = [
    "EvaluationProtocol",
    "Job",
    "ModelResults",
    "Stage",
    "baseline_jobs",
    "collect_results",
    "named",
    "no_calibration",
]


Key = TypeVar("Key", bound=Hashable)
"""What tells the models of an evaluation apart: a name, or in a study a name and a seed."""


@dataclass(frozen=True, eq=False)
class Stage:
    """Judged origins that share one calibration."""

    part: slice
    """Which of the judged origins."""
    calibrating: NDArray[np.int64]
    """Rows of the first forecast steps that calibrate; every one of their steps is before the first judged origin."""
    overlap: int


@dataclass(frozen=True, eq=False)
class EvaluationProtocol:
    """The origins, calibration and forecast options by which every model of a study is evaluated."""

    forecast: ForecastOptions
    dataset: Dataset
    """The rows that the judged origins lie in."""
    earlier: Dataset
    """The rows that the calibrating origins lie in."""
    evaluated: EvaluationSet
    stages: tuple[Stage, ...]
    season: int
    problem: str | None
    """Why the bands are not calibrated; None if they are."""

    def rows_in_dataset(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Convert rows of `earlier` to rows of `dataset`, by their times."""
        times = self.earlier.index[rows]
        return np.asarray(self.dataset.index.searchsorted(times), dtype=np.int64)

    def naive_forecasts(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the naive forecasts from rows of `dataset`, (naive, origins, horizon)."""
        return naive_points(self.dataset.target, rows, self.forecast.horizon, self.season)

    renew: bool = True
    """Whether a calibration takes in the judged origins whose horizon is over, and forgets its oldest."""
    adapt: bool = False
    """Whether the miss rate of each step is steered towards its target."""
    known: tuple[str, ...] = ()
    """Covariates whose future counts as known at every origin."""

    def described(self) -> dict[str, str]:
        """Describe the calibration, the covariates known ahead and the season, by label."""
        details = {}
        if self.problem is not None:
            details["not calibrated"] = self.problem
        elif self.renew:
            details["calibration"] = "renewed at each origin by earlier ones whose horizon was over"
        else:
            details["calibration"] = "kept as it was before the first origin"
        if self.problem is None and self.adapt:
            details["calibration"] += "; each step's miss rate steered towards its target"
        if self.forecast.floor is not None:
            details["floor"] = f"{self.forecast.floor:g}: no path of any model goes below it"
        if self.known:
            details["known ahead"] = ", ".join(self.known)
        if self.season > 1:
            details["season"] = f"{self.season} rows"
        return details


@dataclass(frozen=True, eq=False)
class Job(Generic[Key]):
    """A task, and the model and origins that its result belongs to."""

    model: Key
    stage: int
    judged: bool
    """Whether its origins are judged; else they calibrate."""
    part: slice
    """Which of the judged origins, or of the stage's calibrating ones."""
    task: Task


def no_calibration(stages: tuple[Stage, ...], forecast: ForecastOptions) -> str | None:
    """Return the reason why bands are not calibrated; None if they are."""
    if forecast.calibrate is False:
        return "not asked for"
    needed = origins_for(forecast.interval)
    fewest = min(len(stage.calibrating) for stage in stages)
    if fewest >= needed:
        return None
    problem = f"a {forecast.interval:g} % band needs {needed} earlier origins to calibrate on, got {fewest}"
    if forecast.calibrate is True:
        raise CalibrationError(f"{problem}; train with a larger calibration=, or shorten the horizon")
    return problem


def baseline_jobs(model: Key, protocol: EvaluationProtocol, name: str) -> Iterator[Job[Key]]:
    """List the jobs that sample a baseline at the calibrating and at the judged origins."""
    forecast = protocol.forecast
    for number, stage in enumerate(protocol.stages):
        calibrating = stage.calibrating if protocol.problem is None else stage.calibrating[:0]
        for dataset, rows, paths, judged in (
            (protocol.earlier, calibrating, SCORE_CHUNKS * CHUNK, False),
            (protocol.dataset, protocol.evaluated.rows[stage.part], forecast.paths, True),
        ):
            for part in blocks(len(rows)):
                block_rows = rows[part]
                values = dataset.target[: int(block_rows[-1])]
                block = slice(part.start + stage.part.start, part.stop + stage.part.start) if judged else part
                sampling = (forecast.horizon, paths, protocol.season, forecast.seed)
                yield Job(
                    model, number, judged, block, BaselineTask(named(name, block), name, values, block_rows, *sampling)
                )


def named(model: str, part: slice) -> str:
    """Return the name of a task: its model and origins, counted from 1."""
    return f"{model} at origins {part.start + 1} to {part.stop}"


def collect_results(
    protocol: EvaluationProtocol, jobs: Sequence[Job[Key]], outcome: Outcome
) -> dict[Key, ModelResults]:
    """Collect the results of all completed jobs by model."""
    results = {model: ModelResults(protocol) for model in dict.fromkeys(job.model for job in jobs)}
    for number, job in enumerate(jobs):
        if number in outcome.results:
            results[job.model].take(job, outcome.results[number])
    return results


class ModelResults:
    """The paths and costs of one model, from all of its tasks."""

    def __init__(self, protocol: EvaluationProtocol) -> None:
        horizon = protocol.forecast.horizon
        count = len(protocol.evaluated.rows)
        self.protocol = protocol
        self.raw = np.empty((count, protocol.forecast.paths, horizon))
        self.reached = np.zeros(count, dtype=np.bool_)
        self.scored: dict[int, dict[int, NDArray[np.float64]]] = {}
        self.fitted: dict[int, TrainingResult] = {}
        """By stage, without the paths, which are in `raw`."""
        self.seconds = 0.0

    def take(self, job: Job[Any], result: SampledPaths | TrainingResult) -> None:
        """Store the result of a job at its origins."""
        self.seconds += result.seconds
        if isinstance(result, TrainingResult):
            self.fitted[job.stage] = replace(result, paths=np.empty((0, *result.paths.shape[1:])))
            self.seconds += result.training_seconds
        if job.judged:
            self.raw[job.part] = result.paths[:, : self.protocol.forecast.paths]
            self.reached[job.part] = True
        else:
            self.scored.setdefault(job.stage, {})[job.part.start] = result.paths

    def forecasts(
        self,
        name: str,
        evaluated: EvaluationSet,
        reached: NDArray[np.bool_],
        kind: Kind = "predictive",
        *,
        combine: bool = False,
    ) -> Forecasts:
        """Correct the paths at the origins that were reached; `combine` the median with the naive forecasts."""
        naive = self.protocol.naive_forecasts(self.protocol.evaluated.rows)
        naive = naive if combine else naive[:0]
        corrections = [
            correction
            for number, stage in enumerate(self.protocol.stages)
            for correction in self._followed(number, stage, naive)
        ]
        reached_corrections = [
            correction
            for correction, is_reached in zip(corrections, reached, strict=True)
            if is_reached and correction is not None
        ]
        return Forecasts(
            name,
            self.raw[reached],
            evaluated,
            kind,
            tuple(reached_corrections),
            naive[:, reached],
            self.seconds,
            self.protocol.forecast.floor,
        )

    def _followed(self, number: int, stage: Stage, naive: NDArray[np.float64]) -> Iterator[Correction | None]:
        """Yield each judged origin's correction, made from earlier origins alone; None where it was not reached."""
        protocol, rows, target = self.protocol, self.protocol.evaluated.rows, self.protocol.dataset.target
        known = self._past_forecasts(number, stage)
        known = known.with_naive(protocol.naive_forecasts(known.rows)[: len(naive)])
        following = OnlineCorrection(
            known,
            protocol.evaluated.interval,
            calibrate=protocol.problem is None,
            renew=protocol.renew,
            adapt=protocol.adapt,
            floor=protocol.forecast.floor,
        )
        for origin in range(stage.part.start, stage.part.stop):
            newest = rows[origin - 1] if origin > stage.part.start else rows[origin]
            for row in range(int(newest), int(rows[origin])):
                following.observe(row, float(target[row]))
            sampled = self.raw[origin], naive[:, origin]
            yield following.correct(int(rows[origin]), *sampled) if self.reached[origin] else None

    def _past_forecasts(self, number: int, stage: Stage) -> PastForecasts:
        """Return the forecasts and outcomes that are known before the first origin of a stage."""
        if number in self.fitted:
            return self.fitted[number].past_forecasts
        parts = self.scored.get(number, {})
        complete = [part for part in blocks(len(stage.calibrating)) if part.start in parts]
        if not complete:
            return PastForecasts.empty(self.protocol.forecast.horizon)
        rows = np.concatenate([stage.calibrating[part] for part in complete])
        paths = np.concatenate([parts[part.start] for part in complete])
        actual = self.protocol.earlier.actual(rows, self.protocol.forecast.horizon)
        return PastForecasts.of(self.protocol.rows_in_dataset(rows), paths, actual)
