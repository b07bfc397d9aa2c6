"""Comparisons: networks of several kinds and the baselines, on the same rows, with several seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Unpack

import pandas as pd

from lstm_lab.data.preparation import read_series
from lstm_lab.errors import OptionError
from lstm_lab.evaluation.experiments import StudyResult, StudySettings, plan_study
from lstm_lab.evaluation.forecast_sets import baseline_jobs
from lstm_lab.evaluation.kinds import NETWORKS, check_kinds, options_of_kind
from lstm_lab.evaluation.leaderboard import Leaderboard, marks_of_kinds
from lstm_lab.evaluation.panel_compare import compare_by_id
from lstm_lab.evaluation.study_marks import MarkedResult
from lstm_lab.evaluation.tables import effect_text, four_digits
from lstm_lab.events import ProgressListener, check_listening
from lstm_lab.execution.parallel import task_runner
from lstm_lab.forecasting.baselines import BASELINES
from lstm_lab.formatting import percent
from lstm_lab.options import CompareOptions
from lstm_lab.results import Summary

if TYPE_CHECKING:
    import os
    import threading
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from lstm_lab.evaluation.experiments import ModelKey, StudyPlan
    from lstm_lab.evaluation.forecast_sets import Job
    from lstm_lab.evaluation.panel_compare import PanelComparison
    from lstm_lab.evaluation.study_marks import StudyMarks
    from lstm_lab.options.keywords import CompareKeywords

__all__ = ["Comparison", "compare"]

_COSTS: Final = ("parameters", "kilobytes", "training_seconds", "forecast_seconds")


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(StudyResult, Leaderboard, MarkedResult):
    """Several kinds of model on the same rows; made by `compare`."""

    called = "kind"

    def _scored(self, key: ModelKey) -> dict[str, float]:
        """Score one model, and add what it cost."""
        fitted = self.fitted.get(key)
        size = 0.0 if fitted is None else float(fitted.parameters)
        training = 0.0 if fitted is None else fitted.training_seconds
        drawing = self.forecasts[key].seconds if fitted is None else fitted.drawing_seconds
        costs = (size, 4 * size / 1000, training, drawing / len(self.evaluated.rows))
        return super()._scored(key) | dict(zip(_COSTS, costs, strict=True))

    @property
    def marks(self) -> StudyMarks:
        """Error, coverage and width of every kind, a mark a seed."""
        return marks_of_kinds(self)

    def summary_table(self) -> Summary:
        """Describe the rows and the verdict, and tabulate the kinds."""
        rows = [*self.details.items(), ("band", self.band()), ("verdict", self.verdict)]
        if self.best_network is not None:
            rows.append(("networks", self.best_network))
        return Summary(f"Comparison for {self.target}", tuple(rows), tuple(self._lines()))

    def _lines(self) -> Iterator[tuple[str, ...]]:
        """Tabulate the kinds, with the effect against the naive forecast where that was judged too."""
        naive = self.mean_error("naive") if "naive" in self.summary.index else None
        vs_naive = () if naive is None else ("vs naive",)
        yield ("kind", "MAE", "of seeds", *vs_naive, "held", "width", "weights", "trained", "CRPS", "MASE")
        for name, row in self.summary.iterrows():
            kind, trained = str(name), row.parameters > 0
            gap = () if naive is None else ("" if kind == "naive" else effect_text(self.gap(kind, "naive"), naive),)
            yield (
                kind,
                four_digits(row.mae),
                f"{four_digits(row.mae_low)}–{four_digits(row.mae_high)}" if row.seeds > 1 else "",
                *gap,
                percent(row.coverage),
                four_digits(row.width),
                f"{int(row.parameters):,}" if trained else "",
                f"{row.training_seconds:.0f} s" if trained else "",
                four_digits(row.crps),
                four_digits(row.mase),
            )


def compare(
    source: str | os.PathLike[str] | pd.DataFrame | pd.Series[Any],
    *,
    executor: Executor | None = None,
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
    **options: Unpack[CompareKeywords],
) -> Comparison | PanelComparison:
    """Train networks of several kinds on the same rows and judge them, beside baselines, on the same later ones.

    Parameters
    ----------
    source
        A file, DataFrame or Series; see `lstm_lab.load`.
    executor, listener, stop
        As for `lstm_lab.backtest`; a task is one training with its forecasts. What is complete when stopped is kept.
    **options
        Fields of `lstm_lab.options.CompareOptions`, `lstm_lab.options.TrainOptions` and
        `lstm_lab.options.ForecastOptions`. ``kinds`` to compare: ``lstm``, ``gru``, ``rnn``, the reference stack with
        that cell; ``transformer``, the same with causal attention of equal width; and the names of baselines, ``ets``
        and ``arima`` with the ``[stats]`` extra. Every network gets the same options (units, epochs, patience) and is
        trained once for each of the ``seeds``; a transformer has one target a window, with the stride, batch and rate
        of that, unless they are given. ``test`` is the newest share of the rows: the ``origins`` lie
        there, and nothing else sees them; training, validation and calibration share the rows before. Of many series,
        each is cut by its own time, and the baselines are ``naive`` and ``seasonal_naive``.

    Returns
    -------
    Comparison or PanelComparison
        ``.summary``, the leaderboard; ``.scores``, by seed; ``.verdict``; ``.plot()``. Of many series, errors are in
        units of each series' own changes (MASE), and differences are told by series, not by origins.

    Raises
    ------
    LabError
        An unknown kind or option, data that are too short: one line with the remedy.

    Examples
    --------
    >>> lab.compare(frame, target="close", kinds=["lstm", "gru", "naive"]).summary  # doctest: +SKIP
    """
    check_listening(listener, stop, ProgressListener)
    settings = StudySettings.of(CompareOptions, options)
    _check(settings)
    frame, target = read_series(source, settings.train)
    if isinstance(frame.index, pd.MultiIndex):
        return compare_by_id(frame, target, settings, executor=executor, listener=listener, stop=stop)
    plan = plan_study(frame, target, settings, [settings.train])
    jobs = list(_jobs(plan, settings))
    store = settings.checkpoint("a comparison", plan.protocol.dataset)
    with task_runner(executor, settings.study.workers, settings.study.cluster) as pool:
        outcome = pool.run([job.task for job in jobs], label="comparing", listener=listener, stop=stop, store=store)
    return Comparison.of(plan, jobs, outcome)


def _check(settings: StudySettings[CompareOptions]) -> None:
    if "cell" in settings.train.model_fields_set:
        raise OptionError("kinds= says which cells are compared, so cell= means nothing beside it; leave cell= out")
    check_kinds(settings.study.kinds)
    if "transformer" in settings.study.kinds and settings.train.supervise == "every":
        raise OptionError("supervise='every' needs a recurrent network, got the kind 'transformer'; leave one out")


def _jobs(plan: StudyPlan, settings: StudySettings[CompareOptions]) -> Iterator[Job[ModelKey]]:
    """List the jobs: baselines first, then seed after seed, so that a comparison that is stopped has every kind."""
    kinds, seeds = tuple(dict.fromkeys(settings.study.kinds)), tuple(dict.fromkeys(settings.study.seeds))
    for kind in kinds:
        if kind in BASELINES and (kind != "seasonal_naive" or plan.protocol.season > 1):
            yield from baseline_jobs((kind, seeds[0]), plan.protocol, kind)
    for seed in seeds:
        for kind in kinds:
            if kind in NETWORKS:
                yield plan.job(kind, options_of_kind(kind, settings.train), seed, transformer=kind == "transformer")
