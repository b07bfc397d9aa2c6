"""A mistake gets the same one line through Python, magic and command line, and costs nothing that was there."""

import shlex
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.cli import main as cli
from lstm_lab.cli.commands import FLAGS
from lstm_lab.errors import LabError
from lstm_lab.options.spelling import as_flags

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
    assert [part for part in parts if as_flags(part, FLAGS) not in err] == []


def test_through_the_command_line(mistake, tmp_path, capsys):
    options, parts = mistake
    before = sorted(tmp_path.iterdir())
    assert cli.main(["run", "prices.csv", *shlex.split(flags(options))]) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("lstm-lab: ")
    assert written.err.count("\n") == 1
    assert [part for part in parts if as_flags(part, FLAGS) not in written.err] == []
    assert sorted(tmp_path.iterdir()) == before


STUDIES = {
    "an unknown kind": ("compare", "--kinds lsmt", ["'lsmt'", "did you mean 'lstm'?"]),
    "no kind": ("compare", "--kinds none", ["kinds needs at least one value", "kinds=lstm,gru,naive"]),
    "a seed that is none": ("compare", "--seeds 0,x", ["seeds should be a whole number, got 'x'"]),
    "no worker": ("compare", "--workers 0", ["workers", "'0'", "workers=2"]),
    "two places to work": ("compare", "--workers 2 --cluster tcp://127.0.0.1:1", ["in one place", "keep one"]),
    "nothing to judge on": ("compare", "--test 0.01", ["newest 1 rows", "raise test="]),
    "a lookback beyond all rows": ("compare", "--lookback 500", ["500 rows before", "lower lookback"]),
    "a horizon beyond all rows": ("ablate", "--horizon 5000", ["5000 known steps", "shorten the horizon"]),
    "an unknown change": ("ablate", "--changes 'loss: mes'", ["'loss: mes'", "did you mean 'loss: mse'?"]),
    "an impossible calibration": ("ablate", "--calibrate on --calibration 0.01", ["needs 9 earlier origins", "got 0"]),
    "weights of no form": (
        "ablate",
        "--weights linaer",
        ["linear, exponential, exponential:RATE or column:NAME", "'linaer'"],
    ),
    "an option that is not searched": ("tune", "--space 'dropuot=0..0.5'", ["'dropuot'", "did you mean 'dropout'?"]),
    "a range of no numbers": ("tune", "--space 'units=16..64'", ["'16..64'", "part them by |"]),
    "a space with nothing in it": ("tune", "--space ''", ["for example space='units=32|64,64; dropout=0..0.5'"]),
    "folds without a horizon": ("tune", "--folds 20 --horizon 20", ["20 known steps", "lower folds= or test="]),
    "an unknown baseline": ("backtest", "--baselines niave", ["'niave'", "did you mean 'naive'?"]),
    "refitting less than once": ("backtest", "--refit -1", ["on or off, or greater than or equal to 1", "'-1'"]),
    "rows that none can be judged on": ("backtest", "--test 0.01", ["got 1 newest rows", "raise test="]),
    "a known column that is no input": ("backtest", "--known kind", ["'kind'", "--features"]),
    "a calibration of too few origins": ("backtest", "--calibrate on --calibration 0.01", ["needs 9 earlier", "got 0"]),
    "a calibration before a refit": ("backtest", "--calibrate on --refit 1 --calibration 0.01", ["needs 9 earlier"]),
    "noise of no residual": ("backtest", "--noise scaled --calibration 0", ["draws held-out residuals"]),
    "a floor above all": ("backtest", "--floor 5000", ["no known value is below the floor"]),
    "nobody at the address": ("backtest", "--cluster nonsense", ["no Dask scheduler answers at 'nonsense'"]),
}


@pytest.fixture
def study(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    series().to_csv("prices.csv", index=False)
    name, given, parts = STUDIES[request.param]
    short = SMALL | {"horizon": "3", "origins": "4", "target": "close"}
    left = {option: value for option, value in short.items() if f"--{option} " not in given}
    return name, f"prices.csv {flags(left)} {given}", parts


@pytest.mark.parametrize("study", STUDIES, indirect=True)
def test_a_study_through_the_command_line(study, tmp_path, capsys, monkeypatch):
    name, line, parts = study
    monkeypatch.setattr("lstm_lab.evaluation.holdout.train", lambda *_, **__: pytest.fail("trained before it refused"))
    before = sorted(tmp_path.iterdir())
    assert cli.main([name, *shlex.split(line)]) == 2
    written = capsys.readouterr()
    assert written.err.count("\n") == 1
    assert [part for part in parts if as_flags(part, FLAGS) not in written.err] == []
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("study", [which for which, (name, *_) in STUDIES.items() if name != "backtest"], indirect=True)
def test_a_study_through_the_magic(study, do):
    """But no backtest: its magic judges a run that is there already."""
    name, line, parts = study
    _, _, err = do(f"%lstm_{name} {line}")
    assert err.startswith("UsageError: ")
    assert err.count("\n") == 1
    assert [part for part in parts if as_flags(part, FLAGS) not in err] == []


def test_a_series_that_never_changes_is_judged_without_a_ratio(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    series().assign(close=5.0).to_csv("prices.csv", index=False)
    line = f"prices.csv --target close --horizon 3 --origins 4 --paths 32 {flags(SMALL)} --out a.csv"
    assert cli.main(shlex.split(f"backtest {line} --baselines naive")) == 0
    assert "naive's error is zero: the series does not change" in capsys.readouterr().out
    assert cli.main(shlex.split(f"compare {line} --kinds naive,drift")) == 0


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


EARLY = {
    "a column": ("run prices.csv --target clsoe", "did you mean 'close'?"),
    "a time column": ("run prices.csv --target close --time dtae", "did you mean 'date'?"),
    "a feature": ("run prices.csv --target close --features rsj(14)", "did you mean 'rsi'?"),
    "a file": ("run absent.csv --target close", "absent.csv"),
    "an option's value": ("run prices.csv --target close --epochs none", "'none'"),
    "a folder": ("run prices.csv --target close --out nowhere/x.png", "'nowhere'"),
    "ids of one series": ("run prices.csv --target close --ids a", "--ids belongs to a run of many series"),
    "a floor": ("demo --floor 5000", "no known value is below the floor"),
    "noise of no rows": ("run prices.csv --target close --calibration 0 --noise residual", "draws held-out residuals"),
    "a calibration of few rows": (
        "run prices.csv --target close --calibration 0.02 --calibrate on",
        "needs 9 calibration origins",
    ),
    "a future of no inputs": ("run prices.csv --target close --known prices.csv", "was trained with none"),
    "a column of a backtest": ("backtest prices.csv --target clsoe", "did you mean 'close'?"),
    "a baseline": ("backtest prices.csv --target close --baselines niave", "did you mean 'naive'?"),
    "a column of a comparison": ("compare prices.csv --target clsoe", "did you mean 'close'?"),
    "a kind": ("compare prices.csv --target close --kinds lsmt", "did you mean 'lstm'?"),
    "a column of an ablation": ("ablate prices.csv --target clsoe", "did you mean 'close'?"),
    "a change": ("ablate prices.csv --target close --changes 'loss: mes'", "did you mean 'loss: mse'?"),
    "a column of a search": ("tune prices.csv --target clsoe", "did you mean 'close'?"),
    "a space": ("tune prices.csv --target close --space lookback=8", "two values or more of 'lookback', got '8'"),
    "a column of a check": ("features prices.csv --target clsoe", "did you mean 'close'?"),
    "the file of a run": ("export absent.lstm", "there is no file absent.lstm"),
    "an option of the demo": ("demo --epochs 0", "epochs"),
}


def test_a_mistake_is_found_before_tensorflow_is_imported(tmp_path):
    """All in one process: the first that imported it would show in those after it, so the list names the culprit."""
    series().to_csv(tmp_path / "prices.csv", index=False)
    lines = {name: shlex.split(line) for name, (line, _) in EARLY.items()}
    code = f"""
import sys
from lstm_lab.cli.main import main
for name, words in {lines!r}.items():
    print(name, file=sys.stderr)
    assert main(words) == 2, name
    assert not {{"tensorflow", "keras"}} & set(sys.modules), name
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    told = done.stderr.splitlines()
    assert told[::2] == list(EARLY)
    assert [name for name, line in zip(EARLY, told[1::2], strict=True) if EARLY[name][1] not in line] == []


def test_an_interrupt_while_a_file_is_written_says_what_is_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    series().to_csv("prices.csv", index=False)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("lstm_lab.results.Result.save_png", interrupted)
    assert cli.main(["features", "prices.csv", "--target", "close", "--out", "x.csv,x.png"]) == 2
    written = capsys.readouterr()
    assert written.out.startswith("Inputs for close")
    assert written.err.strip() == "lstm-lab: interrupted while writing x.png; the result is above, wrote x.csv"
    assert (tmp_path / "x.csv").is_file()
