"""The leaderboard of a comparison: which kind leads, and which of the others cannot be told from it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from lstm_lab.evaluation.kinds import NETWORKS
from lstm_lab.evaluation.scored_study import DrawnStudy, ScoredStudy, scored_marks
from lstm_lab.evaluation.study_marks import Look
from lstm_lab.evaluation.tables import comparison_text, effect_text, joined_names
from lstm_lab.formatting import percent

if TYPE_CHECKING:
    import pandas as pd

    from lstm_lab.evaluation.study_marks import StudyMarks

__all__ = ["Leaderboard", "marks_of_kinds"]


_NETWORK: Final = Look("network, a mark a seed")
_BASELINE: Final = Look("baseline", "orange", "square")


class ClusteredStudy(ScoredStudy, Protocol):
    """A study that knows what its differences rest on."""

    @property
    def clusters(self) -> str:
        """Count what errors are compared by, in words: "60 origins"."""


class RankedStudy(ClusteredStudy, DrawnStudy, Protocol):
    """A study with a `Leaderboard`, as it is drawn."""

    @property
    def summary(self) -> pd.DataFrame:
        """The leaderboard, the lowest error first."""

    @property
    def verdict(self) -> str:
        """A line with the best model, or why there is none."""

    @property
    def best_network(self) -> str | None:
        """How the best network compares with the best baseline."""

    def mean_error(self, name: str) -> float:
        """Return the error of a kind, averaged over the seeds."""


class Leaderboard(ClusteredStudy):
    """Mixin of a study of kinds: seeds averaged, the lowest error first, and what the differences are worth."""

    def mean_error(self, name: str) -> float:
        """Return the error of a kind, averaged over the seeds."""
        return float(self.scores.xs(name, level=0)[self.error].mean())

    @cached_property
    def summary(self) -> pd.DataFrame:
        """The leaderboard, the lowest error first.

        Scores are means over the seeds. ``mae_low`` and ``mae_high``, of many series ``mase_low`` and ``mase_high``,
        are the best and the worst seed; ``kilobytes`` is the size of the weights as float32; ``forecast_seconds`` the
        time of one forecast within a batch of them.
        """
        seeds = self.scores.groupby(level="kind", sort=False)
        frame = seeds.mean()
        frame.insert(0, "seeds", seeds.size())
        frame.insert(2, f"{self.error}_low", seeds[self.error].min())
        frame.insert(3, f"{self.error}_high", seeds[self.error].max())
        return frame.sort_values(self.error, kind="stable")

    @cached_property
    def rivals(self) -> tuple[str, ...]:
        """Kinds that cannot be told from the leader: their seeds overlap its, or origins or series leave a doubt."""
        table = self.summary
        leader = str(table.index[0])
        worst = table.loc[leader, f"{self.error}_high"]
        return tuple(
            str(kind)
            for kind, row in table.iloc[1:].iterrows()
            if row[f"{self.error}_low"] <= worst or not self.gap(leader, str(kind)).clear
        )

    @property
    def verdict(self) -> str:
        """Return a line with the best model, or why there is none."""
        table = self.summary
        leader = str(table.index[0])
        if len(table) == 1:
            return f"{leader} alone, with nothing to compare it with"
        if not self.rivals:
            share = percent(1 - float(table[self.error].iloc[0] / table[self.error].iloc[1]))
            return f"{leader} has the lowest error, {share} below {table.index[1]}, with every seed and beyond chance"
        return (
            f"no winner: {leader} has the lowest error, but {joined_names(self.rivals)} cannot be told from it by"
            f" {self._judged_by()}"
        )

    @property
    def best_network(self) -> str | None:
        """Describe how the best network compares with the best baseline; None where either kind is missing."""
        networks = [str(kind) for kind in self.summary.index if kind in NETWORKS]
        others = [str(kind) for kind in self.summary.index if kind not in NETWORKS]
        if not networks or not others:
            return None
        best = others[0]
        base = self.mean_error(best)
        text = comparison_text(networks[0], best, self.gap(networks[0], best), base, self._judged_by())
        return f"{text} ({networks[0]} is the best network, {best} the best baseline)"

    def _judged_by(self) -> str:
        seeds = int(self.summary["seeds"].max())
        return f"{seeds} seed{'s' if seeds > 1 else ''} and {self.clusters}"


def marks_of_kinds(study: RankedStudy) -> StudyMarks:
    """Return the marks of error, coverage and width of every kind, beside the means of the best baseline."""
    kinds = [str(kind) for kind in study.summary.index]
    looks = {kind: _NETWORK if kind in NETWORKS else _BASELINE for kind in kinds}
    best = next((kind for kind in kinds if kind not in NETWORKS), None)
    words = tuple(text for text in (study.verdict, study.best_network) if text is not None)
    remarks = {} if best is None else {kind: _against(study, kind, best) for kind in kinds if kind != best}
    return scored_marks(study, looks, best, (f"Comparison for {study.target}", words), remarks)


def _against(study: RankedStudy, kind: str, best: str) -> str:
    gap = study.gap(kind, best)
    word = "more than chance" if gap.clear else "may be chance"
    return f"error {effect_text(gap, study.mean_error(best))} against {best}, {word} over {study.clusters}"
