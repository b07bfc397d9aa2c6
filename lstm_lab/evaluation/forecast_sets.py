"""A course: the origins that are judged, those that calibrate for them, and what models gave at both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.errors import CalibrationError
from lstm_lab.evaluation.refit import Fitted
from lstm_lab.evaluation.scoring import Forecasts
from lstm_lab.evaluation.tasks import Draw, blocks
from lstm_lab.forecasting.baselines import simple_points
from lstm_lab.forecasting.calibration import origins_for
from lstm_lab.forecasting.online_correction import Following
from lstm_lab.forecasting.past_forecasts import Experience
from lstm_lab.forecasting.predictor import SCORE_CHUNKS
from lstm_lab.simulation.simulator import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.evaluation.scoring import Past
    from lstm_lab.evaluation.tasks import Drawn
    from lstm_lab.forecasting.correction import Correction
    from lstm_lab.forecasting.forecast import Kind
    from lstm_lab.options import ForecastOptions
    from lstm_lab.parallel import Outcome, Task

__all__ = [
    "Course",
    "Gathered",
    "Job",
    "Stage",
    "baseline_jobs",
    "gather",
    "named",
    "no_calibration",
]


@dataclass(frozen=True, eq=False)
class Stage:
    """Judged origins that share one calibration."""

    part: slice
    """Which of the judged origins."""
    calibrating: NDArray[np.int64]
    """Rows of the first forecast steps that calibrate; every one of their steps is before the first judged origin."""
    overlap: int


@dataclass(frozen=True, eq=False)
class Course:
    """What every model of a study is put through."""

    forecast: ForecastOptions
    dataset: Dataset
    """Where the judged origins lie."""
    earlier: Dataset
    """Where the calibrating ones do."""
    past: Past
    stages: tuple[Stage, ...]
    season: int
    problem: str | None
    """Why the bands are not calibrated; None if they are."""

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give calibrating origins their rows in the frame that is judged."""
        times = self.earlier.index[rows]
        return np.asarray(self.dataset.index.searchsorted(times), dtype=np.int64)

    def rivals(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the naive forecasts from rows of the frame that is judged, (rivals, origins, horizon)."""
        return simple_points(self.dataset.target, rows, self.forecast.horizon, self.season)

    renew: bool = True
    """Whether a calibration takes in the judged origins whose horizon is over, and forgets its oldest."""
    adapt: bool = False
    """Whether the miss rate of each step is steered towards its target."""
    known: tuple[str, ...] = ()
    """Covariates whose future counts as known at every origin."""

    def described(self) -> dict[str, str]:
        """Say how bands were made, and what season was found."""
        details = {}
        if self.problem is not None:
            details["not calibrated"] = self.problem
        elif self.renew:
            details["calibration"] = "renewed at each origin by earlier ones whose horizon was over"
        else:
            details["calibration"] = "kept as it was before the first origin"
        if self.problem is None and self.adapt:
            details["calibration"] += "; each step's miss rate steered towards its target"
        if self.known:
            details["known ahead"] = ", ".join(self.known)
        if self.season > 1:
            details["season"] = f"{self.season} rows"
        return details


@dataclass(frozen=True, eq=False)
class Job:
    """A task, and where its result belongs."""

    model: str
    stage: int
    judged: bool
    """Whether its origins are judged; else they calibrate."""
    part: slice
    """Which of the judged origins, or of the stage's calibrating ones."""
    task: Task


def no_calibration(stages: tuple[Stage, ...], forecast: ForecastOptions) -> str | None:
    """Say why there is no calibration, or None if there is one."""
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


def baseline_jobs(model: str, course: Course, name: str) -> Iterator[Job]:
    """Draw the baseline of a name at the origins that calibrate and at those that are judged."""
    forecast = course.forecast
    for number, stage in enumerate(course.stages):
        calibrating = stage.calibrating if course.problem is None else stage.calibrating[:0]
        for observed, rows, paths, judged in (
            (course.earlier, calibrating, SCORE_CHUNKS * CHUNK, False),
            (course.dataset, course.past.rows[stage.part], forecast.paths, True),
        ):
            for part in blocks(len(rows)):
                some = rows[part]
                values = observed.target[: int(some[-1])]
                placed = slice(part.start + stage.part.start, part.stop + stage.part.start) if judged else part
                drawn = (forecast.horizon, paths, course.season, forecast.seed)
                yield Job(model, number, judged, placed, Draw(named(name, placed), name, values, some, *drawn))


def named(model: str, part: slice) -> str:
    """Name a task after its model and origins, counted from 1."""
    return f"{model} at origins {part.start + 1} to {part.stop}"


def gather(course: Course, jobs: Sequence[Job], outcome: Outcome) -> dict[str, Gathered]:
    """Sort results by model."""
    done = {name: Gathered(course, name) for name in dict.fromkeys(job.model for job in jobs)}
    for number, job in enumerate(jobs):
        if number in outcome.results:
            done[job.model].take(job, outcome.results[number])
    return done


class Gathered:
    """What one model's tasks gave."""

    def __init__(self, course: Course, name: str) -> None:
        horizon = course.forecast.horizon
        count = len(course.past.rows)
        self.course, self.name = course, name
        self.raw = np.empty((count, course.forecast.paths, horizon))
        self.reached = np.zeros(count, dtype=np.bool_)
        self.scored: dict[int, dict[int, NDArray[np.float64]]] = {}
        self.fitted: dict[int, Fitted] = {}
        self.seconds = 0.0

    def take(self, job: Job, result: Drawn | Fitted) -> None:
        """Lay a result in its place."""
        self.seconds += result.seconds
        if isinstance(result, Fitted):
            self.fitted[job.stage] = result
            self.seconds += result.training_seconds
        if job.judged:
            self.raw[job.part] = result.paths[:, : self.course.forecast.paths]
            self.reached[job.part] = True
        else:
            self.scored.setdefault(job.stage, {})[job.part.start] = result.paths

    def forecasts(
        self, past: Past, reached: NDArray[np.bool_], kind: Kind = "predictive", *, combine: bool = False
    ) -> Forecasts:
        """Set right what was drawn at the origins that were reached; `combine` the median with the naive forecasts."""
        rivals = self.course.rivals(self.course.past.rows)
        rivals = rivals if combine else rivals[:0]
        corrections = [
            one for number, stage in enumerate(self.course.stages) for one in self._followed(number, stage, rivals)
        ]
        kept = [one for one, is_reached in zip(corrections, reached, strict=True) if is_reached and one is not None]
        return Forecasts(self.name, self.raw[reached], past, kind, tuple(kept), rivals[:, reached], self.seconds)

    def _followed(self, number: int, stage: Stage, rivals: NDArray[np.float64]) -> Iterator[Correction | None]:
        """Give each judged origin the correction of its day; None where it was not reached."""
        course, rows, target = self.course, self.course.past.rows, self.course.dataset.target
        known = self._experience(number, stage)
        known = known.beside(course.rivals(known.rows)[: len(rivals)])
        follows = Following(
            known, course.past.interval, calibrate=course.problem is None, renew=course.renew, adapt=course.adapt
        )
        for origin in range(stage.part.start, stage.part.stop):
            newest = rows[origin - 1] if origin > stage.part.start else rows[origin]
            for row in range(int(newest), int(rows[origin])):
                follows.observe(row, float(target[row]))
            drawn = self.raw[origin], rivals[:, origin]
            yield follows.correct(int(rows[origin]), *drawn) if self.reached[origin] else None

    def _experience(self, number: int, stage: Stage) -> Experience:
        """Gather what is known before the first origin of a stage."""
        if number in self.fitted:
            return self.fitted[number].experience
        parts = self.scored.get(number, {})
        taken = [part for part in blocks(len(stage.calibrating)) if part.start in parts]
        if not taken:
            return Experience.empty(self.course.forecast.horizon)
        rows = np.concatenate([stage.calibrating[part] for part in taken])
        paths = np.concatenate([parts[part.start] for part in taken])
        actual = self.course.earlier.actual(rows, self.course.forecast.horizon)
        return Experience.of(self.course.places(rows), paths, actual)
