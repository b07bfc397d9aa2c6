"""Trained runs beside each other: their losses, their forecasts, and what their settings differ in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack, cast

import numpy as np
import pandas as pd

from lstm_lab.errors import OptionError, named_keywords
from lstm_lab.events import ProgressListener, SamplingListener, check_listening
from lstm_lab.formatting import moment, number, percent_change
from lstm_lab.options.flags import value_text
from lstm_lab.results import Result, Summary
from lstm_lab.run import Run, brief, checked_run

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from lstm_lab.events import Progress
    from lstm_lab.forecasting.forecast import Forecast
    from lstm_lab.options.keywords import ForecastKeywords

__all__ = ["RunComparison", "compare_runs"]

UNTOLD = frozenset({"checkpoint", "checkpoint_seconds"})
"""Options that change nothing about a network."""


@dataclass(frozen=True, eq=False, repr=False)
class RunComparison(Result):
    """Runs of one target, each with a forecast from its newest row; made by `compare_runs`."""

    runs: Mapping[str, Run]
    forecasts: Mapping[str, Forecast]

    @property
    def target(self) -> str:
        """The column that all forecast."""
        return next(iter(self.runs.values())).target

    @property
    def frame(self) -> pd.DataFrame:
        """A row a run: epochs, val_loss, naive_val_loss, against_naive, seconds and the mean width of its band."""
        rows = {}
        for name, run in self.runs.items():
            loss, naive = run.metrics["val_loss"], run.metrics["naive_val_loss"]
            lower, upper = self.forecasts[name].quantile(self.forecasts[name].levels)
            gain = loss / naive - 1 if naive else np.nan
            rows[name] = (run.end.epochs, loss, naive, gain, run.end.seconds, float((upper - lower).mean()))
        columns = ["epochs", "val_loss", "naive_val_loss", "against_naive", "seconds", "width"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("run")

    @property
    def differences(self) -> pd.DataFrame:
        """What the settings differ in: a row an option, or network and rows; a column a run, as it is typed."""
        told = {name: _settings(run) for name, run in self.runs.items()}
        keys = list(dict.fromkeys(key for settings in told.values() for key in settings))
        different = [key for key in keys if len({settings.get(key, "") for settings in told.values()}) > 1]
        values = {name: [settings.get(key, "") for key in different] for name, settings in told.items()}
        return pd.DataFrame(values, pd.Index(different, name="setting"))

    @property
    def told_once(self) -> pd.DataFrame:
        """The differences without the network in one line, where other settings say the same."""
        table = self.differences
        return table.drop(index="network", errors="ignore") if len(table) > 1 else table

    @property
    def words(self) -> str:
        """What differs, and whether the losses are of one unit, as sentences."""
        table = self.told_once
        parts = [
            f"{key.replace('_', ' ')} {' / '.join(map(str, row))}"
            for key, row in zip(table.index, table.to_numpy(), strict=True)
        ]
        said = f"The runs differ in {'; '.join(parts)}." if parts else "The runs have the same settings."
        mixed = {"transform", "scaler", "loss", "delta", "rows"} & set(table.index)
        if not mixed:
            return said
        reason = " and ".join(sorted(mixed))
        return f"{said} Their losses are of different units, for {reason} differ: compare each with its naive forecast."

    def summary_table(self) -> Summary:
        """Tabulate the losses and widths of the runs, and say what differs."""
        lines = [("run", "val loss", "vs naive", "epochs", "mean width")]
        for name, row in self.frame.iterrows():
            loss = number(row.val_loss) if np.isfinite(row.val_loss) else ""
            lines.append((str(name), loss, percent_change(row.against_naive), str(int(row.epochs)), number(row.width)))
        return Summary(f"Runs of {self.target}", (("settings", self.words),), tuple(lines))


@named_keywords
def compare_runs(
    runs: Mapping[str, Run] | Sequence[Run],
    horizon: int | None = None,
    *,
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
    **options: Unpack[ForecastKeywords],
) -> RunComparison:
    """Lay the losses and the forecasts of trained runs over each other, and say what their settings differ in.

    Nothing is trained or judged: `lstm_lab.compare` trains networks on the same rows, and `lstm_lab.backtest` judges.

    Parameters
    ----------
    runs
        By name, or in order: two or more of one target.
    horizon, stop
        Of the forecasts, as for `Run.forecast`.
    listener
        Hears of the work on the calibration rows.
    **options
        Fields of `lstm_lab.options.ForecastOptions`.

    Returns
    -------
    RunComparison
        ``.frame``, ``.differences``, ``.forecasts``.

    Raises
    ------
    LabError
        Fewer than two runs, runs of several targets or of many series: one line with the remedy.

    Examples
    --------
    >>> lab.compare_runs({"small": first, "large": second}, 30).differences  # doctest: +SKIP
    """
    check_listening(listener, stop, ProgressListener)
    given_runs: object = runs
    if isinstance(given_runs, str | Run) or not isinstance(given_runs, Iterable):
        raise OptionError(
            f"compare_runs takes two runs or more, got {brief(given_runs)}; for example compare_runs([one, other])"
        )
    for run in runs.values() if isinstance(runs, Mapping) else runs:
        checked_run(run, "compare_runs", "for example compare_runs([one, other])")
    named = dict(runs) if isinstance(runs, Mapping) else _named(runs)
    if len(named) < 2:
        raise OptionError(
            f"a comparison needs two runs or more, got {len(named)}; for example compare_runs([one, other])"
        )
    targets = list(dict.fromkeys(run.target for run in named.values()))
    if len(targets) > 1:
        raise OptionError(f"runs are compared that forecast one target, got {', '.join(targets)}; choose those of one")
    for name, run in named.items():
        if run.dataset.is_panel:
            raise OptionError(f"{name} is a run of many series; compare runs of one, for example run.series(id)")
    given = options if horizon is None else {"horizon": horizon, **options}
    heard = None if listener is None else _ProgressAlone(listener)
    drawn = {name: run.forecast(listener=heard, stop=stop, **given) for name, run in named.items()}
    forecasts = {name: cast("Forecast", forecast) for name, forecast in drawn.items()}  # none is of many series
    return RunComparison(named, forecasts)


class _ProgressAlone(SamplingListener):
    """Passes on how far the work is, and not the paths of each forecast."""

    def __init__(self, listener: ProgressListener) -> None:
        self._listener = listener

    def on_progress(self, progress: Progress) -> None:
        self._listener.on_progress(progress)


def _named(runs: Sequence[Run]) -> dict[str, Run]:
    """Name runs by their own names, where those are different, else by their order."""
    own = [run.name for run in runs]
    if None in own or len(set(own)) < len(own):
        return {f"run {number}": run for number, run in enumerate(runs, start=1)}
    return {str(run.name): run for run in runs}


def _settings(run: Run) -> dict[str, str]:
    options = {key: value_text(value) for key, value in run.options.model_dump().items() if key not in UNTOLD}
    rows = f"{len(run.frame):,} to {moment(run.dataset.index.max())}"
    return {"network": run.stack, "rows": rows, **options, "transform": run.transform}
