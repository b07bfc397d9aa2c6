"""What forgetting the mask does: the same trainings with padding masked, and with padding read as data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pandas as pd

from lstm_lab.errors import DataError, ForecastError, OptionError
from lstm_lab.evaluation.study_marks import Column, Look, MarkedResult, StudyMarks, scale_for
from lstm_lab.evaluation.tables import four_digits
from lstm_lab.events import TrainingListener, check_listening
from lstm_lab.formatting import percent
from lstm_lab.results import Summary
from lstm_lab.run import train

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence

    from lstm_lab.options.keywords import TrainKeywords
    from lstm_lab.run import Run

__all__ = ["MaskEffect", "mask_effect"]

MASKED, READ = "mask: on", "mask: off"


@dataclass(frozen=True, eq=False, repr=False)
class MaskEffect(MarkedResult):
    """Errors of networks that were trained with and without a mask; made by `mask_effect`."""

    scores: pd.DataFrame
    """A row for each variant and seed: the mean absolute one-step error over the calibration rows, in standard
    deviations of the target, of ``padded`` windows and of ``whole`` ones (NaN where there are none)."""
    padded: int
    """Padded training windows."""
    windows: int
    """Training windows in all."""

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Mean over the seeds, by variant."""
        return self.scores.groupby(level="variant", sort=False).mean()

    @property
    def ratio(self) -> float:
        """How many times as large the error of padded windows is without a mask, mean over the seeds."""
        errors = self.summary["padded"]
        return float(errors[READ] / errors[MASKED])

    @property
    def clear(self) -> bool:
        """Whether the worst seed with a mask is better than the best without, for padded windows."""
        errors = self.scores["padded"]
        return bool(errors.xs(MASKED, level="variant").max() < errors.xs(READ, level="variant").min())

    @property
    def verdict(self) -> str:
        """Say what the mask does for padded windows."""
        if self.clear:
            return f"without a mask the error of padded windows is {self.ratio:.2g} times as large, with every seed"
        return f"no clear effect: without a mask {self.ratio:.2g} times the error, but the seeds overlap"

    @property
    def marks(self) -> StudyMarks:
        """Errors of padded and of whole windows, with the mask and without."""
        names = (MASKED, READ)
        seeds = self.scores.index.unique("seed")
        columns = []
        for kind in ("padded", "whole"):
            if self.scores[kind].notna().any():
                values = np.stack([self.scores[kind].xs(name, level="variant").reindex(seeds) for name in names])
                label = f"mean absolute error of {kind} windows (standard deviations)"
                columns.append(Column(label, values, scale=scale_for(values)))
        return StudyMarks(
            "Effect of the mask",
            (self.verdict, f"{self.padded:,} of {self.windows:,} training windows are padded"),
            names=names,
            looks=(Look("masked, a mark a seed"), Look("padding read as data", "red", "square")),
            seeds=tuple(map(str, seeds)),
            columns=tuple(columns),
        )

    def summary_table(self) -> Summary:
        """Return the share of padded windows, the verdict and the errors."""
        seeds = len(self.scores.index.unique("seed"))
        rows = (
            ("padded", f"{self.padded:,} of {self.windows:,} training windows, {percent(self.padded / self.windows)}"),
            ("error", f"mean absolute, one step, over the calibration rows; {seeds} seed{'s' if seeds > 1 else ''}"),
            ("verdict", self.verdict),
        )
        return Summary("Effect of the mask", rows, tuple(self._lines()))

    def _lines(self) -> Iterator[tuple[str, ...]]:
        yield ("variant", "padded windows", "of seeds", "whole windows")
        for variant, row in self.summary.iterrows():
            errors = self.scores["padded"].xs(variant, level="variant")
            spread = f"{four_digits(errors.min())}–{four_digits(errors.max())}" if len(errors) > 1 else ""
            whole = "" if np.isnan(row["whole"]) else four_digits(row["whole"])
            yield (str(variant), four_digits(row["padded"]), spread, whole)


def mask_effect(
    source: Any,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    listener: TrainingListener | None = None,
    stop: threading.Event | None = None,
    **options: Unpack[TrainKeywords],
) -> MaskEffect:
    """Train with and without a mask on series of which some are shorter than the lookback, and compare the errors.

    Parameters
    ----------
    source
        Many series; see `lstm_lab.load`.
    seeds
        Every variant is trained once with each.
    listener, stop
        As for `lstm_lab.train`; what is complete when stopped is kept.
    **options
        Fields of `lstm_lab.options.TrainOptions`, with ``id`` and without ``short``, ``mask`` and ``seed``.

    Returns
    -------
    MaskEffect
        ``.summary``, errors of padded and of whole windows by variant; ``.verdict``.

    Raises
    ------
    LabError
        Data or an option that cannot be used, or no series that is shorter than the lookback: one line with the remedy.

    Examples
    --------
    >>> lab.mask_effect(frame, id="store", target="sales", lookback=60).verdict  # doctest: +SKIP
    """
    check_listening(listener, stop, TrainingListener)
    for name in ("short", "mask", "seed"):
        if name in options:
            raise OptionError(f"a study of the mask sets {name}= itself, got {name}={options[name]!r}; leave it out")
    if len(seeds) == 0:
        raise OptionError("a study of the mask needs at least one seed, got none; use seeds=[0, 1, 2]")
    scores: dict[tuple[str, int], dict[str, float]] = {}
    counts = (0, 0)
    for seed in dict.fromkeys(seeds):
        pair: dict[tuple[str, int], dict[str, float]] = {}
        for variant, mask in ((MASKED, True), (READ, False)):
            given: dict[str, Any] = {**options, "short": "pad", "mask": mask, "seed": seed}
            run = train(source, listener=listener, stop=stop, **given)
            if run.end.reason in {"stopped", "interrupted"}:
                break
            counts = _counts(run)
            pair[variant, seed] = _errors(run)
        if len(pair) < 2:
            break
        scores |= pair
    if not scores:
        raise ForecastError("stopped before both networks of a seed were trained; let it run longer, or lower epochs")
    frame = pd.DataFrame.from_dict(scores, orient="index")
    frame.index = pd.MultiIndex.from_tuples(list(scores), names=["variant", "seed"])
    return MaskEffect(frame, *counts)


def _counts(run: Run) -> tuple[int, int]:
    """Count the padded training windows, and all of them.

    Raises
    ------
    DataError
        None is padded.
    """
    lengths, lookback = run.dataset.windows.lengths, run.dataset.lookback
    if lengths is None:
        raise DataError(
            f"a study of the mask needs series that are shorter than the lookback of {lookback} rows, got none; raise"
            " lookback="
        )
    train_lengths = lengths[run.dataset.split.train]
    return int((train_lengths < lookback).sum()), len(train_lengths)


def _errors(run: Run) -> dict[str, float]:
    """Compute the mean absolute error over the calibration rows, of padded windows and of whole ones.

    Raises
    ------
    DataError
        There are no calibration rows.
    """
    calibration = run.dataset.split.calibration
    if len(calibration) == 0:
        raise DataError("a study of the mask judges on calibration rows, got none; use calibration=0.1")
    errors, lengths = np.abs(run.fitted.errors.calibration), run.dataset.windows.lengths
    padded = np.zeros(len(errors), bool) if lengths is None else lengths[calibration] < run.dataset.lookback
    return {
        name: float(errors[part].mean()) if part.any() else float("nan")
        for name, part in (("padded", padded), ("whole", ~padded))
    }
