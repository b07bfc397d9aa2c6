"""Comparisons on many series: kinds of network and naive forecasts, their differences told series by series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.errors import OptionError
from lstm_lab.evaluation.kinds import NETWORKS, options_of_kind
from lstm_lab.evaluation.leaderboard import Leaderboard, marks_of_kinds
from lstm_lab.evaluation.panel_study import BASELINES, PanelStudy, PanelStudyResult, described, judged_models
from lstm_lab.evaluation.study_marks import MarkedResult
from lstm_lab.evaluation.tables import effect_text, four_digits
from lstm_lab.formatting import percent
from lstm_lab.results import Summary

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from concurrent.futures import Executor

    import pandas as pd

    from lstm_lab.evaluation.experiments import ModelKey, StudySettings
    from lstm_lab.evaluation.panel_task import PanelTask
    from lstm_lab.evaluation.study_marks import StudyMarks
    from lstm_lab.events import ProgressListener
    from lstm_lab.options import CompareOptions

__all__ = ["PanelComparison", "compare_by_id"]


@dataclass(frozen=True, eq=False, repr=False)
class PanelComparison(PanelStudyResult, Leaderboard, MarkedResult):
    """Several kinds of model on the same series; made by `lstm_lab.compare`."""

    called = "kind"

    def _scored(self, key: ModelKey) -> dict[str, float]:
        """Score one model, and add what it cost."""
        fitted = self.fitted.get(key)
        size = 0.0 if fitted is None else float(fitted.parameters)
        forecasts = len(self.models[key].outcome.series)
        return super()._scored(key) | {
            "parameters": size,
            "kilobytes": 4 * size / 1000,
            "training_seconds": 0.0 if fitted is None else fitted.training_seconds,
            "forecast_seconds": 0.0 if fitted is None else fitted.forecast_seconds / forecasts,
        }

    @property
    def marks(self) -> StudyMarks:
        """Error, coverage and width of every kind, a mark a seed."""
        return marks_of_kinds(self)

    def summary_table(self) -> Summary:
        """Describe the rows and the verdict, and tabulate the kinds."""
        rows = [*self.details.items(), ("band", self.band()), ("verdict", self.verdict)]
        if self.best_network is not None:
            rows.append(("networks", self.best_network))
        return Summary(f"Comparison for {self.target}", tuple(rows), tuple(self._lines()))

    def _lines(self) -> Iterator[tuple[str, ...]]:
        """Tabulate the kinds, with the effect against the naive forecast where that was judged too."""
        naive = self.mean_error("naive") if "naive" in self.summary.index else None
        yield ("kind", "MASE", "of seeds", *(() if naive is None else ("vs naive",)), "held", "width", "weights", "ND")
        for name, row in self.summary.iterrows():
            kind, trained = str(name), row.parameters > 0
            gap = () if naive is None else ("" if kind == "naive" else effect_text(self.gap(kind, "naive"), naive),)
            yield (
                kind,
                four_digits(row.mase),
                f"{four_digits(row.mase_low)}–{four_digits(row.mase_high)}" if row.seeds > 1 else "",
                *gap,
                percent(row.coverage) if trained else "",
                four_digits(row.width) if trained else "",
                f"{int(row.parameters):,}" if trained else "",
                "" if np.isnan(row.nd) else four_digits(row.nd),
            )


def compare_by_id(
    frame: pd.DataFrame,
    target: str,
    settings: StudySettings[CompareOptions],
    *,
    executor: Executor | None = None,
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
) -> PanelComparison:
    """Train networks of several kinds on all series and judge them; see `lstm_lab.compare`."""
    kinds = _kinds(settings.study)
    study = PanelStudy.of(frame, target, settings)
    tasks: dict[ModelKey, PanelTask] = {}
    for seed in dict.fromkeys(settings.study.seeds):
        for kind in kinds:
            if kind in NETWORKS:
                options = options_of_kind(kind, settings.train)
                tasks[kind, seed] = study.task(kind, options, seed, transformer=kind == "transformer")
    results, told = study.run(tasks, "a comparison", "comparing", executor, listener, stop)
    models = judged_models(study, results, kinds)
    facts = described(models, next(iter(results.values()))) | told
    return PanelComparison(models, results, target, settings.forecast.interval, facts)


def _kinds(study: CompareOptions) -> tuple[str, ...]:
    """Return the kinds that are compared; of the defaults, those that many series have.

    Raises
    ------
    OptionError
        A baseline of one series alone, or no network.
    """
    known = (*NETWORKS, *BASELINES)
    kinds = tuple(dict.fromkeys(study.kinds))
    if "kinds" not in study.model_fields_set:
        return tuple(kind for kind in kinds if kind in known)
    other = next((kind for kind in kinds if kind not in known), None)
    if other is not None:
        raise OptionError(
            f"the kinds of many series are {', '.join(known)}, got {other!r}; leave it out, or compare the rows of one"
            " id"
        )
    if not any(kind in NETWORKS for kind in kinds):
        raise OptionError(
            f"a comparison on many series needs a network, got kinds={list(kinds)!r}; add one of {', '.join(NETWORKS)}"
        )
    return kinds
