"""Rows on disk: the values of `load`, encoded to the same bits, windows read where they lie."""

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data.memory import mapped
from lstm_lab.data.memory.mapped import is_mapped, is_on_disk
from lstm_lab.data.preparation import prepare
from lstm_lab.data.sources import disk_frame
from lstm_lab.errors import DataError, OptionError
from lstm_lab.options import TrainOptions

pytest.importorskip("pyarrow")
ROWS = 1_000


@pytest.fixture
def small_blocks(monkeypatch):
    """Work on blocks of few rows, so that a small file has many."""
    for module in (mapped, disk_frame):
        monkeypatch.setattr(module, "BLOCK", 96)


def table(rows=ROWS):
    rng = np.random.default_rng(0)
    times = pd.date_range("2024-01-01", periods=rows, freq="h")
    times = times.where(np.arange(rows) < 531, times + pd.Timedelta(days=9))  # a gap, within a block
    values = {
        "y": 500 + rng.normal(size=rows).cumsum(),
        "x": 1e6 + rng.normal(size=rows),
        "n": rng.integers(0, 9, rows),
    }
    return pd.DataFrame({"t": times, **values})


def written(folder, frame, name="rows.parquet", **options):
    path = folder / name
    frame.to_parquet(path, row_group_size=170, **options)
    return path


FEATURES = ["x", "n", "bollinger(20, 2)", "lag(3)", "hour", "seasonal(24, 2)"]


@pytest.mark.parametrize("index", ["column", "index", "unnamed index", "zone"])
@pytest.mark.usefixtures("small_blocks")
def test_rows_on_disk_are_those_in_memory(tmp_path, index):
    frame = table()
    if index == "zone":
        frame["t"] = frame["t"].dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
    if "index" in index:
        frame = frame.set_index("t").rename_axis("t" if index == "index" else None)
    path = written(tmp_path, frame)
    there, here = lab.load(path, on_disk=True), lab.load(path)
    assert is_on_disk(there)
    assert not is_on_disk(here)
    pd.testing.assert_frame_equal(there, here, check_freq=False)
    assert there.attrs["lstm_lab"]["dropped_columns"] == here.attrs["lstm_lab"]["dropped_columns"]


@pytest.mark.parametrize(
    ("transform", "scaler"), [("auto", "standard"), ("log_return", "standard"), ("seasonal_diff(24)", "minmax")]
)
@pytest.mark.usefixtures("small_blocks")
def test_windows_are_the_same_to_the_last_bit(tmp_path, transform, scaler):
    path = written(tmp_path, table())
    given = {"target": "y", "features": FEATURES, "transform": transform, "lookback": 30, "scaler": scaler}
    there = prepare(path, TrainOptions.of({**given, "on_disk": True})).dataset
    here = prepare(path, TrainOptions.of(given)).dataset
    assert is_mapped(there.matrix)
    np.testing.assert_array_equal(there.matrix, here.matrix)
    for name in ("mean", "scale"):
        np.testing.assert_array_equal(getattr(there.encoder, name), getattr(here.encoder, name))
    assert there.segments[-1] == 1
    for part in ("train", "validation", "calibration"):
        np.testing.assert_array_equal(getattr(there.split, part), getattr(here.split, part))
    np.testing.assert_array_equal(there.windows.inputs(slice(5, 9)), here.windows.inputs(slice(5, 9)))
    np.testing.assert_array_equal(there.target, here.target)
    later = table(ROWS + 40).iloc[ROWS:]
    longer = [each.append(lab.load(later, target="y", columns=["x", "n"])) for each in (there, here)]
    assert is_on_disk(longer[0].frame)
    np.testing.assert_array_equal(longer[0].matrix, longer[1].matrix)


@pytest.mark.usefixtures("small_blocks")
def test_rows_without_times_are_counted_and_incomplete_ones_dropped(tmp_path):
    frame = table().drop(columns="t")
    frame.loc[[3, 200, *range(300, 500)], "y"] = np.nan
    path = written(tmp_path, frame)
    there, here = (lab.load(path, missing="drop", target="y", on_disk=disk) for disk in (True, False))
    pd.testing.assert_frame_equal(there, here)
    assert there.attrs["lstm_lab"]["dropped_rows"] == 202
    with pytest.raises(DataError, match=r"missing or infinite|finite value"):
        lab.load(path, target="y", on_disk=True)


def test_what_cannot_be_read_batch_by_batch_is_refused_in_one_line(tmp_path):
    path = written(tmp_path, table())
    csv = tmp_path / "rows.csv"
    table().to_csv(csv)
    cases = [
        (csv, {}, "on_disk= reads a Parquet file batch by batch, got 'rows.csv'; convert it"),
        (table(), {}, "got a DataFrame, which is in memory already; leave on_disk= out"),
        (path, {"missing": "ffill"}, "got missing='ffill'; use missing='drop'"),
        (path, {"id": "n"}, "on_disk= reads one series, got id='n'"),
        (written(tmp_path, table().assign(y="1.5"), "text.parquet"), {"target": "y"}, "got 'y' of type"),
        (written(tmp_path, table().assign(t=table()["t"].astype(str)), "dates.parquet"), {}, "got 't'; convert it"),
        (written(tmp_path, table().iloc[:0], "none.parquet"), {}, "needs rows, got 'none.parquet' with none"),
    ]
    for source, options, refusal in cases:
        with pytest.raises((DataError, OptionError)) as refused:
            lab.load(source, on_disk=True, **options)
        assert refusal in str(refused.value)
        assert "\n" not in str(refused.value)


@pytest.mark.usefixtures("small_blocks")
def test_rows_that_go_back_in_time_are_refused(tmp_path):
    frame = table()
    path = written(tmp_path, pd.concat([frame.iloc[500:], frame.iloc[:500]]))
    with pytest.raises(DataError, match=r"sorted by time, each time once, got .* sort the file, or leave on_disk= out"):
        lab.load(path, on_disk=True)


def test_a_full_disk_is_told_before_anything_is_written(tmp_path, monkeypatch):
    path = written(tmp_path, table())
    monkeypatch.setattr(mapped.shutil, "disk_usage", lambda _: mapped.shutil._ntuple_diskusage(9, 8, 1))
    with pytest.raises(DataError, match=r"rows on disk need 0\.0 MB in the folder of temporary files.*TMPDIR"):
        lab.load(path, on_disk=True)
