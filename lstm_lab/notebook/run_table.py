"""The runs of a session side by side, as a table."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.evaluation.tables import four_digits
from lstm_lab.formatting import moment, percent_change
from lstm_lab.results import Summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lstm_lab.run import Run

__all__ = ["RunTable", "run_table"]


@dataclass(frozen=True, eq=False, repr=False)
class RunTable:
    """A table of runs by name; made by `run_table`."""

    frame: pd.DataFrame
    """A row a run: target, network, transform, rows, to, epochs, val_loss, against_naive, last. The last but one is the
    validation loss over that of the naive forecast that the transform implies, minus one; NaN where there is none."""

    def summary_table(self) -> Summary:
        """Tabulate the runs, a line each."""
        none = () if len(self.frame) else (("none", "train one, for example %lstm_train oil -o first"),)
        return Summary("Runs", none, tuple(self._lines()) if len(self.frame) else ())

    def _lines(self) -> Iterator[tuple[str, ...]]:
        yield ("run", "target", "vs naive", "loss", "epochs", "transform", "rows", "to", "network")
        for name, row in self.frame.iterrows():
            yield (
                f"{name}, the last" if row["last"] and name != "(last)" else str(name),
                str(row.target),
                percent_change(row.against_naive),
                four_digits(row.val_loss) if np.isfinite(row.val_loss) else "",
                str(row.epochs),
                str(row["transform"]),
                f"{row.rows:,}",
                moment(row.to),
                str(row.network),
            )

    def __repr__(self) -> str:
        return self.summary_table().text(get_terminal_size().columns if sys.stdout.isatty() else None)

    def _repr_html_(self) -> str:
        return self.summary_table().html()


def run_table(runs: Mapping[str, Run], last: Run | None = None) -> RunTable:
    """Tabulate runs: what each forecasts, with what, and how its validation loss compares with the naive forecast's.

    Parameters
    ----------
    runs
        By name.
    last
        Which run is used where none is named; listed as ``(last)`` if it has no name.
    """
    if last is not None and not any(run is last for run in runs.values()):
        runs = {**runs, "(last)": last}
    rows = {name: _row(run) | {"last": run is last} for name, run in runs.items()}
    columns = ["target", "network", "transform", "rows", "to", "epochs", "val_loss", "against_naive", "last"]
    return RunTable(pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("run"))


def _row(run: Run) -> dict[str, object]:
    metrics = run.metrics
    return {
        "target": run.target,
        "network": run.stack,
        "transform": run.transform,
        "rows": len(run.frame),
        "to": run.dataset.index.max(),
        "epochs": run.end.epochs,
        "val_loss": metrics["val_loss"],
        "against_naive": metrics["val_loss"] / metrics["naive_val_loss"] - 1 if metrics["naive_val_loss"] else np.nan,
    }
