"""The winner of a search beside the options as given, on rows that the search has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.errors import ForecastError, RunError
from lstm_lab.evaluation.study_marks import Column, Look, MarkedResult, StudyMarks, scale_for
from lstm_lab.evaluation.tables import effect_text, four_digits
from lstm_lab.evaluation.trial_task import FailedTraining
from lstm_lab.formatting import percent
from lstm_lab.results import Summary

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lstm_lab.evaluation.scoring import Difference
    from lstm_lab.evaluation.search_folds import Folds
    from lstm_lab.events import ProgressListener
    from lstm_lab.execution.parallel import TaskRunner
    from lstm_lab.options import TrainOptions

    Array = NDArray[np.float64]

__all__ = ["WinnerCheck", "check_winner"]

NAMES = ("as given", "winner")


@dataclass(frozen=True, eq=False, repr=False)
class WinnerCheck(MarkedResult):
    """Errors of the winner and of the options as given on the test rows; made by `Search.check`."""

    target: str
    metric: str
    folds: Folds
    losses: tuple[Array, Array]
    """Of the options as given and of the winner, (seeds, clusters)."""
    seeds: tuple[int, ...]
    promised: float
    """The winner's difference in the search, as a share of the error of the options as given."""

    @property
    def scores(self) -> pd.DataFrame:
        """A row a seed, and a column for each of the two: mean errors."""
        means = {
            name: [self.folds.mean([each[None]]) for each in losses]
            for name, losses in zip(NAMES, self.losses, strict=True)
        }
        return pd.DataFrame(means, index=pd.Index(self.seeds, name="seed"))

    @property
    def summary(self) -> pd.DataFrame:
        """A row for each of the two: mean error, and that of the best and of the worst seed."""
        scores = self.scores
        return pd.DataFrame({"score": scores.mean(), "low": scores.min(), "high": scores.max()}).rename_axis("options")

    @property
    def gap(self) -> Difference:
        """The winner's errors minus those of the options as given."""
        base, winner = self.losses
        return self.folds.compare([winner], [base])

    @property
    def verdict(self) -> str:
        """Return a line on what is left of the winner's lead."""
        base = self.folds.mean([self.losses[0]])
        share = percent(abs(self.gap.mean) / base) if base else "nothing"
        side = "below" if self.gap.mean < 0 else "above"
        chance = "more than chance" if self.gap.clear else "within chance"
        text = f"the winner's error is {share} {side} that of the options as given, {chance}"
        return f"{text}; in the search it was {percent(abs(self.promised))} below"

    @property
    def marks(self) -> StudyMarks:
        """The errors of the two on the test rows, a mark a seed."""
        values = self.scores.to_numpy(np.float64).T
        return StudyMarks(
            f"Check of the winner for {self.target}",
            (self.verdict,),
            names=NAMES,
            looks=(Look("the options as given", "grey"), Look("the winner of the search")),
            seeds=tuple(map(str, self.seeds)),
            columns=(Column(f"{self.metric} on the test rows", values, scale=scale_for(values)),),
        )

    def summary_table(self) -> Summary:
        """Describe the test rows and the verdict, and tabulate the two."""
        count = len(self.seeds)
        rows = (
            ("trained on", f"the first {self.folds.folds[0].first_rows:,} rows, {count} seed{'s' * (count > 1)}"),
            ("judged at", f"{self.folds.judged}, which the search has not seen"),
            ("verdict", self.verdict),
        )
        base = self.folds.mean([self.losses[0]])
        lines = [("options", self.metric, "of seeds", "vs as given")]
        for name, row in self.summary.iterrows():
            spread = f"{four_digits(row.low)}–{four_digits(row.high)}" if count > 1 else ""
            gap = effect_text(self.gap, base) if name == NAMES[1] else ""
            lines.append((str(name), four_digits(row.score), spread, gap))
        return Summary(f"Check of the winner for {self.target}", rows, tuple(lines))


def check_winner(
    folds: Folds,
    options: tuple[TrainOptions, TrainOptions],
    seeds: Sequence[int],
    promised: float,
    names: tuple[str, str],
    *,
    pool: TaskRunner,
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
) -> WinnerCheck:
    """Train the options as given and the winner's before the test rows, and judge both there.

    Raises
    ------
    ForecastError
        Stopped before both were judged.
    RunError
        One of them cannot be trained.
    """
    chosen = tuple(dict.fromkeys(seeds))
    cut = folds.folds[0]
    tasks = [cut.task(name, each, seed) for name, each in zip(NAMES, options, strict=True) for seed in chosen]
    outcome = pool.run(tasks, label="checking", listener=listener, stop=stop)
    if len(outcome.results) < len(tasks):
        raise ForecastError("stopped before the winner was judged; let it run longer, or ask for fewer seeds")
    results: list[Any] = [outcome.results[number] for number in range(len(tasks))]
    for result in results:
        if isinstance(result, FailedTraining):
            raise RunError(f"the winner cannot be checked: {result.reason}")
    losses = [
        np.stack([cut.losses(result) for result in part]) for part in (results[: len(chosen)], results[len(chosen) :])
    ]
    return WinnerCheck(names[0], names[1], folds, (losses[0], losses[1]), chosen, promised)
