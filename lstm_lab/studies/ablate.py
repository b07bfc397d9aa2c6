"""Ablations: change one thing at a time, on the same rows and seeds, and see what it does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lstm_lab.errors import ForecastError, OptionError, did_you_mean
from lstm_lab.forecasting.words import moment, number, percent
from lstm_lab.run import read_series
from lstm_lab.showing import Shown, Summary
from lstm_lab.studies.course import Job, gather
from lstm_lab.studies.executors import workplace
from lstm_lab.studies.judging import difference, score
from lstm_lab.studies.trials import Settings, first_rows, lay_out, settled

if TYPE_CHECKING:
    import os
    import threading
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from lstm_lab.events import ProgressListener
    from lstm_lab.options import TrainOptions
    from lstm_lab.studies.course import Gathered
    from lstm_lab.studies.judging import Difference, Forecasts, Past
    from lstm_lab.studies.trials import Trial

__all__ = ["BASE", "CHANGES", "Ablation", "ablate"]

BASE: Final = "as given"
"""The variant that the others are held against."""
CHANGES: Final[Mapping[str, Mapping[str, Any]]] = {
    "loss: huber": {"loss": "huber"},
    "loss: mse": {"loss": "mse"},
    "weights: uniform": {"weights": "uniform"},
    "weights: linear": {"weights": "linear"},
    "weights: exponential": {"weights": "exponential"},
    "target: raw": {"transform": "none"},
    "target: log returns": {"transform": "log_return"},
}
"""What is changed, one at a time; a change that changes nothing is left out."""
UNCALIBRATED: Final = "band: not calibrated"
EFFECTS: Final = ("mae", "crps", "coverage", "width")


@dataclass(frozen=True, eq=False, repr=False)
class Ablation(Shown):
    """What each change does; made by `ablate`."""

    past: Past
    forecasts: Mapping[tuple[str, int], Forecasts]
    """By variant and seed."""
    details: Mapping[str, str]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """A row for each variant and seed: all scores."""
        rows = {key: score(one) for key, one in self.forecasts.items()}
        frame = pd.DataFrame.from_dict(rows, orient="index")
        frame.index = pd.MultiIndex.from_tuples(list(rows), names=["variant", "seed"])
        return frame

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
        return row | {"clear": variant != BASE and len(signs) == 1 and self.effect(variant).clear}

    @property
    def variants(self) -> tuple[str, ...]:
        """Variants with a result, `BASE` first."""
        return tuple(dict.fromkeys(variant for variant, _ in self.forecasts))

    def effect(self, variant: str) -> Difference:
        """Compare a variant's absolute errors with the base's, origin by origin, averaged over the seeds they share."""
        seeds = [seed for name, seed in self.forecasts if name == variant and (BASE, seed) in self.forecasts]
        own, base = (np.mean([self.forecasts[name, seed].errors for seed in seeds], axis=0) for name in (variant, BASE))
        return difference(own, base, self.past.overlap)

    def summary_table(self) -> Summary:
        """Say what each change does, a line a change."""
        origins = self.past.origins
        span = f"{len(origins)} from {moment(origins[0])} to {moment(origins[-1])}, {self.past.horizon} steps each"
        rows = [("judged at", span), *self.details.items()]
        table = self.summary
        for variant, row in table.iterrows():
            scores = f"MAE {number(row.mae)}, CRPS {number(row.crps)}, held {percent(row.coverage)}"
            if variant == BASE:
                rows.append((str(variant), f"{scores}, width {number(row.width)}"))
                continue
            share = row.mae_effect / table.loc[BASE, "mae"]
            said = f"MAE {_signed(share)}, {'clear' if row.clear else 'may be chance'}"
            if variant == UNCALIBRATED:
                said = f"width {_signed(row.width_effect / table.loc[BASE, 'width'])}"
            rows.append((str(variant), f"{said}; {scores}, width {number(row.width)}"))
        return Summary(f"Ablation for {self.past.series.name}", tuple(rows))


def ablate(
    source: str | os.PathLike[str] | pd.DataFrame | pd.Series[Any],
    *,
    changes: Sequence[str] | None = None,
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
) -> Ablation:
    """Measure what the loss, the weights, the transform and the calibration do, each alone.

    Parameters
    ----------
    source
        A file, DataFrame or Series; see `lstm_lab.load`.
    changes
        Which of `CHANGES` to try; by default all that apply. Whether calibration helps is always told: it takes no
        further training.
    seeds, horizon, origins, test, renew, executor, workers, cluster, listener, stop
        As for `lstm_lab.compare`.
    **options
        Fields of `lstm_lab.options.TrainOptions` and `lstm_lab.options.ForecastOptions`: the base that is changed.

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
    given = {"seeds": seeds, "origins": origins, "test": test, "workers": workers, "cluster": cluster}
    settings = Settings.of({**given, "renew": renew}, {"horizon": horizon, **options})
    frame, target = read_series(source, settings.train)
    variants = _variants(frame, target, settings, changes)
    trial = lay_out(frame, target, settings, list(variants.values()))
    jobs = list(_jobs(trial, variants, settings.study.seeds))
    with workplace(executor, settings.study.workers, settings.study.cluster) as place:
        outcome = place.run([job.task for job in jobs], label="ablating", listener=listener, stop=stop)
    done = {name: one for name, one in gather(trial.course, jobs, outcome).items() if one.reached.all()}
    if not done:
        raise ForecastError("stopped before anything was judged; let it run longer, or try fewer changes")
    return _ablation(trial, done, f"{len(done)} of {len(jobs)}" if outcome.stopped else None)


def _variants(
    frame: pd.DataFrame, target: str, settings: Settings, changes: Sequence[str] | None
) -> dict[str, TrainOptions]:
    """Make the options of every variant, the base first, without those that would repeat it."""
    for name in CHANGES if changes is None else changes:
        if name not in CHANGES:
            raise OptionError(f"there is no change {name!r}; {did_you_mean(name, CHANGES)}")
    recipe = settled(frame, target, first_rows(frame, settings), settings.train)
    base = settings.train.model_copy(update={"transform": recipe.transform, "features": recipe.features})
    variants = {BASE: base}
    for name in CHANGES if changes is None else changes:
        varied = base.model_copy(update=dict(CHANGES[name]))
        logarithm_fails = varied.transform == "log_return" and not bool((frame[target] > 0).all())
        if varied != base and not logarithm_fails:
            variants[name] = varied
    return variants


def _jobs(trial: Trial, variants: Mapping[str, TrainOptions], seeds: Sequence[int]) -> Iterator[Job]:
    """Seed after seed, so that an ablation that is stopped has tried every change."""
    every = slice(0, len(trial.course.past.rows))
    for seed in dict.fromkeys(seeds):
        for variant, options in variants.items():
            task = trial.fit(f"{variant!r} with seed {seed}", options, seed)
            yield Job(f"{variant}:{seed}", 0, judged=True, part=every, task=task)


def _ablation(trial: Trial, done: Mapping[str, Gathered], stopped: str | None) -> Ablation:
    past = trial.course.past
    every = np.ones(len(past.rows), dtype=np.bool_)
    forecasts: dict[tuple[str, int], Forecasts] = {}
    for name, one in done.items():
        variant, _, seed = name.rpartition(":")
        forecasts[variant, int(seed)] = one.forecasts(past, every, one.fitted[0].uncalibrated)
    calibrated = {key: one for key, one in forecasts.items() if key[0] == BASE and one.kind == "calibrated"}
    forecasts |= {(UNCALIBRATED, number): one.without_calibration() for (_, number), one in calibrated.items()}
    details = {"transform": next(iter(done.values())).fitted[0].transform}
    details |= trial.course.described()
    if stopped is not None:
        details["stopped"] = f"with {stopped} networks judged"
    return Ablation(past, forecasts, details)


def _signed(share: float) -> str:
    """Write a change in percent with its sign.

    >>> _signed(-0.034)
    '−3 %'
    """
    return f"{'+' if share >= 0 else '−'}{percent(abs(share))}"
