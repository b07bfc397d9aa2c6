"""`bench`: a network's row in the published table of a public benchmark, by the protocol of that table."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lstm_lab.errors import OptionError, RunError
from lstm_lab.evaluation.benchmark_data import read_benchmark
from lstm_lab.evaluation.benchmark_scores import (
    LEVELS,
    naive2,
    normal_quantiles,
    overall_weighted_average,
    scores,
    seasonal_naive,
)
from lstm_lab.evaluation.study_marks import Column, Look, MarkedResult, StudyMarks, scale_for
from lstm_lab.evaluation.tables import four_digits
from lstm_lab.events import Progress, ProgressListener, TrainingListener, check_listening
from lstm_lab.options import BenchOptions, ForecastOptions, TrainOptions, shared_out
from lstm_lab.results import Summary
from lstm_lab.run import train

if TYPE_CHECKING:
    import os
    import threading
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from lstm_lab.evaluation.benchmark_data import BenchmarkData

    Array = NDArray[np.float64]

__all__ = ["SETTINGS", "Benchmark", "bench"]

OWN: Final = "lstm_lab"
"""Name of the network's row."""
_COSTS: Final = ("training_seconds", "forecast_seconds", "peak_megabytes")

SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "m4-hourly": {
        "units": (48, 48),
        "dense": (),
        "dropout": 0.0,
        "lookback": 72,
        "transform": "seasonal_log_return(24)",
        "features": ("log_seasonal(24, 7)", "log_momentum(23)", "log_momentum(167)"),
        "epochs": 10,
        "batch": 64,
        "learning_rate": 0.006,
        "schedule": "cycle",
        "paths": 100,
    },
    "m4-weekly": {
        "units": (32,),
        "dense": (),
        "dropout": 0.0,
        "lookback": 52,
        "transform": "log_return",
        "features": ("log_momentum(51)",),
        "epochs": 8,
        "batch": 64,
        "learning_rate": 0.006,
        "schedule": "cycle",
        "paths": 100,
    },
    "ett-1h": {
        "units": (32,),
        "dense": (),
        "dropout": 0.0,
        "lookback": 72,
        "transform": "diff",
        "features": ("seasonal(24, 7)", "momentum(23)", "hour"),
        "epochs": 5,
        "batch": 64,
        "learning_rate": 0.006,
        "schedule": "cycle",
        "paths": 100,
    },
    "exchange-rate": {"units": (16,), "dense": (), "dropout": 0.1, "lookback": 30, "epochs": 10, "paths": 100},
}
"""Options of each benchmark's network, small enough for minutes of CPU; no judged row had a part in their choice."""

_OWN: Final = Look("this network, a mark a seed")
_LOOKS: Final = {
    True: Look("computed here", "orange", "square"),
    False: Look("published", "grey", filled=False),
}


@dataclass(frozen=True, eq=False, repr=False)
class Benchmark(MarkedResult):
    """Scores of a network beside the published ones; made by `bench`."""

    data: BenchmarkData
    settings: Mapping[str, Any]
    """Options of the training and the forecast that differ from the defaults."""
    scores: pd.DataFrame
    """A row a seed: the metrics, the coverage of the 95 % band, CPU seconds and the peak of the process' memory."""
    baselines: pd.DataFrame
    """Scores of the naive forecasts, computed here: they reproduce the published ones."""
    stopped: bool = False

    @cached_property
    def summary(self) -> pd.DataFrame:
        """The table by model, best first: the published rows, the naive forecasts computed here, and the network."""
        metrics = list(self.data.protocol.metrics)
        own = self.scores[metrics].mean().to_frame(OWN).T.assign(source="here")
        naive = self.baselines[metrics].rename("{} (computed here)".format).assign(source="here")
        table = pd.concat([own, naive, published(self.data.name)[[*metrics, "source"]]])
        table.index.name = "model"
        return table.sort_values(metrics[0], kind="stable", na_position="last")

    @property
    def verdict(self) -> str:
        """Say where the network stands by the first metric, among the rows that have it."""
        metric = self.data.protocol.metrics[0]
        ranked = self.summary[metric].dropna()
        place = int((ranked < ranked[OWN]).sum()) + 1
        spread = self.scores[metric]
        seeds = f" (seeds {four_digits(spread.min())} to {four_digits(spread.max())})" if len(spread) > 1 else ""
        return f"{metric} {four_digits(ranked[OWN])}{seeds}, place {place} of {len(ranked)}"

    @property
    def marks(self) -> StudyMarks:
        """The models of the table by its first two metrics, best first: of the network a mark a seed."""
        metrics = [name for name in self.data.protocol.metrics if self.summary[name].notna().sum() > 1][:2]
        table = self.summary[self.summary[metrics[0]].notna()]
        columns = []
        for metric in metrics:
            values = np.full((len(table), len(self.scores)), np.nan)
            values[:, 0] = table[metric]
            values[list(table.index).index(OWN)] = self.scores[metric]
            columns.append(Column(f"{metric} (lower is better)", values, scale=scale_for(values)))
        looks = [_OWN if model == OWN else _LOOKS[row["source"] == "here"] for model, row in table.iterrows()]
        return StudyMarks(
            f"Benchmark {self.data.name}",
            (self.verdict, self.data.protocol.title),
            names=tuple(map(str, table.index)),
            looks=tuple(looks),
            seeds=tuple(map(str, self.scores.index)),
            columns=tuple(columns),
        )

    def summary_table(self) -> Summary:
        """Describe protocol, options and costs, and tabulate the rows."""
        options = ", ".join(f"{name}={value!r}" for name, value in self.settings.items()) or "the defaults"
        costs = self.scores[list(_COSTS)]
        many = len(self.scores)
        rows = (
            ("protocol", self.data.protocol.title),
            (
                "seeds",
                f"{', '.join(map(str, self.scores.index))}{' (stopped before the others)' if self.stopped else ''}",
            ),
            ("options", options),
            ("trained", f"{costs['training_seconds'].mean():.0f} s of CPU{' a seed' if many > 1 else ''}"),
            ("forecast", f"{costs['forecast_seconds'].mean():.0f} s of CPU{' a seed' if many > 1 else ''}"),
            ("memory", f"{costs['peak_megabytes'].max():,.0f} MB at most, of the whole process"),
            ("95 % band held", f"{100 * self.scores['coverage'].mean():.0f} %"),
            ("result", self.verdict),
        )
        return Summary(f"Benchmark {self.data.name}", rows, tuple(self._lines()))

    def _lines(self) -> Iterator[tuple[str, ...]]:
        metrics = self.data.protocol.metrics
        yield ("model", *metrics, "source")
        for model, row in self.summary.iterrows():
            values = ("" if np.isnan(row[name]) else four_digits(row[name]) for name in metrics)
            yield (str(model), *values, str(row["source"]))


def published(name: str) -> pd.DataFrame:
    """Read the published rows of a benchmark, by model."""
    table = pd.read_csv(str(files("lstm_lab.evaluation") / "published.csv"), index_col="model")
    return table[table["benchmark"] == name].drop(columns="benchmark")


def bench(
    name: str,
    data: str | os.PathLike[str],
    *,
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
    **options: Any,
) -> Benchmark:
    """Train one network on all series of a public benchmark, and score it by the protocol of the published table.

    Parameters
    ----------
    name
        ``m4-hourly``, ``m4-weekly``, ``ett-1h`` or ``exchange-rate``.
    data
        Folder with the published files, unchanged.
    listener
        Hears of the seeds, and of each training too if it is a `lstm_lab.events.TrainingListener`.
    stop
        Leaves out the seed whose training runs, and those after it.
    **options
        ``seeds``, and fields of `lstm_lab.options.TrainOptions` and `lstm_lab.options.ForecastOptions`; they replace
        those of `SETTINGS`, which no judged row has had a part in.

    Returns
    -------
    Benchmark
        ``.summary`` is the table with the network's row, ``.scores`` the row of each seed.

    Raises
    ------
    LabError
        An unknown benchmark, a missing file, an option that the protocol fixes; stopped before one seed was complete.
    """
    study_options, train_options, forecast_options = shared_out(options, BenchOptions, TrainOptions, ForecastOptions)
    for fixed in ("target", "time", "id", "static", "horizon", "interval", "seed"):
        if fixed in options:
            remedy = "seeds= takes several" if fixed == "seed" else "leave it out"
            raise OptionError(f"the protocol of a benchmark fixes {fixed}=, got {options[fixed]!r}; {remedy}")
    check_listening(listener, stop, ProgressListener)
    source = read_benchmark(name, data)
    settings = {**SETTINGS[name], **train_options, **forecast_options}
    naive = _baselines(source)
    rows: dict[int, dict[str, float]] = {}
    seeds = BenchOptions.of(study_options).seeds
    for number, seed in enumerate(seeds):
        done, parts = number * (source.protocol.windows + 1), len(seeds) * (source.protocol.windows + 1)
        tell = _Teller(listener, f"seed {seed}", done, parts)
        row = _scored(source, settings, seed, tell, stop)
        if row is None:
            break
        if "OWA" in source.protocol.metrics:
            row["OWA"] = overall_weighted_average(row, _row(naive, "Naive2"))
        rows[seed] = row
    if not rows:
        raise RunError("stopped before one seed was complete, so there is no row for the table; run it again")
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("seed")
    return Benchmark(source, settings, table, naive, stopped=len(rows) < len(seeds))


@dataclass(frozen=True)
class _Teller:
    """Tells a listener, where there is one, how many parts of the benchmark are done."""

    listener: ProgressListener | None
    label: str
    before: int
    """Parts of the seeds before."""
    parts: int

    def __call__(self, step: str, done: int) -> None:
        if self.listener is not None:
            self.listener.on_progress(Progress(f"{self.label}, {step}", self.before + done, self.parts))


def _scored(
    data: BenchmarkData,
    settings: Mapping[str, Any],
    seed: int,
    tell: _Teller,
    stop: threading.Event | None,
) -> dict[str, float] | None:
    """Train with one seed, forecast from every origin, and score that; None where that was stopped or interrupted."""
    train_options, forecast_options = shared_out(settings, TrainOptions, ForecastOptions)
    hears_training = tell.listener if isinstance(tell.listener, TrainingListener) else None
    tell("training", 0)
    start = time.process_time()
    run = train(
        data.history(0), id="id", target="value", seed=seed, listener=hears_training, stop=stop, **train_options
    )
    if run.end.reason in {"stopped", "interrupted"}:  # less training than the other seeds had
        return None
    if missing := run.dataset.left_out:
        raise OptionError(
            f"a benchmark needs a forecast of every series, but {len(missing)} of {len(data.ids)} have too few rows to"
            f" train on, such as {missing[0]!r}; use a lower lookback= or features= that look less far back"
        )
    trained = time.process_time()
    quantiles = []
    for window in range(data.protocol.windows):
        tell(f"origin {window + 1} of {data.protocol.windows}", window + 1)
        known = run if window == 0 else run.on(data.history(window))
        try:
            forecasts = known.forecast(data.protocol.horizon, interval=95, **forecast_options, seed=seed)
        except KeyboardInterrupt:
            return None
        if not isinstance(forecasts, Mapping) or len(forecasts) < len(data.ids):  # interrupted
            return None
        quantiles.append([[forecasts[name].quantile(level) for level in LEVELS] for name in data.ids])
    costs = (trained - start, time.process_time() - trained, _peak_megabytes())
    return scores(data, np.array(quantiles)) | dict(zip(_COSTS, costs, strict=True))


def _baselines(data: BenchmarkData) -> pd.DataFrame:
    """Score the naive forecasts with normal bands; those of M4 include Naive2, its reference."""
    protocol = data.protocol
    methods: dict[str, tuple[Callable[[Array, int, int], Array], int]] = {"Naive": (seasonal_naive, 1)}
    if protocol.season > 1:
        methods["Seasonal naive"] = (seasonal_naive, protocol.season)
    if "OWA" in protocol.metrics:
        methods["Naive2"] = (naive2, protocol.season)
    rows = {
        name: scores(
            data,
            np.array(
                [
                    [
                        normal_quantiles(past, method(past, protocol.horizon, season), season)
                        for past in data.past(window)
                    ]
                    for window in range(protocol.windows)
                ]
            ),
        )
        for name, (method, season) in methods.items()
    }
    if "OWA" in protocol.metrics:
        for row in rows.values():
            row["OWA"] = overall_weighted_average(row, rows["Naive2"])
    return pd.DataFrame.from_dict(rows, orient="index")


def _row(table: pd.DataFrame, name: str) -> dict[str, float]:
    return {str(metric): float(value) for metric, value in table.to_dict(orient="index")[name].items()}


def _peak_megabytes() -> float:
    """Return the peak resident memory of this process; NaN where the system does not tell."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
