"""Comparisons: networks of several kinds and the baselines, on the same rows, with several seeds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lstm_lab.errors import ForecastError, OptionError, did_you_mean
from lstm_lab.forecasting.baselines import BASELINES
from lstm_lab.forecasting.words import moment, number, percent
from lstm_lab.run import read_series
from lstm_lab.showing import Shown, Summary
from lstm_lab.studies.course import Job, baseline_jobs, check_baselines, gather
from lstm_lab.studies.executors import workplace
from lstm_lab.studies.judging import COLUMNS, difference, score
from lstm_lab.studies.kinds import KINDS, NETWORKS
from lstm_lab.studies.trials import Settings, lay_out

if TYPE_CHECKING:
    import os
    import threading
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from lstm_lab.events import ProgressListener
    from lstm_lab.studies.course import Gathered
    from lstm_lab.studies.fitting import Fitted
    from lstm_lab.studies.judging import Forecasts, Past
    from lstm_lab.studies.trials import Trial

__all__ = ["Comparison", "compare"]

_COSTS: Final = ("parameters", "kilobytes", "training_seconds", "forecast_seconds")


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Shown):
    """Several kinds of model on the same rows; made by `compare`."""

    past: Past
    """The series and the judged origins."""
    forecasts: Mapping[tuple[str, int], Forecasts]
    """By kind and seed; a baseline has the first seed alone, for its point forecast has no chance in it."""
    fitted: Mapping[tuple[str, int], Fitted]
    """By kind and seed, for networks: how training ended and what it cost."""
    trained_on: str
    """The rows before the first judged one, in words."""
    details: Mapping[str, str]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """A row for each kind and seed: all scores, and what the model cost."""
        rows = {key: score(one) | self._costs(key) for key, one in self.forecasts.items()}
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=[*COLUMNS, *_COSTS])
        frame.index = pd.MultiIndex.from_tuples(list(rows), names=["kind", "seed"])
        return frame

    def _costs(self, key: tuple[str, int]) -> dict[str, float]:
        origins = len(self.past.rows)
        if key not in self.fitted:
            return dict(zip(_COSTS, (0.0, 0.0, 0.0, self.forecasts[key].seconds / origins), strict=True))
        fitted = self.fitted[key]
        parameters = float(fitted.parameters)
        costs = (parameters, 4 * parameters / 1000, fitted.training_seconds, fitted.drawing_seconds / origins)
        return dict(zip(_COSTS, costs, strict=True))

    @cached_property
    def summary(self) -> pd.DataFrame:
        """The leaderboard, the lowest MAE first.

        Scores are means over the seeds. ``mae_low`` and ``mae_high`` are the best and the worst seed; ``kilobytes`` is
        the size of the weights as float32; ``forecast_seconds`` the time of one forecast within a batch of them.
        """
        seeds = self.scores.groupby(level="kind", sort=False)
        frame = seeds.mean()
        frame.insert(0, "seeds", seeds.size())
        frame.insert(2, "mae_low", seeds["mae"].min())
        frame.insert(3, "mae_high", seeds["mae"].max())
        return frame.sort_values("mae", kind="stable")

    @cached_property
    def rivals(self) -> tuple[str, ...]:
        """Kinds that cannot be told from the leader: their seeds overlap its, or the origins leave a doubt."""
        table = self.summary
        leader = str(table.index[0])
        return tuple(
            str(kind)
            for kind, row in table.iloc[1:].iterrows()
            if row.mae_low <= table.loc[leader, "mae_high"] or not self._clear(leader, str(kind))
        )

    def _clear(self, leader: str, kind: str) -> bool:
        return difference(self._errors(leader), self._errors(kind), self.past.overlap).clear

    def _errors(self, kind: str) -> np.ndarray:
        """Absolute errors, averaged over the seeds, (origins, horizon)."""
        return np.asarray(np.mean([one.errors for (name, _), one in self.forecasts.items() if name == kind], axis=0))

    @property
    def verdict(self) -> str:
        """Name the winner, or say why there is none."""
        table = self.summary
        leader = str(table.index[0])
        if len(table) == 1:
            return f"{leader} alone, with nothing to compare it with"
        if not self.rivals:
            share = percent(1 - float(table["mae"].iloc[0] / table["mae"].iloc[1]))
            return f"{leader} has the lowest error, {share} below {table.index[1]}, with every seed and beyond chance"
        seeds = int(table["seeds"].max())
        return (
            f"no winner: {leader} has the lowest error, but {_listed(self.rivals)} cannot be told from it by"
            f" {seeds} seed{'s' if seeds > 1 else ''} and {len(self.past.rows)} origins"
        )

    def summary_table(self) -> Summary:
        """Say what was compared on what, a line a kind, and what follows."""
        origins = self.past.origins
        span = f"{len(origins)} from {moment(origins[0])} to {moment(origins[-1])}, {self.past.horizon} steps each"
        rows = [("trained on", self.trained_on), ("judged at", span), *self.details.items()]
        calibrated = all(one.kind == "calibrated" for one in self.forecasts.values())
        band = f"calibrated {self.past.interval:g} % band" if calibrated else "band"
        for kind, row in self.summary.iterrows():
            seeds = f" ({number(row.mae_low)} to {number(row.mae_high)})" if row.seeds > 1 else ""
            cost = f", {int(row.parameters):,} parameters, {row.training_seconds:.0f} s" if row.parameters else ""
            scores = f"MAE {number(row.mae)}{seeds}, MASE {number(row.mase)}, CRPS {number(row.crps)}"
            held = f"{band} held {percent(row.coverage)}, width {number(row.width)}"
            rows.append((str(kind), f"{scores}; {held}{cost}"))
        return Summary(f"Comparison for {self.past.series.name}", (*rows, ("verdict", self.verdict)))


def compare(
    source: str | os.PathLike[str] | pd.DataFrame | pd.Series[Any],
    *,
    kinds: Sequence[str] = ("lstm", "gru", "rnn", "transformer", "naive", "seasonal_naive", "drift"),
    seeds: Sequence[int] = (0, 1, 2),
    horizon: int = 30,
    origins: int = 60,
    test: float = 0.2,
    renew: bool = True,
    executor: Executor | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
    **options: Any,
) -> Comparison:
    """Train networks of several kinds on the same rows and judge them, beside baselines, on the same later ones.

    Parameters
    ----------
    source
        A file, DataFrame or Series; see `lstm_lab.load`.
    kinds
        ``lstm``, ``gru``, ``rnn``: the reference stack with that cell. ``transformer``: the same with causal attention
        of equal width. And the names of baselines, ``ets`` and ``arima`` with the ``[stats]`` extra. All networks get
        the same options: units, epochs, patience, batch.
    seeds
        Every network is trained once a seed.
    horizon, origins
        As for `lstm_lab.backtest`.
    test
        Newest share of the rows: the origins lie there, and nothing else sees them. Training, validation and
        calibration share the rows before.
    renew, executor, workers, cluster, listener, stop
        As for `lstm_lab.backtest`; a task is one training with its forecasts. What is complete when stopped is kept.
    **options
        Fields of `lstm_lab.options.TrainOptions` and `lstm_lab.options.ForecastOptions`.

    Returns
    -------
    Comparison
        ``.summary``, the leaderboard; ``.scores``, by seed; ``.verdict``; ``.plot()``.

    Raises
    ------
    LabError
        An unknown kind or option, data that are too short: one line with the remedy.

    Examples
    --------
    >>> lab.compare(frame, target="close", kinds=["lstm", "gru", "naive"]).summary  # doctest: +SKIP
    """
    given = {"kinds": kinds, "seeds": seeds, "origins": origins, "test": test, "workers": workers, "cluster": cluster}
    settings = Settings.of({**given, "renew": renew}, {"horizon": horizon, **options})
    _check(settings)
    frame, target = read_series(source, settings.train)
    trial = lay_out(frame, target, settings, [settings.train])
    jobs = list(_jobs(trial, settings))
    with workplace(executor, settings.study.workers, settings.study.cluster) as place:
        outcome = place.run([job.task for job in jobs], label="comparing", listener=listener, stop=stop)
    done = {name: one for name, one in gather(trial.course, jobs, outcome).items() if one.reached.all()}
    if not done:
        raise ForecastError("stopped before any kind was judged; let it run longer, or compare fewer")
    return _comparison(trial, done, f"{len(done)} of {len({job.model for job in jobs})}" if outcome.stopped else None)


def _check(settings: Settings) -> None:
    for kind in settings.study.kinds:
        if kind not in KINDS:
            raise OptionError(f"there is no kind {kind!r} to compare; {did_you_mean(kind, KINDS)}")
    check_baselines([kind for kind in settings.study.kinds if kind in BASELINES])
    if "transformer" in settings.study.kinds and settings.train.supervise == "every":
        raise OptionError("supervise='every' needs a recurrent network, got the kind 'transformer'; leave one out")


def _jobs(trial: Trial, settings: Settings) -> Iterator[Job]:
    """Baselines first, then seed after seed, so that a comparison that is stopped holds every kind."""
    kinds, seeds = tuple(dict.fromkeys(settings.study.kinds)), tuple(dict.fromkeys(settings.study.seeds))
    for kind in kinds:
        if kind in BASELINES and (kind != "seasonal_naive" or trial.course.season > 1):
            yield from baseline_jobs(_model(kind, seeds[0]), trial.course, kind)
    every = slice(0, len(trial.course.past.rows))
    for seed in seeds:
        for kind in kinds:
            if kind in NETWORKS:
                cell = {} if kind == "transformer" else {"cell": kind}
                name = f"{kind} with seed {seed}"
                task = trial.fit(name, settings.train.model_copy(update=cell), seed, transformer=kind == "transformer")
                yield Job(_model(kind, seed), 0, judged=True, part=every, task=task)


def _model(kind: str, seed: int) -> str:
    return f"{kind}:{seed}"


def _comparison(trial: Trial, done: Mapping[str, Gathered], stopped: str | None) -> Comparison:
    course, past = trial.course, trial.course.past
    every = np.ones(len(past.rows), dtype=np.bool_)
    forecasts, fitted = {}, {}
    for name, one in done.items():
        kind, _, seed = name.partition(":")
        key = (kind, int(seed))
        fit = one.fitted.get(0)
        forecasts[key] = one.forecasts(past, every, "predictive" if fit is None else fit.uncalibrated)
        if fit is not None:
            fitted[key] = fit
    index = trial.frame.index
    details = course.described()
    if stopped is not None:
        details["stopped"] = f"with {stopped} models judged"
    trained_on = f"{trial.cut:,} rows, {moment(index[0])} to {moment(index[trial.cut - 1])}"
    return Comparison(past, forecasts, fitted, trained_on, details)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
