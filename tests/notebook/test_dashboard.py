"""The dashboard without a browser: its controls, its states, and that the code it shows does what it did."""

from __future__ import annotations

import ast
import html
import re
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace

import ipywidgets
import numpy as np
import pandas as pd
import pytest
from ipywidgets.widgets import widget as registry

import lstm_lab
import lstm_lab.run
from lstm_lab.errors import DataError, LabError, OptionError, RunError
from lstm_lab.events import TrainingPlan
from lstm_lab.formatting import percent
from lstm_lab.notebook.commands import COMMANDS
from lstm_lab.notebook.dashboard import clicks as messages
from lstm_lab.notebook.dashboard import code, sections
from lstm_lab.notebook.dashboard.environment import NotebookEnvironment
from lstm_lab.notebook.dashboard.fields import offer
from lstm_lab.notebook.dashboard.sections import OptionForm
from lstm_lab.notebook.dashboard.view import dashboard
from lstm_lab.options import OPTION_NAMES
from lstm_lab.options.spelling import as_controls
from lstm_lab.results import Summary
from lstm_lab.widgets.next_training import next_weights
from lstm_lab.widgets.saved import MIME

PLANS = {name: getattr(sections, name) for name in ("TRAIN", "FORECAST", "BACKTEST", "GATES", "MEMORY", "RESUME")}
SMALL = {"lookback": 8, "units": [4], "dense": [], "epochs": 2, "batch": 32, "transform": "diff"}
OTHERS = {"interval": 80.0,
    "target": "volume", "time": "date", "features": ("log_return", "bollinger(20, 2)"), "transform": "seasonal_diff(7)",
    "weights": "exponential:2.5", "learning_rate": 0.00123456789, "dense": (), "calibrate": False, "refit": 10,
    "preset": "classic", "renew": False, "adapt": True, "recall": (), "at": "-20", "max_gap": "3D", "dropout": 0.0,
}  # fmt: skip
"""A value other than the default, where any number would not do."""


@pytest.fixture
def prices():
    rng = np.random.default_rng(0)
    frame = {"close": 50 + rng.normal(0, 1, 260).cumsum(), "volume": rng.uniform(1, 9, 260)}
    return pd.DataFrame(frame, index=pd.date_range("2022", periods=260, freq="D"))


@pytest.fixture
def opened(shell, prices):
    """Open a dashboard on a frame of the shell's, and close it at the end."""
    shell.user_ns["prices"] = prices
    boards = []

    def open_it(frame="prices", **options):
        boards.append(dashboard(frame, **options))
        return boards[-1]

    yield open_it
    next_weights.clear()
    for board in boards:
        board.close()


def said(page):
    return html.unescape(re.sub("<[^>]+>", "", page.bar.line.value))


def other_value(control):
    if control.name in OTHERS:
        return OTHERS[control.name]
    if control.flag.choices:
        return next(word for word in control.flag.choices if word != control.flag.default)
    if isinstance(control.default, tuple):
        return (3, 5) if control.default and isinstance(control.default[0], int) else ("naive", "drift")
    return 0.25 if isinstance(control.default, float) else "x" if "TEXT" in (control.flag.value or "") else 3


@pytest.mark.parametrize(
    ("layout", "name"), [(layout, name) for layout in PLANS.values() for name in layout.model.model_fields]
)
def test_every_option_has_a_control_that_keeps_its_value(layout, name):
    form = OptionForm(layout, {"target": (), "time": (), "transform": ("auto",), "weights": ("uniform", "linear")})
    control = form.controls[name]
    assert control.value == control.default
    assert form.values() == {}
    value = getattr(layout.model.of({name: other_value(control)}), name)
    assert value != control.default
    form.put({name: value})
    assert form.values() == {name: value}
    form.put({name: control.default})
    assert form.values() == {}
    assert layout.model.model_fields[name].description in control.tip


@pytest.mark.parametrize(
    ("name", "typed"),
    [("lookback", 0), ("validation", 0.7), ("units", "8, many"), ("seed", -1)],
)
def test_a_refused_value_shows_the_options_own_line_beside_its_control_and_nothing_else(opened, name, typed):
    board = opened()
    control = board.state.train.controls[name]
    control.field.parts[0].value = typed
    with pytest.raises(OptionError) as refused:
        lstm_lab.options.TrainOptions.of({name: str(typed)})
    line = as_controls(str(refused.value), OPTION_NAMES)
    assert html.unescape(control.wrong.value) == f'<p class="lab-wrong">{line}</p>'
    assert [other for other in board.state.train.controls.values() if other is not control and other.wrong.value] == []
    assert line in html.unescape(board.preview.data.value)
    assert line in html.unescape(board.code.value)
    board.pages["Training"].bar.start.click()
    assert said(board.pages["Training"]) == line
    assert not any(page.bar.start.disabled for page in board.pages.values())
    control.put(control.default)
    assert control.wrong.value == ""


def test_options_that_no_section_names_fold_away_in_the_last_section():
    layout = sections.FormLayout(
        lstm_lab.options.ForecastOptions, (sections.SectionLayout("Forecast", ("horizon",), ("paths",)),)
    )
    (section,) = layout
    assert set(section.more) == set(lstm_lab.options.ForecastOptions.model_fields) - {"horizon"}


def test_the_shown_code_gives_the_same_numbers(opened, do, shell):
    board = opened(horizon=4, paths=100, calibrate=False, dropout=0.3, loss="mse", weights="linear", **SMALL)
    board.pages["Training"].bar.start.click()
    run = shell.user_ns["run_1"]
    assert board.run is run
    board.pages["Forecast"].bar.start.click()
    board.pages["Gates"].bar.start.click()
    board.state.backtest.put({"origins": 4, "baselines": ("naive",)})
    board.pages["Judge"].bar.start.click()
    fan, trace, judged = (board.pages[name].result for name in ("Forecast", "Gates", "Judge"))
    (view,) = board.pages["Forecast"].stage.children
    view.add(50)
    assert board.pages["Forecast"].result.paths.shape == (150, 4)
    np.testing.assert_array_equal(board.pages["Forecast"].result.paths[:100], fan.paths)
    assert '<td style="text-align:left">150</td>' in board.pages["Forecast"].table.value
    assert board.runner.running is None
    settings = board.state.settings()
    told = {"python": dict(shell.user_ns), "magics": {}}
    lines = [line for line in code.python(settings).split("\n") if not line.startswith("memory")]
    exec("\n".join(lines), told["python"])  # noqa: S102 - the code under test
    cells = code.magics(settings)
    told["magics"]["run_1"] = do(cells["Train"])[0]
    for name, step in (("forecast", "Forecast"), ("gates", "Look inside"), ("judged", "Judge")):
        value, _, err = do(cells[step])
        assert err == ""
        told["magics"][name] = value
    for face in ("python", "magics"):
        found = told[face]
        assert found["run_1"] is not run
        pd.testing.assert_frame_equal(
            found["run_1"].history.drop(columns="seconds"), run.history.drop(columns="seconds")
        )
        np.testing.assert_array_equal(found["forecast"].paths, fan.paths)
        np.testing.assert_array_equal(found["gates"].layers[0].forget, trace.layers[0].forget)
        numbers = found["judged"].summary.drop(columns="seconds").reset_index(drop=True)
        pd.testing.assert_frame_equal(numbers, judged.summary.drop(columns="seconds").reset_index(drop=True))


@pytest.mark.parametrize("cell", ["gru", "rnn"])
@pytest.mark.parametrize("plain", [{"dropout": 0.0, "dense": []}, {"dropout": 0.2, "dense": [3]}])
def test_the_layers_of_the_shown_cell_are_the_reference_stack(cell, plain):
    from lstm_lab.models.build import build_forecaster, read_stack, reference_stack

    options = lstm_lab.options.TrainOptions.of({"cell": cell, "units": [3, 2], **plain})
    text = code.stack_text({"cell": cell, "units": [3, 2], **plain})
    one, other = (
        build_forecaster(layers, 8, 1, seed=5).model for layers in (reference_stack(options), read_stack(text, {}))
    )
    assert [layer.get_config() for layer in one.layers] == [layer.get_config() for layer in other.layers]
    for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_code_says_only_what_is_not_at_its_default(opened):
    board = opened(**SMALL)
    settings = board.state.settings()
    call = ast.parse(code.python(settings)).body[1].value
    given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    assert given == {"target": "close", **SMALL}
    assert code.magics(settings)["Train"].split("\n")[0] == (
        "%%lstm_train prices --target close --transform diff --lookback 8 --epochs 2 --batch 32 -o run_1"
    )
    assert code.magics(settings)["Forecast"] == "%lstm_forecast --run run_1"
    board.state.watch.value = True
    watched = board.state.settings()
    assert code.magics(watched)["Train"].split("\n")[0].endswith("--batch 32 --watch -o run_1")
    assert "watch=True)" in code.python(watched).split("\n")[2]
    assert board.state.watching == {"watch": True}


def test_defaults_from_config_and_a_chosen_weighting_do_not_change_what_the_magic_does(opened, do):
    do("%config LSTMMagics.epochs = 7")
    do("%config LSTMMagics.paths = 70")
    next_weights.set("linear")
    board = opened()
    assert board.state.train.controls["epochs"].value == 7
    board.state.train.put({"epochs": 100})
    lines = code.magics(board.state.settings())
    assert "--epochs 100" in lines["Train"]
    assert "--weights uniform" in lines["Train"]
    assert "paths" not in lines["Forecast"]
    assert "paths=70" in code.python(board.state.settings())


@pytest.mark.parametrize(
    "text", ["close", "log_return,bollinger(20, 2)", "two words", "it's", 'say "x"', """both ' and " here""", ""]
)
def test_a_quoted_word_comes_back_from_the_line(text):
    parsed = COMMANDS["lstm_train"].parse(f"{code.quoted('some data')} --target {code.quoted(text)}")
    assert parsed.argument == "some data"
    assert parsed.values["target"] == text  # noqa: PD011 - no pandas here


def test_while_a_job_runs_no_other_starts_and_stop_ends_it(opened, monkeypatch):
    board = opened(**{**SMALL, "epochs": 500, "patience": 500})
    pages, real, seen = board.pages, lstm_lab.run.train, []

    def train(*given, listener, **options):
        begun = listener.on_start
        batches = []

        def on_start(section):
            begun(section)
            seen.extend((page.bar.start.disabled, page.bar.stop.disabled) for page in pages.values())
            seen.append(said(pages["Forecast"]))
            pages["Forecast"].bar.start.click()
            pages["Training"].bar.start.click()

        def on_batch(batch):
            batches.append(batch)
            if len(batches) == 20:
                thread = threading.Thread(target=pages["Training"].bar.stop.click)
                thread.start()
                thread.join()

        monkeypatch.setattr(listener, "on_start", on_start)
        monkeypatch.setattr(listener, "on_batch", on_batch)
        return real(*given, listener=listener, **options)

    monkeypatch.setattr(lstm_lab.run, "train", train)
    pages["Training"].bar.start.click()
    assert seen[: len(pages)] == [(True, False), *[(True, True)] * (len(pages) - 1)]
    assert seen[len(pages)] == "Training is running: stop it, or wait for its end."
    assert board.run.end.reason == "stopped"
    assert said(pages["Training"]).startswith("stopped after ")
    assert said(pages["Forecast"]) == ""
    assert [(page.bar.start.disabled, page.bar.stop.disabled) for page in pages.values()] == [(False, True)] * len(
        pages
    )
    assert board.runner.running is None


def test_a_mistake_of_the_users_is_one_line_and_one_of_ours_keeps_its_traceback(opened, monkeypatch):
    board = opened()
    page = board.pages["Forecast"]
    page.bar.start.click()
    assert said(page) == "there is no run yet; press Train, or train one in a cell"
    assert len(page.stage.children) == 1

    def broken(*_, **__):
        raise ZeroDivisionError("<ours>")

    monkeypatch.setattr(lstm_lab.run, "train", broken)
    page = board.pages["Training"]
    page.bar.start.click()
    assert "mistake of lstm_lab's" in said(page)
    shown = page.stage.children[0].value
    assert "Traceback" in shown
    assert "ZeroDivisionError: &lt;ours&gt;" in shown
    assert not page.bar.start.disabled


def test_a_click_from_before_the_end_starts_nothing_more(opened, monkeypatch):
    board, clock, started = opened(), [100.0], []
    monkeypatch.setattr("lstm_lab.notebook.dashboard.job_runner.sent_at", lambda: clock[0])
    page = board.pages["Training"]
    monkeypatch.setattr(page, "job", lambda _: started.append(clock[0]))
    page.bar.start.click()
    clock[0] = 99.9
    page.bar.start.click()
    clock[0] = 101.0
    page.bar.start.click()
    assert started == [100.0, 101.0]


def test_a_click_in_a_thread_waits_for_the_main_one(monkeypatch):
    done, later = [], []
    loop = type("Loop", (), {"add_callback": staticmethod(later.append)})
    kernel = type("Kernel", (), {"io_loop": loop, "get_parent": staticmethod(lambda: {"header": {"subshell_id": "s"}})})
    monkeypatch.setattr(messages, "_kernel", lambda: kernel)
    thread = threading.Thread(target=messages.in_main, args=(lambda: done.append(threading.current_thread()),))
    thread.start()
    thread.join()
    assert done == []
    later[0]()
    assert done == [threading.main_thread()]
    assert messages.stop_arrives()
    kernel.get_parent = staticmethod(lambda: {"header": {}})
    assert not messages.stop_arrives()


def test_where_stop_would_not_arrive_there_is_a_word_instead(opened, monkeypatch):
    monkeypatch.setattr("lstm_lab.notebook.dashboard.job_runner.stop_arrives", lambda: False)
    page = opened(**SMALL).pages["Training"]
    seen = []
    monkeypatch.setattr(page, "job", lambda _: seen.append((page.bar.stop.disabled, said(page))))
    page.bar.start.click()
    assert seen == [(True, "preparing; to stop, interrupt the kernel (■)")]


def test_in_voila_there_is_neither_a_stop_that_cannot_work_nor_a_word_of_the_kernel(opened, monkeypatch):
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    arrives = [False, True]
    monkeypatch.setattr("lstm_lab.notebook.dashboard.job_runner.stop_arrives", lambda: arrives.pop(0))
    page = opened(**SMALL).pages["Training"]
    assert page.bar.stop.layout.display == "none"
    seen = []
    monkeypatch.setattr(page, "job", lambda _: seen.append((page.bar.stop.layout.display, said(page))))
    page.bar.start.click()
    page.bar.start.click()
    assert seen == [("none", "preparing"), (None, "preparing")]


def test_data_of_every_kind_can_be_chosen(opened, shell, prices, tmp_path):
    board = opened("oil")
    assert board.state.source.python == 'lab.example("oil")'
    assert "price" in board.preview.data.value
    prices.rename_axis("date").to_csv(tmp_path / "my prices.csv")
    board = opened(str(tmp_path / "my prices.csv"), target="volume")
    assert "<h4>volume</h4>" in board.preview.data.value
    assert code.magics(board.state.settings())["Train"].startswith(f'%%lstm_train "{tmp_path}/my prices.csv" --target')
    board = opened(prices["close"] * 2)
    assert board.state.source.word == "frame"
    assert shell.user_ns["frame"].equals(prices["close"] * 2)
    assert opened(prices).state.source.word == "prices"
    with pytest.raises(DataError, match="did you mean 'prices'"):
        opened("prics")
    with pytest.raises(OptionError, match=r"did you mean units=\[128, 128\]"):
        opened("prices", unit=3)


def test_choosing_other_data_offers_their_columns_and_likely_target(opened):
    board = opened()
    target = board.state.train.controls["target"].field.widget
    assert [value for _, value in target.options] == ["", "close", "volume"]
    assert target.value == "close"
    board.state.source.menu.value = "temperature"
    assert target.value == "temperature"
    menu = board.state.train.controls["transform"].field.menu
    assert {"seasonal_diff(24)", "seasonal_log_return(24)"} <= {*menu.options}
    board.state.source.menu.value = "oil"
    assert target.value == ""
    assert "target" not in board.state.settings().train


def test_a_menu_keeps_its_choice_when_its_options_change_and_nobody_hears():
    menu, heard = ipywidgets.Dropdown(options=["a", "b"], value="b"), []
    menu.observe(heard.append, "value")
    offer(menu, ["x", "b"])
    assert menu.value == "b"
    offer(menu, ["x", "y"])
    assert menu.value == "x"
    menu.close()


def test_new_variables_and_runs_appear_after_a_cell_and_a_run_of_a_magic_can_be_picked(opened, do, shell, prices):
    board = opened()
    assert board.state.picker.value == ""
    do("more = prices.iloc[:200]")
    shell.events.trigger("post_run_cell", None)
    assert "more" in [value for _, value in board.state.source.menu.options]
    assert board.state.source.word == "prices"
    do("prices = prices.rename(columns={'close': 'last'})")
    shell.events.trigger("post_run_cell", None)
    assert "last" in [value for _, value in board.state.train.controls["target"].field.widget.options]
    run = lstm_lab.train(prices, target="close", **SMALL)
    shell.user_ns["mine"] = run
    shell.events.trigger("post_run_cell", None)
    board.state.picker.value = "mine"
    assert board.run is run
    board.pages["Gates"].bar.start.click()
    assert board.pages["Gates"].result.model is run.model
    assert "--run mine" in board.code.value


def test_a_change_of_a_control_moves_the_charts_of_the_preview_and_sends_no_data_again(opened):
    board = opened(**SMALL)
    weights, losses = board.preview.weights.chart, board.preview.losses.chart
    assert (weights.wire.get("scheme"), losses.wire.get("loss"), losses.wire.get("delta")) == ("uniform", "huber", 1.0)
    assert weights.wire.get("chart_only")
    assert losses.wire.get("chart_only")
    sent = []
    for chart in (weights, losses):
        chart.wire._send = lambda content, _: sent.append(content)
    controls = board.state.train.controls
    controls["weights"].put("exponential:2.5")
    controls["loss"].put("mae")
    assert (weights.wire.get("scheme"), weights.wire.get("rate")) == ("exponential:2.5", 2.5)
    assert losses.wire.get("loss") == "mae"
    assert board.preview.losses.heading.value == "<h4>Loss: MAE</h4>"
    assert "Beyond delta" not in board.preview.losses.line.value
    assert sent
    assert not any(message["arrays"] for message in sent)
    controls["delta"].put(0.25)
    controls["loss"].put("huber")
    residuals = board.preview.losses.chart.result.residuals
    assert losses.wire.get("delta") == 0.25
    assert f"Beyond delta: {percent(float((abs(residuals) > 0.25).mean()))}." in board.preview.losses.line.value
    assert board.preview.weights.chart is weights


def test_without_a_preview_its_charts_are_hidden_and_come_back(opened):
    board = opened(**SMALL)
    control = board.state.train.controls["lookback"]
    control.field.parts[0].value = 0
    assert board.preview._pair.layout.display == "none"
    control.put(9)
    assert board.preview._pair.layout.display is None


def test_the_residuals_of_the_preview_are_those_of_the_naive_forecast(opened, prices):
    board = opened(**SMALL)
    shown = board.preview.losses.chart.result
    rows = board.preview._prepared.dataset.cuts[0].validation
    changes = np.diff(prices["close"].to_numpy()[:rows])
    np.testing.assert_allclose(shown.residuals * shown.scale, np.sort(changes), atol=1e-5 * np.abs(changes).max())


def test_weights_chosen_in_the_curve_set_the_control(opened):
    board = opened(**SMALL)
    board.pages["Training"].bar.start.click()
    board.pages["Weights"].bar.start.click()
    (view,) = board.pages["Weights"].stage.children
    view._receive(None, {"kind": "use", "scheme": "exponential:2.5"}, [])
    assert board.state.train.values()["weights"] == "exponential:2.5"
    assert board.preview.weights.heading.value == "<h4>Weights: exponential:2.5</h4>"
    assert next_weights.get() is None


def test_two_dashboards_do_not_disturb_each_other(opened):
    one, other = opened(**SMALL), opened("oil")
    one.state.train.put({"lookback": 9})
    assert other.state.train.controls["lookback"].value == 60
    one.pages["Training"].bar.start.click()
    assert said(other.pages["Training"]) == ""
    assert other.state.picker.options == (("run_1", "run_1"),)
    assert other.state.name.value == "run_2"
    one.jobs.runs.choice.value, one.jobs.runs.name.value = ("run_1",), "first"
    one.jobs.runs.rename.click()
    assert other.state.picker.value == "first"
    assert "first" in other.jobs.runs.table.value


def test_while_one_dashboard_works_the_other_waits_and_says_so(opened, monkeypatch):
    one, other = opened(**SMALL), opened("oil")
    seen, begun = [], []
    monkeypatch.setattr(other.pages["Training"], "job", lambda _: begun.append(1))

    def job(_):
        bar = other.pages["Training"].bar
        seen.append((bar.start.disabled, said(other.pages["Training"])))
        bar.start.click()

    monkeypatch.setattr(one.pages["Training"], "job", job)
    one.pages["Training"].bar.start.click()
    assert seen == [(True, "Training is running: stop it, or wait for its end.")]
    assert begun == []
    other.pages["Training"].bar.start.click()
    assert begun == [1]


def test_a_lookback_that_leaves_no_window_and_a_name_that_cannot_be_are_said_before_train(opened):
    board = opened(**SMALL)
    board.state.train.controls["lookback"].field.parts[0].value = 250
    assert "No preview: every part needs a window" in board.preview.data.value
    assert "lower lookback to at most" in board.preview.data.value
    board.state.train.put({"lookback": 8})
    assert "No preview" not in board.preview.data.value
    board.state.name.value = "list"
    assert "keep run as takes the name of a variable" in html.unescape(board.state.name_wrong.value)
    board.state.name.value = "mine"
    assert board.state.name_wrong.value == ""


def test_the_code_names_the_page_of_a_refused_value(opened):
    board = opened(**SMALL)
    board.state.memory.controls["seeds"].field.parts[0].value = 0
    assert board.code.value.endswith("for example seeds 5 (under Memory)</div>")
    board.state.memory.put({"seeds": 1})
    assert "(under" not in board.code.value


def test_one_path_and_one_step_are_counted_so(opened):
    board = opened(horizon=1, paths=1, calibrate=False, **SMALL)
    board.pages["Training"].bar.start.click()
    board.pages["Forecast"].bar.start.click()
    assert said(board.pages["Forecast"]) == "1 path, 1 step ahead"


def test_closing_leaves_no_widget_and_no_observer(shell, prices):
    shell.user_ns["prices"] = prices
    lstm_lab.train(prices, target="close", **SMALL)
    before, heard = set(registry._instances), len(shell.events.callbacks["post_run_cell"])
    threads = threading.active_count()
    board = dashboard("prices", horizon=3, paths=50, calibrate=False, **SMALL)
    for name in ("Training", "Forecast", "Gates", "Losses"):
        board.pages[name].bar.start.click()
        assert not said(board.pages[name]).startswith("this is a mistake")
    board.close()
    left = [registry._instances[key] for key in set(registry._instances) - before]
    assert [type(one).__name__ for one in left] == []
    assert len(shell.events.callbacks["post_run_cell"]) == heard
    assert threading.active_count() <= threads


def test_what_is_kept_is_the_newest_picture(opened, monkeypatch):
    shown = []
    handle = type("Handle", (), {"update": lambda _, data, **__: shown.append(data)})
    monkeypatch.setattr(
        "lstm_lab.notebook.dashboard.snapshot.display", lambda data, **_: shown.append(data) or handle()
    )
    monkeypatch.setattr("lstm_lab.notebook.dashboard.view.display", lambda data, **_: shown.append(data))
    board = opened(**SMALL)
    board._ipython_display_()
    assert all("image/png" not in data for data in shown)
    assert "Nothing was trained" in shown[1]["text/plain"]
    page = board.pages["Training"]
    page.bar.start.click()
    live = shown[2][MIME]["live"]  # for a page that is loaded again in the middle of the training
    assert (live["view"], live["model"]) == ("training", page.stage.children[0].model_id)
    assert "image/png" in shown[3]
    assert "live" not in shown[3][MIME]
    assert shown[3]["text/plain"].startswith("Run 'run_1': close")
    data, metadata = board._repr_mimebundle_()
    assert "image/png" in data
    assert metadata["image/png"]["alt"].startswith("Run 'run_1': close")
    assert repr(board).startswith("Dashboard: prices\nRun 'run_1'")


def test_column_names_are_text_and_never_markup(opened, shell, prices):
    nasty = "<img src=x onerror=alert(1)>"
    shell.user_ns["nasty"] = prices.rename(columns={"close": nasty})
    board = opened("nasty", target=nasty)
    for value in (board.preview.data.value, board.code.value):
        assert "<img" not in value
        assert "&lt;img" in value


def test_a_name_that_is_no_variable_is_refused(opened):
    board = opened(**SMALL)
    board.state.name.value = "my run"
    board.pages["Training"].bar.start.click()
    assert "No code: keep run as takes the name of a variable" in board.code.value
    assert said(board.pages["Training"]).startswith("keep run as takes the name of a variable, got 'my run'")


def test_in_a_terminal_the_magic_says_what_it_needs_and_what_does_the_same(do):
    value, out, err = do("%lstm_lab oil")
    assert (value, err) == (None, "")
    assert out.count("\n") == 1
    assert "needs a notebook" in out
    assert "%lstm_train, %lstm_forecast" in out


def test_in_a_notebook_the_magic_opens_the_dashboard_with_its_flags(do, shell, prices, monkeypatch):
    shown = []
    monkeypatch.setattr(type(shell), "kernel", None, raising=False)
    monkeypatch.setattr("lstm_lab.notebook.magics.display", shown.append)
    shell.user_ns["prices"] = prices
    shell.user_ns["n"] = 24
    _, _, err = do("%lstm_lab prices --target volume --lookback n --horizon 7 --seed 3 -o board")
    assert err == ""
    board = shell.user_ns["board"]
    assert shown == [board]
    assert board.state.train.values() == {"target": "volume", "lookback": 24, "seed": 3}
    assert board.state.forecast.values() == {"horizon": 7, "seed": 3}
    board.close()
    _, _, err = do("%lstm_lab prices --target volum")
    assert "there is no numeric column 'volum'; did you mean 'volume'?" in err or err == ""


def test_without_a_shell_the_runs_are_the_dashboards_own(monkeypatch, prices):
    monkeypatch.setattr("lstm_lab.notebook.dashboard.environment.get_ipython", lambda: None)
    board = dashboard(prices, **SMALL)
    board.pages["Training"].bar.start.click()
    assert set(board.state.environment.runs()) == {"run_1"}
    assert NotebookEnvironment().tables() == []
    with pytest.raises(LabError):
        NotebookEnvironment().keep(None, "x") or dashboard("nothing such")
    board.close()


def test_work_that_fails_leaves_no_live_view_behind(opened, monkeypatch):
    shown = []
    handle = type("Handle", (), {"update": lambda _, data, **__: shown.append(data[MIME])})
    monkeypatch.setattr("lstm_lab.notebook.dashboard.snapshot.display", lambda *_, **__: handle())
    board = opened(**SMALL)
    board.snapshot.show()

    def fails(progress):
        progress.on_start(TrainingPlan("a run", 3, 2, 10, 64, 32, 100, 0.5))
        raise RunError("no number")

    page = board.pages["Training"]
    monkeypatch.setattr(page, "_do", fails)
    page.bar.start.click()
    assert said(page) == "no number"
    assert ["live" in kept for kept in shown] == [True, False]


@pytest.fixture
def train_at_once(monkeypatch):
    """Train without a network: a run is a record of its name."""

    @dataclass(eq=False)
    class Run:
        name: str
        end: object = field(default_factory=lambda: SimpleNamespace(message="trained"))

        __module__, __qualname__ = "lstm_lab.run", "Run"

        def summary_table(self):
            return Summary("A run", ())

        def _repr_mimebundle_(self, **_):
            return {"text/plain": self.name, "text/html": self.name}, {}

    monkeypatch.setattr("lstm_lab.run.train", lambda *_, name, **__: Run(name))
    monkeypatch.setattr("lstm_lab.notebook.dashboard.runs.listed", lambda runs, _: Summary(", ".join(runs), ()))
    monkeypatch.setattr("lstm_lab.notebook.dashboard.pages.Page._view_of", lambda *_: ipywidgets.HTML("a run"))


@pytest.mark.usefixtures("train_at_once")
def test_every_run_gets_a_number_of_its_own(opened, shell):
    shell.user_ns["run_2"] = "mine"
    board = opened(**SMALL)
    for _ in range(3):
        board.pages["Training"].bar.start.click()
    runs = {name: shell.user_ns[name].name for name in ("run_1", "run_3", "run_4")}
    assert runs == {"run_1": "run_1", "run_3": "run_3", "run_4": "run_4"}
    assert shell.user_ns["run_2"] == "mine"
    assert said(board.pages["Training"]) == "trained; kept as run_4"
    assert [label for label, _ in board.jobs.runs.choice.options] == ["1. run_1", "3. run_3", "4. run_4"]
    board.state.name.value = "small"
    for _ in range(2):
        board.pages["Training"].bar.start.click()
    assert [shell.user_ns[name].name for name in ("small", "small_1")] == ["small", "small_1"]


@pytest.mark.usefixtures("train_at_once")
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("prices", "keep run as takes a new name, got 'prices', a variable that the dashboard did not make"),
        ("list", "keep run as takes the name of a variable, got 'list', a name of Python's own"),
    ],
)
def test_a_run_takes_no_name_that_something_else_has(opened, shell, prices, name, wrong):
    board = opened(**SMALL)
    board.state.name.value = name
    assert wrong in html.unescape(board.code.value)
    board.pages["Training"].bar.start.click()
    assert said(board.pages["Training"]).startswith(wrong)
    assert shell.user_ns["prices"] is prices
    assert "list" not in shell.user_ns
    board.state.name.value = "mine"
    assert said(board.pages["Training"]) == ""


@pytest.mark.usefixtures("train_at_once")
def test_a_name_that_a_cell_takes_is_suggested_no_more(opened, do, shell):
    board = opened(**SMALL)
    assert board.state.name.value == "run_1"
    do("run_1 = 'mine'")
    assert board.state.name.value == "run_2"
    board.pages["Training"].bar.start.click()
    assert (shell.user_ns["run_1"], shell.user_ns["run_2"].name) == ("mine", "run_2")


def test_a_refusal_goes_when_it_is_mended_and_not_before(opened):
    board = opened(**SMALL)
    page = board.pages["Training"]
    control = board.state.train.controls["lookback"]
    control.field.parts[0].value = 0
    page.bar.start.click()
    refused = said(page)
    assert "lookback" in refused
    board.state.train.controls["epochs"].put(5)
    assert said(page) == refused
    control.put(9)
    assert said(page) == ""
    board.pages["Forecast"].bar.start.click()
    assert said(board.pages["Forecast"]).startswith("there is no run yet")
    control.put(8)
    assert said(board.pages["Forecast"]).startswith("there is no run yet")


@pytest.mark.usefixtures("train_at_once")
def test_a_run_is_kept_though_its_drawing_is_interrupted(opened, shell, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    board = opened(**SMALL)
    monkeypatch.setattr("lstm_lab.notebook.dashboard.pages.Page._view_of", interrupted)
    board.pages["Training"].bar.start.click()
    assert said(board.pages["Training"]) == "interrupted while it was drawn, but complete: trained; kept as run_1"
    assert board.run is shell.user_ns["run_1"]
    assert board.runner.running is None


def heard(board):
    return html.unescape(re.sub("<[^>]+>", "", board.jobs.runs.line.value))


@pytest.fixture
def three(opened, train_at_once):  # noqa: ARG001 - trains at once
    """A dashboard that has made three runs."""
    board = opened(**SMALL)
    for _ in range(3):
        board.pages["Training"].bar.start.click()
    return board


def test_every_run_is_listed_with_its_number(three):
    runs = three.jobs.runs
    assert runs.choice.options == (("1. run_1", "run_1"), ("2. run_2", "run_2"), ("3. run_3", "run_3"))
    assert "run_1, run_2, run_3" in runs.table.value


def test_a_run_is_renamed_as_a_variable_and_stays_picked(three, shell):
    run = shell.user_ns["run_2"]
    three.state.picker.value = "run_2"
    runs = three.jobs.runs
    runs.choice.value, runs.name.value = ("run_2",), "small"
    runs.rename.click()
    assert heard(three) == "run_2 is now small"
    assert "run_2" not in shell.user_ns
    assert shell.user_ns["small"].name == "small"
    assert shell.user_ns["small"].end is run.end
    assert (three.state.picker.value, runs.chosen) == ("small", ("small",))
    assert runs.choice.options == (("1. run_1", "run_1"), ("2. small", "small"), ("3. run_3", "run_3"))
    last = shell.magics_manager.registry["LSTMMagics"].last
    assert last is shell.user_ns["run_3"]


@pytest.mark.parametrize(
    ("chosen", "name", "wrong"),
    [
        ((), "a", "Rename takes one run, got 0"),
        (("run_1", "run_2"), "a", "Rename takes one run, got 2"),
        (("run_1",), "list", "new name takes the name of a variable, got 'list'"),
        (("run_1",), "run_2", "new name takes a name that no run has, got 'run_2'; for example run_4"),
        (("mine",), "a", "Rename takes runs that this dashboard made, got 'mine', which a cell made"),
    ],
)
def test_a_name_that_cannot_be_given_is_refused_in_one_line(three, shell, chosen, name, wrong):
    shell.user_ns["mine"] = shell.user_ns["run_1"].__class__("mine")
    shell.magics_manager.registry["LSTMMagics"].runs["mine"] = shell.user_ns["mine"]
    three.see_notebook()
    runs = three.jobs.runs
    runs.choice.value, runs.name.value = chosen, name
    before = list(three.state.environment.runs())
    runs.rename.click()
    assert heard(three).startswith(wrong)
    assert list(three.state.environment.runs()) == before


def test_runs_are_dropped_and_taken_back(three, shell):
    run, runs = shell.user_ns["run_3"], three.jobs.runs
    runs.choice.value = ("run_1", "run_3")
    runs.drop.click()
    assert list(three.state.environment.runs()) == ["run_2"]
    assert not {"run_1", "run_3"} & set(shell.user_ns)
    assert three.state.picker.value == "run_2"
    assert shell.magics_manager.registry["LSTMMagics"].last is shell.user_ns["run_2"]
    assert runs.choice.options == (("2. run_2", "run_2"),)
    runs.undo.click()
    assert [label for label, _ in runs.choice.options] == ["1. run_1", "2. run_2", "3. run_3"]
    assert shell.user_ns["run_3"] is run
    assert set(three.state.environment.runs()) == {"run_1", "run_2", "run_3"}
    assert runs.undo.disabled


def test_one_run_is_not_compared(three):
    three.jobs.runs.choice.value = ("run_1",)
    three.pages["Compare"].bar.start.click()
    assert said(three.pages["Compare"]).startswith("Compare takes two runs or more, got 1")
    three.jobs.runs.choice.value = ("run_1", "run_2")
    assert said(three.pages["Compare"]) == ""


def test_a_run_is_trained_on_and_compared_with_itself_before(opened, do, shell):
    board = opened(horizon=3, paths=50, calibrate=False, **SMALL)
    board.pages["Training"].bar.start.click()
    before = shell.user_ns["run_1"]
    weights = before.model.get_weights()
    board.state.resume.put({"epochs": 1, "learning_rate": 0.001})
    board.pages["Train on"].bar.start.click()
    longer = shell.user_ns["run_2"]
    assert said(board.pages["Train on"]).endswith("run_1 trained on is kept as run_2")
    assert (longer.options.epochs, longer.options.learning_rate, board.run) == (1, 0.001, longer)
    assert all(map(np.array_equal, weights, before.model.get_weights()))
    shown = html.unescape(board.jobs.runs.table.value)
    assert f"learning rate {before.options.learning_rate}" in shown
    assert "learning rate 0.001" in shown
    board.jobs.runs.choice.value = ("run_1", "run_2")
    board.pages["Compare"].bar.start.click()
    compared = board.pages["Compare"].result
    assert list(compared.runs) == ["run_1", "run_2"]
    cells = code.magics(board.state.settings(board.jobs.runs.chosen))
    board.state.picker.value = "run_1"
    value, _, err = do(cells["Compare"])
    assert err == ""
    for name, forecast in compared.forecasts.items():
        np.testing.assert_array_equal(value.forecasts[name].paths, forecast.paths)
    cells = code.magics(board.state.settings())
    assert cells["Train on"] == "%lstm_resume --epochs 1 --learning-rate 0.001 --run run_1 -o run_2"
    again, _, err = do(cells["Train on"])
    assert err == ""
    assert all(map(np.array_equal, again.model.get_weights(), longer.model.get_weights()))
