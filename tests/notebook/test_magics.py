"""The magics in a real IPython shell, over a training that answers at once."""

import builtins
import re
import signal
import warnings
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter

import lstm_lab
from lstm_lab.errors import DataError, LabError, LabWarning, StackError
from lstm_lab.events import Epoch, Progress, TrainingEnd, TrainingListener, TrainingPlan
from lstm_lab.notebook.commands import COMMANDS
from lstm_lab.notebook.magics import LSTMMagics
from lstm_lab.notebook.one_line_warnings import warn_in_one_line
from lstm_lab.options import CellOptions, ForecastOptions, GateOptions, MemoryOptions, TrainOptions
from lstm_lab.progress import Listener
from lstm_lab.results import Summary


class Run:
    """What training and forecasting give back here: a record of how they were called."""

    __module__ = "lstm_lab.run"

    def __init__(self, **given):
        self.given = given

    def __repr__(self):
        return f"<result of {sorted(self.given)}>"

    def summary_table(self):
        return Summary("A run", (("source", ""),))

    def widget(self):
        """Say that there may be a live view."""

    def gates(self, at=-1, windows=None):
        GateOptions.of({"at": at, "windows": windows})
        return Run(of=self, at=at, windows=windows)

    def cell(self, **options):
        CellOptions.of(options)
        return Run(of=self, **options)

    @property
    def learning(self):
        return Run(of=self)

    def memory(self, *, listener, stop, **options):
        MemoryOptions.of(options)
        assert stop is listener.stop
        listener.on_progress(Progress("gradients: rnn", 1, 5))
        return Run(of=self, **options)

    def forecast(self, *, listener, stop, known, **options):
        assert stop is listener.stop
        ForecastOptions.of(options)
        assert isinstance(listener, Listener)
        return Run(of=self, known=known, **options)

    def save(self, path):
        Path(path).write_text("a run", encoding="utf-8")
        return Path(path)


@dataclass(frozen=True, repr=False)
class Loaded(Run):
    """What reading a file gives back here."""

    path: str
    name: str | None = None

    @property
    def given(self):
        return {"path": self.path, "name": self.name}


def train(source, *, stack=None, namespace=None, listener=None, stop=None, name=None, watch=False, **options):
    assert stop is listener.stop
    assert watch in {True, False}
    TrainOptions.of(options)
    if isinstance(source, pd.DataFrame) and options.get("target") not in {None, *source.columns}:
        raise DataError(f"there is no column {options['target']!r};\n  did you mean 'close'?")
    if stack is not None:
        exec(stack, namespace)  # noqa: S102 - the test's own text
    listener.on_start(TrainingPlan("oil", 1, 1, 1, 5, 1, 99, None))
    listener.on_epoch(Epoch(1, 0.5, 0.5, 1e-3, 1.0, 1, 1))
    listener.on_end(TrainingEnd("finished", 1, 1, 1.0, "Trained 1 epoch."))
    return Run(source=source, stack=stack, name=name, **options)


@dataclass(frozen=True)
class Found:
    """What a search gives back, which the magic completes."""

    word: str = ""
    source: str = ""
    copied: tuple = ()


@pytest.fixture(autouse=True)
def no_training(shell, monkeypatch):
    monkeypatch.setitem(vars(lstm_lab), "train", train)
    monkeypatch.setitem(vars(lstm_lab), "load_run", Loaded)
    # Theirs are the tests in test_study_magics.py.
    for name in ("backtest", "compare", "ablate"):
        monkeypatch.setitem(
            vars(lstm_lab), name, lambda *_, listener, stop, **given: Run(**given, stop=(listener, stop))
        )
    monkeypatch.setitem(vars(lstm_lab), "tune", lambda *_, **__: Found())
    shell.user_ns["prices"] = pd.DataFrame({"close": [1.0, 2.0], "open": [1.0, 2.0]})


def test_training_returns_the_run_and_shows_it_once(do):
    run, out, err = do("%lstm_train prices --target close --epochs 3")
    assert run.given["epochs"] == "3"
    assert run.given["stack"] is None
    assert out.count("<result of") == 1
    assert out.index("oil: 5 windows") < out.index("Trained 1 epoch.") < out.index("<result of")
    assert err == ""


def test_the_body_is_the_stack_and_runs_in_the_users_namespace(do, shell):
    body = "width = 3\n[width]\n"
    run, _, _ = do(f"%%lstm_train prices --target close\n{body}")
    assert run.given["stack"] == body
    assert shell.user_ns["width"] == 3


def test_an_empty_body_means_the_reference_stack(do):
    run, _, _ = do("%%lstm_train prices --target close\n\n")
    assert run.given["stack"] is None


def test_variables_stand_for_data_and_for_values(do, shell):
    shell.user_ns.update(n=24, feats=["hour"], hour=3, mse="mae", close="open")
    run, _, _ = do("%lstm_train prices --target close --lookback n --features feats --loss mse")
    assert run.given["source"] is shell.user_ns["prices"]
    assert run.given["lookback"] == 24
    assert run.given["features"] == ["hour"]
    assert run.given["loss"] == "mse"
    assert run.given["target"] == "close"


def test_braces_are_expanded_as_in_every_magic(do, shell):
    shell.user_ns["n"] = 20
    run, _, _ = do("%lstm_train prices --lookback {n + 4}")
    assert run.given["lookback"] == "24"


def test_a_file_and_an_example_are_data_too(do, tmp_path):
    (tmp_path / "prices.csv").write_text("close\n1\n")
    assert do("%lstm_train prices.csv")[0].given["source"].name == "prices.csv"
    assert len(do("%lstm_train oil")[0].given["source"]) > 1000


def test_forecasts_come_from_the_last_run_or_the_named_one(do, shell, monkeypatch):
    monkeypatch.setattr("lstm_lab.run.Run", Run)
    first, _, _ = do("%lstm_train prices -o first")
    second, _, _ = do("%lstm_train prices -o second")
    assert shell.user_ns["first"] is first
    assert first.given["name"] == "first"
    assert do("%lstm_forecast 30")[0].given["of"] is second
    assert do("%lstm_forecast 30 --run first")[0].given["of"] is first
    shell.user_ns["mine"] = Run()
    assert do("%lstm_forecast --run mine")[0].given["of"] is shell.user_ns["mine"]


def test_a_run_is_remembered_by_its_name_until_the_variable_is_deleted(do, shell):
    first, _, _ = do("%lstm_train prices -o first")
    shell.user_ns["first"] = "something else"
    assert do("%lstm_forecast 30 --run first")[0].given["of"] is first
    del shell.user_ns["first"]
    _, _, err = do("%lstm_forecast 30 --run first")
    assert err.startswith("UsageError: there is no run called 'first'")


def test_an_assignment_keeps_the_forecast_and_shows_nothing_more(do, shell):
    do("%lstm_train prices")
    _, out, err = do("fc = %lstm_forecast 30 --paths 50")
    assert shell.user_ns["fc"].given["horizon"] == "30"
    assert shell.user_ns["fc"].given["paths"] == "50"
    assert (out, err) == ("", "")


@pytest.mark.parametrize(
    "cell",
    [
        "%lstm_train prices --target close;",
        "%lstm_train prices --target close ;",
        "%%lstm_train prices --target close;\nx = 1\n",
        "%%lstm_train prices --target close\nx = 1\nx;\n",
        "y = 2\n%lstm_train prices --target close;",
    ],
)
def test_a_semicolon_silences_the_result_but_not_the_progress(do, cell):
    _, out, err = do(cell)
    assert out.splitlines()[-1] == "Trained 1 epoch."
    assert "Out[" not in out
    assert err == ""
    assert do("%lstm_forecast 30")[0].given["of"].given["target"] == "close"


def test_a_semicolon_is_no_part_of_an_assigned_value(do, shell):
    do("%lstm_train prices")
    do("fc = %lstm_forecast 30;")
    assert shell.user_ns["fc"].given["horizon"] == "30"


def test_no_display_shows_nothing_at_all(do, shell):
    _, out, _ = do("%lstm_train prices -o first --no-display")
    assert out == ""
    assert shell.user_ns["first"].given["source"] is shell.user_ns["prices"]


def test_a_semicolon_of_another_cell_means_nothing_here(do):
    assert "Out[" in do("%lstm_train prices;\n5")[1]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%lstm_train prics", "there is no variable, file or example called 'prics'; did you mean 'prices'?"),
        ("%lstm_train prices --epohcs 3", "%lstm_train has no flag --epohcs; did you mean --epochs?"),
        (
            "%lstm_train prices --epochs 0",
            "--epochs should be greater than or equal to 1, got '0'; for example --epochs 100",
        ),
        ("%lstm_train prices --target clsoe", "there is no column 'clsoe'; did you mean 'close'?"),
        ("%lstm_train", "%lstm_train needs data: a DataFrame, a file or an example; for example %lstm_train oil"),
        (
            "%lstm_train prices -o 3x",
            "-o takes the name of a variable, got '3x', not a word of letters, digits and _; for example -o first",
        ),
        (
            "%lstm_train prices -o class",
            "-o takes the name of a variable, got 'class', a word of Python's language; for example -o first",
        ),
        (
            "%lstm_train prices -o list",
            "-o takes the name of a variable, got 'list', a name of Python's own; for example -o first",
        ),
        *[
            (line, "-o names the result, got 'prices', the data that is read; choose another, such as -o first")
            for line in (
                "%lstm_train prices -o prices",
                "%lstm_features prices -o prices",
                "%lstm_reveal prices -o prices",
                "%lstm_forecast 30 --known prices -o prices",
            )
        ],
        ("%lstm_forecast 30 --run frist", "there is no run called 'frist'; did you mean 'first'?"),
        (
            "%lstm_forecast 30 --paths 0",
            "--paths should be greater than or equal to 1, got '0'; for example --paths 200",
        ),
        (
            "%lstm_forecast 30 --interval 150",
            "--interval should be less than 100, got '150'; for example --interval 90",
        ),
        (
            "%lstm_forecast 30 --known pricse",
            "there is no variable, file or example called 'pricse'; did you mean 'prices'?",
        ),
        ("%lstm_forecast 30 40", "%lstm_forecast does not know what '40' is for"),
    ],
)
def test_a_users_mistake_is_one_line_and_costs_nothing(do, cell, message):
    first, _, _ = do("%lstm_train prices -o first")
    value, out, err = do(cell)
    assert value is None
    assert "Traceback" not in out + err
    assert err.startswith(f"UsageError: {message}")
    assert err.count("\n") == 1
    assert do("%lstm_forecast 30")[0].given["of"] is first


def test_a_forecast_without_a_run_says_how_to_get_one(do):
    assert do("%lstm_forecast 30")[2].startswith("UsageError: there is no run yet; train one first")
    assert "train one first" in do("%lstm_forecast 30 --run x")[2]


def test_the_users_own_error_keeps_its_traceback(do):
    first, _, _ = do("%lstm_train prices")
    _, out, err = do("%%lstm_train prices\nwidth = 0\n1 / width\n")
    assert "ZeroDivisionError" in out + err
    assert "UsageError:" not in out + err
    assert do("%lstm_forecast 30")[0].given["of"] is first


def test_our_own_error_keeps_its_traceback(do, monkeypatch):
    monkeypatch.setitem(vars(lstm_lab), "train", lambda *_, **__: {}["ours"])
    _, out, err = do("%lstm_train prices")
    assert "KeyError" in out + err
    assert "Traceback" in out + err


def test_a_stack_that_cannot_work_is_one_line(do, monkeypatch):
    def refuse(*_, **__):
        raise StackError("line 1: LSTM is a class, not a layer; write it with parentheses, LSTM(...)")

    monkeypatch.setitem(vars(lstm_lab), "train", refuse)
    assert do("%%lstm_train prices\nLSTM\n")[2].startswith("UsageError: line 1: LSTM is a class")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_generated_and_raises_nothing(do, shell, name):
    _, out, err = do(f"%{name} --help")
    assert out.startswith(f"%{name} ")
    assert all(f"--{flag.name.replace('_', '-')}" in out for flag in COMMANDS[name].extras)
    assert err == ""
    assert do(f"%{name} -h")[1] == out
    assert shell.find_line_magic(name).__doc__ == out.removesuffix("\n")


NEED_A_REAL_RUN = {
    "lstm_weights",
    "lstm_loss",
    "lstm_runs",
    "lstm_export",
    "lstm_resume",
    "lstm_reveal",
    "lstm_spread",
    "lstm_compare_runs",
    "lstm_find",
    "lstm_lesson",
}
"""Their examples run in test_run_magics.py, test_export.py and test_resume.py."""


@pytest.mark.parametrize(
    "example",
    [one for name, command in COMMANDS.items() if name not in NEED_A_REAL_RUN for one in command.examples],
)
def test_every_example_of_the_help_runs_as_written(do, monkeypatch, example):
    monkeypatch.setitem(vars(lstm_lab), "train", lambda *_, **given: train(*_, **{**given, "stack": None}))
    do("%lstm_train oil")
    _, out, err = do(example)
    assert err == ""
    assert "Traceback" not in out


def test_defaults_are_set_by_config_and_overridden_by_flags(do):
    do("%config LSTMMagics.epochs = 20")
    do("%config LSTMMagics.units = [8, 8]")
    do("%config LSTMMagics.paths = 60")
    run, _, _ = do("%lstm_train prices --epochs 3")
    assert run.given["epochs"] == "3"
    assert run.given["units"] == (8, 8)
    assert "paths" not in run.given
    assert do("%lstm_forecast 30")[0].given["paths"] == 60


def test_a_default_is_held_to_the_options_rule(do, caplog):
    do("%config LSTMMagics.epochs = 0")
    assert "epochs should be greater than or equal to 1, got 0" in caplog.text
    assert "epochs" not in do("%lstm_train prices")[0].given


def test_no_option_shadows_what_a_magics_class_needs():
    from IPython.core.magic import Magics

    names = {*TrainOptions.model_fields, *ForecastOptions.model_fields}
    assert not {name for name in names if hasattr(Magics, name)}
    assert names <= set(LSTMMagics.class_traits(config=True))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%lstm_train pri", {"prices"}),
        ("%%lstm_train prices --target ", {"close", "open"}),
        ("x = %lstm_forecast 30 --run ", {"first"}),
        ("%lstm_forecast --dropout-masks=", {"path", "step"}),
        ('%lstm_train prices --features "hour, bol', {"bollinger"}),
        ("%lstm_train prices --transform lo", {"log", "log_return"}),
        ("%lstm_forecast 3 --known ", {"prices"}),
    ],
)
def test_tab_works_through_the_shells_own_completer(do, shell, line, expected):
    do("%lstm_train prices -o first")
    with provisionalcompleter():
        offered = {found.text for found in shell.Completer.completions(line, len(line))}
    assert offered == expected


def test_loading_twice_doubles_nothing(do, shell):
    before = len(shell.Completer.custom_matchers), len(shell.input_transformers_post)
    do("%reload_ext lstm_lab")
    assert (len(shell.Completer.custom_matchers), len(shell.input_transformers_post)) == before


@pytest.fixture
def notebook(shell, monkeypatch):
    """A shell that takes itself for a kernel's, with live views that only take notes."""
    notes = []

    class View:
        def finish(self, result):
            notes.append(("finished", result))

        def close(self):
            notes.append("closed")

    class Heard(TrainingListener):
        def on_start(self, plan):
            notes.append(plan.title)

        def on_end(self, end):
            notes.append(end.message)

    class Handle:
        def update(self, shown, *, raw):
            notes.append(("update", shown if raw else type(shown).__name__))

    def display(shown, **how):
        notes.append(("display", shown if how.get("raw") else type(shown).__name__))
        return Handle()

    def view(stop):
        assert not stop.is_set()
        return View(), Heard()

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr("lstm_lab.widgets.training.training_view", view)
    monkeypatch.setattr(shell, "kernel", object(), raising=False)
    return notes


def html(note):
    return note[0], re.sub("<[^>]*>", "", note[1]["text/html"]).strip()


@pytest.mark.parametrize("cell", ["%lstm_train prices", "%%lstm_train prices\n1\n", "run = %lstm_train prices"])
def test_a_notebook_gets_one_display_that_changes_from_bar_to_view_to_picture_and_a_table(do, notebook, cell):
    _, out, err = do(cell)
    assert (out, err) == ("", "")
    assert html(notebook[0]) == ("display", "preparing")
    assert notebook[1:4] == ["oil", ("update", "View"), "Trained 1 epoch."]
    assert notebook[4][0] == "finished"
    assert notebook[5] == ("update", "View")
    assert html(notebook[6]) == ("display", "A runsource")
    assert len(notebook) == 7
    assert do("%lstm_forecast 30 --no-display")[1] == ""


def test_a_semicolon_leaves_a_notebook_its_bar_alone(do, notebook):
    _, out, _ = do("%lstm_train prices;")
    assert out == ""
    assert html(notebook[0]) == ("display", "preparing")
    assert html(notebook[-1]) == ("update", "Trained 1 epoch.")
    assert {note[0] for note in notebook[1:]} == {"update"}


def test_a_mistake_leaves_nothing_in_the_notebook(do, notebook):
    assert do("%lstm_train prices --epochs 0")[2].startswith("UsageError")
    assert html(notebook[-1]) == ("update", "")


def test_an_error_while_the_view_is_open_closes_it(do, notebook, monkeypatch):
    def fail(_, *, listener, **__):
        listener.on_start(TrainingPlan("oil", 1, 1, 1, 5, 1, 99, None))
        raise DataError("too late")

    monkeypatch.setitem(vars(lstm_lab), "train", fail)
    assert do("%lstm_train prices")[2] == "UsageError: too late\n"
    assert notebook[-2] == "closed"
    assert html(notebook[-1]) == ("update", "")


def test_without_a_front_end_the_bar_stays_and_the_result_follows(do, notebook, monkeypatch):
    def refuse(_):
        raise LabError("live views need their front end")

    monkeypatch.setattr("lstm_lab.widgets.training.training_view", refuse)
    do("%lstm_train prices")
    assert html(notebook[-2]) == ("update", "Trained 1 epoch.")
    assert notebook[-1] == ("display", "Run")


def test_a_cell_is_one_of_the_last_run(do, shell):
    run, _, _ = do("%lstm_train prices")
    found, out, err = do("%lstm_cell 2019-03-01 --unit 3")
    assert (found.given, err) == ({"of": run, "at": "2019-03-01", "unit": "3"}, "")
    assert out.count("<result of") == 1
    assert do("c = %lstm_cell --layer 0 --step 5;")[1] == ""
    assert shell.user_ns["c"].given == {"of": run, "layer": "0", "step": "5"}
    assert do("%lstm_cell --unit -1")[2].startswith("UsageError: --unit should be")
    assert do("h = %lstm_cell --hold forget=1 --hold-steps 5-9 --hold-units 0,2;")[2] == ""
    assert CellOptions.of({name: given for name, given in shell.user_ns["h"].given.items() if name != "of"}).held == {
        "forget": 1.0
    }
    refused = do("%lstm_cell --hold forget")[2]
    assert refused.startswith("UsageError: --hold takes a gate, = and its value, got 'forget'; for example --hold ")


def test_gates_are_those_of_the_last_run_at_a_time_or_over_windows(do, shell):
    run, _, _ = do("%lstm_train prices")
    found, out, err = do("%lstm_gates 2019-03-01")
    assert (found.given["of"], found.given["at"], err) == (run, "2019-03-01", "")
    assert out.count("<result of") == 1
    shell.user_ns["day"] = pd.Timestamp("2020-02-03")
    assert do("%lstm_gates day")[0].given["at"] == pd.Timestamp("2020-02-03")
    assert do("%lstm_gates -20")[0].given["at"] == "-20"
    assert do("tr = %lstm_gates --windows 50;")[1] == ""
    assert shell.user_ns["tr"].given["windows"] == "50"
    assert do("%lstm_gates --window 0")[2].startswith("UsageError: --windows should be")


def test_memory_is_not_touched_by_the_defaults_of_a_training(do):
    do("%config LSTMMagics.units = [8, 8]")
    do("%lstm_train prices")
    found, _, err = do("%lstm_memory --recall 10,50")
    assert err == ""
    assert set(found.given) == {"of", "recall"}
    assert do("%lstm_memory --units 8,8")[2].startswith("UsageError: --units should be")


def test_a_notebook_shows_the_live_view_of_a_trace(do, notebook, monkeypatch):
    class Explorer:
        """A view."""

    monkeypatch.setattr("lstm_lab.widgets.widget", lambda _: Explorer())
    do("%lstm_train prices")
    do("%lstm_gates")
    assert ("update", "Explorer") in notebook[-2:]  # in the place of the bar


HIDING = {
    "In": "a name of Python's own",
    "display": "a name of Python's own",
    "_": "a hidden name",
    "lab": "a module that you have imported",
    "helper": "a function of yours",
    "Mine": "a class of yours",
    "None": "a word of Python's language",
}


@pytest.mark.parametrize("name", HIDING)
def test_a_result_hides_nothing_that_is_no_result(do, name):
    do("import lstm_lab as lab\ndef helper(): pass\nclass Mine: pass")
    _, out, err = do(f"%lstm_train prices -o {name}")
    wanted = f"UsageError: -o takes the name of a variable, got {name!r}, {HIDING[name]}; for example -o first\n"
    assert (out, err) == ("", wanted)


def test_a_result_may_replace_an_earlier_one(do, shell):
    shell.user_ns["first"] = 3
    assert do("%lstm_train prices -o first")[0] is shell.user_ns["first"]


@pytest.mark.parametrize("line", ["%lstm_gates;", "x = %lstm_gates;", "%lstm_gates ;"])
def test_a_semicolon_may_stand_right_behind_the_magic(do, line):
    do("%lstm_train prices")
    _, out, err = do(line)
    assert (out, err) == ("", "")


def test_a_run_is_kept_before_its_picture_is_drawn(do, shell, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.delattr(builtins, "_", raising=False)  # doctest leaves it, and IPython sets none of its own beside it
    do("%lstm_train prices -o first")
    monkeypatch.setattr(Listener, "finish", interrupted)
    _, _, err = do("%lstm_train prices -o second")
    assert shell.user_ns["second"] is not shell.user_ns["first"]
    assert err == ""
    forecast = do("%lstm_forecast -o fc")[1]
    assert forecast == "Interrupted: the result is complete and kept as fc, but not drawn\n"
    assert shell.user_ns["fc"].given["of"] is shell.user_ns["second"]
    assert do("%lstm_gates")[1] == "Interrupted: the result is complete and kept as _, but not drawn\n"
    assert shell.user_ns["_"].given["of"] is shell.user_ns["second"]


def test_an_interrupted_magic_says_in_one_line_what_is_kept(do, shell, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    first = do("%lstm_train prices -o first")[0]
    monkeypatch.setitem(vars(lstm_lab), "features", interrupted)
    shown = do("%lstm_features prices\nlater = 1")[1]
    assert shown == "Interrupted: nothing new is kept; what was there before is as it was\n"
    assert "later" not in shell.user_ns
    assert do("%lstm_forecast")[0].given["of"] is first


def test_an_error_that_a_library_makes_of_an_interrupt_is_its_one_line(do, monkeypatch):
    def interrupted(*_, **__):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as pressed:
            raise RuntimeError("while tracing") from pressed

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setitem(vars(lstm_lab), "features", interrupted)
    shown = do("%lstm_features prices")[1]
    signal.signal(signal.SIGINT, before)  # a kernel does it behind every cell
    assert shown == "Interrupted: nothing new is kept; what was there before is as it was\n"


@pytest.mark.filterwarnings("default")
def test_a_warning_of_a_python_call_is_one_line(do):
    rows = "pd.DataFrame({'id': ['a'] * 30 + ['b'], 'y': [float(i % 7) for i in range(31)]})"
    _, _, err = do(f"import lstm_lab, pandas as pd\nlstm_lab.load({rows}, id='id');")
    assert re.fullmatch(r"lstm_lab: [^\n]*left out[^\n]*\n", err)


def test_a_warning_of_another_package_is_left_to_python_however_often_the_extension_is_loaded(monkeypatch, capsys):
    heard = []
    monkeypatch.setattr(warnings, "showwarning", lambda *given: heard.append(given))
    warn_in_one_line()
    warn_in_one_line()
    warnings.showwarning(UserWarning("of the user"), UserWarning, "cell.py", 1)
    assert [str(given[0]) for given in heard] == ["of the user"]
    warnings.showwarning(LabWarning("two\nlines"), LabWarning, "cell.py", 1)
    assert len(heard) == 1
    assert capsys.readouterr().err == "lstm_lab: two lines\n"
