"""Many series in one frame: read, sorted, filled and refused per id."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data.panel import read_panel
from lstm_lab.errors import DataError, LabError


def long_table(ids="ABC", rows=12, *, step="D", start="2024-01-01"):
    """Each id begins a day after the one before it; values count on, so that a mix-up shows."""
    parts = [
        pd.DataFrame(
            {
                "store": name,
                "day": pd.date_range(pd.Timestamp(start) + pd.Timedelta(days=number), periods=rows, freq=step),
                "units": 100.0 * number + np.arange(rows),
                "price": 10.0 * number + np.arange(rows) / 2,
                "region": "north" if number % 2 else "south",
            }
        )
        for number, name in enumerate(ids)
    ]
    return pd.concat(parts, ignore_index=True)


def shuffled(table, seed=0):
    return table.sample(frac=1, random_state=seed)


def test_rows_are_by_id_and_time_under_the_users_names():
    table = long_table()
    panel = lab.load(shuffled(table), id="store", target="units", time="day", static=["region"])
    assert panel.index.names == ["store", "day"]
    assert panel.index.is_monotonic_increasing
    assert panel.index.is_unique
    assert list(panel.columns) == ["units", "price", "region"]
    pd.testing.assert_frame_equal(panel.reset_index()[table.columns], table, check_dtype=False)
    assert panel.attrs["lstm_lab"]["id"] == "store"
    assert panel.attrs["lstm_lab"]["static"] == ["region"]


def test_the_callers_table_is_not_touched():
    table = shuffled(long_table())
    before = table.copy()
    lab.load(table, id="store", target="units", static="region", missing="ffill")
    pd.testing.assert_frame_equal(table, before)


def test_one_id_is_a_panel_with_the_values_of_one_series():
    table = long_table("A").drop(columns="region")
    panel = lab.load(table, id="store", target="units", time="day")
    alone = lab.load(table.drop(columns="store"), target="units", time="day")
    assert panel.index.nlevels == 2
    pd.testing.assert_frame_equal(panel.droplevel(0), alone, check_freq=False)


@pytest.mark.parametrize("missing", ["ffill", "interpolate", "drop"])
def test_each_series_is_filled_as_if_it_were_alone(missing):
    table = long_table("ABCD", rows=20)
    rng = np.random.default_rng(3)
    for column in ("units", "price"):
        table.loc[rng.choice(len(table), 30, replace=False), column] = np.nan
    table.loc[table.store == "C", "units"] = table.units.where(table.index % 20 > 3)  # C begins without a value
    kwargs = {"target": "units", "columns": ["price"], "time": "day", "missing": missing}
    panel = lab.load(shuffled(table), id="store", **kwargs)
    for name, rows in table.groupby("store"):
        alone = lab.load(rows.drop(columns=["store", "region"]), **kwargs)
        pd.testing.assert_frame_equal(panel.loc[name][["units", "price"]], alone, check_freq=False, check_exact=True)


def test_rows_without_times_are_counted_within_their_id():
    table = pd.DataFrame({"shop": [1, 2, 1, 2, 1], "units": [1.0, 10.0, 2.0, 20.0, 3.0]})
    panel = lab.load(table, id="shop", target="units")
    assert panel.index.names == ["shop", "row"]
    assert panel.loc[1].units.tolist() == [1.0, 2.0, 3.0]
    assert panel.loc[2].index.tolist() == [0, 1]


def test_static_columns_stay_beside_their_rows_where_rows_are_dropped():
    table = long_table()
    table.loc[[2, 15], "units"] = np.nan
    panel = lab.load(shuffled(table), id="store", target="units", missing="drop", static="region")
    assert panel.reset_index().groupby("store").region.unique().str[0].tolist() == ["south", "north", "south"]
    assert len(panel) == 34


REFUSED = {
    "no such column": ({"id": "stoer"}, None, "there is no column 'stoer' for id=; did you mean 'store'?"),
    "no id": (
        {},
        lambda table: table.assign(store=table.store.where(table.index != 5)),
        "every row needs an id, got none in 'store', row 5 (1 such rows); drop them, or fill in the id they belong to",
    ),
    "times twice": (
        {},
        lambda table: pd.concat([table, table.iloc[[3, 20]]], ignore_index=True),
        "times must be unique within an id, got 'A', 2024-01-04 00:00:00 more than once (2 repeated rows);",
    ),
    "no such static": ({"static": "regoin"}, None, "there is no column 'regoin' for static=; did you mean 'region'?"),
    "missing value": (
        {},
        lambda table: table.assign(units=table.units.where(table.index != 14)),
        "'units' must have a finite value in every row, got nan at 'B', 2024-01-04 00:00:00 (1 such rows);",
    ),
}


@pytest.mark.parametrize(("options", "change", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_used_is_refused_in_one_line(options, change, message):
    table = long_table() if change is None else change(long_table())
    with pytest.raises(LabError) as refused:
        read_panel(table, **{"id": "store", "target": "units", "time": "day", **options})
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_text_that_is_no_number_is_named_with_its_id():
    table = long_table().astype({"units": object})
    table.loc[13, "units"] = "closed"
    with pytest.raises(DataError, match=r"'units' must hold numbers, got 'closed' at 'B', 2024-01-03 00:00:00"):
        lab.load(table, id="store", target="units", time="day")
