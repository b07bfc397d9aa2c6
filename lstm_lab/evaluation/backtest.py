"""Backtests: the accuracy of a run's forecasts from many past origins, beside simple baselines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

import pandas as pd

from lstm_lab.evaluation.kinds import check_baselines
from lstm_lab.evaluation.panel_plan import backtest_by_id
from lstm_lab.evaluation.refit import TrainingTask
from lstm_lab.evaluation.reliability import reliability
from lstm_lab.evaluation.rolling_origins import assemble, jobs_of, plan_backtest
from lstm_lab.evaluation.scoring import COLUMNS, difference, score, uncombined_name
from lstm_lab.evaluation.tables import comparison_text, coverage_text, effect_text, four_digits, origins_text
from lstm_lab.evaluation.task_checkpoint import TaskCheckpoint
from lstm_lab.events import ProgressListener, check_listening
from lstm_lab.execution.parallel import task_runner
from lstm_lab.models.serialize import pack
from lstm_lab.options import BacktestOptions, ForecastOptions, shared_out
from lstm_lab.results import Result, Summary
from lstm_lab.run import checked_run

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from lstm_lab.evaluation.evaluation_set import EvaluationSet
    from lstm_lab.evaluation.forecast_sets import Job
    from lstm_lab.evaluation.panel_backtest import PanelBacktest
    from lstm_lab.evaluation.scoring import Difference, Forecasts
    from lstm_lab.options.keywords import BacktestKeywords
    from lstm_lab.run import Run

__all__ = ["Backtest", "backtest"]

SLACK = 0.05
"""How far below nominal the upper end of a band's coverage may lie before the band is warned of: what is meant as 90 %
and held 86 % is what calibration gives from a few dozen origins, and no reason for alarm."""


@dataclass(frozen=True, eq=False, repr=False)
class Backtest(Result):
    """Forecasts from many origins, scored against the observed values; made by `backtest`."""

    evaluated: EvaluationSet
    """The series and the origins."""
    forecasts: Mapping[str, Forecasts]
    """By model: a sequence of forecasts, an item an origin; ``.paths`` holds them all as one array."""
    network: str
    """Name of the run among the models."""
    details: Mapping[str, str]
    """How the backtest was made, in words."""

    @property
    def target(self) -> str:
        """The column that is forecast."""
        return str(self.evaluated.series.name)

    @property
    def horizon(self) -> int:
        """Steps of a forecast."""
        return self.evaluated.horizon

    @property
    def origins(self) -> pd.Index:
        """Time of the last row that each forecast knows."""
        return self.evaluated.origins

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a model: its scores, what its band is and the seconds that it took, the best MAE first."""
        rows = {name: score(forecasts) for name, forecasts in self.forecasts.items()}
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS)).rename_axis("model")
        frame["band"] = [forecasts.kind for forecasts in self.forecasts.values()]
        frame["seconds"] = [forecasts.seconds for forecasts in self.forecasts.values()]
        return frame.sort_values("mae", kind="stable")

    def by_step(self) -> pd.DataFrame:
        """Tabulate mae, crps, coverage and width by model and step ahead."""
        return pd.concat(
            {name: forecasts.by_step() for name, forecasts in self.forecasts.items()}, names=["model", "step"]
        )

    def reliability(self) -> pd.DataFrame:
        """Tabulate the measured coverage of central intervals by model and nominal coverage, in percent."""
        by_model = {name: reliability(forecasts) for name, forecasts in self.forecasts.items()}
        return pd.concat(by_model, names=["model", "nominal"])

    @property
    def verdict(self) -> str:
        """Return whether the network beats the best baseline, or whether the origins cannot tell."""
        best = self._best
        if best is None:
            return f"{self.network} has no baseline to be compared with"
        return f"{self._against(self.network, best)} ({best} is the best baseline)"

    @property
    def alone(self) -> str | None:
        """Compare the network's own median with the best baseline, where the run's leans on the naive forecasts."""
        name, best = uncombined_name(self.network), self._best
        return None if name not in self.forecasts or best is None else self._against(name, best)

    @property
    def _best(self) -> str | None:
        """Return the name of the baseline with the lowest MAE."""
        own = {self.network, uncombined_name(self.network)}
        return next((str(name) for name in self.summary.index if name not in own), None)

    def _against(self, name: str, best: str) -> str:
        judged_by = f"{len(self.origins)} origin{'s' if len(self.origins) > 1 else ''}"
        return comparison_text(name, best, self._gap(best, name), float(self.summary["mae"].loc[best]), judged_by)

    @property
    def caution(self) -> str | None:
        """Warn of the network's band, where its coverage is far below nominal."""
        names = ("coverage", "coverage_low", "coverage_high")
        share, low, high = (float(self.summary[name].loc[self.network]) for name in names)
        if high >= self.evaluated.interval / 100 - SLACK:
            return None
        unlike = "these rows are unlike those that it was calibrated on"
        why = unlike if self.forecasts[self.network].kind == "calibrated" else "it is not calibrated"
        coverage = coverage_text(share, low, high)
        return f"do not rely on this band: {why}, and of a nominal {self.evaluated.interval:g} % it held {coverage}"

    def _gap(self, name: str, own: str | None = None) -> Difference:
        """Compare absolute errors of a model, the network by default, with those of `name`, origin by origin."""
        reference = self.forecasts[self.network if own is None else own]
        return difference(reference.errors, self.forecasts[name].errors, self.evaluated.overlap)

    def summary_table(self) -> Summary:
        """Describe the origins and the verdict, and tabulate the models."""
        bands = {name: self.band_name(name) for name in self.forecasts}
        several = len(set(bands.values())) > 1
        band = ", ".join(f"{name} {kind}" for name, kind in bands.items()) if several else bands[self.network]
        rows = [
            ("judged at", origins_text(self.evaluated)),
            *self.details.items(),
            ("band", band),
            ("verdict", self.verdict),
        ]
        if self.alone is not None:
            rows.append(("by itself", self.alone))
        if self.caution is not None:
            rows.append(("beware", self.caution))
        return Summary(f"Backtest of {self.target}", tuple(rows), tuple(self._lines()))

    def band_name(self, name: str) -> str:
        """Return what a model's band is, in words."""
        kind = self.forecasts[name].kind
        return f"calibrated {self.evaluated.interval:g} %" if kind == "calibrated" else kind

    def _lines(self) -> Iterator[tuple[str, ...]]:
        yield ("model", "MAE", f"{self.network} against it", "held", "width", "CRPS", "MASE")
        for name, row in self.summary.iterrows():
            yield (
                str(name),
                four_digits(row.mae),
                "" if name == self.network else effect_text(self._gap(str(name)), row.mae),
                coverage_text(row.coverage, row.coverage_low, row.coverage_high),
                four_digits(row.width),
                four_digits(row.crps),
                four_digits(row.mase),
            )


def backtest(
    run: Run,
    frame: pd.DataFrame | pd.Series[Any] | None = None,
    *,
    executor: Executor | None = None,
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
    **options: Unpack[BacktestKeywords],
) -> Backtest | PanelBacktest:
    """Judge a run's forecasts from many origins whose future is known, beside baselines.

    Of a run of many series, every series is judged at its own origins: errors in units of its own changes, the worst
    series first, and the series whose band is off by more than chance by name.

    Parameters
    ----------
    run
        The run.
    frame
        The series with rows after those that the run was trained on: the whole longer frame, or the later rows alone.
        The origins lie in those rows. The first band is the run's own, calibrated on all of its calibration rows.
        Without it the calibration rows are shared out: the earlier half gives residuals and calibrates, the origins
        lie in the later half; that first band knows half as many origins as the one `Run.forecast` draws.
        Later origins know the judged ones before them, which lie further apart than those that ``run.on(rows so far)``
        tries out for its forecast: weights and bands there may differ from these.
    executor
        Where the work is done: any `concurrent.futures.Executor`. So many processes with ``workers``, the Dask
        scheduler at an address with ``cluster``. The numbers are the same to the last bit, here or there.
    listener
        Hears of every task that is done.
    stop
        Looked at between tasks; what was drawn by then is judged.
    **options
        Fields of `lstm_lab.options.BacktestOptions` and `lstm_lab.options.ForecastOptions`; for example ``horizon``,
        ``origins``, ``baselines``. With ``refit=k`` the same network is trained anew on all rows before every k-th
        origin: 60 origins with ``refit=20`` cost three trainings. The bands of all models, baselines too, learn from
        the judged origins whose horizon is over and forget the oldest; with ``renew=False`` they stay as they were,
        with ``adapt=True`` the miss rate of each step is steered towards its target as well (adaptive conformal
        inference): nearer to nominal after a change of regime, for bands a few percent wider. ``known`` names inputs
        whose future counts as known at every origin; the others are held at their last value.

    Returns
    -------
    Backtest
        ``.summary``, a row a model; ``.forecasts``; ``.plot()``. Where the run's median leans on the naive forecasts
        (``combine``), the row ``network``, or the run's name, is what `Run.forecast` gives, and ``network alone`` the
        network by itself.

    Raises
    ------
    LabError
        No origin, an unknown option or baseline: one line with the remedy.

    Examples
    --------
    >>> lab.backtest(run, longer, horizon=24).summary  # doctest: +SKIP
    """
    check_listening(listener, stop, ProgressListener)
    backtest_options, forecast_options = shared_out(options, BacktestOptions, ForecastOptions)
    settings, forecast = BacktestOptions.of(backtest_options), ForecastOptions.of(forecast_options).resolved()
    check_baselines(settings.baselines)
    checked_run(run, "backtest", "train one first: backtest(lab.train(data))")
    if run.dataset.is_panel:
        return backtest_by_id(run, frame, settings, forecast, executor=executor, listener=listener, stop=stop)
    plan = plan_backtest(run, frame, settings, forecast)
    options_used = (settings, forecast, run.options)
    store = TaskCheckpoint.of(
        settings.checkpoint, "a backtest", options_used, plan.protocol.dataset, pack(run.fitted.model)
    )
    with task_runner(executor, settings.workers, settings.cluster) as pool:
        jobs = jobs_of(plan, here=pool.executor is None)
        outcome = pool.run(
            [job.task for job in jobs],
            label="backtest",
            listener=listener,
            stop=stop,
            seconds=_refitting(run, jobs),
            store=store,
        )
    evaluated, forecasts = assemble(plan, jobs, outcome)
    details = plan.described(stopped=outcome.stopped, judged=len(evaluated.rows)) | outcome.described
    leaning = forecasts[plan.name].leaning
    if leaning is not None:
        how = "on average, weighed at each origin by their errors at earlier ones"
        details["median"] = f"{plan.name} mixes {leaning} {how}"
    return Backtest(evaluated, forecasts, plan.name, details)


def _refitting(run: Run, jobs: Sequence[Job[str]]) -> float | None:
    """Estimate the seconds that the trainings of a backtest take, each as long as the run's own; None without any."""
    refits = sum(isinstance(job.task, TrainingTask) for job in jobs)
    return refits * run.end.seconds if refits else None
