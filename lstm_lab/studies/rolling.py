"""Rolling origins: which rows calibrate, which are judged, the tasks that follow, and their results put together.

Nothing that a forecast is made of lies after its origin. Noise and calibration come from rows that every judged origin
knows: those before the longer frame begins, those before a refit, or the earlier half of the run's calibration rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.loading import load
from lstm_lab.data.origins import Observed
from lstm_lab.data.transforms import choose_transform
from lstm_lab.data.windows import cut_rows
from lstm_lab.errors import CalibrationError, DataError, ForecastError, MissingExtraError
from lstm_lab.forecasting.baselines import baseline
from lstm_lab.forecasting.calibration import fit_calibration, needed_origins
from lstm_lab.forecasting.words import moment
from lstm_lab.nn.packing import pack
from lstm_lab.nn.sampling import CHUNK, Simulator
from lstm_lab.prediction import ORIGINS, SCORE_CHUNKS, Prediction, spread_out
from lstm_lab.studies.fitting import Fit, Fitted, chunks_for
from lstm_lab.studies.judging import Forecasts, Past
from lstm_lab.studies.tasks import Draw, Drawn, Simulate, blocks, keep

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from lstm_lab.forecasting.calibration import Calibration
    from lstm_lab.forecasting.forecast import Kind
    from lstm_lab.nn.sampling import Rules
    from lstm_lab.options import BacktestOptions, ForecastOptions
    from lstm_lab.run import Run
    from lstm_lab.studies.executors import Outcome, Task

__all__ = [
    "Job",
    "Plan",
    "Stage",
    "assemble",
    "baseline_jobs",
    "check_baselines",
    "jobs_of",
    "plan_backtest",
    "season_of",
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
class Plan:
    """A backtest about to be made."""

    run: Run
    forecast: ForecastOptions
    observed: Observed
    """Where the judged origins lie."""
    earlier: Observed
    """Where the calibrating ones do."""
    past: Past
    stages: tuple[Stage, ...]
    rules: Rules
    shift: int
    """What to add to the run's row numbers to get the judged frame's."""
    baselines: tuple[str, ...]
    season: int
    refits: bool
    how: str
    problem: str | None
    """Why the bands are not calibrated; None if they are."""

    @property
    def name(self) -> str:
        """What the run is called beside the baselines."""
        return self.run.name or "network"

    def described(self, *, stopped: bool, judged: int) -> dict[str, str]:
        """Say how the backtest was made."""
        details = {"origins lie in": self.how}
        if self.problem is not None:
            details["not calibrated"] = self.problem
        elif not self.refits:
            details["calibrated on"] = f"{len(self.stages[0].calibrating)} earlier origins"
        if self.season > 1:
            details["season"] = f"{self.season} rows"
        if stopped:
            details["stopped"] = f"after {judged} of {len(self.past.rows)} origins"
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


def check_baselines(names: Sequence[str]) -> None:
    """Refuse an unknown baseline, or one whose library is missing, before anything is computed."""
    for name in names:
        if baseline(name).extra == "stats" and find_spec("statsmodels") is None:
            raise MissingExtraError(
                f"the baseline {name!r} needs statsmodels, which is not installed; pip install 'lstm-lab[stats]'"
            )


def season_of(training: pd.Series[float]) -> int:
    """Find the season whose naive forecast is best over the training rows; 1 where there is none."""
    found = choose_transform(training.to_numpy(np.float64), training.index).candidates
    seasonal = [one for one in found if one.label.startswith("seasonal_diff(") and np.isfinite(one.error)]
    if not seasonal:
        return 1
    best = min(seasonal, key=lambda one: one.error)
    return int(best.label.removeprefix("seasonal_diff(").removesuffix(")"))


# The plan ----------------------------------------------------------------------------------------------------------


def plan_backtest(
    run: Run, frame: pd.DataFrame | pd.Series[Any] | None, options: BacktestOptions, forecast: ForecastOptions
) -> Plan:
    """Settle the origins, and what calibrates them.

    Raises
    ------
    LabError
        No origin with a known future, no residual before the first, or too few origins for a calibration that was
        asked for.
    """
    prediction = Prediction(run, forecast)
    every, horizon = int(options.refit), forecast.horizon
    judged = _judged(run, frame, refits=bool(every))
    observed, start = judged.observed, judged.start
    rows, _ = spread_out(observed.possible(start, len(observed.frame), horizon), options.origins, horizon)
    if len(rows) == 0:
        raise ForecastError(
            f"a backtest needs an origin with {horizon} known steps after it, got none in the"
            f" {len(observed.frame) - start} rows held out; shorten the horizon or give a longer frame"
        )
    stages, how = _stages(run, judged, rows, every, horizon)
    problem = _problem(stages, forecast)
    if problem is not None:
        stages = tuple(replace(stage, calibrating=stage.calibrating[:0]) for stage in stages)
    season = season_of(run.frame[run.target].iloc[run.split.cuts.train_rows])
    return Plan(
        run=run,
        forecast=forecast,
        observed=observed,
        earlier=observed if every else run.observed,
        past=Past.of(observed.frame[run.target], rows, horizon, forecast.interval),
        stages=stages,
        rules=prediction.rules if every else _known_noise(prediction.rules, judged.known),
        shift=0 if frame is None else start - len(run.frame),
        baselines=tuple(name for name in options.baselines if name != "seasonal_naive" or season > 1),
        season=season,
        refits=bool(every),
        how=how,
        problem=problem,
    )


@dataclass(frozen=True, eq=False)
class _Judged:
    """The rows that origins may lie in."""

    observed: Observed
    start: int
    known: int
    """Rows of the run before this one are known at every origin."""
    how: str


def _judged(run: Run, frame: pd.DataFrame | pd.Series[Any] | None, *, refits: bool) -> _Judged:
    cuts = run.split.cuts
    if frame is not None:
        longer = _longer(run, frame)
        observed = Observed.of(longer, run.encoder, run.options.lookback, run.options.max_gap)
        start = int(longer.index.searchsorted(run.frame.index[-1], side="right"))
        return _Judged(observed, start, cuts.rows, "the rows after the run's last")
    if refits:
        return _Judged(run.observed, cuts.calibration, cuts.calibration, "the run's calibration rows")
    middle = (cuts.calibration + cuts.rows) // 2
    how = "the later half of the run's calibration rows; the earlier half calibrates"
    return _Judged(run.observed, middle, middle, how)


def _stages(
    run: Run, judged: _Judged, rows: NDArray[np.int64], every: int, horizon: int
) -> tuple[tuple[Stage, ...], str]:
    """Share the judged origins out among calibrations, and say how."""
    if every:
        often = "every origin" if every == 1 else f"every {every} origins"
        return tuple(
            _refit_stages(judged.observed, rows, every, run, horizon)
        ), f"{judged.how}; trained anew before {often}"
    earlier = run.observed.possible(run.split.cuts.calibration, judged.known, horizon)
    return (Stage(slice(0, len(rows)), *spread_out(earlier, ORIGINS, horizon)),), judged.how


def _longer(run: Run, frame: pd.DataFrame | pd.Series[Any]) -> pd.DataFrame:
    """Load the longer frame, and put the run's rows in front if it holds the later ones alone."""
    options = run.options
    time = options.time if isinstance(frame, pd.DataFrame) and options.time in frame.columns else None
    later = load(frame, target=run.target, time=time, missing=options.missing, columns=run.encoder.covariates)
    used = [run.target, *run.encoder.covariates]
    if later.index[0] > run.frame.index[-1]:
        later = pd.concat([run.frame[used], later[used]])
    if not later.index[-1] > run.frame.index[-1]:
        raise DataError(
            f"a longer frame has rows after the run's last, {moment(run.frame.index[-1])}, but this one ends at"
            f" {moment(later.index[-1])}; leave frame out to judge within the run's own rows"
        )
    return later


def _refit_stages(observed: Observed, rows: NDArray[np.int64], every: int, run: Run, horizon: int) -> Iterator[Stage]:
    """Give every k origins a training of their own, whose calibration rows are the newest before them."""
    for first in range(0, len(rows), every):
        before = int(rows[first])
        cuts = cut_rows(before, validation=run.options.validation, calibration=run.options.calibration)
        possible = observed.possible(cuts.calibration, before, horizon)
        yield Stage(slice(first, min(first + every, len(rows))), *spread_out(possible, ORIGINS, horizon))


def _problem(stages: tuple[Stage, ...], forecast: ForecastOptions) -> str | None:
    """Say why there is no calibration, or None if there is one."""
    if forecast.calibrate is False:
        return "not asked for"
    needed = needed_origins((100 - forecast.interval) / 200, symmetric=True)
    fewest = min(len(stage.calibrating) for stage in stages)
    if fewest >= needed:
        return None
    problem = f"a {forecast.interval:g} % band needs {needed} earlier origins to calibrate on, got {fewest}"
    if forecast.calibrate is True:
        raise CalibrationError(f"{problem}; train with a larger calibration=, or shorten the horizon")
    return problem


def _known_noise(rules: Rules, known: int) -> Rules:
    """Draw noise from residuals that every origin knows."""
    residuals = rules.residuals
    if residuals is None:
        return rules
    kept = residuals.rows < known
    if not kept.any():
        raise ForecastError(
            "noise is drawn from residuals before the first origin, got none; train with a larger calibration= or use"
            " noise='none'"
        )
    known_values = residuals.values[kept]  # noqa: PD011 - a field of ours, not of pandas
    return replace(rules, residuals=replace(residuals, values=known_values, rows=residuals.rows[kept]))


def _renumbered(rules: Rules, shift: int) -> Rules:
    """Give the residuals' rows the longer frame's numbers."""
    residuals = rules.residuals
    return rules if residuals is None else replace(rules, residuals=replace(residuals, rows=residuals.rows + shift))


# The work ------------------------------------------------------------------------------------------------------------


def jobs_of(plan: Plan, *, here: bool) -> list[Job]:
    """List the tasks: first those that calibrate, then block after block of the judged origins, all models each.

    Parameters
    ----------
    plan
        What to do.
    here
        Whether tasks run in this process, where the run's network is already alive.
    """
    jobs = list(_refit_jobs(plan) if plan.refits else _network_jobs(plan, here=here))
    for name in plan.baselines:
        jobs += baseline_jobs(name, plan)
    return sorted(jobs, key=lambda job: (job.judged, job.part.start if job.judged else 0))


def _network_jobs(plan: Plan, *, here: bool) -> Iterator[Job]:
    run, horizon = plan.run, plan.forecast.horizon
    packed = pack(run.model)
    if here:
        # Not the run's own simulator: what that has compiled depends on what it was used for.
        keep(packed, run.encoder, Simulator(run.model, run.encoder))
    for observed, rows, rules, chunks, judged in (
        (plan.earlier, plan.stages[0].calibrating, plan.rules, SCORE_CHUNKS, False),
        (plan.observed, plan.past.rows, _renumbered(plan.rules, plan.shift), chunks_for(plan.forecast.paths), True),
    ):
        for part in blocks(len(rows)):
            origins = observed.origins(rows[part], horizon)
            task = Simulate(_named(plan.name, part), packed, run.encoder, origins, horizon, rules, chunks)
            yield Job(plan.name, 0, judged, part, task)


def _refit_jobs(plan: Plan) -> Iterator[Job]:
    run = plan.run
    settings = {**run.options.model_dump(), "target": run.target, "time": None, "missing": "error"}
    packed = pack(run.model)
    frame = plan.observed.frame
    for number, stage in enumerate(plan.stages):
        rows = plan.past.rows[stage.part]
        name = _named(f"{plan.name}, trained anew,", stage.part)
        known = frame.iloc[: int(rows[-1]) + plan.forecast.horizon]
        task = Fit(name, known, int(rows[0]), rows, settings, plan.forecast, packed)
        yield Job(plan.name, number, judged=True, part=stage.part, task=task)


def baseline_jobs(name: str, plan: Plan) -> Iterator[Job]:
    """Draw a baseline at the origins that calibrate and at those that are judged."""
    forecast = plan.forecast
    for number, stage in enumerate(plan.stages):
        for observed, rows, paths, judged in (
            (plan.earlier, stage.calibrating, SCORE_CHUNKS * CHUNK, False),
            (plan.observed, plan.past.rows[stage.part], forecast.paths, True),
        ):
            for part in blocks(len(rows)):
                some = rows[part]
                values = observed.target[: int(some[-1])]
                placed = slice(part.start + stage.part.start, part.stop + stage.part.start) if judged else part
                drawn = (forecast.horizon, paths, plan.season, forecast.seed)
                yield Job(name, number, judged, placed, Draw(_named(name, placed), name, values, some, *drawn))


def _named(model: str, part: slice) -> str:
    return f"{model} at origins {part.start + 1} to {part.stop}"


# The results ---------------------------------------------------------------------------------------------------------


def assemble(plan: Plan, jobs: Sequence[Job], outcome: Outcome) -> tuple[Past, dict[str, Forecasts]]:
    """Put the results together; only origins that every model has reached are judged.

    Raises
    ------
    ForecastError
        Stopped before there was one.
    """
    models = list(dict.fromkeys(job.model for job in jobs))
    done = {name: _Results(plan, name) for name in models}
    for number, job in enumerate(jobs):
        if number in outcome.results:
            done[job.model].take(job, outcome.results[number])
    reached = np.logical_and.reduce([one.reached for one in done.values()])
    if not reached.any():
        raise ForecastError("stopped before any origin was judged; let it run longer, or ask for fewer origins")
    past = plan.past.first(reached)
    return past, {name: one.forecasts(past, reached) for name, one in done.items()}


class _Results:
    """What one model's tasks gave."""

    def __init__(self, plan: Plan, name: str) -> None:
        horizon = plan.forecast.horizon
        count = len(plan.past.rows)
        self.plan, self.name = plan, name
        self.raw = np.empty((count, plan.forecast.paths, horizon))
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
            self.raw[job.part] = result.paths[:, : self.plan.forecast.paths]
            self.reached[job.part] = True
        else:
            self.scored.setdefault(job.stage, {})[job.part.start] = result.paths

    def forecasts(self, past: Past, reached: NDArray[np.bool_]) -> Forecasts:
        """Calibrate what was drawn."""
        calibrations: list[Calibration | None] = []
        for number, stage in enumerate(self.plan.stages):
            calibrations += [self._calibration(number, stage)] * (stage.part.stop - stage.part.start)
        kept = tuple(one for one, is_reached in zip(calibrations, reached, strict=True) if is_reached)
        kind: Kind = "predictive"
        if self.name == self.plan.name:
            kind = "dropout spread" if self.plan.rules.residuals is None else "predictive"
        return Forecasts(self.name, self.raw[reached], past, kind, kept, self.seconds)

    def _calibration(self, number: int, stage: Stage) -> Calibration | None:
        if self.plan.problem is not None:
            return None
        if number in self.fitted:
            return self.fitted[number].calibration
        parts = self.scored.get(number, {})
        taken = [
            (parts[part.start], stage.calibrating[part])
            for part in blocks(len(stage.calibrating))
            if part.start in parts
        ]
        needed = needed_origins((100 - self.plan.forecast.interval) / 200, symmetric=True)
        if sum(len(rows) for _, rows in taken) < needed:
            return None
        paths = np.concatenate([drawn for drawn, _ in taken])
        actual = self.plan.earlier.actual(np.concatenate([rows for _, rows in taken]), self.plan.forecast.horizon)
        return fit_calibration(paths, actual, overlap=stage.overlap)
