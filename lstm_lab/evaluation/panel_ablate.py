"""Ablations on many series: the effect of single changes to a training, told series by series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from lstm_lab.data.preparation import prepare_rows
from lstm_lab.errors import OptionError
from lstm_lab.evaluation.effects import Effects, marks_of_changes
from lstm_lab.evaluation.experiments import fits
from lstm_lab.evaluation.kinds import BASE, CHANGES, DROPOUT_BAND, LOOKBACKS, MASK, UNCALIBRATED, change, changes_of
from lstm_lab.evaluation.panel_study import PanelStudy, PanelStudyResult, described, judged_models
from lstm_lab.evaluation.study_marks import MarkedResult
from lstm_lab.results import Summary

if TYPE_CHECKING:
    import threading
    from concurrent.futures import Executor

    import pandas as pd

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.evaluation.experiments import ModelKey, StudySettings
    from lstm_lab.evaluation.panel_task import PanelTask, PanelTaskResult
    from lstm_lab.evaluation.study_marks import StudyMarks
    from lstm_lab.events import ProgressListener
    from lstm_lab.options import AblateOptions, TrainOptions

__all__ = ["PanelAblation", "ablate_by_id"]

NOT_BY_ID: Final = (DROPOUT_BAND, *(name for name, changed in CHANGES.items() if changed.get("scaler") == "minmax"))
"""Changes that many series do not have: each is scaled by its own rows, and its band holds the noise of all."""


@dataclass(frozen=True, eq=False, repr=False)
class PanelAblation(PanelStudyResult, Effects, MarkedResult):
    """Scores of the base and of every variant on the same series; made by `lstm_lab.ablate`."""

    called = "variant"

    @property
    def marks(self) -> StudyMarks:
        """Error, coverage and width of every variant, a mark a seed."""
        return marks_of_changes(self)

    def summary_table(self) -> Summary:
        """Describe the base and tabulate the effect of each change."""
        rows = [*self.details.items(), ("band", self.band(BASE))]
        return Summary(f"Ablation for {self.target}", tuple(rows), tuple(self._lines()))


def ablate_by_id(
    frame: pd.DataFrame,
    target: str,
    settings: StudySettings[AblateOptions],
    *,
    executor: Executor | None = None,
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
) -> PanelAblation:
    """Measure what each part of a training on many series does alone; see `lstm_lab.ablate`."""
    study = PanelStudy.of(frame, target, settings)
    variants, padded = _variants(study, settings)
    tasks: dict[ModelKey, PanelTask] = {
        (name, seed): study.task(name, options, seed, uncalibrated=name == BASE)
        for seed in dict.fromkeys(settings.study.seeds)
        for name, options in variants.items()
    }
    results, told = study.run(tasks, "an ablation", "ablating", executor, listener, stop)
    seeds = {seed for name, seed in results if name == BASE}
    results = {key: result for key, result in results.items() if key[1] in seeds}
    results |= {
        (UNCALIBRATED, seed): _uncalibrated(result)
        for (name, seed), result in results.items()
        if name == BASE and result.kind == "calibrated" and len(result.bare_band)
    }
    models = judged_models(study, results)
    facts = described(models, next(iter(results.values()))) | {"padding": padded} | told
    facts["transform"] = next(iter(results.values())).transform
    return PanelAblation(models, results, target, settings.forecast.interval, facts)


def _uncalibrated(result: PanelTaskResult) -> PanelTaskResult:
    """Return the forecasts of a network with the band that it has without calibration."""
    lower, upper = result.bare_band
    return replace(result, lower=lower, upper=upper, crps=result.bare_crps, kind="predictive")


def _variants(study: PanelStudy, settings: StudySettings[AblateOptions]) -> tuple[dict[str, TrainOptions], str]:
    """Return the training options of every variant, the base first, and say how much of the windows is padded.

    Variants that are equal to the base, or that the rows do not allow, are left out.

    Raises
    ------
    OptionError
        Only a change of the mask was asked for, and no window is padded.
    """
    older = study.frame[study.older]
    ready = prepare_rows(older, study.target, settings.train)
    short = _padded_windows(ready.dataset)
    choice = ready.input_choice
    base = settings.train.model_copy(update={"transform": choice.transform, "features": choice.features})
    variants = {BASE: base}
    positive = bool((study.frame[study.target] > 0).all())
    every = "all" in settings.study.changes
    for name in changes_of(settings.study.changes):
        if name in NOT_BY_ID:
            if every:
                continue
            raise OptionError(f"{name!r} is a change of one series, and there are many; leave it out, or ablate one id")
        if name == MASK and not short:
            if every:
                continue
            raise OptionError(
                f"{MASK!r} reads padding as data, but no window is padded, for every id has a training window of"
                f" {base.lookback} rows; raise lookback=, or leave {MASK!r} out"
            )
        varied = change(name, base)
        impossible = varied.transform == "log_return" and not positive
        if varied != base and not impossible and (name not in LOOKBACKS or fits(older, study.target, varied)):
            variants[name] = varied
    windows = len(ready.dataset.split.train)
    return variants, f"{short:,} of {windows:,} training windows, masked" if short else "none: every window is whole"


def _padded_windows(dataset: Dataset) -> int:
    """Count the training windows that are padded."""
    lengths = dataset.windows.lengths
    return 0 if lengths is None else int((lengths[dataset.split.train] < dataset.lookback).sum())
