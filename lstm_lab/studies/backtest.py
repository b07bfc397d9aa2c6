"""Backtests: what a run's forecasts would have been worth from many earlier origins, beside the simple baselines'."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from lstm_lab.options import BacktestOptions, ForecastOptions
from lstm_lab.showing import Still, Summary
from lstm_lab.studies.course import check_baselines
from lstm_lab.studies.executors import workplace
from lstm_lab.studies.judging import COLUMNS, difference, score
from lstm_lab.studies.rolling import assemble, jobs_of, plan_backtest
from lstm_lab.studies.words import against, effect, held, measured, origins_text

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from lstm_lab.events import ProgressListener
    from lstm_lab.run import Run
    from lstm_lab.studies.judging import Difference, Forecasts, Past

__all__ = ["Backtest", "backtest"]


@dataclass(frozen=True, eq=False, repr=False)
class Backtest(Still):
    """Forecasts from many origins, held against what happened; made by `backtest`."""

    past: Past
    """The series and the origins."""
    forecasts: Mapping[str, Forecasts]
    """By model: a sequence of forecasts, an item an origin; ``.paths`` holds them all as one array."""
    network: str
    """Which of the models is the run."""
    details: Mapping[str, str]
    """How it was done, in words."""

    @property
    def target(self) -> str:
        """The column that is forecast."""
        return str(self.past.series.name)

    @property
    def horizon(self) -> int:
        """Steps of a forecast."""
        return self.past.horizon

    @property
    def origins(self) -> pd.Index:
        """Time of the last row that each forecast knows."""
        return self.past.origins

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a model: its scores, what its band is and the seconds that it took, the best MAE first."""
        rows = {name: score(one) for name, one in self.forecasts.items()}
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS)).rename_axis("model")
        frame["band"] = [one.kind for one in self.forecasts.values()]
        frame["seconds"] = [one.seconds for one in self.forecasts.values()]
        return frame.sort_values("mae", kind="stable")

    def by_step(self) -> pd.DataFrame:
        """Tabulate mae, crps, coverage and width by model and step ahead."""
        return pd.concat({name: one.by_step() for name, one in self.forecasts.items()}, names=["model", "step"])

    @property
    def verdict(self) -> str:
        """Say whether the network beats the best baseline, or whether the origins cannot tell."""
        others = [name for name in self.summary.index if name != self.network]
        if not others:
            return f"{self.network} alone, without a baseline to compare it with"
        best = others[0]
        gap, base = self._gap(best), float(self.summary["mae"].loc[best])
        judged_by = f"{len(self.origins)} origin{'s' if len(self.origins) > 1 else ''}"
        return f"{against(self.network, best, gap, base, judged_by)} ({best} is the best baseline)"

    def _gap(self, name: str) -> Difference:
        """Compare the network's absolute errors with another's, origin by origin."""
        return difference(self.forecasts[self.network].errors, self.forecasts[name].errors, self.past.overlap)

    def summary_table(self) -> Summary:
        """Say what was judged and what follows, and tabulate the models."""
        bands = {name: self._band(name) for name in self.forecasts}
        several = len(set(bands.values())) > 1
        band = ", ".join(f"{name} {kind}" for name, kind in bands.items()) if several else bands[self.network]
        rows = [
            ("judged at", origins_text(self.past)),
            *self.details.items(),
            ("band", band),
            ("verdict", self.verdict),
        ]
        return Summary(f"Backtest of {self.target}", tuple(rows), tuple(self._lines()))

    def _band(self, name: str) -> str:
        kind = self.forecasts[name].kind
        return f"calibrated {self.past.interval:g} %" if kind == "calibrated" else kind

    def _lines(self) -> Iterator[tuple[str, ...]]:
        yield ("model", "MAE", f"{self.network} against it", "held", "width", "CRPS", "MASE")
        for name, row in self.summary.iterrows():
            yield (
                str(name),
                measured(row.mae),
                "" if name == self.network else effect(self._gap(str(name)), row.mae),
                held(row.coverage, row.coverage_low, row.coverage_high),
                measured(row.width),
                measured(row.crps),
                measured(row.mase),
            )


def backtest(
    run: Run,
    frame: pd.DataFrame | pd.Series[Any] | None = None,
    *,
    horizon: int = 30,
    origins: int = 60,
    refit: bool | int = False,
    renew: bool = True,
    adapt: bool = False,
    known: Sequence[str] = (),
    executor: Executor | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    baselines: Sequence[str] = ("naive", "seasonal_naive", "drift"),
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
    **options: Any,
) -> Backtest:
    """Judge a run's forecasts from many origins whose future is known, beside baselines.

    Parameters
    ----------
    run
        The run.
    frame
        The series with rows after those that the run was trained on: the whole longer frame, or the later rows alone.
        The origins lie in those rows. The first band is the run's own, calibrated on all of its calibration rows.
        Without it the calibration rows are shared out: the earlier half gives residuals and calibrates, the origins
        lie in the later half; that first band knows half as many origins as the one `Run.forecast` draws.
    horizon
        Steps of each forecast.
    origins
        Places to forecast from, at most; evenly spaced, and the newest possible is among them.
    refit
        Train the same network anew, from the same options, on all rows before every origin (True) or before every
        k-th one: 60 origins with ``refit=20`` cost three trainings. Each has its own calibration rows.
    renew
        Let the band of each origin learn from the judged origins whose horizon was over by then, and forget the
        oldest: a calibration of one season serves the next one badly. Without it the band is the one that
        `Run.forecast` draws. The baselines' bands are renewed in the same way.
    adapt
        Steer the miss rate of each step towards its target, origin by origin, as a stream does (adaptive conformal
        inference): coverage nearer to nominal after a change of regime, for bands a few percent wider.
    known
        Input columns of the run whose future counts as known at every origin, there and while calibrating; the others
        are held at their last value.
    executor, workers, cluster
        Where the work is done: any `concurrent.futures.Executor`; so many processes; the Dask scheduler at this
        address. The numbers are the same to the last bit, here or there.
    baselines
        Names of `lstm_lab.forecasting.baselines.BASELINES`; their bands are calibrated as the run's is, on the same
        origins.
    listener
        Hears of every task that is done.
    stop
        Looked at between tasks; what was drawn by then is judged.
    **options
        Fields of `lstm_lab.options.ForecastOptions`.

    Returns
    -------
    Backtest
        ``.summary``, a row a model; ``.forecasts``; ``.plot()``.

    Raises
    ------
    LabError
        No origin, an unknown option or baseline: one line with the remedy.

    Examples
    --------
    >>> lab.backtest(run, longer, horizon=24).summary  # doctest: +SKIP
    """
    chosen = BacktestOptions.of(
        {
            "origins": origins,
            "refit": refit,
            "renew": renew,
            "adapt": adapt,
            "known": known,
            "baselines": baselines,
            "workers": workers,
            "cluster": cluster,
        }
    )
    forecast = ForecastOptions.of({"horizon": horizon, **options}).resolved()
    check_baselines(chosen.baselines)
    plan = plan_backtest(run, frame, chosen, forecast)
    with workplace(executor, chosen.workers, chosen.cluster) as place:
        jobs = jobs_of(plan, here=place.executor is None)
        outcome = place.run([job.task for job in jobs], label="backtest", listener=listener, stop=stop)
    past, forecasts = assemble(plan, jobs, outcome)
    return Backtest(past, forecasts, plan.name, plan.described(stopped=outcome.stopped, judged=len(past.rows)))
