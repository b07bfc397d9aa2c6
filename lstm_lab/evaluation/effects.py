"""The effects of an ablation: what each change does to the scores, seed by seed, and which of them are clear."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from lstm_lab.evaluation.kinds import BASE, UNCALIBRATED
from lstm_lab.evaluation.tables import effect_text, four_digits
from lstm_lab.formatting import percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lstm_lab.evaluation.scoring import Difference

__all__ = ["Effects"]


class Effects:
    """Mixin of a study of changes: the effect of each of them against `BASE`."""

    measures: ClassVar[tuple[str, ...]]
    """Scores whose effect is told: error, CRPS, coverage, width of the band."""

    @property
    def scores(self) -> pd.DataFrame:
        """A row for each variant and seed: all scores."""
        raise NotImplementedError

    def gap(self, name: str, other: str) -> Difference:
        """Compare the errors of two variants, `name` minus `other`."""
        raise NotImplementedError

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
                "" if same else self._word(variant),
                percent(row[coverage]),
                four_digits(row[width]),
                four_digits(row[crps]),
            )

    def _word(self, variant: str) -> str:
        """Return whether an effect is clear, and if not, whether the origins, or series, or the seeds disagree."""
        if self.summary["clear"][variant]:
            return "clear"
        return "not with every seed" if self.gap(variant, BASE).clear else "may be chance"
