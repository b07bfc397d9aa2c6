"""Options of backtests, comparisons and ablations."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from lstm_lab.options.base import Options, Texts, as_sequence, option
from lstm_lab.options.training import CheckpointOptions

__all__ = [
    "AblateOptions",
    "BacktestOptions",
    "BenchOptions",
    "CompareOptions",
    "HoldoutOptions",
    "StudyOptions",
    "TrialOptions",
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
