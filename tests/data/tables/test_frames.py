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
