"""`%lstm_save`, `%lstm_load` and `%lstm_runs` in a real shell."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lstm_lab
from lstm_lab.notebook.commands import COMPARE_RUNS, FIND, LESSON, LOAD, LOSS, REVEAL, RUNS, SAVE, SPREAD, WEIGHTS
from lstm_lab.notebook.run_table import run_table


@pytest.fixture(scope="module")
def run():
    rng = np.random.default_rng(0)
    index = pd.date_range("2022", periods=260, freq="D")
    prices = pd.DataFrame({"close": 9 + rng.normal(0, 0.1, 260).cumsum()}, index=index)
    return lstm_lab.train(prices, units=[3], dense=[], lookback=8, epochs=1, transform="diff", features=[])


@pytest.fixture
def stocked(shell, run):
    shell.user_ns["mine"] = run
    return shell


def test_a_run_is_saved_and_comes_back_under_a_name_as_the_last(stocked, do, tmp_path, run):
    path, out, err = do(f"%lstm_save '{tmp_path}/my prices.lstm' --run mine")
    assert err == ""
    assert path == tmp_path / "my prices.lstm"
    assert out.startswith(f"{path} (")
    loaded, out, err = do(f"%lstm_load '{path}' -o back")
    assert err == ""
    assert "Run 'back': close" in out
    assert stocked.user_ns["back"] is loaded
    do("forecast = %lstm_forecast 2 --paths 50")
    forecast = stocked.user_ns["forecast"]
    np.testing.assert_array_equal(forecast.paths, run.forecast(2, paths=50).paths)
    listed, out, _ = do("%lstm_runs")
    table = listed.frame
    assert "back, the last" in out
    assert "vs naive" in out
    assert any(line.split()[:2] == ["mine", "close"] and " diff " in line for line in out.splitlines())
    assert table.index.tolist() == ["back", "mine"]
    assert table["last"].tolist() == [True, False]
    assert table.loc["mine", ["target", "transform", "rows", "epochs"]].tolist() == ["close", "diff", 260, 1]


def test_a_run_whose_variable_was_deleted_is_forgotten(stocked, do):
    do("%lstm_save kept.lstm --run mine")
    do("%lstm_load kept.lstm -o back;")
    do("%lstm_load kept.lstm -o other;")
    held = weakref.ref(stocked.user_ns["back"])
    do("del back")
    listed, _, _ = do("%lstm_runs")
    assert listed.frame.index.tolist() == ["other", "mine"]
    gc.collect()
    assert held() is None
    _, _, err = do("%lstm_loss --run back")
    assert err.startswith("UsageError: there is no run called 'back'")


def test_the_table_says_how_a_run_compares_with_naive(run):
    table = run_table({"mine": run}, run).frame
    assert table.index.tolist() == ["mine"]
    metrics = run.metrics
    assert table.loc["mine", "against_naive"] == pytest.approx(metrics["val_loss"] / metrics["naive_val_loss"] - 1)
    assert run_table({}, run).frame.index.tolist() == ["(last)"]
    assert repr(run_table({})) == "Runs\n  none  train one, for example %lstm_train oil -o first"
    assert '<th scope="row"' in run_table({"<b>": run})._repr_html_()
    assert "&lt;b&gt;" in run_table({"<b>": run})._repr_html_()


def test_a_run_of_python_is_to_be_named(shell, do, run):
    shell.user_ns["trained"] = run
    assert do("%lstm_forecast 3")[2] == (
        "UsageError: no magic has trained or loaded a run yet; name yours, for example --run trained\n"
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%lstm_save", "%lstm_save needs a file; for example %lstm_save prices.lstm"),
        ("%lstm_load", "%lstm_load needs a file; for example %lstm_load prices.lstm"),
        ("%lstm_save x.lstm --run mien", "there is no run called 'mien'; did you mean 'mine'?"),
        (
            "%lstm_save nowhere/at/all/x.lstm --run mine",
            "a run is written to a folder that exists, got nowhere/at/all/x.lst",
        ),
        ("%lstm_load nothing.lstm", "there is no file nothing.lstm; run.save('nothing.lstm') writes one"),
        ("%lstm_load prices.csv", "prices.csv is no whole run of lstm_lab"),
        ("%lstm_runs --rn", "%lstm_runs has no flag --rn; choose from --output, --no-display, --help"),
    ],
)
@pytest.mark.usefixtures("stocked")
def test_mistakes_are_one_line(do, line, message):
    Path("prices.csv").write_text("day,close\n2022-01-01,9\n", encoding="utf-8")
    result, _, err = do(line)
    assert result is None
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "example", [example for command in (WEIGHTS, LOSS, FIND, LESSON, SAVE, LOAD, RUNS) for example in command.examples]
)
def test_every_example_of_the_help_runs_as_written(stocked, do, run, example):
    run.save("prices.lstm")
    do("%lstm_load prices.lstm")  # makes it the last run
    _, out, err = do(example)
    assert err == ""
    assert "Traceback" not in out
    assert stocked.user_ns.get("first", run).target == "close"


@pytest.mark.parametrize("example", SPREAD.examples)
def test_every_example_of_the_spread_runs_as_written(stocked, do, run, example):
    run.save("prices.lstm")
    do("%lstm_load prices.lstm")
    shown, _, err = do(example)
    assert err == ""
    result = stocked.user_ns["sources"] if shown is None else shown
    assert result.full.target == "close"
    assert "calibration" in result.absent, "26 calibration rows hold too few origins of so many steps"


@pytest.mark.usefixtures("stocked")
@pytest.mark.parametrize("example", COMPARE_RUNS.examples)
def test_every_example_of_comparing_runs_runs_as_written(do, shell, run, example):
    shell.user_ns.update(first=run, second=run)
    _, out, err = do(example)
    assert err == ""
    assert "Runs of close" in out or list(shell.user_ns["both"].runs) == ["first", "second"]


def test_one_run_is_not_compared(do):
    _, _, err = do("%lstm_compare_runs mine")
    assert "%lstm_compare_runs needs two runs or more, got 1" in err
    _, _, err = do("%lstm_compare_runs mine mine")
    assert err == "UsageError: %lstm_compare_runs takes each run once, got 'mine' twice; name another run\n"


def test_a_file_of_what_happened_is_read_by_the_flags_that_its_remedies_name(stocked, do, run):
    run.save("prices.lstm")
    do("%lstm_load prices.lstm")
    forecast, _, _ = do("%lstm_forecast 5 --paths 50 -o fc")
    days = forecast.index
    pd.DataFrame({"close": [9.0] * 5}).to_csv("none.csv", index=False)
    _, _, err = do("%lstm_reveal none.csv")
    assert "shares no time with the forecast" in err
    assert "name the column of the file's times, such as --time day" in err
    pd.DataFrame({"day": days, "when": days, "close": 9.0}).to_csv("two.csv", index=False)
    _, _, err = do("%lstm_reveal two.csv --time day --beside fc --shown -o seen")
    assert err == ""
    seen = stocked.user_ns["seen"]
    assert (list(seen.beside), seen.shown, seen.actual.tolist()) == (["fc"], True, [9.0] * 5)
    pd.DataFrame({"day": days.strftime("%d/%m/%Y"), "close": 9.0}).to_csv("first.csv", index=False)
    assert do("%lstm_reveal first.csv --dayfirst on")[2] == ""


@pytest.mark.parametrize("example", REVEAL.examples)
def test_every_example_of_revealing_runs_as_written(stocked, do, run, example):
    run.save("prices.lstm")
    do("%lstm_load prices.lstm")
    forecast, _, _ = do("%lstm_forecast 5 --paths 50 -o fc")
    later = pd.Series(9.0, index=forecast.index, name="close")
    stocked.user_ns["later"] = later
    later.rename_axis("day").to_csv("later.csv")
    _, out, err = do(example)
    assert err == ""
    assert "Traceback" not in out
