"""Trainings with generated options and stacks: a run that forecasts, or one line.

The long form, 500 trainings, is ``pytest -m harness -s tests/training/test_generated_trainings.py``.
"""

from __future__ import annotations

import collections
import random
import traceback
import warnings

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import LabError, LabWarning

STACKS = [
    "LSTM({0})",
    "GRU({0})",
    "LSTM({0})\nDense(2)",
    "Dense({0})\nLSTM(2)",
    "Bidirectional(LSTM({0}))",
    "SimpleRNN({0})",
]
STACKS += [
    "LSTM({0})\nLSTM(2)",
    "Conv1D({0}, 2)\nLSTM(2)",
    "LSTM({0})\nBatchNormalization()",
    "LSTM({0})\nDropout(0.5)",
]
STACKS += [
    "LayerNormalization()\nLSTM({0})",
    "LSTM({0}, recurrent_dropout=0.2)",
    "Masking()\nGRU({0})",
    "Flatten()\nDense({0})",
]


def series(rng):
    """Draw a series of numbers, mostly of an ordinary kind."""
    rows = rng.choice([12, 30, 60, 100, 160])
    noise = np.random.default_rng(rng.getrandbits(32)).normal(size=rows)
    at = np.arange(rows)
    kinds = [np.sin(at / 3) + 0.1 * noise, 50 + noise.cumsum(), np.exp(0.05 * at), np.full(rows, 3.0), np.zeros(rows)]
    kinds += [
        at % 7.0,
        noise * 1e-12,
        noise * 1e12,
        np.where(at < rows - 9, noise, 0.0),
        (at > rows // 2) * 1.0,
        noise * 1e300,
    ]
    kinds += [np.abs(noise).cumsum() * 1e-300, np.where(at == rows // 2, 1e9, noise), -np.exp(at / 2.0)]
    return pd.DataFrame(
        {"y": rng.choice(kinds), "x": noise}, index=pd.date_range("2024", periods=rows, freq=rng.choice("Dh"))
    )


def options(rng):
    """Draw options; small ones, and at times one that may be refused."""
    chosen = {
        "target": "y",
        "lookback": rng.choice([1, 3, 8]),
        "units": [rng.choice([1, 2, 4])],
        "dense": [],
        "epochs": 1,
    }
    choices = {
        "cell": ["lstm", "gru", "rnn"],
        "units": [[2, 2], [1], [3]],
        "dense": [[2], [1, 1]],
        "dropout": [0, 0.2, 0.9],
        "epochs": [2, 3],
        "batch": [1, 7, 64, 10_000],
        "learning_rate": [1e-12, 0.01, 1, 1e6, 1e30],
        "loss": ["huber", "mse", "mae", "quantile"],
        "weights": ["uniform", "linear", "exponential", "exponential:0.5", "exponential:99"],
        "transform": ["none", "diff", "log", "log_return", "seasonal_diff(7)", "auto"],
        "features": [["x"], ["lag(2)"], ["bollinger(5, 2)"], ["dayofweek", "hour"], ["rsi(3)", "x"], ["volatility(4)"]],
        "supervise": ["last", "every"],
        "schedule": ["constant", "cycle"],
        "patience": [1, 5],
        "validation": [0, 0.2, 0.45],
        "calibration": [0, 0.2, 0.45],
        "forget_bias": [0, 5, -30],
        "clip": [0.001, 1],
        "scaler": ["minmax"],
    }
    return chosen | {name: rng.choice(values) for name, values in choices.items() if rng.random() < 0.2}


def escape(rng):
    """Train, forecast and show; return what came that is neither a run nor one line, and whether there is a run."""
    frame, chosen = series(rng), options(rng)
    if rng.random() < 0.3:
        chosen = {name: value for name, value in chosen.items() if name not in {"units", "dense", "cell", "dropout"}}
        chosen["stack"] = rng.choice(STACKS).format(rng.choice([1, 2, 3]))
    wrong, run = None, None
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            run = lab.train(frame, **chosen)
            repr(run)
            repr(run.forecast(rng.choice([1, 3]), paths=rng.choice([1, 5])))
        except LabError as refused:
            text = str(refused)
            if len(text.splitlines()) != 1 or len(text) > 1000:
                wrong = f"not one line: {text[:200]!r}"
        except Exception as error:  # noqa: BLE001 - any other is what is looked for
            ours = [part for part in traceback.extract_tb(error.__traceback__) if "lstm_lab/" in part.filename][-1]
            wrong = f"{type(error).__name__} from {ours.filename.rpartition('lstm_lab/')[2]}:{ours.lineno}: {error}"
    foreign = [each for each in heard if each.category is not LabWarning]
    if wrong is None and foreign:
        wrong = f"{foreign[0].category.__name__}: {foreign[0].message} ({foreign[0].filename}:{foreign[0].lineno})"
    return None if wrong is None else f"{wrong[:500]}; {chosen}, rows {len(frame)}, y {frame.y.iloc[-1]:g}", run


@pytest.mark.parametrize(
    ("seed", "count"), [(0, 6), pytest.param(1, 500, marks=[pytest.mark.harness, pytest.mark.timeout(7200)])]
)
def test_a_generated_training_gives_a_run_or_one_line(seed, count):
    kinds = collections.defaultdict(list)
    trained = number = 0
    while trained < count:
        number += 1
        wrong, run = escape(random.Random(f"{seed} {number}"))  # noqa: S311 - options
        trained += run is not None
        if wrong is not None:
            if wrong[:60] not in kinds:
                print(f"training {number}: {wrong}", flush=True)  # noqa: T201 - the long form takes minutes
            kinds[wrong[:60]].append(f"training {number}: {wrong}")
    print(f"{trained} trainings of {number} calls, {len(kinds)} kinds of escapes")  # noqa: T201 - the figures
    assert not kinds, "\n".join(f"{len(each)} x {each[0]}" for each in kinds.values())
