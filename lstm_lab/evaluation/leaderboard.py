"""The leaderboard of a comparison: which kind leads, and which of the others cannot be told from it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from lstm_lab.evaluation.kinds import NETWORKS
from lstm_lab.evaluation.tables import comparison_text, joined_names
from lstm_lab.formatting import percent

if TYPE_CHECKING:
    import pandas as pd

    from lstm_lab.evaluation.scoring import Difference

__all__ = ["Leaderboard"]


class Leaderboard:
    """Mixin of a study of kinds: seeds averaged, the lowest error first, and what the differences are worth."""

    error: ClassVar[str]
    """Name of the score that ranks the kinds."""

    @property
    def scores(self) -> pd.DataFrame:
        """A row for each kind and seed: all scores."""
        raise NotImplementedError

    def gap(self, name: str, other: str) -> Difference:
        """Compare the errors of two kinds, `name` minus `other`."""
        raise NotImplementedError

    @property
    def clusters(self) -> str:
        """Count what the errors are compared by, in words: "60 origins"."""
        raise NotImplementedError

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
