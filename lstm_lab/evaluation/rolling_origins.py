"""Rolling origins: which rows calibrate, which are judged, the tasks that follow, and their results put together.

Nothing that a forecast is made of lies after its origin. Noise and calibration come from rows that every judged origin
knows: those before the longer frame begins, those before a refit, or the earlier half of the run's calibration rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.data.append import read_newer
from lstm_lab.data.preparation import AS_LOADED
from lstm_lab.data.windows import cut_rows
from lstm_lab.errors import ForecastError, OptionError, did_you_mean
from lstm_lab.evaluation.forecast_sets import Course, Job, Stage, baseline_jobs, gather, named, no_calibration
from lstm_lab.evaluation.refit import Fit, chunks_for
from lstm_lab.evaluation.scoring import Past, alone
from lstm_lab.evaluation.tasks import Simulate, blocks, keep
from lstm_lab.forecasting.baselines import BASELINES
from lstm_lab.forecasting.predictor import ORIGINS, SCORE_CHUNKS, Prediction, spread_out
from lstm_lab.models.serialize import pack
from lstm_lab.simulation.residuals import heard
from lstm_lab.simulation.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.evaluation.scoring import Forecasts
    from lstm_lab.fitted import FittedModel
    from lstm_lab.forecasting.forecast import Kind
    from lstm_lab.options import BacktestOptions, ForecastOptions, TrainOptions
    from lstm_lab.parallel import Outcome
    from lstm_lab.run import Run
    from lstm_lab.simulation.simulator import Rules

__all__ = ["Plan", "assemble", "jobs_of", "plan_backtest"]


@dataclass(frozen=True, eq=False)
class Plan:
    """A backtest about to be made."""

    fitted: FittedModel
    options: TrainOptions
    """Of the training, for a refit."""
    called: str | None
    """Name of the run."""
    course: Course
    rules: Rules
    shift: int
    """What to add to the run's row numbers to get the judged frame's."""
    baselines: tuple[str, ...]
    refits: bool
    how: str

    @property
    def name(self) -> str:
        """What the run is called beside the baselines; never as one of them, or it would be taken for it."""
        return "network" if self.called is None or self.called in BASELINES else self.called

    def described(self, *, stopped: bool, judged: int) -> dict[str, str]:
        """Say how the backtest was made."""
        details = {"origins lie in": self.how}
        if self.course.problem is None and not self.refits:
            details["calibrated on"] = f"{len(self.course.stages[0].calibrating)} earlier origins"
        details |= self.course.described()
        if stopped:
            details["stopped"] = f"after {judged} of {len(self.course.past.rows)} origins"
        return details


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
    prediction = Prediction(run.fitted, run.dataset, forecast)
    every, horizon = int(options.refit), forecast.horizon
    judged = _judged(run, frame, refits=bool(every))
    dataset, start = judged.dataset, judged.start
    rows, _ = spread_out(dataset.possible(start, len(dataset), horizon), options.origins, horizon)
    if len(rows) == 0:
        raise ForecastError(
            f"a backtest needs an origin with {horizon} known steps after it, got none in the"
            f" {len(dataset) - start} rows held out; shorten the horizon or give a longer frame"
        )
    stages, how = _stages(run, judged, rows, every, horizon)
    problem = no_calibration(stages, forecast)
    if problem is not None and not forecast.combines:
        stages = tuple(replace(stage, calibrating=stage.calibrating[:0]) for stage in stages)
    course = Course(
        forecast=forecast,
        dataset=dataset,
        earlier=dataset if every else run.dataset,
        past=Past.of(dataset.frame[run.target], rows, horizon, forecast.interval),
        stages=stages,
        season=run.season,
        problem=problem,
        renew=options.renew,
        adapt=options.adapt,
        known=_known_ahead(run.encoder.covariates, options.known),
    )
    return Plan(
        fitted=run.fitted,
        options=run.options,
        called=run.name,
        course=course,
        rules=prediction.rules if every else _known_noise(prediction.rules, judged.known),
        shift=0 if frame is None else start - len(run.dataset),
        baselines=tuple(name for name in options.baselines if name != "seasonal_naive" or run.season > 1),
        refits=bool(every),
        how=how,
    )


@dataclass(frozen=True, eq=False)
class _Judged:
    """The rows that origins may lie in."""

    dataset: Dataset
    start: int
    known: int
    """Rows of the run before this one are known at every origin."""
    how: str


def _judged(run: Run, frame: pd.DataFrame | pd.Series[Any] | None, *, refits: bool) -> _Judged:
    cuts = run.dataset.cuts[0]
    if frame is not None:
        longer = run.dataset.append(read_newer(run.dataset, frame, run.options))
        start = int(longer.index.searchsorted(run.dataset.index[-1], side="right"))
        return _Judged(longer, start, cuts.rows, "the rows after the run's last")
    if refits:
        return _Judged(run.dataset, cuts.calibration, cuts.calibration, "the run's calibration rows")
    middle = (cuts.calibration + cuts.rows) // 2
    how = "the later half of the run's calibration rows; the earlier half calibrates"
    return _Judged(run.dataset, middle, middle, how)


def _stages(
    run: Run, judged: _Judged, rows: NDArray[np.int64], every: int, horizon: int
) -> tuple[tuple[Stage, ...], str]:
    """Share the judged origins out among calibrations, and say how."""
    if every:
        often = "every origin" if every == 1 else f"every {every} origins"
        return tuple(
            _refit_stages(judged.dataset, rows, every, run.options, horizon)
        ), f"{judged.how}; trained anew before {often}"
    earlier = run.dataset.possible(run.dataset.cuts[0].calibration, judged.known, horizon)
    return (Stage(slice(0, len(rows)), *spread_out(earlier, ORIGINS, horizon)),), judged.how


def _refit_stages(
    dataset: Dataset, rows: NDArray[np.int64], every: int, options: TrainOptions, horizon: int
) -> Iterator[Stage]:
    """Give every k origins a training of their own, whose calibration rows are the newest before them."""
    for first in range(0, len(rows), every):
        before = int(rows[first])
        cuts = cut_rows(before, validation=options.validation, calibration=options.calibration)
        possible = dataset.possible(cuts.calibration, before, horizon)
        yield Stage(slice(first, min(first + every, len(rows))), *spread_out(possible, ORIGINS, horizon))


def _known_ahead(covariates: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Refuse a column that is no covariate of the run."""
    for name in names:
        if name not in covariates:
            has = did_you_mean(name, covariates) if covariates else "it was trained with none"
            raise OptionError(f"known names input columns of the run, got {name!r}; {has}")
    return tuple(names)


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


def _renumbered(plan: Plan) -> Rules:
    """Give the residuals' rows the longer frame's numbers, and let the volatility follow what happens there."""
    residuals = plan.rules.residuals
    if residuals is None:
        return plan.rules
    moved = replace(residuals, rows=residuals.rows + plan.shift)
    return replace(plan.rules, residuals=heard(moved, plan.fitted.model, plan.course.dataset))


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
        jobs += baseline_jobs(name, plan.course, name)
    return sorted(jobs, key=lambda job: (job.judged, job.part.start if job.judged else 0))


def _network_jobs(plan: Plan, *, here: bool) -> Iterator[Job]:
    fitted, course, horizon = plan.fitted, plan.course, plan.course.forecast.horizon
    packed = pack(fitted.model)
    if here:
        # Not the run's own simulator: what that has compiled depends on what it was used for.
        keep(packed, fitted.encoder, Simulator(fitted.model, fitted.encoder))
    chunks = chunks_for(course.forecast.paths)
    for dataset, rows, rules, drawn, judged in (
        (course.earlier, course.stages[0].calibrating, plan.rules, SCORE_CHUNKS, False),
        (course.dataset, course.past.rows, _renumbered(plan), chunks, True),
    ):
        for part in blocks(len(rows)):
            origins = dataset.origins(rows[part], horizon, course.known)
            task = Simulate(named(plan.name, part), packed, fitted.encoder, origins, horizon, rules, drawn)
            yield Job(plan.name, 0, judged, part, task)


def _refit_jobs(plan: Plan) -> Iterator[Job]:
    settings = {**plan.options.model_dump(), "target": plan.fitted.target, **AS_LOADED}
    packed = pack(plan.fitted.model)
    frame = plan.course.dataset.frame
    for number, stage in enumerate(plan.course.stages):
        rows = plan.course.past.rows[stage.part]
        name = named(f"{plan.name}, trained anew,", stage.part)
        known = frame.iloc[: int(rows[-1]) + plan.course.forecast.horizon]
        task = Fit(name, known, int(rows[0]), rows, settings, plan.course.forecast, packed, known=plan.course.known)
        yield Job(plan.name, number, judged=True, part=stage.part, task=task)


# The results ---------------------------------------------------------------------------------------------------------


def assemble(plan: Plan, jobs: Sequence[Job], outcome: Outcome) -> tuple[Past, dict[str, Forecasts]]:
    """Put the results together; only origins that every model has reached are judged.

    Raises
    ------
    ForecastError
        Stopped before there was one.
    """
    done = gather(plan.course, jobs, outcome)
    reached = np.logical_and.reduce([one.reached for one in done.values()])
    if not reached.any():
        raise ForecastError("stopped before any origin was judged; let it run longer, or ask for fewer origins")
    past = plan.course.past.first(reached)
    network: Kind = "dropout spread" if plan.rules.residuals is None else "predictive"
    combine = plan.course.forecast.combines
    made = {}
    for name, one in done.items():
        if name != plan.name:
            made[name] = one.forecasts(past, reached)
            continue
        made[name] = one.forecasts(past, reached, network, combine=combine)
        if combine:
            made[alone(name)] = replace(one.forecasts(past, reached, network), name=alone(name))
    return past, made
