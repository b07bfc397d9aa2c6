"""`run.export`: what is written, what is said of it, and that a program without this package forecasts the same."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter

import lstm_lab as lab
from lstm_lab.cli import main as cli
from lstm_lab.data.encoding.transforms import NAMES, parse_transform
from lstm_lab.errors import ExportError, FileWriteError, LabError, OptionError
from lstm_lab.export import exporter as export
from lstm_lab.export import manifest as manual
from lstm_lab.export.interpreter import runner
from lstm_lab.models.backend import keras
from lstm_lab.notebook.commands import EXPORT

PAGE = Path(__file__).parents[2] / "docs" / "small-device.md"
TRAIN = {"units": [8, 6], "dense": [5], "lookback": 8, "epochs": 1}


def table(rows=300):
    rng = np.random.default_rng(1)
    index = pd.date_range("2023-01-01", periods=rows, freq="D", name="day")
    wave = np.sin(np.arange(rows) / 5)
    return pd.DataFrame({"close": 50 + 5 * wave + rng.normal(0, 1, rows), "rain": rng.normal(size=rows)}, index=index)


@pytest.fixture(scope="module")
def run():
    return lab.train(table(), target="close", features=["rain", "dayofweek"], transform="log_return", **TRAIN)


@pytest.fixture(scope="module")
def saved(run, tmp_path_factory):
    return run.save(tmp_path_factory.mktemp("saved") / "prices.lstm")


def test_what_is_said_of_a_file_is_what_the_file_does(run, tmp_path):
    made = run.export(tmp_path / "prices.tflite", quantize="int8")
    told = made.comparison
    which = run.dataset.split.calibration
    assert len(told.keras) == len(which)
    np.testing.assert_allclose(
        told.keras, run.model.predict(run.dataset.windows.inputs(which), verbose=0)[:, 0], atol=1e-6
    )
    step = runner(made.path.read_bytes())
    states = {name: np.zeros(shape, np.float32) for name, shape in made.about["states"].items()}
    for row in run.dataset.windows.inputs(which)[-1]:
        out = step(row=row[None], **states)
        states = {name: out[f"{name}_next"] for name in states}
    assert out["forecast"].item() == pytest.approx(told.file[-1], abs=1e-6)
    close = run.frame["close"].to_numpy()
    ends = run.dataset.windows.target_rows[which]
    z = told.file * made.about["scale"][0] + made.about["mean"][0]
    np.testing.assert_allclose(told.file_values, close[ends - 1] * np.exp(z))
    np.testing.assert_array_equal(told.actual, close[ends])
    assert told.mae["file"] == pytest.approx(np.abs(close[ends - 1] * np.exp(z) - close[ends]).mean())
    assert told.error.max() == pytest.approx(np.abs(told.file - told.keras).max())
    assert 0 < told.error.mean() < 0.5 * told.keras.std()
    assert made.about["measured"]["mean_absolute_error"] == told.mae
    assert made.size == made.path.stat().st_size
    columns = 4
    products = 4 * 8 * (columns + 8) + 4 * 6 * (8 + 6) + 6 * 5 + 5
    assert made.multiply_adds == products
    assert f"{made.size:,} bytes" in repr(made)
    assert f"{products:,} multiply-adds; it carries 28 numbers of state" in repr(made)
    assert "8-bit integers; for LiteRT and TensorFlow Lite Micro" in repr(made)
    assert "windows before calibration rows, row by row)" in repr(made)


def test_a_float_file_is_off_by_rounding_alone(run, tmp_path):
    told = run.export(tmp_path / "x.tflite").comparison
    assert told.error.max() < 1e-5
    assert told.error_values.max() < 1e-3
    assert told.mae["file"] == pytest.approx(told.mae["keras"], rel=1e-4)


def test_the_json_says_what_a_program_must_know(run, tmp_path):
    made = run.export(tmp_path / "prices.tflite", c_array=True)
    names = ["prices.tflite", "prices.tflite.json", "prices.h", "prices.c"]
    assert [file.name for file in made.files] == names
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(names)
    about = json.loads((tmp_path / "prices.tflite.json").read_text(encoding="utf-8"))
    assert about == made.about
    assert about["columns"] == list(run.encoder.columns)
    np.testing.assert_array_equal(about["mean"], run.encoder.mean)
    np.testing.assert_array_equal(about["scale"], run.encoder.scale)
    assert about["states"] == {"lstm_1_h": [1, 8], "lstm_1_c": [1, 8], "lstm_2_h": [1, 6], "lstm_2_c": [1, 6]}
    assert about["meaning"][:2] == ["log(y_t / y_{t-1})", "rain at that row"]
    assert [text.partition(" ")[0] for text in about["meaning"][2:]] == ["sine", "cosine"]
    assert about["inputs"] == ["row", *about["states"]]
    assert about["outputs"] == ["forecast", *(f"{name}_next" for name in about["states"])]
    assert (about["lookback"], about["transform"], about["inverse"]) == (8, "log_return", "y = y[-1] * exp(z)")
    assert "PRICES_LOOKBACK 8" in (tmp_path / "prices.h").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "transform", ["none", "log", "diff", "log_return", "seasonal_diff(7)", "seasonal_log_return(7)"]
)
def test_every_inverse_is_written_as_it_is_taken(transform):
    y = 50 + np.random.default_rng(0).normal(size=20)
    z = parse_transform(transform).forward(y)[-1]
    taken, text = manual._transform(transform)
    rows = {"none": [], "log": []}.get(transform, ["7", "7"] if "seasonal" in transform else ["1", "1"])
    assert re.findall(r"\d+", taken + text) == rows
    value = eval(text.removeprefix("y = "), {"exp": np.exp, "z": z, "y": y[:-1]})  # noqa: S307 - the text is our own
    assert value == pytest.approx(y[-1])


def test_there_is_an_inverse_in_words_for_every_transform():
    assert {name.partition("(")[0] for name in NAMES} == {*manual.TRANSFORMS}


def test_the_pages_program_forecasts_the_same_without_this_package(tmp_path):
    run = lab.train(table()[["close"]], features=[], transform="log_return", **TRAIN)
    run.export(tmp_path / "prices.tflite")
    newer = np.concatenate([table()["close"], 50 + np.random.default_rng(5).normal(size=12)])
    np.savetxt(tmp_path / "prices.txt", newer)
    (program,) = [code for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if "ai_edge" in code]
    barred = "import sys\nfor name in ('lstm_lab', 'tensorflow', 'keras', 'pandas'):\n    sys.modules[name] = None\n"
    done = subprocess.run(
        [sys.executable, "-c", barred + program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    index = pd.date_range("2023-01-01", periods=len(newer), freq="D", name="day")
    longer = run.on(pd.DataFrame({"close": newer}, index=index))
    origin = longer.dataset.newest(1)
    expected = run.encoder.decode(run.model.predict(origin.windows, verbose=0)[:, 0], origin.tails)
    assert float(done.stdout) == pytest.approx(expected.item(), rel=1e-6)


def test_without_an_interpreter_the_file_is_written_and_the_error_is_not_claimed(run, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "runner", lambda _: None)
    made = run.export(tmp_path / "x.tflite", c_array=True)
    assert made.comparison is None
    assert "measured" not in made.about
    assert "not measured, for there is no interpreter here; pip install 'lstm-lab[edge]'" in repr(made)
    assert "off Keras" not in repr(made)
    assert made.plot().axes[0].get_title(loc="left") == "x.tflite against Keras"


def test_a_quantisation_that_costs_much_says_so(run, tmp_path, monkeypatch):
    made = export.Device.over_windows
    monkeypatch.setattr(export.Device, "over_windows", lambda self, windows: made(self, windows) + 1.0)
    assert re.search(r"\d+ % more; a finer quantize costs less", repr(run.export(tmp_path / "x.tflite")))


def test_rows_that_there_are_not_are_not_measured_on(tmp_path):
    run = lab.train(table(), target="close", calibration=0, validation=0, **TRAIN)
    made = run.export(tmp_path / "x.tflite")
    assert made.comparison.rows == "training"
    assert "100 windows before training rows" in repr(made)


def test_the_columns_of_features_are_explained(tmp_path):
    features = ["bollinger(20, 2)", "momentum(5)"]
    run = lab.train(table(), target="close", features=features, transform="seasonal_diff(7)", **TRAIN)
    meaning = run.export(tmp_path / "x.tflite").about["meaning"]
    assert meaning[0] == "y_t - y_{t-7}"
    assert meaning[1].startswith("(y - lower) / (upper - lower): place in the band")
    assert meaning[2] == "y_t - y_{t-n}, in the target's unit"


def test_gaps_are_not_read_across(tmp_path):
    frame = table(400).drop(table(400).index[[370, *range(371, 390)]])
    run = lab.train(frame, target="close", calibration=0.2, **TRAIN)
    told = run.export(tmp_path / "x.tflite").comparison
    first = int(np.flatnonzero(np.diff(told.times) > np.timedelta64(2, "D"))[0]) + 1
    assert told.onward_values[first] == pytest.approx(told.file_values[first])
    assert told.onward_values[first - 1] != pytest.approx(told.file_values[first - 1], rel=1e-12)


def test_an_earlier_file_is_replaced_and_a_failure_leaves_it(run, tmp_path, monkeypatch):
    place = tmp_path / "x.tflite"
    first = run.export(place).size
    assert run.export(place, quantize="float16").size != first
    assert place.stat().st_size != first
    before = place.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lstm_lab.storage.atomic_files.os.fsync", full)
    with pytest.raises(FileWriteError, match=r"x\.tflite cannot be written: No space left on device"):
        run.export(place)
    assert place.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("model.h", {}, r"ends in \.tflite, got '.*model\.h'; with c_array=True, C files stand beside it"),
        ("model", {}, r"ends in \.tflite, got '.*model'; for example model\.tflite"),
        ("no/x.tflite", {}, r"a folder that exists, got .*x\.tflite; make .*no first"),
        (".", {}, r"ends in \.tflite"),
        ("folder.tflite", {}, r"is a file, got the folder .*folder\.tflite; choose another name"),
        ("x.tflite", {"quantise": "int8"}, r"there is no option 'quantise'; did you mean quantize='int16x8'"),
        ("x.tflite", {"quantize": "int4"}, r"quantize should be 'none', .*'int8' or 'int16x8', got 'int4'"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(run, tmp_path, name, options, message):
    (tmp_path / "folder.tflite").mkdir()
    with pytest.raises((ExportError, FileWriteError, OptionError), match=message) as refused:
        run.export(tmp_path / name, **options)
    assert "\n" not in str(refused.value)
    assert [file.name for file in tmp_path.iterdir()] == ["folder.tflite"]


def test_a_network_that_cannot_go_row_by_row_leaves_no_file(tmp_path):
    both = keras.layers.Bidirectional(keras.layers.LSTM(3))
    run = lab.train(table(), target="close", stack=[both, keras.layers.Dense(1)], lookback=8, epochs=1)
    with pytest.raises(ExportError, match="Bidirectional"):
        run.export(tmp_path / "x.tflite")
    assert list(tmp_path.iterdir()) == []


def test_it_has_a_picture_and_a_page(run, tmp_path):
    made = run.export(tmp_path / "prices.tflite", quantize="int8")
    figure = made.plot()
    told = made.comparison
    (points,) = figure.axes[0].get_lines()
    np.testing.assert_array_equal(points.get_ydata(), told.file_values - told.keras_values)
    (bars,) = figure.axes[0].collections
    tops = [float(segment[1, 1]) for segment in bars.get_segments()]
    np.testing.assert_allclose(tops, told.keras_values - told.actual)
    page = made.to_html(tmp_path / "x.html").read_text(encoding="utf-8")
    assert "prices.tflite" in page
    assert page.count("<script") == 2  # the data, and the view
    assert made.written["prices.tflite"] == made.size == made.sizes["prices.tflite"]
    assert made.sizes["weights as float32"] == 4 * made.parameters
    assert "multiply-adds" in made._repr_html_()


# Faces ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def stocked(shell, run):
    shell.user_ns["mine"] = run
    return shell


@pytest.mark.usefixtures("stocked")
def test_the_magic_writes_shows_and_keeps(do, shell, tmp_path):
    made, out, err = do("%lstm_export 'my prices.tflite' --run mine --quantize int8 --c-array -o small")
    assert err == ""
    assert shell.user_ns["small"] is made
    assert made.about["quantize"] == "int8"
    assert "Export of close: my prices.tflite" in out
    assert sorted(file.name for file in tmp_path.glob("my*")) == [
        "my prices.c",
        "my prices.h",
        "my prices.tflite",
        "my prices.tflite.json",
    ]
    assert do("%lstm_export x.tflite --run mine;")[1] == ""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%lstm_export", "%lstm_export needs a file; for example %lstm_export prices.tflite"),
        ("%lstm_export x.tflite", "no magic has trained or loaded a run yet; name yours, for example --run mine"),
        ("%lstm_export x.tflite --run mien", "there is no run called 'mien'; did you mean 'mine'?"),
        ("%lstm_export x.tflite --run mine --quantise int8", "has no flag --quantise; did you mean --quantize?"),
        ("%lstm_export x.tflite --run mine --quantize int4", "quantize should be 'none', 'float16', 'dynamic', 'int8'"),
        ("%lstm_export x.tflite --run mine --quantize", "--quantize needs a value; for example --quantize int16x8"),
        ("%lstm_export no/x.tflite --run mine", "written to a folder that exists, got no/x.tflite; make no first"),
        ("%lstm_export x.h --run mine", "ends in .tflite, got 'x.h'; with --c-array on, C files stand beside it"),
        ("%lstm_export --run mine --c-array x.tflite", "--c-array should be on or off, got 'x.tflite'"),
    ],
)
@pytest.mark.usefixtures("stocked")
def test_mistakes_are_one_line(do, line, message):
    result, _, err = do(line)
    assert result is None
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize("example", EXPORT.examples)
def test_every_example_of_the_help_runs_as_written(stocked, do, saved, example):
    do(f"%lstm_load '{saved}'")
    _, _, err = do(example)
    assert err == ""
    assert Path("prices.tflite").exists()
    assert stocked.user_ns.get("ex") is not None or not example.startswith("ex =")


@pytest.mark.usefixtures("stocked")
def test_tab_offers_precisions_flags_and_runs(shell):
    def offered(line):
        with provisionalcompleter():
            return {found.text for found in shell.Completer.completions(line, len(line))}

    assert offered("%lstm_export x.tflite --quantize int") >= {"int8", "int16x8"}
    assert "--c-array" in offered("%lstm_export x.tflite --c")
    assert "mine" in offered("%lstm_export x.tflite --run mi")


def test_the_command_line_exports_a_saved_run(saved, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prices.lstm").write_bytes(saved.read_bytes())
    assert cli.main(["export", "prices.lstm"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Export of close: prices.tflite\n")
    assert out.endswith("\n\nwrote prices.tflite, prices.tflite.json\n")
    assert cli.main(["export", "prices.lstm", "small.tflite", "--quantize", "int16x8", "--c-array"]) == 0
    assert capsys.readouterr().out.endswith("wrote small.tflite, small.tflite.json, small.h, small.c\n")
    assert cli.main(["export", "prices.lstm", "--out", "other.tflite"]) == 0
    assert (tmp_path / "other.tflite").read_bytes() == (tmp_path / "prices.tflite").read_bytes()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["export"], "lstm-lab export needs the file of a run; for example lstm-lab export oil.lstm"),
        (["exprot", "x.lstm"], "there is no command 'exprot'; did you mean 'export'?"),
        (["export", "none.lstm"], "there is no file none.lstm; lstm-lab run --out none.lstm writes one"),
        (["export", "x.lstm", "y.tflite", "--quantize", "int4"], "--quantize should be 'none', 'float16'"),
        (["export", "x.lstm", "y.tflite", "z.tflite"], "lstm-lab export does not know what 'z.tflite' is for"),
        (["export", "x.lstm", "y.tflite", "--out", "z.tflite"], "the out is given twice, alone and with --out"),
        (["export", "x.lstm", "--qantize", "int8"], "lstm-lab export has no flag --qantize; did you mean --quantize?"),
    ],
)
def test_mistakes_on_the_command_line_are_one_line(tmp_path, monkeypatch, capsys, line, message):
    monkeypatch.chdir(tmp_path)
    assert cli.main(line) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith(f"lstm-lab: {message}")
    assert written.err.count("\n") == 1


def test_the_help_names_both_files(capsys):
    assert cli.main(["export", "--help"]) == 0
    assert capsys.readouterr().out.startswith("lstm-lab export RUN.lstm [FILE.tflite] [flags]")


def test_refusals_are_the_users_to_mend():
    assert issubclass(ExportError, LabError)
