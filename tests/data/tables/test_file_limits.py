"""Data files that unpack to more than they may, pipes and devices: one line each, before anything is kept."""

from __future__ import annotations

import bz2
import cProfile
import gzip
import lzma
import os
import pstats
import tracemalloc
import zipfile

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data.preparation import prepare
from lstm_lab.data.tables.file_limits import MAX_COLUMNS, MAX_SIZE
from lstm_lab.errors import DataError, OptionError
from lstm_lab.options import TrainOptions

ROW = b"1.25\n"


def rows(megabytes):
    return b"y\n" + ROW * (megabytes * 1_000_000 // len(ROW))


@pytest.fixture(scope="module")
def content():
    return rows(6)


def bomb(path, content):
    match path.suffix:
        case ".gz":
            path.write_bytes(gzip.compress(content, 9))
        case ".bz2":
            path.write_bytes(bz2.compress(content))
        case ".xz":
            path.write_bytes(lzma.compress(content))
        case ".zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("rows.csv", content)
        case _:
            path.write_bytes(content)
    return path


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".csv.bz2", ".csv.xz", ".zip"])
def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path, content, ending):
    path = bomb(tmp_path / f"rows{ending}", content)
    with pytest.raises(DataError) as refused:
        lab.load(path, max_size=2)
    text = str(refused.value)
    assert text.startswith("a data file has at most 2 MB when it is unpacked, got ")
    assert text.endswith("raise max_size= if it is what it should be, for example max_size=20")
    assert "\n" not in text
    assert len(lab.load(path, max_size=7)) == 6_000_000 // len(ROW)


def test_nothing_of_a_bomb_is_kept(tmp_path):
    """2.1 GB in 2 MB: counted piece by piece."""
    path = tmp_path / "bomb.csv.gz"
    piece = gzip.compress(b"0\n" * 25_000_000, 9)
    path.write_bytes(piece * 42)
    tracemalloc.start()
    with pytest.raises(DataError, match=r"at most 2,000 MB .* more than 2,000 MB; raise max_size="):
        lab.load(path)
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_columns_that_repeat_one_value_are_counted_unpacked(tmp_path, ending):
    frame = pd.DataFrame({"y": np.zeros(400_000)})
    path = tmp_path / f"rows.{ending}"
    getattr(frame, f"to_{ending}")(path)
    assert path.stat().st_size < 2_000_000
    with pytest.raises(DataError, match="at most 2 MB when it is unpacked"):
        lab.load(path, max_size=2)
    assert len(lab.load(path, max_size=4)) == 400_000


def test_a_pipe_and_a_device_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", "/dev/zero"):
        with pytest.raises(DataError, match=r"got the pipe or device .*; write what it gives to a file first"):
            lab.load(path)


def test_a_table_of_very_many_columns_is_refused(tmp_path):
    wide = pd.DataFrame(np.ones((30, MAX_COLUMNS + 1)))
    with pytest.raises(DataError, match=r"at most 10,000 columns, got 10,001 in a DataFrame; read those that are used"):
        lab.load(wide)
    (tmp_path / "wide.csv").write_text(
        ",".join(f"c{i}" for i in range(MAX_COLUMNS + 1)) + "\n" + "1," * MAX_COLUMNS + "1"
    )
    with pytest.raises(DataError, match=r"at most 10,000 columns, got 10,001 in 'wide.csv'"):
        lab.load(tmp_path / "wide.csv")


def test_a_first_line_longer_than_what_is_looked_at_is_refused_in_a_few_calls_a_column(tmp_path):
    names = ",".join(f"column_number_{number:06d}" for number in range(20_000))
    (tmp_path / "wide.csv").write_text(names + ("\n" + "1," * 19_999 + "1") * 3)
    with (
        cProfile.Profile() as profile,
        pytest.raises(DataError, match=r"at most 10,000 columns, got 20,000 in 'wide.csv'"),
    ):
        lab.load(tmp_path / "wide.csv")
    assert pstats.Stats(profile).total_calls < 200 * 20_000


def test_an_encrypted_zip_is_one_line(tmp_path):
    path = bomb(tmp_path / "rows.zip", b"y\n1\n")
    raw = bytearray(path.read_bytes())
    for signature, flag in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(signature) + flag] |= 1
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"cannot be read .*encrypted"):
        lab.load(path)


def test_the_limit_is_an_option_of_files_in_every_face(tmp_path, content):
    path = bomb(tmp_path / "rows.csv", content)
    with pytest.raises(DataError, match="at most 2 MB"):
        lab.train(path, max_size=2)
    with pytest.raises(OptionError, match="max_size is of a file, got a DataFrame; leave max_size= out"):
        lab.load(pd.DataFrame({"y": [1.0]}), max_size=2)
    with pytest.raises(OptionError, match="max_size should be greater than 0"):
        lab.train(path, max_size=0)
    assert MAX_SIZE == 2000


def wide_file(path, series, rows=40, separator=","):
    times = pd.date_range("2024-01-01", periods=rows, name="day")
    values = np.random.default_rng(0).normal(100, 10, (rows, series)).round(2)
    pd.DataFrame(values, times, [f"store_{number}" for number in range(series)]).to_csv(path, sep=separator)
    return values


@pytest.mark.parametrize("separator", [",", ";"])
def test_names_longer_than_what_is_looked_at_first_are_read_whole(tmp_path, monkeypatch, separator):
    monkeypatch.setattr("lstm_lab.data.tables.text_files._HEAD", 100)
    values = wide_file(tmp_path / "wide.csv", 60, separator=separator)
    frame = lab.load(tmp_path / "wide.csv", time="day", target="store_7")
    assert frame.shape == (40, 60)
    np.testing.assert_array_equal(frame["store_7"], values[:, 7])


def test_a_wide_file_of_many_series_is_trained_on_as_it_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr("lstm_lab.data.tables.file_limits.MAX_COLUMNS", 50)
    wide_file(tmp_path / "wide.csv", 60)
    prepared = prepare(tmp_path / "wide.csv", TrainOptions.of({"id": "columns", "time": "day", "lookback": 4}))
    assert len(prepared.dataset.ids) == 60


def test_very_many_columns_cost_their_reading_and_little_more(tmp_path, monkeypatch):
    looked_at, own = [], pd.Series.map

    def counted(column, *given):
        looked_at.append(column.name)
        return own(column, *given)

    monkeypatch.setattr(pd.Series, "map", counted)
    values = wide_file(tmp_path / "wide.csv", 1000)
    panel = lab.load(tmp_path / "wide.csv", id="columns", time="day")
    assert len(panel) == values.size
    assert len(looked_at) < 20
