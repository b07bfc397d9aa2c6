"""Arrays are written as `numpy.savez` writes them, a piece at a time."""

import io
import tracemalloc
import zipfile

import numpy as np
import pandas as pd
import pytest

from lstm_lab.storage.array_archive import write_arrays


def table(rows):
    return pd.DataFrame({"a": np.arange(rows) * 0.5, "b": np.arange(rows), "c": np.arange(rows) % 7 == 0})


def members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("rows", [0, 1, 5, 300_000])
def test_every_member_has_the_bytes_that_numpy_writes(rows):
    arrays = {"index": np.arange(rows), "borders": np.array([0, rows]), "scalar": np.float32(2)}
    ours, theirs = io.BytesIO(), io.BytesIO()
    write_arrays(ours, {"values": table(rows), **arrays})
    np.savez(theirs, allow_pickle=False, values=table(rows).to_numpy(np.float64), **arrays)
    assert members(ours.getvalue()) == members(theirs.getvalue())


def test_a_member_of_another_zip_file_is_read_back():
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as archive, archive.open("rows.npz", "w", force_zip64=True) as member:
        write_arrays(member, {"values": table(10), "x": np.arange(3)})
    with np.load(io.BytesIO(members(outer.getvalue())["rows.npz"])) as data:
        np.testing.assert_array_equal(data["values"], table(10).to_numpy(np.float64))
        np.testing.assert_array_equal(data["x"], np.arange(3))


def test_objects_are_refused_rather_than_pickled():
    with pytest.raises(ValueError, match="allow_pickle=False"):
        write_arrays(io.BytesIO(), {"x": np.array([{}], dtype=object)})


def test_memory_is_bounded_however_many_rows_there_are(tmp_path):
    peaks = []
    for rows in (500_000, 2_000_000):
        frame = table(rows)
        with (tmp_path / "rows.npz").open("wb") as file:
            tracemalloc.start()
            write_arrays(file, {"values": frame})
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] < 8e6  # the table of 2,000,000 rows would be 48 MB
