"""The effects of an ablation: what each change does to the scores, seed by seed, and which of them are clear."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

import numpy as np
import pandas as pd

from lstm_lab.evaluation.kinds import BASE, UNCALIBRATED
from lstm_lab.evaluation.scored_study import DrawnStudy, ScoredStudy, scored_marks
from lstm_lab.evaluation.study_marks import Look
from lstm_lab.evaluation.tables import effect_text, four_digits
from lstm_lab.formatting import percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lstm_lab.evaluation.study_marks import StudyMarks

__all__ = ["Effects", "marks_of_changes"]


_BASE: Final = Look(f"{BASE}, a mark a seed")
_CLEAR: Final = Look("changed: a clear effect on the error", "red", "square")
_CHANCE: Final = Look("changed: the effect may be chance", "red", "square", filled=False)
_SAME: Final = Look("changed: the error is the same", "grey", "diamond")


class ChangedStudy(DrawnStudy, Protocol):
    """A study with `Effects`, as it is drawn."""

    @property
    def variants(self) -> tuple[str, ...]:
        """Variants with a result, `BASE` first."""

    @property
    def summary(self) -> pd.DataFrame:
        """A row a variant: its mean scores, and whether its effect is clear."""

    def word(self, variant: str) -> str:
        """Return whether an effect is clear, and if not, what leaves the doubt."""


class Effects(ScoredStudy):
    """Mixin of a study of changes: the effect of each of them against `BASE`."""

    measures: ClassVar[tuple[str, ...]]
    """Scores whose effect is told: error, CRPS, coverage, width of the band."""

    @property
    def variants(self) -> tuple[str, ...]:
        """Variants with a result, `BASE` first."""
        return tuple(dict.fromkeys(map(str, self.scores.index.get_level_values("variant"))))

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a variant: its mean scores over the seeds, and the effect of the change.

        ``mae_effect`` (of many series ``mase_effect``) and so on are the mean over the seeds of variant minus `BASE`,
        seed by seed; ``mae_spread`` the standard deviation of that difference over the seeds (NaN for one seed).
        ``clear`` says whether the effect on the error is more than two standard errors over the origins, or over the
        series where there are many, and has one sign with every seed.
        """
        rows = {variant: self._row(variant) for variant in self.variants}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("variant")

    def _row(self, variant: str) -> dict[str, Any]:
        """Average a variant's scores over the seeds, and compare them with the base's, seed by seed."""
        variants = self.scores.index.get_level_values("variant")
        by_seed, base_by_seed = (
            self.scores.loc[variants == name, list(self.measures)].droplevel("variant") for name in (variant, BASE)
        )
        error = self.measures[0]
        effects = by_seed - base_by_seed
        effects = effects[effects[error].notna()]
        signs = set(np.sign(effects[error]))
        row: dict[str, Any] = {name: by_seed[name].mean() for name in self.measures}
        row |= {f"{name}_effect": effects[name].mean() for name in self.measures}
        row |= {f"{name}_spread": effects[name].std(ddof=1) for name in self.measures}
        return row | {"clear": variant != BASE and len(signs) == 1 and self.gap(variant, BASE).clear}

    def _lines(self) -> Iterator[tuple[str, ...]]:
        error, crps, coverage, width = self.measures[:4]
        yield ("variant", error.upper(), "effect on it", "", "held", "width", "sCRPS" if crps == "scrps" else "CRPS")
        base = float(self.summary[error].loc[BASE])
        for name, row in self.summary.iterrows():
            variant = str(name)
            same = variant in {BASE, UNCALIBRATED}  # a calibration moves the band's edges, never the median
            yield (
                variant,
                four_digits(row[error]),
                "" if same else effect_text(self.gap(variant, BASE), base),
                "" if same else self.word(variant),
                percent(row[coverage]),
                four_digits(row[width]),
                four_digits(row[crps]),
            )

    def word(self, variant: str) -> str:
        """Return whether an effect is clear, and if not, whether the origins, or series, or the seeds disagree."""
        if self.summary["clear"][variant]:
            return "clear"
        return "not with every seed" if self.gap(variant, BASE).clear else "may be chance"


def marks_of_changes(study: ChangedStudy) -> StudyMarks:
    """Return the marks of error, coverage and width of every variant, beside the means of `BASE`."""
    clear = study.summary["clear"]
    looks = {name: _CLEAR if clear[name] else _CHANCE for name in study.variants}
    looks |= {name: look for name, look in ((BASE, _BASE), (UNCALIBRATED, _SAME)) if name in looks}
    base = float(study.summary[study.error].loc[BASE])
    changed = [name for name in study.variants if name not in {BASE, UNCALIBRATED}]
    remarks = {name: f"error {effect_text(study.gap(name, BASE), base)}, {study.word(name)}" for name in changed}
    words = (f"one thing changed at a time; {study.details['judged at']}",)
    return scored_marks(study, looks, BASE, (f"Ablation for {study.target}", words), remarks)
