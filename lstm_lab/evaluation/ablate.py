"""Ablations: change one thing at a time, on the same rows and seeds, and see what it does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self, Unpack

import numpy as np
import pandas as pd

from lstm_lab.data.preparation import read_series
from lstm_lab.evaluation.experiments import Judged, Settings, first_rows, lay_out, settled
from lstm_lab.evaluation.kinds import BASE, CHANGES, UNCALIBRATED, check_changes
from lstm_lab.evaluation.tables import effect, measured
from lstm_lab.formatting import percent
from lstm_lab.options import AblateOptions
from lstm_lab.parallel import workplace
from lstm_lab.results import Summary

if TYPE_CHECKING:
    import os
    import threading
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Executor

    from lstm_lab.evaluation.experiments import Trial
    from lstm_lab.evaluation.forecast_sets import Job
    from lstm_lab.events import ProgressListener
    from lstm_lab.options import TrainOptions
    from lstm_lab.options.keywords import AblateKeywords
    from lstm_lab.parallel import Outcome

__all__ = ["Ablation", "ablate"]

EFFECTS: Final = ("mae", "crps", "coverage", "width")


@dataclass(frozen=True, eq=False, repr=False)
class Ablation(Judged):
    """What each change does; made by `ablate`."""

    called = "variant"

    @classmethod
    def of(cls, trial: Trial, jobs: Sequence[Job], outcome: Outcome) -> Self:
        """Put together what is complete, and the base without its calibration: that takes no training."""
        made = super().of(trial, jobs, outcome)
        kept = {key: one for key, one in made.forecasts.items() if key[0] == BASE and one.kind == "calibrated"}
        forecasts = {(UNCALIBRATED, seed): one.without_calibration() for (_, seed), one in kept.items()}
        fitted = {(UNCALIBRATED, seed): made.fitted[BASE, seed] for _, seed in kept}
        details = {**made.details, "transform": made.fitted[next(iter(made.forecasts))].transform}
        return replace(
            made, forecasts={**made.forecasts, **forecasts}, fitted={**made.fitted, **fitted}, details=details
        )

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
        variants = self.scores.index.get_level_values("variant")
        own, base = (self.scores.loc[variants == name, list(EFFECTS)].droplevel("variant") for name in (variant, BASE))
        gaps = (own - base).dropna()
        signs = set(np.sign(gaps["mae"]))
        row: dict[str, Any] = {name: own[name].mean() for name in EFFECTS}
        row |= {f"{name}_effect": gaps[name].mean() for name in EFFECTS}
        row |= {f"{name}_spread": gaps[name].std(ddof=1) for name in EFFECTS}
        return row | {"clear": variant != BASE and len(signs) == 1 and self.gap(variant, BASE).clear}

    def summary_table(self) -> Summary:
        """Say what was changed on what, and tabulate what each change does."""
        rows = [*self.details.items(), ("band", self.band(BASE))]
        return Summary(f"Ablation for {self.past.series.name}", tuple(rows), tuple(self._lines()))

    def _lines(self) -> Iterator[tuple[str, ...]]:
        yield ("variant", "MAE", "effect on it", "", "held", "width", "CRPS")
        base = self.mae(BASE)
        for name, row in self.summary.iterrows():
            variant = str(name)
            same = variant in {BASE, UNCALIBRATED}  # a calibration moves the band's edges, never the median
            yield (
                variant,
                measured(row.mae),
                "" if same else effect(self.gap(variant, BASE), base),
                "" if same else self._word(variant),
                percent(row.coverage),
                measured(row.width),
                measured(row.crps),
            )

    def _word(self, variant: str) -> str:
        """Say whether an effect is clear, and if not, whether origins or seeds leave the doubt."""
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
    """Measure what the loss, the weights, the transform and the calibration do, each alone.

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
        ``.summary``, a row a variant with its effect and the spread over the seeds.

    Raises
    ------
    LabError
        As for `lstm_lab.compare`.

    Examples
    --------
    >>> lab.ablate(frame, target="close", seeds=[0, 1]).summary  # doctest: +SKIP
    """
    settings = Settings.of(AblateOptions, options)
    check_changes(settings.study.changes)
    frame, target = read_series(source, settings.train)
    variants = _variants(frame, target, settings)
    trial = lay_out(frame, target, settings, list(variants.values()))
    # Seed after seed, so that an ablation that is stopped has tried every change.
    seeds = dict.fromkeys(settings.study.seeds)
    jobs = [trial.job(variant, varied, seed) for seed in seeds for variant, varied in variants.items()]
    with workplace(executor, settings.study.workers, settings.study.cluster) as place:
        outcome = place.run([job.task for job in jobs], label="ablating", listener=listener, stop=stop)
    return Ablation.of(trial, jobs, outcome)


def _variants(frame: pd.DataFrame, target: str, settings: Settings[AblateOptions]) -> dict[str, TrainOptions]:
    """Make the options of every variant, the base first, without those that would repeat it."""
    recipe = settled(frame, target, first_rows(frame, settings.study), settings.train)
    base = settings.train.model_copy(update={"transform": recipe.transform, "features": recipe.features})
    variants = {BASE: base}
    for name in CHANGES if "all" in settings.study.changes else settings.study.changes:
        varied = base.model_copy(update=dict(CHANGES[name]))
        logarithm_fails = varied.transform == "log_return" and not bool((frame[target] > 0).all())
        if varied != base and not logarithm_fails:
            variants[name] = varied
    return variants
