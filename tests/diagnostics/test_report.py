"""`lab.features`: what it says, what it costs, and the same through magic and command line."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.cli import main as cli
from lstm_lab.data.encoding.transforms import choose_transform
from lstm_lab.data.preparation import prepare
from lstm_lab.errors import DataError, OptionError
from lstm_lab.options import InputOptions, TrainOptions

OIL = ("log_return", "bollinger(20, 2)", "rsi(14)", "lag(3)")


@pytest.fixture(scope="module")
def oil():
    return lab.features(lab.example("oil"), features=OIL)


def test_every_option_is_one_of_a_training_with_the_same_meaning():
    for name, field in InputOptions.model_fields.items():
        assert TrainOptions.model_fields[name].default == field.default
        assert TrainOptions.model_fields[name].description == field.description
    with pytest.raises(OptionError, match="there is no option 'lookbak'; did you mean lookback=60"):
        lab.features(lab.example("oil"), lookbak=3)


def test_a_row_a_column_the_target_first(oil):
    assert list(oil.summary.index) == ["log_return(price)", "bollinger(20, 2)", "rsi(14)", "lag(3)"]
    assert list(oil.summary["source"]) == ["target", "path", "path", "lag"]
    assert list(oil.summary["warmup"]) == [1, 19, 14, 3]
    assert oil.summary["next"].abs().max() <= 1
    both = lab.features(lab.example("temperature"), target="temperature", features=["humidity", "hour"])
    assert list(both.summary["source"]) == ["target", "column", "time", "time"]
    assert list(both.summary["feature"])[1:] == ["humidity", "hour", "hour"]


def test_the_frame_is_what_a_training_standardises(oil):
    frame = lab.example("oil")
    run = lab.train(frame, features=OIL, units=[2], dense=[], lookback=4, epochs=1)
    np.testing.assert_allclose(
        run.dataset.matrix, (oil.frame.to_numpy() - run.encoder.mean) / run.encoder.scale, rtol=1e-4, atol=1e-5
    )
    assert oil.frame.index.equals(frame.index)
    assert oil.transform == run.transform
    assert oil.reason == run.reason


def test_the_candidates_are_those_that_auto_weighs(oil):
    training = lab.example("oil")["price"].iloc[: oil.analysis.ready.dataset.cuts[0].validation]
    choice = choose_transform(training.to_numpy(), training.index)
    assert list(oil.candidates.index) == [one.label for one in choice.candidates]
    np.testing.assert_array_equal(oil.candidates["error"], [one.error for one in choice.candidates])
    assert oil.candidates.index[oil.candidates["learnt"]].tolist() == [choice.label] == ["log_return"]


def test_a_refused_candidate_names_the_first_row():
    report = lab.features(lab.example("temperature"), target="temperature")
    refused = report.candidates[~report.candidates["usable"]]
    assert list(refused.index) == ["log", "log_return"]
    training = report.analysis.training
    bad = training[training <= 0]
    assert refused["note"].tolist() == 2 * [
        f"{len(bad)} training rows are not positive, the first, {bad.iloc[0]:g}, at {bad.index[0]:%Y-%m-%d %H:%M}"
    ]


def test_a_transform_that_auto_would_not_weigh_stands_beside_the_others():
    report = lab.features(lab.example("oil"), transform="seasonal_diff(11)")
    assert report.candidates.index[-1] == "seasonal_diff(11)"
    assert report.candidates["learnt"].tolist() == 5 * [False] + [True]


def test_rows_after_training_change_none_of_the_numbers(oil):
    frame = lab.example("oil")
    cut = oil.analysis.ready.dataset.cuts[0].validation
    frame.iloc[cut:] = 1000 + np.arange(len(frame) - cut)[:, None]
    other = lab.features(frame, features=OIL)
    pd.testing.assert_frame_equal(oil.summary.drop(columns="beyond"), other.summary.drop(columns="beyond"))
    pd.testing.assert_frame_equal(oil.candidates, other.candidates)
    assert oil.reason == other.reason


def test_the_text_says_it_all(oil):
    text = repr(oil)
    assert text.startswith("Inputs for price\n")
    assert re.search(r"transform +log_return: the last value is off by 3.71", text)
    assert re.search(r"\n +log_return +naive forecast off by 3.707 \(the last value\); learnt\n", text)
    pairs = oil.analysis.ready.dataset.cuts[0].validation - 19 - 1
    assert f"within ±{2 / np.sqrt(pairs):.3f} it may be chance (2/√n, n = {pairs:,} pairs" in text
    assert "path: re-computed on every simulated path; lag: read from history" in text
    assert re.search(r"found +log_return is what the network learns", text)
    assert re.search(r"\n +rsi\(14\) +path +−?-?0\.\d{3} ", text)
    assert "nothing to complain of" in repr(lab.features(lab.example("oil"), features="rsi(14)"))


def test_a_season_beside_the_target_is_told():
    text = repr(lab.features(lab.example("temperature"), target="temperature"))
    assert re.search(r"seasonal_diff\(24\) .*; its season is among the inputs\n", text)


def test_it_is_shown_as_text_html_and_picture(oil, tmp_path):
    shown, _ = oil._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html", "image/png"}
    assert "Inputs for price" in shown["text/html"]
    oil.save_png(tmp_path / "oil.png")
    assert (tmp_path / "oil.png").read_bytes().startswith(b"\x89PNG")


def test_names_are_text_in_every_picture(tmp_path):
    nasty = "<b>$x_1$</b> " + "long " * 12
    frame = lab.example("oil").assign(**{nasty: np.arange(8321.0) % 97})
    report = lab.features(frame, target="price", features=[nasty])
    assert "&lt;b&gt;" in report._repr_html_()
    assert "<b>" not in report._repr_html_()
    report.save_png(tmp_path / "nasty.png")


@pytest.mark.parametrize("options", [{"lookback": 5000}, {"validation": 0, "calibration": 0}, {"transform": "none"}])
def test_the_picture_stands_whatever_was_asked(options):
    assert lab.features(lab.example("oil"), **options).plot().axes


def test_few_rows_and_rows_all_alike():
    rows = pd.date_range("2020-01-01", periods=12)
    short = lab.features(pd.Series(np.arange(12.0), rows, name="y"), transform="diff", lookback=2)
    assert short.plot().axes
    assert next(one.kind for one in short.findings) == "windows"
    flat = lab.features(pd.Series(np.full(60, 3.0), pd.date_range("2020-01-01", periods=60), name="y"), lookback=3)
    assert flat.transform == "none"
    told = {one.kind: one.text for one in flat.findings}["constant"]
    assert told == "`y` is 3 in every training row, so there is nothing to learn"
    assert re.search(r"\n +y +target +– +– +3 ", repr(flat))
    assert flat.plot().axes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": "bolinger(20, 2)"}, "did you mean 'bollinger'"),
        ({"target": "prize"}, "did you mean 'price'"),
        ({"transform": "log_retrun"}, "did you mean 'log_return'"),
        ({"lookback": 0}, "lookback should be greater than or equal to 1"),
    ],
)
def test_a_mistake_is_one_line(options, message):
    with pytest.raises((OptionError, DataError), match=message) as caught:
        lab.features(lab.example("oil"), **options)
    assert "\n" not in str(caught.value)


def test_no_network_library_is_loaded_and_no_picture_before_it_is_asked_for():
    code = (
        "import sys, json, lstm_lab as lab; r = lab.features(lab.example('oil'), features=['rsi(14)']); text = repr(r);"
        "before = [m for m in ('tensorflow', 'keras', 'matplotlib', 'anywidget', 'IPython') if m in sys.modules];"
        "r.widget().close();"
        "print(json.dumps([before, [m for m in ('tensorflow', 'keras', 'matplotlib') if m in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[], []]


def test_the_magic_is_the_same_call(do, shell):
    shell.user_ns["prices"] = lab.example("oil")
    report, out, err = do('%lstm_features prices --features "log_return, rsi(14)" -o mine')
    assert err == ""
    assert out.count("Inputs for price") == 1
    assert shell.user_ns["mine"] is report
    pd.testing.assert_frame_equal(report.summary, lab.features(lab.example("oil"), features=["rsi(14)"]).summary)
    assert do("%lstm_features prices --features rsi(14);")[1:] == ("", "")
    assert do("%lstm_features prices --features rsl(14)")[2].startswith(
        "UsageError: there is no feature or numeric column 'rsl(14)'; did you mean 'rsi'"
    )
    assert "has no flag --epochs" in do("%lstm_features prices --epochs 3")[2]
    do("%config LSTMMagics.lookback = 17")
    assert do("%lstm_features prices")[0].analysis.options.lookback == 17


def test_the_command_leaves_a_picture_a_table_and_a_page(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lab.example("oil").to_csv("prices.csv")
    words = ["--target", "price", "--features", "log_return, rsi(14)", "--out", "a.png,b.csv,c.html"]
    assert cli.main(["features", "prices.csv", *words]) == 0
    out = capsys.readouterr().out
    assert "Inputs for price" in out
    assert out.endswith("wrote a.png, b.csv, c.html\n")
    assert pd.read_csv("b.csv", index_col=0).loc["rsi(14)", "warmup"] == 14
    assert cli.main(["features", "prices.csv", "--features", "rsl"]) == 2
    assert "did you mean 'rsi'" in capsys.readouterr().err


def test_prepare_is_what_a_training_does_first():
    options = TrainOptions.of({"target": "temperature", "features": ("humidity", "auto"), "lookback": 24, "units": 8})
    ready = prepare(lab.example("temperature"), options)
    assert ready.input_choice.features[0] == "humidity"
    assert ready.dataset.encoder.columns[0] == "diff(temperature)"
    assert ready.dataset.cuts[0].validation == 7008


def test_the_picture_writes_the_findings_out():
    frame = lab.example("oil").assign(flat=1.0)
    figure = lab.features(frame, target="price", features=["price", "lag(1)", "flat"], transform="diff").plot()
    written = " ".join(text.get_text() for made in figure.axes for text in made.texts)
    assert "flat is 1 in every training row, and tells" in written
    assert "lag(1) nearly repeats price" in written
    clean = lab.features(lab.example("oil"), features="rsi(14)")
    assert len(clean.plot().axes) == len(figure.axes) - 1
