"""A mistake gets the same one line through Python, magic and command line, and costs nothing that was there."""

import shlex

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab import cli
from lstm_lab.errors import LabError

SMALL = {"lookback": "5", "units": "4", "dense": "none", "epochs": "1"}


def flags(options):
    return " ".join(f"--{name.replace('_', '-')} {shlex.quote(value)}" for name, value in options.items())


def series(rows=120, **changes):
    close = 50 + np.cumsum(np.random.default_rng(0).normal(size=rows))
    dates = pd.date_range("2024-01-01", periods=rows).strftime("%Y-%m-%d")
    frame = pd.DataFrame({"date": dates, "close": close, "kind": "a"})
    for column, (row, value) in changes.items():
        frame[column] = frame[column].astype(object)
        frame.loc[row, column] = value
    return frame


MISTAKES = {
    "a missing column": (series(), {"target": "clsoe"}, ["'clsoe'", "did you mean 'close'?"]),
    "text in the target": (series(close=(7, "oops")), {"target": "close"}, ["'oops'"]),
    "a missing value": (series(close=(7, None)), {"target": "close"}, ["1 ", "2024-01-08", "missing"]),
    "an infinite value": (series(close=(7, np.inf)), {"target": "close"}, ["1 ", "2024-01-08", "missing"]),
    "a price of zero": (
        series(close=(7, 0.0)),
        {"target": "close", "transform": "log_return"},
        ["positive", "2024-01-08", "0"],
    ),
    "too few rows": (series(rows=6), {"target": "close"}, ["6", "lookback"]),
    "repeated times": (series(date=(7, "2024-01-07")), {"target": "close"}, ["2024-01-07"]),
    "an unknown feature": (series(), {"target": "close", "features": "bolinger(20, 2)"}, ["did you mean 'bollinger'?"]),
    "an option out of range": (series(), {"target": "close", "epochs": "0"}, ["epochs", "'0'", "epochs=100"]),
    "an empty file": (None, {"target": "close"}, ["prices.csv", "empty"]),
    "no file": ("absent", {"target": "close"}, ["no file", "prices.csv"]),
}


@pytest.fixture(params=MISTAKES)
def mistake(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame, options, parts = MISTAKES[request.param]
    if frame is None:
        (tmp_path / "prices.csv").write_text("")
    elif not isinstance(frame, str):
        frame.to_csv("prices.csv", index=False)
    return SMALL | options, parts


def test_through_python(mistake):
    options, parts = mistake
    with pytest.raises(LabError) as caught:
        lab.train("prices.csv", **options)
    message = str(caught.value)
    assert "\n" not in message
    assert [part for part in parts if part not in message] == []


def test_through_the_magic(mistake, do):
    options, parts = mistake
    _, out, err = do(f"%lstm_train prices.csv {flags(options)}")
    assert out == ""
    assert err.startswith("UsageError: ")
    assert err.count("\n") == 1
    assert [part for part in parts if part not in err] == []


def test_through_the_command_line(mistake, tmp_path, capsys):
    options, parts = mistake
    before = sorted(tmp_path.iterdir())
    assert cli.main(["run", "prices.csv", *shlex.split(flags(options))]) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("lstm-lab: ")
    assert written.err.count("\n") == 1
    assert [part for part in parts if part not in written.err] == []
    assert sorted(tmp_path.iterdir()) == before


def test_a_real_run_survives_every_mistake_that_follows(do, shell):
    """The stack of the user's cell, and what a forecast refuses, with a network that was really trained."""
    shell.user_ns["prices"] = series()
    run, out, err = do(f"%lstm_train prices --target close {flags(SMALL)} -o first")
    assert err == ""
    assert "Run 'first': close" in out
    for cell, part in {
        "%%lstm_train prices --target close --lookback 5 --epochs 1\nLSTM(4)\nDense(2)\n": "one",
        "%%lstm_train prices --target close --lookback 5 --epochs 1\nLSTM\n": "LSTM(...)",
        "%lstm_forecast 3 --paths 0": "paths",
        "%lstm_forecast 3 --interval 150": "interval",
        "%lstm_train price --target close": "did you mean 'prices'?",
    }.items():
        _, out, err = do(cell)
        assert err.startswith("UsageError: ")
        assert err.count("\n") == 1
        assert part in err
    forecast, out, err = do("%lstm_forecast 3 --paths 20")
    assert err == ""
    assert forecast.paths.shape == (20, 3)
    assert out.rstrip().splitlines()[-1].strip() != ""
    with pytest.raises(LabError, match="paths"):
        run.forecast(3, paths=0)
    with pytest.raises(LabError, match="interval"):
        run.forecast(3, interval=150)
    with pytest.raises(LabError, match="one"):
        lab.train(series(), target="close", stack="LSTM(4)\nDense(2)\n", lookback=5)
