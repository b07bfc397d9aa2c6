"""Ablations: the effect of single changes to a training, each on the same rows and with the same seeds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self, Unpack

import numpy as np
import pandas as pd

from lstm_lab.data.panel_ids import refuse_ids
from lstm_lab.data.preparation import prepare_rows, read_series
from lstm_lab.errors import DataError
from lstm_lab.evaluation.experiments import StudyResult, StudySettings, choose_inputs_before, first_rows, plan_study
from lstm_lab.evaluation.improvements import Improvements
from lstm_lab.evaluation.kinds import BASE, CHANGES, DROPOUT_BAND, LOOKBACKS, UNCALIBRATED, change, check_changes
from lstm_lab.evaluation.tables import effect_text, four_digits
from lstm_lab.formatting import percent
from lstm_lab.options import AblateOptions
from lstm_lab.parallel import task_runner
from lstm_lab.results import Summary

if TYPE_CHECKING:
    import os
    import threading
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Executor

    from lstm_lab.evaluation.experiments import ModelKey, StudyPlan
    from lstm_lab.evaluation.forecast_sets import Job
    from lstm_lab.events import ProgressListener
    from lstm_lab.options import TrainOptions
    from lstm_lab.options.keywords import AblateKeywords
    from lstm_lab.parallel import Outcome

__all__ = ["Ablation", "ablate"]

EFFECTS: Final = ("mae", "crps", "coverage", "width", "interval_score")


@dataclass(frozen=True, eq=False, repr=False)
class Ablation(StudyResult):
    """Scores of the base and of every variant, and the effect of each change; made by `ablate`."""

    unchanged: frozenset[str] = frozenset()
    """Changes that the base has already, so that they are no variants."""

    called = "variant"

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
    def variants(self) -> tuple[str, ...]:
        """Variants with a result, `BASE` first."""
        return tuple(dict.fromkeys(variant for variant, _ in self.forecasts))

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a variant: its mean scores over the seeds, and the effect of the change.

        ``mae_effect`` and so on are the mean over the seeds of variant minus `BASE`, seed by seed; ``mae_spread`` the
        standard deviation of that difference over the seeds (NaN for one seed). ``clear`` says whether the effect on
        the MAE is more than two standard errors over the origins, and has one sign with every seed.
        """
        rows = {variant: self._row(variant) for variant in self.variants}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("variant")

    def _row(self, variant: str) -> dict[str, Any]:
        """Average a variant's scores over the seeds, and compare them with the base's, seed by seed."""
        variants = self.scores.index.get_level_values("variant")
        by_seed, base_by_seed = (
            self.scores.loc[variants == name, list(EFFECTS)].droplevel("variant") for name in (variant, BASE)
        )
        effects = (by_seed - base_by_seed).dropna()
        signs = set(np.sign(effects["mae"]))
        row: dict[str, Any] = {name: by_seed[name].mean() for name in EFFECTS}
        row |= {f"{name}_effect": effects[name].mean() for name in EFFECTS}
        row |= {f"{name}_spread": effects[name].std(ddof=1) for name in EFFECTS}
        return row | {"clear": variant != BASE and len(signs) == 1 and self.gap(variant, BASE).clear}

    def summary_table(self) -> Summary:
        """Describe the base and tabulate the effect of each change."""
        rows = [*self.details.items(), ("band", self.band(BASE))]
        return Summary(f"Ablation for {self.evaluated.series.name}", tuple(rows), tuple(self._lines()))

    def _lines(self) -> Iterator[tuple[str, ...]]:
        yield ("variant", "MAE", "effect on it", "", "held", "width", "CRPS")
        base = self.mae(BASE)
        for name, row in self.summary.iterrows():
            variant = str(name)
            same = variant in {BASE, UNCALIBRATED}  # a calibration moves the band's edges, never the median
            yield (
                variant,
                four_digits(row.mae),
                "" if same else effect_text(self.gap(variant, BASE), base),
                "" if same else self._word(variant),
                percent(row.coverage),
                four_digits(row.width),
                four_digits(row.crps),
            )

    def _word(self, variant: str) -> str:
        """Return whether an effect is clear, and if not, whether the origins or the seeds disagree."""
        if self.summary["clear"][variant]:
            return "clear"
        return "not with every seed" if self.gap(variant, BASE).clear else "may be chance"


def ablate(
    source: str | os.PathLike[str] | pd.DataFrame | pd.Series[Any],
    *,
    executor: Executor | None = None,
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
    **options: Unpack[AblateKeywords],
) -> Ablation:
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
        told: it takes no further training.

    Returns
    -------
    Ablation
        ``.summary``, a row a variant with its effect and the spread over the seeds; ``.recipe``, the table of the
        recipe's improvements: problem, fix, effect.

    Raises
    ------
    LabError
        As for `lstm_lab.compare`.

    Examples
    --------
    >>> lab.ablate(frame, target="close", seeds=[0, 1]).summary  # doctest: +SKIP
    """
    settings = StudySettings.of(AblateOptions, options)
    check_changes(settings.study.changes)
    frame, target = read_series(source, settings.train)
    refuse_ids(frame.index, "ablate")
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
    choice = choose_inputs_before(frame, target, first_rows(frame, settings.study), settings.train)
    base = settings.train.model_copy(update={"transform": choice.transform, "features": choice.features})
    variants = {BASE: base}
    for name in CHANGES if "all" in settings.study.changes else settings.study.changes:
        varied = change(name, base)
        logarithm_fails = varied.transform == "log_return" and not bool((frame[target] > 0).all())
        too_long = name in LOOKBACKS and not _fits(frame, target, varied, settings)
        same = not _is_thin(settings) if name == DROPOUT_BAND else varied == base
        if not same and not logarithm_fails and not too_long:
            variants[name] = varied
    return variants


def _is_thin(settings: StudySettings[AblateOptions]) -> bool:
    """Return whether a band of dropout alone exists, and differs from the base's."""
    return settings.train.dropout > 0 and settings.forecast.noise != "none"


def _fits(frame: pd.DataFrame, target: str, options: TrainOptions, settings: StudySettings[AblateOptions]) -> bool:
    """Return whether every part of the training rows still has a window of this lookback."""
    try:
        prepare_rows(frame.iloc[: first_rows(frame, settings.study)], target, options).dataset.checked_split()
    except DataError:
        return False
    return True
