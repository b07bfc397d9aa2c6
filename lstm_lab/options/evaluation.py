"""Options of backtests, comparisons, ablations and searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field

from lstm_lab.options.base import Options, Texts, as_sequence, option
from lstm_lab.options.search_space import EXAMPLE, as_space_text, read_space
from lstm_lab.options.training import CheckpointOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AblateOptions",
    "BacktestOptions",
    "BenchOptions",
    "CompareOptions",
    "HoldoutOptions",
    "StudyOptions",
    "TrialOptions",
    "TuneOptions",
]


class StudyOptions(CheckpointOptions):
    """Options of every study: the number of origins, how bands adapt over time, where the tasks run."""

    origins: int = option(60, "places to forecast from, evenly spaced, at most", unit="origins", example="60", ge=1)
    renew: bool = option(
        True, "let the band of each origin learn from the earlier origins whose horizon is over", example="off"
    )
    adapt: bool = option(
        False,
        "widen a step's band after a miss and narrow it after a hit (adaptive conformal inference), origin by origin",
        example="on",
    )
    workers: int | None = option(
        None, "processes to spread the work over; default: this one alone", unit="processes", example="2", ge=1
    )
    cluster: str | None = option(
        None, "address of a Dask scheduler to spread the work over", example="tcp://127.0.0.1:8786"
    )


class BacktestOptions(StudyOptions):
    """Options of `lab.backtest` and ``%lstm_backtest``, beside those of a forecast."""

    refit: bool | Annotated[int, Field(ge=1)] = option(
        False,
        "train anew on all earlier rows before every origin or every k-th; each costs what the first training did",
        example="10",
    )
    known: Texts = option(
        (), "input columns whose future counts as known at every origin; the others are held", example="humidity"
    )
    baselines: Texts = option(
        ("naive", "seasonal_naive", "drift"),
        "what to compare with: naive, seasonal_naive, drift, ets, arima, or none",
        example="naive,ets",
    )


class HoldoutOptions(Options):
    """The option of ``lstm-lab backtest`` that keeps the newest rows from training, as the test rows."""

    test: float = option(0.2, "newest share of the rows, which nothing but judging sees", example="0.2", gt=0, lt=0.9)


class BenchOptions(Options):
    """The option of `lab.bench` and ``lstm-lab bench``, beside those of training and of a forecast."""

    seeds: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**31)], ...], BeforeValidator(as_sequence)] = option(
        (0, 1, 2),
        "every network is trained once a seed; their spread says how much is chance",
        example="0,1,2",
        min_length=1,
    )


class TrialOptions(StudyOptions, HoldoutOptions, BenchOptions):
    """Options of a study that trains several networks with several seeds."""


class CompareOptions(TrialOptions):
    """Options of `lab.compare` and ``%lstm_compare``, beside those of training and of a forecast."""

    kinds: Texts = option(
        ("lstm", "gru", "rnn", "transformer", "naive", "seasonal_naive", "drift"),
        "what to compare: lstm, gru, rnn, transformer, naive, seasonal_naive, drift, ets, arima",
        example="lstm,gru,naive",
        min_length=1,
    )


class AblateOptions(TrialOptions):
    """Options of `lab.ablate` and ``%lstm_ablate``, beside those of training and of a forecast."""

    changes: Texts = option(
        ("all",),
        "what to try, one at a time: loss: huber, mse or mae; weights: uniform, linear or exponential; target: raw or"
        " log returns; scaler: standard or min-max; guard: off (of Bollinger positions); lookback: half or double;"
        " forget bias: 0, 1 or 3; recurrent weights: orthogonal or gaussian; input weights: glorot or gaussian; band:"
        " dropout; of many series, mask: off; or all that apply",
        example="'loss: mse, target: raw'",
        min_length=1,
    )


class TuneOptions(TrialOptions):
    """Options of `lab.tune` and ``%lstm_tune``, beside those of training and of a forecast."""

    space: Annotated[str, BeforeValidator(as_space_text)] | None = option(
        None,
        "what to try: values parted by |, or a range low..high, with :log by its logarithm; options parted by ;."
        " Default: units, dropout, learning_rate and lookback, without those that are set",
        example=f"'{EXAMPLE}'",
    )
    trials: int = option(
        20, "combinations to try, beside the options as they are given", unit="trials", example="20", ge=1, le=100_000
    )
    folds: int = option(
        3,
        "times that each network is trained, every time on more rows, and judged on the rows after them",
        unit="folds",
        example="3",
        ge=1,
        le=20,
    )
    together: int = option(
        4,
        "trials chosen at once, from the results of all earlier ones: as many as can run side by side; the numbers"
        " depend on it, and not on workers",
        unit="trials",
        example="4",
        ge=1,
        le=1000,
    )
    prune: bool = option(
        True, "give a trial up after a fold where its errors are beyond chance above the best's", example="off"
    )
    metric: Literal["mae", "crps"] = option(
        "mae", "what the best has the least of: error of the median, or CRPS of all paths", example="crps"
    )
    search_seed: int = option(0, "same seed, same search", example="0", ge=0, lt=2**31)
    origins: int = option(
        20, "places to forecast from in each fold, evenly spaced, at most", unit="origins", example="20", ge=1
    )
    seeds: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**31)], ...], BeforeValidator(as_sequence)] = option(
        (0,), "every network is trained once a seed and fold", example="0,1,2", min_length=1
    )
    test: float = option(
        0.2,
        "newest share of the rows, which the search never sees; judge the winner there",
        example="0.2",
        gt=0,
        lt=0.9,
    )

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Validate keywords or the text of flags; a space is refused in words of its own."""
        if values.get("space") is not None:
            read_space(values["space"])
        return super().of(values)
