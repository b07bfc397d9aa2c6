"""Many series on the command line: trained and forecast with `--id`, and refused as flags are written."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.cli.main import main

TINY = [
    "--target",
    "rate",
    "--lookback",
    "12",
    "--units",
    "3",
    "--dense",
    "none",
    "--epochs",
    "1",
    "--transform",
    "log",
]


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rates = lab.example("unemployment").reset_index()
    rates.to_csv("rates.csv", index=False)
    return "rates.csv"


def test_run_forecasts_every_id_and_leaves_the_long_table(file, capsys):
    words = ["run", file, "--id", "industry", "--static", "sector", "--time", "month", *TINY]
    assert (
        main([*words, "--horizon", "3", "--paths", "60", "--out", "rates-ahead.csv", "--watch", "learning.html"]) == 0
    )
    printed = capsys.readouterr().out
    assert printed.endswith("wrote rates-ahead.csv, learning.html\n")
    assert "watched_forecasts" in Path("learning.html").read_text(encoding="utf-8")
    assert "14 of 122 rows" in printed
    assert "... and 4 more ids; --out forecast.csv has every step" in printed
    table = pd.read_csv("rates-ahead.csv")
    assert table.columns[:5].tolist() == ["industry", "month", "median", "lower", "upper"]
    assert table.groupby("industry").size().eq(3).all()
    assert len(table) == 42
    assert (table["lower"] <= table["upper"]).all()


def test_some_ids_are_forecast_and_many_series_compared(file, capsys):
    words = [file, "--id", "industry", "--time", "month", *TINY, "--horizon", "3", "--paths", "60"]
    assert main(["run", *words, "--ids", "Finance,Other", "--out", "two.csv"]) == 0
    assert pd.read_csv("two.csv").industry.unique().tolist() == ["Finance", "Other"]
    study = ["--kinds", "rnn,naive", "--seeds", "0", "--origins", "3", "--out", "kinds.csv,kinds.png"]
    assert main(["compare", *words, *study]) == 0
    assert "14 series, 3 origins each" in capsys.readouterr().out
    table = pd.read_csv("kinds.csv", index_col="kind")
    assert set(table.index) == {"rnn", "naive"}
    assert (table["mase"] > 0).all()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--id", "industry", "--ids", "Finance,107"], "there is no id '107' in the run; it has 'Agriculture', "),
        (["--id", "industry", "--floor", "5000"], "no known value is below the floor, got --floor 5000"),
        (["--id", "industri"], "there is no column 'industri' for --id; did you mean 'industry'?"),
        (["--id", "industry", "--static", "secto"], "there is no column 'secto' for --static; did you mean 'sector'?"),
        (
            ["--id", "industry", "--static", "unemployed"],
            "a static column is constant within an id, but 'unemployed' of",
        ),
        (["--uid", "industry"], "lstm-lab run has no flag --uid; did you mean --id?"),
        ([], "several series? name their column with --id industry, or keep one"),
        (["--id", "sector"], "times must be unique within an id, got 'goods', 2000-01-01 00:00:00 more than once"),
    ],
)
def test_mistakes_are_one_line_before_tensorflow_is_there(file, capsys, flags, message):
    assert main(["run", file, "--time", "month", "--target", "rate", *flags]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.strip().count("\n") == 0
