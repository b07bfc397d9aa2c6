"""The recipe's table: which problem each of its parts is to solve, and by how much it does, measured by an ablation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from lstm_lab.evaluation.kinds import BASE, DROPOUT_BAND, UNCALIBRATED
from lstm_lab.evaluation.study_marks import LINEAR_PERCENT, Column, Look, MarkedResult, StudyMarks, scale_of_changes
from lstm_lab.formatting import percent
from lstm_lab.results import Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lstm_lab.evaluation.experiments import StudyResult

__all__ = ["PARTS", "Improvements", "Part"]

AS_GIVEN: Final = frozenset({"guard: on", "lookback: as given", "band: calibrated"})
"""Sides of the table that are no change: the base itself."""
SCORES: Final = {"mae": "MAE", "interval_score": "interval score"}
"""What a part is judged by: the error of the median, or the band."""


class Part(NamedTuple):
    """One part of the recipe: a problem, and the two variants whose difference says what its solution is worth."""

    problem: str
    without: str
    fix: str
    score: str = "mae"


PARTS: Final = (
    Part("large errors decide the fit", "loss: mse", "loss: huber"),
    Part("a loss with a corner at zero", "loss: mae", "loss: huber"),
    Part("old rows count like new ones", "weights: uniform", "weights: linear"),
    Part("old rows count like new ones", "weights: uniform", "weights: exponential"),
    Part("the level of the series moves", "target: raw", "target: log returns"),
    Part("one large value squeezes the rest", "scaler: min-max", "scaler: standard"),
    Part("a flat stretch has no band", "guard: off", "guard: on"),
    Part("the window is short", "lookback: half", "lookback: as given"),
    Part("the window is short", "lookback: as given", "lookback: double"),
    Part("the state's gradient loses its length", "recurrent weights: gaussian", "recurrent weights: orthogonal"),
    Part("layers change the variance", "input weights: gaussian", "input weights: glorot"),
    Part("the cell starts by forgetting", "forget bias: 0", "forget bias: 1"),
    Part("the cell starts by forgetting", "forget bias: 1", "forget bias: 3"),
    Part("dropout alone makes a thin band", DROPOUT_BAND, UNCALIBRATED, "interval_score"),
    Part("nobody tested the band", UNCALIBRATED, "band: calibrated", "interval_score"),
)
"""The parts of the recipe, in its order."""


@dataclass(frozen=True, eq=False, repr=False)
class Improvements(MarkedResult):
    """The recipe's table: problem, fix, measured effect with its spread over seeds; from `Ablation.recipe`."""

    study: StudyResult
    """The ablation: scores and forecasts of the base and of every variant."""
    unchanged: frozenset[str]
    """Changes that the base has already."""

    @cached_property
    def effects(self) -> pd.DataFrame:
        """The effect of each part, a row a part and seed: score with the fix over score without it, minus 1.

        Negative is better: both scores, the mean absolute error and the interval score, are losses.
        """
        scores = self.study.scores
        rows: dict[tuple[int, Any], float] = {}
        for number, (part, without, fix) in enumerate(self._measured()):
            ratios = (scores.xs(fix, level=0)[part.score] / scores.xs(without, level=0)[part.score] - 1).dropna()
            rows |= {(number, seed): float(value) for seed, value in ratios.items()}
        index = pd.MultiIndex.from_tuples(list(rows), names=["part", "seed"])
        return pd.DataFrame({"effect": list(rows.values())}, index=index)

    @property
    def marks(self) -> StudyMarks:
        """How each fix changes its score, in percent; hollow where that may be chance."""
        rows, effects = self.records(), 100 * self.effects["effect"]
        seeds = effects.index.unique("seed")
        values = np.stack([effects.xs(number, level="part").reindex(seeds) for number in range(len(rows))])
        scale = scale_of_changes(values)
        beyond = f"; logarithmic beyond ±{LINEAR_PERCENT:g} %" if scale == "symlog" else ""
        label = f"change of the score by the fix: to the left is better{beyond}"
        return StudyMarks(
            self.summary_table().title,
            (f"a mark a seed; {self.study.details['judged at']}",),
            names=tuple(f"{row['problem']}\n{row['without']} → {row['fix']} ({SCORES[row['score']]})" for row in rows),
            looks=tuple(_look(row["effect"], clear=row["clear"]) for row in rows),
            seeds=tuple(map(str, seeds)),
            columns=(Column(label, values, None, 0.0, form="change", scale=scale),),
            reference="no effect",
            remarks=tuple(f"held {percent(row['held_without'])} → {percent(row['held_with'])}" for row in rows),
        )

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row a part: problem, without, fix, score, effect, spread, clear, and the coverages.

        ``effect`` is the mean over the seeds of the share by which the score changes, ``spread`` their standard
        deviation (NaN for one seed); ``clear`` says whether all seeds have one sign and the difference is more than two
        standard errors over the origins.
        """
        rows = []
        coverage = self.study.scores["coverage"].groupby(level=0).mean()
        for number, (part, without, fix) in enumerate(self._measured()):
            effects = self.effects["effect"].xs(number, level="part")
            one_sign = len(set(np.sign(effects))) == 1
            rows.append(
                {
                    **part._asdict(),
                    "effect": effects.mean(),
                    "spread": effects.std(ddof=1),
                    "clear": one_sign and self.study.gap(fix, without, part.score).clear,
                    "held_without": coverage[without],
                    "held_with": coverage[fix],
                }
            )
        return pd.DataFrame(rows)

    def _measured(self) -> Iterator[tuple[Part, str, str]]:
        """Yield each part whose two sides were both measured, with the names of their variants."""
        for part in PARTS:
            without, fix = self._variant(part.without), self._variant(part.fix)
            if without is not None and fix is not None and without != fix:
                yield part, without, fix

    def _variant(self, side: str) -> str | None:
        """Return the variant that a side of the table is; None where it was not measured."""
        variants = {name for name, _ in self.study.forecasts}
        if side in variants:
            return side
        uncalibrated = side == "band: calibrated" and UNCALIBRATED not in variants
        return BASE if side in AS_GIVEN | self.unchanged and not uncalibrated else None

    def summary_table(self) -> Summary:
        """Describe the rows that were judged, and tabulate the parts."""
        seeds = len(self.study.scores.index.unique("seed"))
        rows = [(name, self.study.details[name]) for name in ("trained on", "judged at")]
        rows.append(
            ("effect", f"of the fix on the score, mean over {seeds} seed{'s' if seeds > 1 else ''}; − is better")
        )
        title = f"What the recipe's parts do for {self.study.evaluated.series.name}"
        return Summary(title, tuple(rows), tuple(self._lines()))

    def records(self) -> list[dict[str, Any]]:
        """Return the rows of `frame` as dicts."""
        return [{str(name): value for name, value in row.items()} for row in self.frame.to_dict("records")]

    def _lines(self) -> Iterator[tuple[str, ...]]:
        yield ("problem", "without", "fix", "score", "effect", "spread", "", "held")
        for row in self.records():
            spread = "" if np.isnan(row["spread"]) else f"± {_signed(row['spread']).lstrip('+')}"
            yield (
                row["problem"],
                row["without"],
                row["fix"],
                SCORES[row["score"]],
                _signed(row["effect"]),
                spread,
                _word(row["effect"], clear=row["clear"]),
                f"{percent(row['held_without'])} → {percent(row['held_with'])}",
            )


def _look(effect: float, *, clear: bool) -> Look:
    if effect == 0:
        return Look("no effect", "grey", filled=False)
    word = _word(effect, clear=clear)
    return Look(f"better, {word}", filled=clear) if effect < 0 else Look(f"worse, {word}", "red", filled=clear)


def _word(effect: float, *, clear: bool) -> str:
    if effect == 0:
        return "none"
    return "clear" if clear else "may be chance"


def _signed(share: float) -> str:
    """Write a change in percent, with its sign.

    >>> _signed(-0.034), _signed(0.5)
    ('−3.4 %', '+50 %')
    """
    size = abs(100 * share)
    return f"{'−' if share < 0 else '+'}{size:.{0 if size >= 9.95 else 1}f} %"
