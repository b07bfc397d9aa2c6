"""Many series in magics and dashboard: `--id` and `--static`, TAB, the preview, refusals as each face is spelled."""

from __future__ import annotations

import html
import re
import warnings

import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.diagnostics.panel_report import PanelFeatureReport
from lstm_lab.forecasting.panel_forecast import PanelForecast
from lstm_lab.notebook.commands import COMMANDS
from lstm_lab.notebook.completion import complete
from lstm_lab.notebook.dashboard import code
from lstm_lab.notebook.dashboard.view import dashboard
from lstm_lab.notebook.magics import LSTMMagics

TINY = "--target rate --lookback 12 --units 3 --dense none --epochs 1 --transform log"


@pytest.fixture(autouse=True)
def _tables(shell):
    panel = lab.example("unemployment")
    rates = panel.reset_index()
    rates.attrs = {}  # or it would know its ids
    shell.user_ns.update(panel=panel, rates=rates)


def test_a_magic_trains_one_network_on_many_series(do):
    run, _, err = do(f"%lstm_train rates --id industry --static sector --time month {TINY} -o many")
    assert err == ""
    assert len(run.dataset.ids) == 14
    assert run.options.id == "industry"
    assert any(column.startswith("sector=") for column in run.encoder.columns)
    loaded, _, err = do(f"%lstm_train panel {TINY}")
    assert (len(loaded.dataset.ids), err) == (14, "")


def test_the_forecast_magic_gives_a_forecast_by_id_and_keeps_it(do, shell):
    do(f"%lstm_train rates --id industry --time month {TINY} -o many")
    fcs, out, err = do("%lstm_forecast 3 --run many --paths 60 -o ahead")
    assert err == ""
    assert isinstance(fcs, PanelForecast)
    assert shell.user_ns["ahead"] is fcs
    assert (len(fcs), fcs.horizon) == (14, 3)
    assert "Forecasts of rate" in out


def test_what_happened_to_many_series_is_revealed_from_a_frame_and_from_a_file(do, shell, tmp_path, monkeypatch):
    do(f"%lstm_train rates --id industry --time month {TINY} -o many")
    fcs, _, _ = do("%lstm_forecast 3 --paths 60 --ids Finance,Construction -o fcs")
    later = pd.DataFrame({"rate": 5.0}, fcs.index).drop("Finance", level=0)
    shell.user_ns["later"] = later
    seen, out, err = do("%lstm_reveal later --shown")
    assert err == ""
    assert (seen.shown, seen.unknown) == (True, ("Finance",))
    assert "rate: what happened to 2 series" in out
    monkeypatch.chdir(tmp_path)
    later.rename_axis(["sector", "when"]).to_csv("later.csv")
    _, _, err = do("%lstm_reveal later.csv")
    assert "'industry'" in err
    assert do("%lstm_reveal later.csv --id sector --time when --forecast fcs")[2] == ""
    shell.user_ns["list"] = [1.0, 2.0]
    _, _, err = do("%lstm_reveal list")
    assert "actual is a Series or a DataFrame with rows by id and time, got list" in err
    _, _, err = do("%lstm_reveal later --beside fcs")
    assert "--beside is for forecasts of one series, got one of many; leave it out, or use fcs['Finance'].reveal" in err


def test_ids_are_chosen_on_the_line_by_name_or_by_a_variable(do, shell):
    run, _, _ = do(f"%lstm_train rates --id industry --time month {TINY} -o many")
    fcs, _, err = do("%lstm_forecast 3 --paths 60 --ids Finance,Construction")
    assert (list(fcs), err) == (["Finance", "Construction"], "")
    shell.user_ns["chosen"] = ["Government", "Other"]
    assert list(do("%lstm_forecast 3 --paths 60 --ids chosen")[0]) == ["Government", "Other"]
    _, _, err = do("%lstm_forecast 3 --ids Finanse")
    assert "there is no id 'Finanse' in the run; did you mean 'Finance'?" in err
    magics = next(each for each in shell.magics_manager.registry.values() if isinstance(each, LSTMMagics))
    assert complete("%lstm_forecast 3 --ids Fin", COMMANDS, magics.values).candidates == ("Finance",)
    assert complete("%lstm_gates --id Con", COMMANDS, magics.values).candidates == ("Construction",)
    traces, out, err = do("%lstm_gates --id Finance,Construction -o gates")
    assert (list(traces), err) == (["Finance", "Construction"], "")
    assert "Gates of 2 series at the same time" in out
    assert shell.user_ns["gates"] is traces
    cell, _, err = do("%lstm_cell --id Finance --unit 1")
    assert (repr(cell), err) == (repr(run.cell(id="Finance", unit=1)), "")


def test_ids_of_one_series_are_refused_as_typed(do):
    do("%lstm_train oil --lookback 12 --units 3 --dense none --epochs 1")
    _, _, err = do("%lstm_forecast 3 --ids a,b")
    assert "--ids belongs to a run of many series, and this one has no ids" in err


def test_many_series_are_compared_and_ablated_on_a_line(do):
    study = "--kinds rnn,naive --seeds 0 --horizon 3 --origins 3 --paths 50"
    result, out, err = do(f"%lstm_compare rates --id industry --time month {TINY} {study}")
    assert (type(result).__name__, err) == ("PanelComparison", "")
    assert "Comparison for rate" in out
    _, _, err = do(f'%lstm_ablate rates --id industry --time month {TINY} --changes "mask: off" --horizon 3')
    assert "raise --lookback, or leave 'mask: off' out" in err


def test_the_features_magic_reports_on_many_series(do):
    report, out, err = do("%lstm_features rates --id industry --target rate --lookback 12 --time month")
    assert isinstance(report, PanelFeatureReport)
    assert "14 ids by industry, 122 rows each" in out
    assert err == ""


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--id industri", "there is no column 'industri' for --id; did you mean 'industry'?"),
        ("--id industry --static sectr", "there is no column 'sectr' for --static; did you mean 'sector'?"),
        ("--ids industry", "%lstm_features has no flag --ids; did you mean --id?"),
        ("--id industry --statc sector", "%lstm_features has no flag --statc; did you mean --static?"),
        ("--unique-id industry", "%lstm_features has no flag --unique-id; did you mean --id?"),
        (
            "--id industry --short skp",
            "--short should be 'pad', 'skip' or 'error', got 'skp'; for example --short skip",
        ),
        ("--id industry --static rate", "--static rate and --target rate name the same column; change one"),
        ("--static sector", "static columns tell series apart, got --static sector and no id; name the column of ids"),
        ("", "name their column with --id industry, or keep one"),
    ],
)
def test_refusals_are_one_line_as_a_magic_is_typed(do, flags, message):
    _, _, err = do(f"%lstm_features rates --target rate --time month {flags}")
    assert message in err
    assert err.strip().count("\n") == 0


def test_tab_completes_the_columns_of_ids_and_static_ones(shell):
    magics = next(each for each in shell.magics_manager.registry.values() if isinstance(each, LSTMMagics))

    def offered(line):
        return complete(line, COMMANDS, magics.values).candidates

    assert offered("%%lstm_train rates --id ind") == ("industry",)
    assert offered("%lstm_features rates --id c") == ("columns",)
    assert offered("%%lstm_train rates --id industry --static sec") == ("sector",)
    assert offered("%%lstm_train panel --id ind") == ("industry",)
    assert offered("%lstm_train rates --sta") == ("--static",)


def test_tab_completes_the_columns_of_files_and_examples(shell):
    magics = next(each for each in shell.magics_manager.registry.values() if isinstance(each, LSTMMagics))
    shell.user_ns["rates"].to_csv("sales.csv", sep=";", index=False)

    def offered(line):
        return complete(line, COMMANDS, magics.values).candidates

    assert offered("%lstm_train sales.csv --id ind") == ("industry",)
    assert offered("%lstm_train unemployment --static sec") == ("sector",)
    assert offered("%lstm_train unemployment --id ind") == ("industry",)
    assert offered("%lstm_train nothing.csv --id ind") == ()


@pytest.fixture
def opened():
    boards = []

    def open_it(frame, **options):
        boards.append(dashboard(frame, **options))
        return boards[-1]

    yield open_it
    for board in boards:
        board.close()


def said(board):
    return html.unescape(re.sub("<[^>]+>", " ", board.preview.data.value))


def test_the_dashboard_shows_a_panel_and_its_controls(opened):
    board = opened("rates", target="rate", id="industry", static="sector", lookback=12, time="month")
    assert board.preview.mistake is None
    assert "14 ids by industry, 122 rows each" in said(board)
    assert "sector=goods" in said(board)
    words = [word for _, word in board.state.train.controls["id"].field.widget.options]
    assert words == ["", "industry", "month", "rate", "unemployed", "sector", "columns"]
    assert "id=&#x27;industry&#x27;, static=[&#x27;sector&#x27;]" in board.code.value
    assert "--id industry --static sector" in board.code.value


def test_the_dashboard_asks_for_the_ids_of_a_long_table(opened):
    board = opened("rates", target="rate", time="month", lookback=12)
    assert "name their column with id industry, or keep one" in said(board)
    board.state.train.controls["id"].put("industry")
    assert board.preview.mistake is None
    assert "14 ids by industry" in said(board)


def test_the_dashboard_opens_the_bundled_panel(opened):
    board = opened("unemployment", target="rate", lookback=12)
    assert board.preview.mistake is None
    assert "14 ids by industry" in said(board)


def test_the_dashboard_trains_and_forecasts_many_series(opened, shell):
    small = {"lookback": 12, "units": [3], "dense": [], "epochs": 1, "transform": "log"}
    board = opened("panel", target="rate", static="sector", horizon=3, paths=60, **small)
    board.pages["Training"].bar.start.click()
    run = shell.user_ns["run_1"]
    assert len(run.dataset.ids) == 14
    board.pages["Forecast"].bar.start.click()
    line = html.unescape(re.sub("<[^>]+>", "", board.pages["Forecast"].bar.line.value))
    assert "14 series, 60 paths of each, 3 steps ahead" in line
    assert len(board.pages["Forecast"].result) == 14
    board.state.forecast.controls["ids"].put("Finance,Construction")
    board.pages["Forecast"].bar.start.click()
    assert list(board.pages["Forecast"].result) == ["Finance", "Construction"]
    lines = code.magics(board.state.settings())
    assert '--ids "Finance, Construction"' in lines["Forecast"]
    assert "--ids" not in lines["Judge"]
    board.state.gates.controls["id"].put("Finance,Construction")
    board.pages["Gates"].bar.start.click()
    assert list(board.pages["Gates"].result) == ["Finance", "Construction"]
    board.state.backtest.controls["origins"].put(2)
    board.pages["Judge"].bar.start.click()
    assert len(board.pages["Judge"].result.ids) == 14


def test_a_left_out_id_is_told_in_one_line_as_flags_are_spelled(do, shell):
    rates = shell.user_ns["rates"]
    shell.user_ns["more"] = pd.concat([rates, rates.iloc[:1].assign(industry="Mars")])
    with warnings.catch_warnings():
        warnings.simplefilter("always")  # as outside a test run, where warnings are no errors
        _, _, err = do("%lstm_features more --id industry --time month --target rate --lookback 12")
    assert err == (
        "lstm_lab: an id needs at least 2 rows, got 1 of 'Mars' (1 of 15 ids); they are left out, and --short error"
        " would refuse them\n"
    )
