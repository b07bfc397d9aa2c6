"""Tables of other libraries, dicts, and columns that are called by numbers."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.preparation import read_series
from lstm_lab.data.sources.loading import load, target_column
from lstm_lab.data.tables.frames import as_frame
from lstm_lab.errors import DataError
from lstm_lab.options import InputOptions

polars = pytest.importorskip("polars")
pyarrow = pytest.importorskip("pyarrow")

DAYS = [dt.datetime(2024, 1, day) for day in (2, 1, 3)]  # noqa: DTZ001 - a frame of bare times
TABLE = polars.DataFrame(
    {
        "when": DAYS,
        "x": [1, None, 3],
        "share": [Decimal("1.5"), None, Decimal(2)],
        "open": [True, False, None],
        "note": ["a", None, "c"],
    }
)
KINDS = {
    "polars": TABLE,
    "lazy": TABLE.lazy(),
    "arrow": TABLE.to_arrow(),
    "pandas of arrow": TABLE.to_arrow().to_pandas(types_mapper=pd.ArrowDtype),
}


@pytest.mark.parametrize("kind", KINDS)
def test_polars_and_arrow_frames_come_in(kind):
    frame = load(KINDS[kind], columns=["share"], missing="drop")
    assert frame.index.tolist() == [pd.Timestamp("2024-01-02"), pd.Timestamp("2024-01-03")]
    assert frame["share"].tolist() == [1.5, 2]
    assert frame.columns.tolist() == ["x", "share", "open"]
    assert frame.attrs["lstm_lab"]["dropped_columns"] == ["note"]
    assert frame["open"].tolist() == pytest.approx([1, np.nan], nan_ok=True)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_zones_are_kept(zone):
    zoned = TABLE.with_columns(polars.col("when").dt.replace_time_zone(zone))
    frame = load(zoned, columns=())
    assert str(frame.index.tz) == zone
    assert frame.index[0] == pd.Timestamp("2024-01-01", tz=zone)


def test_dates_and_series_of_polars():
    frame = load(TABLE.with_columns(polars.col("when").cast(polars.Date)), columns=())
    assert isinstance(frame.index, pd.DatetimeIndex)
    assert load(polars.Series("y", [1.0, 2.0]))["y"].tolist() == [1, 2]


def test_a_dict_is_columns():
    assert load({"date": ["2024-01-02", "2024-01-01"], "x": [2.0, 1.0]})["x"].tolist() == [1, 2]
    with pytest.raises(DataError, match=r"columns of one length, got \{'x': 2, 'y': 1\}"):
        load({"x": [1, 2], "y": [1]})
    with pytest.raises(DataError, match="got list; make it such"):
        load([1, 2])


def test_columns_may_be_called_by_numbers():
    numbered = pd.DataFrame({0: ["2024-01-01", "2024-01-02"], 1: [1.0, 2.0], 2: [3.0, 4.0]})
    frame = load(numbered, target=1, time=0, columns=[2])
    assert frame["1"].tolist() == [1, 2]
    assert frame.index.name == "0"
    assert target_column(frame, "1") == "1"
    options = InputOptions.of({"target": 1, "time": 0, "features": [2, "hour"]})
    read, target = read_series(numbered, options)
    assert (target, read.columns.tolist()) == ("1", ["1", "2"])
    assert load(numbered.set_index(0), time=0).index.name == "0"


def test_a_pandas_frame_is_not_copied():
    mine = pd.DataFrame({"x": np.arange(3.0)})
    assert np.shares_memory(as_frame(mine)["x"].to_numpy(), mine["x"].to_numpy())


class Silent:
    """What has no text."""

    def __str__(self):
        raise ValueError("boom")

    __repr__ = __str__


@pytest.mark.parametrize("kind", ["Int128", "UInt128"])
def test_whole_numbers_of_128_bits_are_numbers(kind):
    column = polars.Series("x", [1, 2, 3]).cast(getattr(polars, kind))
    assert as_frame(column.to_frame()).x.tolist() == [1.0, 2.0, 3.0]


def test_what_has_no_text_is_called_by_its_type():
    days = pd.date_range("2024-01-01", periods=3)
    frame = pd.DataFrame({"y": [1.0, 2.0, 3.0], "x": [Silent()] * 3}, index=days)
    assert list(load(frame, target="y").columns) == ["y"]
    with pytest.raises(DataError, match=r"^'x' must hold numbers, got 'a Silent without text' at 2024-01-01"):
        load(frame, target="x")
    assert list(as_frame(frame.set_axis(["y", Silent()], axis=1)).columns) == ["y", "a Silent without text"]


@pytest.mark.parametrize("kind", [complex, object])
def test_complex_numbers_are_called_so(kind):
    frame = pd.DataFrame({"y": [1.0, 2.0], "c": np.array([1j, 2 + 1j], dtype=kind)}, pd.date_range("2024", periods=2))
    assert list(load(frame, target="y").columns) == ["y"]
    with pytest.raises(DataError, match=r"^'c' must hold numbers, got 'complex number 1j' at 2024-01-01"):
        load(frame, target="c")


def test_half_a_character_is_no_name_of_a_column():
    frame = pd.DataFrame([[1.0]]).set_axis(pd.Index(["a\ud800"], dtype=object), axis=1)
    with pytest.raises(
        DataError, match=r"^a column's name is text that can be written as UTF-8, got 'a\\ud800'; rename"
    ):
        as_frame(frame)


@pytest.mark.parametrize("name", [float("nan"), None, pd.NA, pd.NaT])
def test_a_column_without_a_name_is_no_column_of_ids(name):
    frame = pd.DataFrame({name: [5.0, 6.0], "y": [1.0, 2.0]}, pd.date_range("2024-01-01", periods=2))
    assert load(frame, target="y").y.tolist() == [1.0, 2.0]


def test_periods_of_a_dict_stand_beside_times():
    days = pd.date_range("2024-01-01", periods=2)
    columns = {"a": pd.Series([1.0, 2.0], days), "b": pd.Series([3.0, 4.0], days.to_period("D"))}
    pd.testing.assert_index_equal(as_frame(columns).index, days, check_names=False, exact="equiv")
    assert as_frame(columns).b.tolist() == [3.0, 4.0]


def test_columns_of_a_dict_have_zones_or_none():
    days = pd.date_range("2024-01-01", periods=2)
    columns = {"a": pd.Series([1.0, 2.0], days), "b": pd.Series([3.0, 4.0], days.tz_localize("UTC"))}
    with pytest.raises(
        DataError, match=r"got 'a' without one and 'b' in UTC; use \.tz_localize\('UTC'\) on the first$"
    ):
        as_frame(columns)


def test_a_frame_without_columns_is_called_so():
    with pytest.raises(DataError, match=r"^a series needs a numeric column, got no column at all; check what was"):
        load(pd.DataFrame(index=pd.date_range("2024-01-01", periods=2)))
