"""A saved run is the same run: same paths to the last bit, same split, same words; and nothing in the file is run."""

from __future__ import annotations

import errno
import json
import os
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data import older_rows
from lstm_lab.errors import FileWriteError, LabError, OptionError, RunError
from lstm_lab.export import run_file
from lstm_lab.models.backend import keras
from lstm_lab.simulation.simulator import CHUNK

TRAIN = {"units": [4], "dense": [], "lookback": 8, "epochs": 1}


def table(rows=300, index=None):
    rng = np.random.default_rng(1)
    index = pd.date_range("2023-01-01", periods=rows, freq="D", name="day") if index is None else index
    return pd.DataFrame({"sales": 50 + rng.normal(0, 1, rows).cumsum(), "rain": rng.normal(size=rows)}, index=index)


@pytest.fixture(scope="module")
def run():
    return lab.train(table(), target="sales", features=["rain", "dayofweek"], name="first", weights="linear", **TRAIN)


@pytest.fixture
def file(run, tmp_path):
    return run.save(tmp_path / "first.lstm")


def same(one, other):
    np.testing.assert_array_equal(one.forecast(3, paths=CHUNK).paths, other.forecast(3, paths=CHUNK).paths)


def test_what_is_loaded_is_the_same_run(run, file):
    loaded = lab.load_run(file)
    same(loaded, run)
    assert repr(loaded) == repr(run)
    assert loaded.options == run.options
    assert loaded.metrics == run.metrics
    assert loaded.end == run.end
    pd.testing.assert_frame_equal(loaded.history, run.history)
    pd.testing.assert_frame_equal(loaded.frame, run.frame)
    assert loaded.frame.attrs == run.frame.attrs
    np.testing.assert_array_equal(loaded.dataset.windows.weights, run.dataset.windows.weights)
    for part in ("train", "validation", "calibration"):
        np.testing.assert_array_equal(getattr(loaded.dataset.split, part), getattr(run.dataset.split, part))
    np.testing.assert_array_equal(loaded.gates().layers[0].forget, run.gates().layers[0].forget)
    score = [
        lab.backtest(one, horizon=3, origins=4, paths=CHUNK).summary.drop(columns="seconds") for one in (run, loaded)
    ]
    pd.testing.assert_frame_equal(*score)


def test_calibrations_that_it_had_need_not_be_made_again(run, tmp_path):
    run.forecast(3, paths=CHUNK)
    loaded = lab.load_run(run.save(tmp_path / "calibrated.lstm"))
    assert set(loaded.past_forecasts) == set(run.past_forecasts)
    same(loaded, run)


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2023-03-20", periods=300, freq="h", tz="Europe/Berlin", name="time"),
        pd.bdate_range("2023-01-02", periods=300).as_unit("s"),
        pd.DatetimeIndex(pd.date_range("2023-01-01", periods=320, freq="D").delete(slice(100, 120))),
        pd.RangeIndex(10, 310),
        pd.Index(np.arange(300) * 0.5, name="seconds"),
        pd.Index(np.arange(300) * 3),
    ],
)
def test_every_kind_of_index_comes_back(index, tmp_path):
    run = lab.train(table(index=index), target="sales", **TRAIN)
    loaded = lab.load_run(run.save(tmp_path / "x.lstm"))
    pd.testing.assert_index_equal(loaded.frame.index, run.frame.index, exact=True)
    assert getattr(loaded.frame.index, "freq", None) == getattr(run.frame.index, "freq", None)
    same(loaded, run)


def test_a_continued_run_is_saved_as_such(run, tmp_path):
    later = run.on(table(400))
    loaded = lab.load_run(later.save(tmp_path / "later.lstm"))
    assert loaded.dataset.cuts[0] == later.dataset.cuts[0]
    assert loaded.dataset.cuts[0].expired > 0
    same(loaded, later)


def test_a_network_of_the_users_own_is_kept(tmp_path):
    layers = [keras.layers.GRU(3, return_sequences=True), keras.layers.Dropout(0.3), keras.layers.LSTM(2)]
    run = lab.train(table(), target="sales", stack=[*layers, keras.layers.Dense(1)], lookback=8, epochs=1)
    same(lab.load_run(run.save(tmp_path / "own.lstm")), run)


def test_the_file_is_a_zip_without_pickle_whose_network_keras_loads_alone(file, run, tmp_path):
    with zipfile.ZipFile(file) as archive:
        assert sorted(archive.namelist()) == ["data.npz", "model.keras", "run.json"]
        assert json.loads(archive.read("run.json"))["encoder"]["target"] == "sales"
        place = tmp_path / "model.keras"
        place.write_bytes(archive.read("model.keras"))
    x = run.dataset.windows.inputs(slice(0, 5))
    np.testing.assert_array_equal(
        np.asarray(keras.models.load_model(place)(x)), np.asarray(run.model(x, training=False))
    )


def rewritten(file, name, content):
    with zipfile.ZipFile(file) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    parts[name] = content
    with zipfile.ZipFile(file, "w") as archive:
        for each, value in parts.items():
            archive.writestr(each, value)
    return file


class Bomb:
    """Would run code when unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("code from the file was run",))


def test_an_array_that_hides_a_pickle_is_refused(file, tmp_path):
    place = tmp_path / "data.npz"
    np.savez(place, values=np.array([Bomb()], dtype=object), index=np.arange(1))
    with pytest.raises(RunError, match=r"first.lstm is no whole run of lstm_lab \(ValueError\)"):
        lab.load_run(rewritten(file, "data.npz", place.read_bytes()))


def test_a_lambda_in_the_network_is_refused(file, run, tmp_path):
    model = keras.Sequential([keras.Input(run.model.input_shape[1:]), keras.layers.Lambda(lambda x: x[:, -1, :1])])
    model.save(tmp_path / "model.keras")
    with pytest.raises(RunError, match="a layer Lambda runs code that is stored in the file"):
        lab.load_run(rewritten(file, "model.keras", (tmp_path / "model.keras").read_bytes()))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda file: file.with_name("none.lstm"), "there is no file .*none.lstm; run.save"),
        (lambda file: file.write_bytes(b"prices") and file, "no whole run of lstm_lab"),
        (lambda file: file.write_bytes(pickle.dumps(1)) and file, "no whole run of lstm_lab"),
        (lambda file: rewritten(file, "run.json", b"{"), "no whole run of lstm_lab"),
        (lambda file: rewritten(file, "run.json", b'{"format": 9, "version": "9.1"}'), "saved by lstm_lab 9.1, which"),
    ],
)
def test_what_is_no_run_is_refused_in_one_line(file, damage, message):
    with pytest.raises(LabError, match=message) as refused:
        lab.load_run(damage(file))
    assert "\n" not in str(refused.value)


def test_a_folder_that_does_not_exist_is_named(run, tmp_path):
    with pytest.raises(FileWriteError, match=r"a folder that exists, got .*; make .*nowhere first"):
        run.save(tmp_path / "nowhere" / "x.lstm")


def test_a_feature_of_the_users_own_must_be_registered(file):
    with zipfile.ZipFile(file) as archive:
        kept = json.loads(archive.read("run.json"))
    kept["encoder"]["features"] = ["range(5)", "dayofweek"]
    with pytest.raises(OptionError, match="a feature of your own must be registered before its run is loaded"):
        lab.load_run(rewritten(file, "run.json", json.dumps(kept).encode()))


def is_refused(file):
    """Load a file; tell whether it was refused, in one line, and let any other error through."""
    try:
        lab.load_run(file)
    except LabError as mistake:
        text = str(mistake)
    else:
        return False
    assert "\n" not in text
    assert len(text) <= 1_000
    return True


def test_damaged_bits_are_refused_in_one_line_or_change_nothing_that_fails(file):
    """Every byte of a zip is held by a checksum or a header: what still loads is a run."""
    whole = file.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for position in rng.integers(0, len(whole), 150):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << int(rng.integers(8))
        file.write_bytes(damaged)
        refused += is_refused(file)
    assert refused > 100


OTHERS = (None, [], {}, "", "x", -1, 1e308, True, [[]], {"a": None}, "9" * 400)


def fields(value, path=()):
    """List the paths of every field of a JSON value, deep lists by their first entry alone."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from fields(inner, (*path, key))
    elif isinstance(value, list) and value:
        yield from fields(value[0], (*path, 0))


def test_changed_fields_are_refused_in_one_line_or_load(file):
    with zipfile.ZipFile(file) as archive:
        text = archive.read("run.json")
    rng = np.random.default_rng(1)
    paths = [path for path in fields(json.loads(text)) if path]
    for path in paths:
        kept = json.loads(text)
        parent = kept
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = OTHERS[int(rng.integers(len(OTHERS)))]
        rewritten(file, "run.json", json.dumps(kept).encode())
        is_refused(file)


def test_encryption_depth_and_what_is_no_file_are_refused(file, tmp_path):
    deep = ("[" * 100_000 + "]" * 100_000).encode()
    with pytest.raises(RunError, match="no whole run"):
        lab.load_run(rewritten(file, "run.json", deep))
    with pytest.raises(RunError, match="is a folder or a device"):
        lab.load_run(tmp_path)
    os.mkfifo(tmp_path / "pipe.lstm")
    with pytest.raises(RunError, match="is a folder or a device"):
        lab.load_run(tmp_path / "pipe.lstm")
    with pytest.raises(RunError, match="is a folder or a device"):
        lab.load_run("/dev/zero")


def test_a_file_that_unpacks_to_a_bomb_is_refused(file):
    with zipfile.ZipFile(file) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, value in {**parts, "run.json": b" " * 80_000_000 + parts["run.json"]}.items():
            archive.writestr(each, value)
    with pytest.raises(RunError, match=r"run\.json unpacks to at most"):
        lab.load_run(file)


def test_a_file_of_the_first_release_still_forecasts_what_it_did():
    """Written by the code before `Dataset` and `FittedModel`; the numbers are those that it printed."""
    loaded = lab.load_run(Path(__file__).parents[1] / "saved" / "format_2.lstm")
    assert (loaded.name, loaded.transform, len(loaded.past_forecasts)) == ("old", "diff", 1)
    forecast = loaded.forecast(3, paths=CHUNK)
    assert forecast.kind == "calibrated"
    bands = [
        [36.991810106129634, 33.70678760752751, 40.27683260473176],
        [36.996024703240614, 31.62528665370846, 42.36676275277277],
        [37.04310298835925, 32.38341496671161, 41.70279101000689],
    ]
    np.testing.assert_allclose(forecast.frame[["median", "lower", "upper"]], bands, rtol=1e-5)
    np.testing.assert_allclose(forecast.paths[0], [40.27683260473176, 39.15175758454036, 39.20683846332967], rtol=1e-5)


def peak_of(work):
    tracemalloc.start()
    try:
        result = work()
        return result, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_saving_copies_no_rows_and_loading_holds_them_once(run, tmp_path, monkeypatch):
    """Peaks of two sizes are compared, so that what the network and the description take falls out."""
    monkeypatch.setattr(older_rows, "KEPT", 10**9)
    monkeypatch.setattr(run_file, "_IN_MEMORY", 1 << 20)
    saving, loading = [], []
    for rows in (100_000, 600_000):
        days = pd.date_range("2023-10-28", periods=rows + 1, unit="s", name="day").delete(
            5
        )  # pandas checks a freq long
        longer = run.on(table(rows, days))
        file, peak = peak_of(lambda longer=longer, rows=rows: longer.save(tmp_path / f"{rows}.lstm"))
        saving.append(peak)
        loaded, peak = peak_of(lambda file=file: lab.load_run(file))
        loading.append(peak)
        np.testing.assert_array_equal(loaded.frame.to_numpy(), longer.frame.to_numpy())
    kept = 500_000 * 3 * 8  # two columns and the times
    assert saving[1] - saving[0] < 0.3 * kept, saving
    assert loading[1] - loading[0] < 1.9 * kept, loading


def test_a_full_disk_is_named_when_a_run_is_unpacked(file, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run_file, "copy_member", full)
    with pytest.raises(RunError, match=r"data\.npz is unpacked in .*, which has too little space; free some, or set"):
        lab.load_run(file)


def test_a_full_disk_leaves_the_saved_run_of_before(run, file, monkeypatch):
    before = file.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run_file, "write_arrays", full)
    with pytest.raises(FileWriteError, match="No space left on device; choose another place"):
        run.save(file)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_run_of_the_first_release_is_trained_again_by_naming_its_options():
    """One target a window, every window, 64 a step at 0.001: the same weights but for another processor's rounding."""
    file = Path(__file__).parents[1] / "saved" / "format_2.lstm"
    with zipfile.ZipFile(file) as archive:
        options = json.loads(archive.read("run.json"))["options"]
    loaded = lab.load_run(file)
    assert (options["supervise"], options["batch"], options["learning_rate"]) == ("last", 64, 0.001)
    again = lab.train(loaded.frame, **{name: value for name, value in options.items() if value is not None})
    for own, saved in zip(again.model.get_weights(), loaded.model.get_weights(), strict=True):
        np.testing.assert_allclose(own, saved, rtol=1e-4, atol=1e-6)
    assert again.metrics["val_loss"] == pytest.approx(loaded.metrics["val_loss"], rel=1e-4)
