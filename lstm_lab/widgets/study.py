"""`StudyView`: the scores of a study, a mark a seed, in rows that can be sorted and read out."""

from __future__ import annotations

from dataclasses import asdict
from types import MappingProxyType
from typing import Any

import numpy as np
import traitlets

from lstm_lab.evaluation.study_marks import CHANGE_TICKS, LINEAR_PERCENT, Column, MarkedResult
from lstm_lab.results import views
from lstm_lab.widgets.base import LabWidget

__all__ = ["StudyView"]


@views.register(MarkedResult)  # type: ignore[type-abstract]  # subclasses are shown
class StudyView(LabWidget):
    """The live view of a comparison, an ablation, a repeated measurement, or another result of seeds.

    Parameters
    ----------
    result
        The study.
    """

    _view = traitlets.Unicode("study").tag(sync=True)
    density = 1.5
    small_picture = MappingProxyType({})

    def __init__(self, result: MarkedResult, **traits: Any) -> None:
        self._study = result
        super().__init__(result, **{"label": result.marks.title, **traits})

    def fill(self) -> None:
        """Put marks, words and tables on the wire."""
        marks, summary = self._study.marks, self._study.summary_table()
        nothing = np.full((len(marks.names), 2), np.nan)
        ends = [nothing if column.intervals is None else column.intervals for column in marks.columns]
        self.wire.put("values", np.stack([column.values for column in marks.columns]).astype(np.float32))
        self.wire.put("intervals", np.stack(ends).astype(np.float32))
        self.wire.set(
            title=marks.title,
            words=list(marks.words),
            names=list(marks.names),
            remarks=list(marks.remarks or [""] * len(marks.names)),
            looks=[asdict(look) for look in marks.looks],
            seeds=list(marks.seeds),
            each=marks.each,
            columns=[_described(column) for column in marks.columns],
            lines=[list(line) for line in marks.lines],
            linear=LINEAR_PERCENT,
            change_ticks=list(CHANGE_TICKS),
            facts=[list(row) for row in summary.rows],
            table=[list(line) for line in summary.table],
            code=summary.code,
        )


def _described(column: Column) -> dict[str, Any]:
    line = column.line if column.line is not None and np.isfinite(column.line) else None
    return {"label": column.label, "line": line, "dashed": column.dashed, "form": column.form, "scale": column.scale}
