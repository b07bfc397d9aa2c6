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
from lstm_lab.data.windows.cuts import cut_rows
from lstm_lab.errors import ForecastError, OptionError, did_you_mean
from lstm_lab.evaluation.evaluation_set import EvaluationSet
from lstm_lab.evaluation.forecast_sets import (
    EvaluationProtocol,
    Job,
    Stage,
    baseline_jobs,
    collect_results,
    named,
    no_calibration,
)
from lstm_lab.evaluation.refit import TrainingTask, chunks_for
from lstm_lab.evaluation.scoring import uncombined_name
from lstm_lab.evaluation.tasks import SimulationTask, blocks, keep
from lstm_lab.forecasting.arguments import ORIGINS, evenly_spaced
from lstm_lab.forecasting.baselines import BASELINES
from lstm_lab.forecasting.predictor import SCORE_CHUNKS, Predictor
from lstm_lab.models.serialize import pack
from lstm_lab.simulation.residuals import with_later_errors
from lstm_lab.simulation.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.evaluation.scoring import Forecasts
    from lstm_lab.execution.parallel import Outcome
    from lstm_lab.fitted import FittedModel
    from lstm_lab.forecasting.forecast import Kind
    from lstm_lab.options import BacktestOptions, ForecastOptions, TrainOptions
    from lstm_lab.run import Run
    from lstm_lab.simulation.simulator import SimulationSettings

__all__ = ["BacktestPlan", "assemble", "choose_origins", "jobs_of", "plan_backtest"]


@dataclass(frozen=True, eq=False)
class BacktestPlan:
    """Everything that a backtest needs: network, origins, sampling settings and baselines."""

    fitted: FittedModel
    options: TrainOptions
    """Of the training, for a refit."""
    called: str | None
    """Name of the run."""
    protocol: EvaluationProtocol
    settings: SimulationSettings
    shift: int
    """What to add to the run's row numbers to get the judged frame's."""
    baselines: tuple[str, ...]
    refits: bool
    how: str

    @property
    def name(self) -> str:
        """Name of the run beside the baselines, "network" where its own is missing or a baseline's."""
        return "network" if self.called is None or self.called in BASELINES else self.called

    def described(self, *, stopped: bool, judged: int) -> dict[str, str]:
        """Describe how the backtest was made, by label."""
        details = {"origins lie in": self.how}
        if self.protocol.problem is None and not self.refits:
            details["calibrated on"] = f"{len(self.protocol.stages[0].calibrating)} earlier origins"
        dataset = self.protocol.dataset
        if dataset.older is not None:
            details["baselines and mase"] = (
                f"by the newest {len(dataset):,} rows, for the run's file keeps no older ones"
            )
        details |= self.protocol.described()
        if stopped:
            details["stopped"] = f"after {judged} of {len(self.protocol.evaluated.rows)} origins"
        return details


# The plan ----------------------------------------------------------------------------------------------------------


def plan_backtest(
    run: Run, frame: pd.DataFrame | pd.Series[Any] | None, options: BacktestOptions, forecast: ForecastOptions
) -> BacktestPlan:
    """Choose the origins and the rows that calibrate them.

    Raises
    ------
    LabError
        No origin with a known future, no residual before the first, or too few origins for a calibration that was
        asked for.
    """
    if options.refit and run.dataset.older is not None:
        run.dataset.older.refuse("a backtest with refit")
    predictor = Predictor(run.fitted, run.dataset, forecast)
    every, horizon = int(options.refit), forecast.horizon
    chosen = choose_origins(run.dataset, run.options, frame, options, forecast)
    judged, rows, stages, problem = chosen.judged, chosen.rows, chosen.stages, chosen.problem
    dataset, start = judged.dataset, judged.start
    if problem is not None and not forecast.combines:
        stages = tuple(replace(stage, calibrating=stage.calibrating[:0]) for stage in stages)
    protocol = EvaluationProtocol(
        forecast=forecast,
        dataset=dataset,
        earlier=dataset if every else run.dataset,
        evaluated=EvaluationSet.of(dataset.frame[run.target], rows, horizon, forecast.interval),
        stages=stages,
        season=run.season,
        problem=problem,
        renew=options.renew,
        adapt=options.adapt,
        known=_known_ahead(run.encoder.covariates, options.known),
    )
    return BacktestPlan(
        fitted=run.fitted,
        options=run.options,
        called=run.name,
        protocol=protocol,
        settings=predictor.settings if every else _known_noise(predictor.settings, judged.known),
        shift=0 if frame is None else start - len(run.dataset),
        baselines=tuple(name for name in options.baselines if name != "seasonal_naive" or run.season > 1),
        refits=bool(every),
        how=chosen.how,
    )


@dataclass(frozen=True, eq=False)
class _OriginRange:
    """The rows that origins may lie in."""

    dataset: Dataset
    start: int
    known: int
    """Rows of the run before this one are known at every origin."""
    how: str


@dataclass(frozen=True, eq=False)
class ChosenOrigins:
    """The judged origins and what calibrates them."""

    judged: _OriginRange
    rows: NDArray[np.int64]
    stages: tuple[Stage, ...]
    problem: str | None
    """Why bands are not calibrated; None if they are."""
    how: str


def choose_origins(
    known: Dataset,
    training: TrainOptions,
    frame: pd.DataFrame | pd.Series[Any] | None,
    options: BacktestOptions,
    forecast: ForecastOptions,
) -> ChosenOrigins:
    """Choose the origins of a backtest and the rows that calibrate them, which needs no network.

    Parameters
    ----------
    known, training
        The rows of the run, cut into their parts, and its options.
    frame
        Longer rows, or None for the calibration rows of the run.
    options, forecast
        Resolved options.

    Raises
    ------
    LabError
        No origin with a known future, or too few origins for a calibration that was asked for.
    """
    every, horizon = int(options.refit), forecast.horizon
    judged = _origin_range(known, training, frame, refits=bool(every))
    rows, _ = evenly_spaced(
        judged.dataset.possible(judged.start, len(judged.dataset), horizon), options.origins, horizon
    )
    if len(rows) == 0:
        raise ForecastError(
            f"a backtest needs an origin with {horizon} known steps after it, got none in the"
            f" {len(judged.dataset) - judged.start} rows held out; shorten the horizon or give a longer frame"
        )
    stages, how = _stages(known, training, judged, rows, every=every, horizon=horizon)
    return ChosenOrigins(judged, rows, stages, no_calibration(stages, forecast), how)


def _origin_range(
    known: Dataset, training: TrainOptions, frame: pd.DataFrame | pd.Series[Any] | None, *, refits: bool
) -> _OriginRange:
    cuts = known.cuts[0]
    if frame is not None:
        longer = known.append(read_newer(known, frame, training))
        start = int(longer.index.searchsorted(known.index[-1], side="right"))
        return _OriginRange(longer, start, cuts.rows, "the rows after the run's last")
    if refits:
        return _OriginRange(known, cuts.calibration, cuts.calibration, "the run's calibration rows")
    middle = (cuts.calibration + cuts.rows) // 2
    how = "the later half of the run's calibration rows; the earlier half calibrates"
    return _OriginRange(known, middle, middle, how)


def _stages(
    known: Dataset, training: TrainOptions, judged: _OriginRange, rows: NDArray[np.int64], *, every: int, horizon: int
) -> tuple[tuple[Stage, ...], str]:
    """Group the judged origins by calibration, and describe the grouping."""
    if every:
        often = "every origin" if every == 1 else f"every {every} origins"
        return tuple(
            _refit_stages(judged.dataset, rows, every, training, horizon)
        ), f"{judged.how}; trained anew before {often}"
    earlier = known.possible(known.cuts[0].calibration, judged.known, horizon)
    return (Stage(slice(0, len(rows)), *evenly_spaced(earlier, ORIGINS, horizon)),), judged.how


def _refit_stages(
    dataset: Dataset, rows: NDArray[np.int64], every: int, options: TrainOptions, horizon: int
) -> Iterator[Stage]:
    """Yield a stage for every k origins, calibrated on the newest rows before them."""
    for first in range(0, len(rows), every):
        before = int(rows[first])
        cuts = cut_rows(before, validation=options.validation, calibration=options.calibration)
        possible = dataset.possible(cuts.calibration, before, horizon)
        yield Stage(slice(first, min(first + every, len(rows))), *evenly_spaced(possible, ORIGINS, horizon))


def _known_ahead(covariates: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return the names as a tuple; refuse a column that is no covariate of the run."""
    for name in names:
        if name not in covariates:
            has = did_you_mean(name, covariates) if covariates else "it was trained with none"
            raise OptionError(f"known names input columns of the run, got {name!r}; {has}")
    return tuple(names)


def _known_noise(settings: SimulationSettings, known: int) -> SimulationSettings:
    """Return settings whose noise is drawn from residuals that every origin knows."""
    residuals = settings.residuals
    if residuals is None:
        return settings
    usable = residuals.rows < known
    if not usable.any():
        raise ForecastError(
            "noise is drawn from residuals before the first origin, got none; train with a larger calibration= or use"
            " noise='none'"
        )
    known_values = residuals.values[usable]  # noqa: PD011 - a field of ours, not of pandas
    return replace(settings, residuals=replace(residuals, values=known_values, rows=residuals.rows[usable]))


def _renumbered(plan: BacktestPlan) -> SimulationSettings:
    """Return settings with residual rows numbered as in the longer frame, and volatility updated by its rows."""
    residuals = plan.settings.residuals
    if residuals is None:
        return plan.settings
    moved = replace(residuals, rows=residuals.rows + plan.shift)
    return replace(plan.settings, residuals=with_later_errors(moved, plan.fitted.model, plan.protocol.dataset))


# The work ------------------------------------------------------------------------------------------------------------


def jobs_of(plan: BacktestPlan, *, here: bool) -> list[Job[str]]:
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
        jobs += baseline_jobs(name, plan.protocol, name)
    return sorted(jobs, key=lambda job: (job.judged, job.part.start if job.judged else 0))


def _network_jobs(plan: BacktestPlan, *, here: bool) -> Iterator[Job[str]]:
    fitted, protocol, horizon = plan.fitted, plan.protocol, plan.protocol.forecast.horizon
    packed = pack(fitted.model)
    if here:
        # Not the run's own simulator: what that has compiled depends on what it was used for.
        keep(packed, fitted.encoder, Simulator(fitted.model, fitted.encoder))
    chunks = chunks_for(protocol.forecast.paths)
    for dataset, rows, settings, chunk_count, judged in (
        (protocol.earlier, protocol.stages[0].calibrating, plan.settings, SCORE_CHUNKS, False),
        (protocol.dataset, protocol.evaluated.rows, _renumbered(plan), chunks, True),
    ):
        for part in blocks(len(rows)):
            origins = dataset.origins(rows[part], horizon, protocol.known)
            task = SimulationTask(
                named(plan.name, part), packed, fitted.encoder, origins, horizon, settings, chunk_count
            )
            yield Job(plan.name, 0, judged, part, task)


def _refit_jobs(plan: BacktestPlan) -> Iterator[Job[str]]:
    settings = {**plan.options.model_dump(), "target": plan.fitted.target, **AS_LOADED}
    packed = pack(plan.fitted.model)
    frame = plan.protocol.dataset.frame
    for number, stage in enumerate(plan.protocol.stages):
        rows = plan.protocol.evaluated.rows[stage.part]
        name = named(f"{plan.name}, trained anew,", stage.part)
        known = frame.iloc[: int(rows[-1]) + plan.protocol.forecast.horizon]
        task = TrainingTask(
            name, known, int(rows[0]), rows, settings, plan.protocol.forecast, packed, known=plan.protocol.known
        )
        yield Job(plan.name, number, judged=True, part=stage.part, task=task)


# The results ---------------------------------------------------------------------------------------------------------


def assemble(
    plan: BacktestPlan, jobs: Sequence[Job[str]], outcome: Outcome
) -> tuple[EvaluationSet, dict[str, Forecasts]]:
    """Return the judged origins and every model's forecasts; only origins that all models reached are judged.

    Raises
    ------
    ForecastError
        Stopped before there was such an origin.
    """
    by_model = collect_results(plan.protocol, jobs, outcome)
    reached = np.logical_and.reduce([results.reached for results in by_model.values()])
    if not reached.any():
        raise ForecastError("stopped before any origin was judged; let it run longer, or ask for fewer origins")
    evaluated = plan.protocol.evaluated.first(reached)
    network: Kind = "dropout spread" if plan.settings.residuals is None else "predictive"
    combine = plan.protocol.forecast.combines
    forecasts = {}
    for name, results in by_model.items():
        if name != plan.name:
            forecasts[name] = results.forecasts(name, evaluated, reached)
            continue
        forecasts[name] = results.forecasts(name, evaluated, reached, network, combine=combine)
        if combine:
            own = uncombined_name(name)
            forecasts[own] = results.forecasts(own, evaluated, reached, network)
    return evaluated, forecasts
