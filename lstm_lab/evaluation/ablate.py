"""Ablations: the effect of single changes to a training, each on the same rows and with the same seeds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, Unpack

import pandas as pd

from lstm_lab.data.preparation import read_series
from lstm_lab.errors import OptionError
from lstm_lab.evaluation.effects import Effects, marks_of_changes
from lstm_lab.evaluation.experiments import (
    StudyResult,
    StudySettings,
    choose_inputs_before,
    first_rows,
    fits,
    plan_study,
)
from lstm_lab.evaluation.improvements import Improvements
from lstm_lab.evaluation.kinds import (
    BASE,
    CHANGES,
    DROPOUT_BAND,
    LOOKBACKS,
    MASK,
    UNCALIBRATED,
    change,
    changes_of,
    check_changes,
)
from lstm_lab.evaluation.panel_ablate import ablate_by_id
from lstm_lab.evaluation.study_marks import MarkedResult
from lstm_lab.events import ProgressListener, check_listening
from lstm_lab.execution.parallel import task_runner
from lstm_lab.options import AblateOptions
from lstm_lab.results import Summary

if TYPE_CHECKING:
    import os
    import threading
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from lstm_lab.evaluation.experiments import ModelKey, StudyPlan
    from lstm_lab.evaluation.forecast_sets import Job
    from lstm_lab.evaluation.panel_ablate import PanelAblation
    from lstm_lab.evaluation.study_marks import StudyMarks
    from lstm_lab.execution.parallel import Outcome
    from lstm_lab.options import TrainOptions
    from lstm_lab.options.keywords import AblateKeywords

__all__ = ["Ablation", "ablate"]


@dataclass(frozen=True, eq=False, repr=False)
class Ablation(StudyResult, Effects, MarkedResult):
    """Scores of the base and of every variant, and the effect of each change; made by `ablate`."""

    unchanged: frozenset[str] = frozenset()
    """Changes that the base has already, so that they are no variants."""

    called = "variant"
    measures = ("mae", "crps", "coverage", "width", "interval_score")

    @classmethod
    def of(cls, plan: StudyPlan, jobs: Sequence[Job[ModelKey]], outcome: Outcome) -> Self:
        """Collect the completed models, and add the base without its calibration, which takes no training."""
        result = super().of(plan, jobs, outcome)
        calibrated = {
            key: forecasts
            for key, forecasts in result.forecasts.items()
            if key[0] == BASE and forecasts.kind == "calibrated"
        }
        uncalibrated = {
            (UNCALIBRATED, seed): forecasts.without_calibration() for (_, seed), forecasts in calibrated.items()
        }
        dropout = {
            key: forecasts.without_calibration()
            for key, forecasts in result.forecasts.items()
            if key[0] == DROPOUT_BAND
        }
        fitted = {(UNCALIBRATED, seed): result.fitted[BASE, seed] for _, seed in calibrated}
        details = {**result.details, "transform": result.fitted[next(iter(result.forecasts))].transform}
        return replace(
            result,
            forecasts={**result.forecasts, **dropout, **uncalibrated},
            fitted={**result.fitted, **fitted},
            details=details,
        )

    @property
    def recipe(self) -> Improvements:
        """The recipe's table: which problem, which fix, and its measured effect with the spread over the seeds."""
        return Improvements(self, self.unchanged)

    def _scored(self, key: ModelKey) -> dict[str, float]:
        return super()._scored(key) | {"interval_score": float(self.forecasts[key].interval_scores.mean())}

    @property
    def marks(self) -> StudyMarks:
        """Error, coverage and width of every variant, a mark a seed."""
        return marks_of_changes(self)

    def summary_table(self) -> Summary:
        """Describe the base and tabulate the effect of each change."""
        rows = [*self.details.items(), ("band", self.band(BASE))]
        return Summary(f"Ablation for {self.target}", tuple(rows), tuple(self._lines()))


def ablate(
    source: str | os.PathLike[str] | pd.DataFrame | pd.Series[Any],
    *,
    executor: Executor | None = None,
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
    **options: Unpack[AblateKeywords],
) -> Ablation | PanelAblation:
    """Measure what each part of a training does alone: loss, weights, transform, scaler, lookback, start, band.

    Parameters
    ----------
    source
        A file, DataFrame or Series; see `lstm_lab.load`.
    executor, listener, stop
        As for `lstm_lab.compare`.
    **options
        Fields of `lstm_lab.options.AblateOptions`, `lstm_lab.options.TrainOptions` and
        `lstm_lab.options.ForecastOptions`; the latter two make the base that is changed. ``changes`` names some of
        `lstm_lab.evaluation.kinds.CHANGES`; all that apply are tried by default. Whether calibration helps is always
        told: it takes no further training. Of many series, ``mask: off`` trains a network that reads padding as data.

    Returns
    -------
    Ablation or PanelAblation
        ``.summary``, a row a variant with its effect and the spread over the seeds; ``.recipe``, the table of the
        recipe's improvements: problem, fix, effect. Of many series without that table; errors are in units of each
        series' own changes (MASE), and an effect is told by series, not by origins.

    Raises
    ------
    LabError
        As for `lstm_lab.compare`.

    Examples
    --------
    >>> lab.ablate(frame, target="close", seeds=[0, 1]).summary  # doctest: +SKIP
    """
    check_listening(listener, stop, ProgressListener)
    settings = StudySettings.of(AblateOptions, options)
    check_changes(settings.study.changes)
    frame, target = read_series(source, settings.train)
    if isinstance(frame.index, pd.MultiIndex):
        return ablate_by_id(frame, target, settings, executor=executor, listener=listener, stop=stop)
    if MASK in settings.study.changes:
        raise OptionError(f"{MASK!r} reads padding as data, and one series has none; leave it out, or use id=")
    variants = _variants(frame, target, settings)
    plan = plan_study(frame, target, settings, list(variants.values()))
    # Seed after seed, so that an ablation that is stopped has tried every change.
    seeds = dict.fromkeys(settings.study.seeds)
    thin = settings.forecast.model_copy(update={"noise": "none", "calibrate": False, "combine": False})
    jobs = [
        plan.job(variant, varied, seed, forecast=thin if variant == DROPOUT_BAND else None)
        for seed in seeds
        for variant, varied in variants.items()
    ]
    store = settings.checkpoint("an ablation", plan.protocol.dataset)
    with task_runner(executor, settings.study.workers, settings.study.cluster) as pool:
        outcome = pool.run([job.task for job in jobs], label="ablating", listener=listener, stop=stop, store=store)
    unchanged = frozenset(name for name in CHANGES if change(name, variants[BASE]) == variants[BASE])
    return replace(Ablation.of(plan, jobs, outcome), unchanged=unchanged - {DROPOUT_BAND})


def _variants(frame: pd.DataFrame, target: str, settings: StudySettings[AblateOptions]) -> dict[str, TrainOptions]:
    """Return the training options of every variant, the base first; variants equal to the base are left out."""
    count = first_rows(frame, settings.study)
    older = frame.iloc[:count]
    choice = choose_inputs_before(frame, target, count, settings.train)
    base = settings.train.model_copy(update={"transform": choice.transform, "features": choice.features})
    variants = {BASE: base}
    for name in changes_of(settings.study.changes):
        if name == MASK:
            continue
        varied = change(name, base)
        logarithm_fails = varied.transform == "log_return" and not bool((frame[target] > 0).all())
        too_long = name in LOOKBACKS and not fits(older, target, varied)
        same = not _is_thin(settings) if name == DROPOUT_BAND else varied == base
        if not same and not logarithm_fails and not too_long:
            variants[name] = varied
    return variants


def _is_thin(settings: StudySettings[AblateOptions]) -> bool:
    """Return whether a band of dropout alone exists, and differs from the base's."""
    return settings.train.dropout > 0 and settings.forecast.noise != "none"
