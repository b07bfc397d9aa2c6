"""The command line: what it prints, what it leaves, how it ends."""

import io
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lstm_lab
from lstm_lab.cli import commands as subcommands
from lstm_lab.cli import main as cli
from lstm_lab.cli.streams import open_streams, say
from lstm_lab.evaluation.holdout import judge_on_newest
from lstm_lab.options import ForecastOptions, TrainOptions
from lstm_lab.storage.atomic_files import write_bytes


class Forecast:
    def __init__(self, horizon):
        index = pd.date_range("2024-01-01", periods=horizon, name="date")
        self.frame = pd.DataFrame({"median": 1.5, "lower": 1.0, "upper": 2.0, "mean": 1.5}, index=index)
        self.has_band = True

    def __repr__(self):
        return "Forecast of close"

    def save_png(self, path):
        path.write_bytes(b"png")

    def to_html(self, path):
        path.write_text("html")


class Run:
    def __init__(self, *, watched):
        if watched:
            self.learning = Forecast(1)

    def __repr__(self):
        return "Run of close"

    def forecast(self, *, listener, **options):
        assert listener is not None
        calls["forecast"] = options
        return Forecast(ForecastOptions.of(options).horizon)

    def save(self, path):
        path.write_bytes(b"run")


calls = {}


@pytest.fixture
def place(tmp_path, monkeypatch):
    def train(source, *, listener, watch=False, **options):
        assert listener is not None
        calls["train"] = options
        calls["source"] = source
        TrainOptions.of(options)
        return Run(watched=watch)

    calls.clear()
    monkeypatch.setitem(vars(lstm_lab), "train", train)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_prices(folder):
    """Write as many rows as a training with the default lookback needs, for a command looks before it trains."""
    days = pd.date_range("2022-01-01", periods=500)
    text = pd.DataFrame({"date": days, "close": 50 + np.sin(np.arange(500.0))}).to_csv(index=False)
    (folder / "prices.csv").write_text(text)


def test_a_run_leaves_a_picture_and_a_table(place, capsys):
    write_prices(place)
    line = [
        "run",
        "prices.csv",
        "--target",
        "close",
        "--horizon",
        "7",
        "--seed",
        "3",
        "--out",
        "a.png,b.csv,c.html,d.lstm",
    ]
    assert cli.main(line) == 0
    assert calls == {
        "source": Path("prices.csv"),
        "train": {"target": "close", "seed": "3"},
        "forecast": {"horizon": "7", "seed": "3"},
    }
    assert (place / "a.png").read_bytes() == b"png"
    assert len(pd.read_csv(place / "b.csv")) == 7
    assert (place / "c.html").exists()
    assert (place / "d.lstm").read_bytes() == b"run"
    out = capsys.readouterr().out
    assert "Run of close" in out
    assert "Forecast of close" in out
    assert "2024-01-07" in out
    assert out.endswith("wrote a.png, b.csv, c.html, d.lstm\n")


@pytest.mark.parametrize(("top", "shown"), [(0.5, "0.250"), (46.92, "23.46"), (8_123.4, "4,062"), (2e6, "1,000,000")])
def test_the_table_shows_four_digits_and_about_ten_rows(top, shown):
    frame = pd.DataFrame({"median": top / 2, "lower": 0.0, "upper": top}, index=range(30))
    lines = cli._table(frame).splitlines()
    assert len(lines) == 11
    assert lines[-1].split()[:2] == ["29", shown]


def test_the_demo_does_the_quickstarts_job_and_takes_flags(place):
    assert cli.main(["demo", "--epochs", "2"]) == 0
    assert calls["train"] == subcommands.QUICKSTART | {"epochs": "2"}
    assert calls["forecast"] == {}
    assert len(calls["source"]) > 1000
    assert (place / "forecast.png").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["rnu"], "there is no command 'rnu'; did you mean 'run'?"),
        (["--vresion"], "lstm-lab has no flag --vresion; did you mean --version?"),
        (["--allow-root"], "lstm-lab has no flag --allow-root; choose from --no-browser, --version, --help; a flag of"),
        (["run"], "lstm-lab run needs a file; for example lstm-lab run prices.csv --target close"),
        (["bench"], "lstm-lab bench needs the name of a benchmark; for example lstm-lab bench m4-hourly --data m4"),
        (["bench", "m4-hourly"], "lstm-lab bench needs the folder of the published files; for example"),
        (["bench", "m4-hour", "--data", "."], "there is no benchmark 'm4-hour'; did you mean 'm4-hourly'?"),
        (["bench", "m4-hourly", "--data", "."], "m4-hourly needs Hourly-train.csv and Hourly-test.csv below '.'"),
        (["bench", "m4-hourly", "--data", "no"], "--data names a folder with the files of m4-hourly, got 'no'; take"),
        (["bench", "m4-hourly", "--horizon", "3"], "lstm-lab bench has no flag --horizon"),
        (
            ["run", "nofile.csv"],
            "there is no file 'nofile.csv'; data files there: none; examples: temperature, co2, oil, unemployment",
        ),
        (["run", "oil", "--on-disk"], "--on-disk reads a Parquet file batch by batch, got a DataFrame of 'oil.csv.gz'"),
        (["run", "oli"], "there is no file or example called 'oli'; did you mean 'oil'?"),
        (["run", "oil", "--epohcs", "3"], "lstm-lab run has no flag --epohcs; did you mean --epochs?"),
        (
            ["run", "oil", "--paths", "0"],
            "--paths should be greater than or equal to 1, got '0'; for example --paths 200",
        ),
        (["demo", "--interval", "150"], "--interval should be less than 100, got '150'; for example --interval 90"),
        (["demo", "--out", "a.jpg"], "--out ends in .png, .csv, .html or .lstm, got 'a.jpg'; for example"),
        (["demo", "--out", "no/a.png"], "there is no folder 'no' for a.png; make it first"),
        (
            ["compare", "oil", "--out", "a.jpg"],
            "--out ends in .png, .csv or .html, got 'a.jpg'; for example comparison",
        ),
        (["run", "oil", "--watch", "a.png"], "--watch ends in .html, got 'a.png'; for example --watch learning.html"),
        (["run", "oil", "--watch", "no/a.html"], "there is no folder 'no' for a.html; make it first"),
        (
            ["run", "oil", "--out", "a.html", "--watch", "a.html"],
            "--watch names a page of its own, got 'a.html', which",
        ),
        (["demo", "oil"], "lstm-lab demo does not know what 'oil' is for"),
    ],
)
def test_a_mistake_is_one_line_on_stderr_before_anything_is_trained(place, capsys, line, message):
    assert cli.main(line) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith(f"lstm-lab: {message}")
    assert written.err.count("\n") == 1
    assert "train" not in calls
    assert not list(place.iterdir())


def test_an_interrupt_before_there_is_anything_to_keep(place, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setitem(vars(lstm_lab), "train", interrupted)
    assert cli.main(["demo"]) == 130
    assert capsys.readouterr().err == "lstm-lab: interrupted before there was anything to keep\n"
    assert not list(place.iterdir())


@pytest.mark.parametrize(("line", "part"), [(["run"], "FILE [flags]"), (["demo"], "default 8; epochs"), ([], "demo")])
def test_help(line, part, capsys):
    assert cli.main([*line, "--help"]) == 0
    assert part in capsys.readouterr().out


@pytest.mark.parametrize(
    "example",
    [line for command in (subcommands.RUN, subcommands.DEMO) for line in command.examples if ".csv --" not in line],
)
def test_every_example_of_the_help_runs_as_written(place, example):
    assert cli.main(shlex.split(example)[1:]) == 0
    assert list(place.glob("*.png"))


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"lstm-lab {lstm_lab.__version__}\n"


@pytest.fixture
def jupyter(monkeypatch):
    started = []
    monkeypatch.setattr("jupyterlab.labapp.main", started.append)
    return started


def test_in_a_clone_the_clones_own_notebook_is_opened(place, jupyter):
    (place / "notebooks").mkdir()
    (place / "notebooks" / cli.NOTEBOOK).write_text("{}")
    assert cli.main([]) == 0
    assert jupyter == [
        [f"--ServerApp.root_dir={place}", "--LabApp.default_url=/lab/tree/notebooks/01-quickstart.ipynb"]
    ]


def test_elsewhere_the_carried_notebooks_are_copied_but_never_over_a_file(place, jupyter, monkeypatch):
    carried = place / "site" / "notebooks"
    carried.mkdir(parents=True)
    for name in (cli.NOTEBOOK, "02-more.ipynb"):
        (carried / name).write_text("carried")
    monkeypatch.setattr(cli, "files", lambda _: carried.parent)
    own = place / "lstm_lab_notebooks"
    own.mkdir()
    (own / cli.NOTEBOOK).write_text("mine")
    assert cli.main(["--no-browser", "--", "--port", "9000"]) == 0
    assert (own / cli.NOTEBOOK).read_text() == "mine"
    assert (own / "02-more.ipynb").read_text() == "carried"
    assert jupyter[0][1] == "--LabApp.default_url=/lab/tree/lstm_lab_notebooks/01-quickstart.ipynb"
    assert jupyter[0][2:] == ["--no-browser", "--port", "9000"]


def test_an_installation_without_notebooks_says_so(place, capsys, monkeypatch):
    monkeypatch.setattr(cli, "files", lambda _: place)
    assert cli.main([]) == 2
    assert "run lstm-lab in the clone" in capsys.readouterr().err


def test_the_installed_command_starts():
    done = subprocess.run([sys.executable, "-m", "lstm_lab", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"lstm-lab {lstm_lab.__version__}\n"


class Study:
    """What a study gives: a summary, a picture, a page."""

    summary = pd.DataFrame({"mae": [1.0]}, index=["naive"])

    def __repr__(self):
        return "Study of close"

    def save_png(self, path):
        path.write_bytes(b"png")

    def to_html(self, path):
        path.write_text("html")


@pytest.fixture
def study(place, monkeypatch):
    def record(name):
        def study(source, *, listener, **options):
            assert listener is not None
            calls.update(source=source, options=options, name=name)
            return Study()

        return study

    for name in ("compare", "ablate", "tune"):
        monkeypatch.setitem(vars(lstm_lab), name, record(name))
    monkeypatch.setattr("lstm_lab.evaluation.holdout.judge_on_newest", record("backtest"))
    write_prices(place)
    return place


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("backtest", {"test": "0.3", "origins": "9", "baselines": "naive", "refit": "3"}),
        ("compare", {"kinds": "naive,lstm", "seeds": "0,1"}),
        ("ablate", {"changes": "loss: mse", "seeds": "0,1"}),
    ],
)
def test_a_study_gets_every_flag_and_leaves_its_files(study, capsys, name, flags):
    given = flags | {"target": "close", "units": "8", "horizon": "5", "workers": "2"}
    words = [word for flag, value in given.items() for word in (f"--{flag}", value)]
    assert cli.main([name, "prices.csv", *words, "--out", "a.png,b.csv,c.html"]) == 0
    assert calls == {"source": Path("prices.csv"), "options": given, "name": name}
    assert (study / "a.png").read_bytes() == b"png"
    assert pd.read_csv(study / "b.csv", index_col=0).loc["naive", "mae"] == 1
    assert (study / "c.html").read_text() == "html"
    out = capsys.readouterr().out
    assert "Study of close" in out
    assert out.endswith("wrote a.png, b.csv, c.html\n")


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize("name", ["backtest", "compare", "ablate", "tune"])
def test_a_study_says_what_it_needs_and_takes(capsys, name):
    assert cli.main([name]) == 2
    assert capsys.readouterr().err.startswith(f"lstm-lab: lstm-lab {name} needs a file; for example lstm-lab {name} pr")
    assert cli.main([name, "prices.csv", "--horizon", "-3"]) == 2
    assert "horizon should be greater than or equal to 1, got '-3'" in capsys.readouterr().err
    assert calls == {}
    assert cli.main([name, "--help"]) == 0
    assert {"--cluster", "--test", "--origins", "--units", "--out"} <= set(capsys.readouterr().out.split())


def test_a_place_that_takes_no_file_is_found_before_a_training_or_told_in_one_line(place, capsys, monkeypatch):
    write_prices(place)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lstm_lab.storage.atomic_files.os.fsync", full)
    monkeypatch.setattr(Forecast, "save_png", lambda _, path: write_bytes(path, b"a picture"))
    assert cli.main(["run", "prices.csv"]) == 2
    out, err = capsys.readouterr()
    assert "Forecast of close" in out
    assert err.endswith("lstm-lab: forecast.png cannot be written: No space left on device; choose another place\n")
    calls.clear()
    monkeypatch.setattr(cli.os, "access", lambda path, _: Path(path) != place)
    assert cli.main(["run", "prices.csv"]) == 2
    assert "'forecast.png' may not be written" in capsys.readouterr().err
    assert calls == {}


def test_a_folder_is_no_file_to_write(place, capsys):
    (place / "a.png").mkdir()
    assert cli.main(["demo", "--out", "a.png"]) == 2
    assert "--out names files to write, got the folder 'a.png'" in capsys.readouterr().err
    assert calls == {}


@pytest.mark.parametrize(
    "line",
    [
        "run prices.csv --out prices.csv",
        "run prices.csv --out x.lstm,prices.csv",
        "run oil --known prices.csv --out prices.csv",
        "run page.html --watch page.html",
        "features prices.csv --out link.csv",
        "compare ./prices.csv --out prices.csv",
        "resume run.lstm --newer prices.csv --out prices.csv",
        "resume page.html --out page.html",
        "bench m4-hourly --data . --out prices.csv",
        "export e.tflite",
    ],
)
def test_a_file_that_is_read_is_not_replaced(place, capsys, line):
    write_prices(place)
    (place / "link.csv").symlink_to("prices.csv")
    for name in ("run.lstm", "page.html", "e.tflite"):
        (place / name).write_text(name)
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    assert cli.main(shlex.split(line)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("lstm-lab: a file that is read is not replaced, got '")
    assert err.endswith("' to write; choose another name\n")
    assert err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    assert calls == {}


def test_a_forecast_takes_the_place_of_a_forecast_and_of_no_other_table(place, capsys):
    write_prices(place)
    (place / "run.lstm").write_text("run")
    before = (place / "prices.csv").read_text()
    for line in ("run oil --out prices.csv", "resume run.lstm --out prices.csv"):
        assert cli.main(line.split()) == 2
        message = "--out replaces the table of a forecast, got 'prices.csv', which holds 'date,close'; choose another"
        assert capsys.readouterr().err == f"lstm-lab: {message} name\n"
    assert (place / "prices.csv").read_text() == before
    (place / "new.csv").write_text("")
    for _ in range(2):
        assert cli.main(["run", "prices.csv", "--out", "new.csv"]) == 0
    assert (place / "new.csv").read_text().startswith("date,median")


def test_a_study_has_seeds_and_no_seed():
    for command in (subcommands.COMPARE, subcommands.ABLATE, subcommands.TUNE):
        assert "seed" not in command.flags
        assert command.parse(["prices.csv", "--seed", "1"]).of(command.models[0]) == {"seeds": "1"}
    assert {"seed", "test"} <= set(subcommands.BACKTEST.flags)


def test_a_backtest_trains_on_the_older_rows_alone(tmp_path):
    """The newest rows change, and the network does not: its forecast from the first origin stays what it was."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"close": 50 + rng.normal(0, 1, 300).cumsum(), "other": "text"})
    frame.index = pd.date_range("2020-01-01", periods=300, name="day")
    frame.to_csv(tmp_path / "prices.csv")
    options = {"target": "close", "time": "day", "units": [4], "dense": [], "lookback": 6, "epochs": 1, "test": 0.3}
    options |= {"horizon": 3, "origins": 5, "baselines": ["naive"], "paths": 32, "seed": 4}
    first = judge_on_newest(tmp_path / "prices.csv", **options)
    assert first.evaluated.rows[0] >= 210
    moved = frame.assign(close=np.where(np.arange(300) > first.evaluated.rows[0], 1e3, frame["close"]))
    again = judge_on_newest(moved.reset_index(), **options)
    np.testing.assert_array_equal(first.forecasts["network"].raw[0], again.forecasts["network"].raw[0])
    run = lstm_lab.train(frame.iloc[:210], target="close", units=[4], dense=[], lookback=6, epochs=1, seed=4)
    same = lstm_lab.backtest(run, frame, horizon=3, origins=5, baselines=["naive"], paths=32, seed=4)
    np.testing.assert_array_equal(first.forecasts["network"].raw, same.forecasts["network"].raw)


def test_nobody_reading_on_ends_quietly():
    """As in `lstm-lab compare --help | head -1`: without a traceback, and with what a shell says of SIGPIPE."""
    quiet = (
        "import sys; from lstm_lab.cli.main import main\n"
        "while True:\n    if code := main(['run', '--help']): sys.exit(code)"
    )
    process = subprocess.Popen([sys.executable, "-c", quiet], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "lstm-lab run FILE [flags]\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=60) == 141


@pytest.mark.parametrize(
    ("redirected", "status", "out", "err"),
    [
        (">&-", 1, "", "standard output is closed, and the result is written to it; use >/dev/null to be rid of it"),
        (">/dev/full", 1, "", "standard output cannot be written: No space left on device; send it elsewhere"),
        ("2>&-", 0, "lstm-lab [flags]\n", None),
    ],
)
def test_a_stream_that_is_closed_or_full_is_told_in_one_line(redirected, status, out, err):
    line = f"{shlex.quote(sys.executable)} -m lstm_lab --help {redirected}"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, "" if err is None else f"lstm-lab: {err}\n")
    assert done.stdout.startswith(out)
    assert bool(done.stdout) == (err is None)


def test_a_terminal_that_lacks_a_character_gets_a_question_mark(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stdout", stream)
    open_streams()
    say("30 → 20 \udcff")
    assert stream.buffer.getvalue() == b"30 ? 20 ?\n"


def test_progress_goes_to_stderr_and_the_result_to_stdout(place):
    rng = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=120, freq="D", name="day")
    pd.DataFrame({"close": 50 + rng.normal(size=120).cumsum()}, index=days).to_csv(place / "walk.csv")
    line = (
        "run walk.csv --target close --time day --units 4 --dense none --lookback 8 --epochs 1 --horizon 2 --paths 50"
    )
    quiet = f"import sys; from lstm_lab.cli.main import main; sys.exit(main({line.split()!r}))"
    done = subprocess.run([sys.executable, "-c", quiet], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Run: close\n")
    assert "best validation loss" in done.stderr
    assert "50 of 50 paths" in done.stderr
    assert "50 of 50 paths" not in done.stdout


def test_a_warning_is_one_line_without_a_librarys_path_and_once(capsys, monkeypatch):
    def warn(words):
        warnings.simplefilter("always")  # as outside a test run, where warnings are no errors
        for _ in range(2):
            warnings.warn(f"rows are only counted,\nthough {words[0]!r} looks like dates", UserWarning, 2)
        return 0

    monkeypatch.setattr(cli, "_dispatch", warn)
    assert cli.main(["run"]) == 0
    assert capsys.readouterr().err == "lstm-lab: rows are only counted, though 'run' looks like dates\n"
