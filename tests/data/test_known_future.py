"""Futures of inputs, and newer rows: read as a run's own rows were, and aligned by time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.dates.time_index import future_index
from lstm_lab.data.known_future import on_the_clock_of, read_known, read_rows
from lstm_lab.data.sources.loading import load
from lstm_lab.errors import DataError
from lstm_lab.options import InputOptions

DAYS = pd.date_range("2024-01-01", periods=60, name="day")
WHOLE = pd.DataFrame(
    {"price": np.arange(60.0), "wind": 100 + np.arange(60.0), "rain": 200 + np.arange(60.0)}, index=DAYS
)
OWN = WHOLE.iloc[:50]
STEPS = future_index(OWN.index, 3)
NUMBERED = WHOLE.reset_index(drop=True)


def known(source, own=OWN, options=None, covariates=("wind", "rain"), steps=3):
    return read_known(
        source,
        own,
        InputOptions.of(options or {}),
        future_index(own.index, steps),
        target="price",
        covariates=covariates,
    )


def refused(source, **how):
    with pytest.raises(DataError) as caught:
        known(source, **how)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def file_of(table, folder, **how):
    table.to_csv(folder / "future.csv", index=False, **how)
    return folder / "future.csv"


FORMS = {
    "index": lambda table, _: table.set_index("day"),
    "column of dates": lambda table, _: table,
    "shuffled": lambda table, _: table.sample(frac=1, random_state=0),
    "text": lambda table, _: table.assign(day=table["day"].astype(str)),
    "dict": lambda table, _: {name: table[name].tolist() for name in table.columns},
    "polars": lambda table, _: pytest.importorskip("polars").DataFrame(table),
    "arrow": lambda table, _: pytest.importorskip("pyarrow").Table.from_pandas(table),
    "path": file_of,
    "text of a path": lambda table, folder: str(file_of(table, folder, sep=";", decimal=",")),
}
"""The whole table as a person might have it."""


def as_written(form, folder):
    return FORMS[form](WHOLE.reset_index(), folder)


@pytest.mark.parametrize("form", FORMS)
def test_the_rows_of_the_steps_are_found_whatever_the_table_is(form, tmp_path):
    rows = known(as_written(form, tmp_path))
    assert rows.columns.tolist() == ["wind", "rain"]
    assert rows["wind"].tolist() == [150, 151, 152]
    assert rows.index.equals(STEPS)


def test_without_times_the_first_row_is_the_first_step():
    assert known({"wind": [1, 2, 3]})["wind"].tolist() == [1, 2, 3]
    assert known({"wind": [1, 2, 3, 4, 5]})["wind"].tolist() == [1, 2, 3]
    assert known({"wind": 7, "rain": 8}).to_numpy().tolist() == [[7, 8]] * 3
    assert known(pd.Series([1, 2, 3], name="rain")).columns.tolist() == ["rain"]
    assert known(pd.Series([1, 2, 3]), covariates=("wind",))["wind"].tolist() == [1, 2, 3]
    assert known(pd.Series([1.0, 2, 3], index=STEPS, name="wind"))["wind"].tolist() == [1, 2, 3]
    assert "needs a row for each of the 3 steps, got 2" in refused({"wind": [1, 2]})


def test_the_oldest_rows_are_not_the_future():
    assert "begins at the first step, 2024-02-20, but got 60 rows without times" in refused(NUMBERED)
    assert "none for 2024-02-20 (3 such steps; it goes from 2024-01-01 to 2024-02-19)" in refused(OWN)
    counted = NUMBERED.iloc[:50]
    assert known(NUMBERED, own=counted)["wind"].tolist() == [150, 151, 152]
    assert known(NUMBERED.iloc[50:], own=counted)["wind"].tolist() == [150, 151, 152]
    assert known(NUMBERED.iloc[50:].reset_index(drop=True), own=counted)["wind"].tolist() == [150, 151, 152]
    assert "got none for 51" in refused(NUMBERED.iloc[50:51], own=counted)


def test_columns_that_the_run_does_not_know_are_refused():
    assert "known has a column 'wimd' that the run does not know; did you mean 'wind'?" in refused({"wimd": [1, 2, 3]})
    assert "column 'gust'" in refused(WHOLE.assign(gust=1.0))
    assert "none of the run's inputs; choose from 'wind', 'rain'" in refused(WHOLE[["price"]])
    assert "was trained with none; leave known= out" in refused(WHOLE, covariates=())
    other = OWN.assign(other=1.0)
    other.attrs["lstm_lab"] = {"dropped_columns": ["note"]}
    assert known(WHOLE.assign(other=2.0, note="x"), own=other)["wind"].tolist() == [150, 151, 152]


@pytest.mark.parametrize(
    ("own", "rows", "said"),
    [
        (
            None,
            "UTC",
            "the run's times have no zone and the rows of known are in UTC; take it off with .tz_localize(None)",
        ),
        (
            "UTC",
            None,
            "the run's times are in UTC and the rows of known have no zone; give it to them with .tz_localize",
        ),
    ],
)
def test_zoned_times_do_not_meet_naive_ones(own, rows, said):
    assert said in refused(WHOLE.tz_localize(rows), own=OWN.tz_localize(own))


def test_another_zone_is_converted():
    own = OWN.tz_localize("Europe/Berlin")
    rows = known(WHOLE.tz_localize("Europe/Berlin").tz_convert("Asia/Tokyo"), own=own)
    assert rows["wind"].tolist() == [150, 151, 152]
    assert str(rows.index.tz) == "Europe/Berlin"


def test_numbers_meet_no_times():
    years = NUMBERED.iloc[:50].set_axis(range(1950, 2000), axis=0)
    assert "numbered, up to 1999, and the rows of known have times, as 2024-01-01" in refused(WHOLE, own=years)
    assert known(NUMBERED.set_axis(range(1950, 2010), axis=0), own=years)["wind"].tolist() == [150, 151, 152]
    assert "have times, as 2024-02-19, and the rows of known have none" in refused(
        NUMBERED.set_axis(range(1950, 2010), axis=0)
    )


def test_holes_matter_where_the_forecast_looks():
    early, late = WHOLE.copy(), WHOLE.copy()
    early.iloc[3, 1] = np.nan
    early.iloc[58, 1] = np.nan
    late.iloc[51, 1] = np.nan
    assert known(early)["wind"].tolist() == [150, 151, 152]
    assert "got nan in 'wind' at 2024-02-21; fill it, or leave that column out" in refused(late)
    assert known(late, options={"missing": "interpolate"})["wind"].tolist() == [150, 151, 152]
    assert known(late, options={"missing": "ffill"})["wind"].tolist() == [150, 150, 152]
    assert "got none for 2024-02-21" not in refused(late, options={"missing": "drop"})


def test_the_rules_of_the_run_hold(tmp_path):
    path = tmp_path / "future.csv"
    path.write_bytes("Größe;wind\n2024-02-20;1.000\n2024-02-21;999\n2024-02-22;***\n".encode("latin-1"))
    options = {"encoding": "latin-1", "decimal": ",", "na_values": "***", "time": "Größe", "missing": "ffill"}
    assert known(path, options=options)["wind"].tolist() == [1000, 999, 999]
    texts = {"day": STEPS.astype(str), "wind": ["5 %", "6 %", "7 %"]}
    assert known(texts)["wind"].tolist() == [5, 6, 7]


@pytest.mark.parametrize("form", FORMS)
def test_newer_rows_come_by_the_same_door(form, tmp_path):
    rows = read_rows(
        as_written(form, tmp_path), OWN, InputOptions.of({}), target="price", covariates=("wind",), what="newer rows"
    )
    pd.testing.assert_frame_equal(
        rows[["price", "wind"]], WHOLE[["price", "wind"]], check_freq=False, check_names=False
    )


def test_a_nameless_series_of_newer_rows_is_the_target():
    newer = pd.Series(np.arange(60.0), index=DAYS)
    rows = read_rows(newer, OWN, InputOptions.of({}), target="price", covariates=(), what="newer rows")
    assert rows["price"].tolist() == newer.tolist()
    with pytest.raises(DataError, match="there is no column 'wind'"):
        read_rows(WHOLE[["price"]], OWN, InputOptions.of({}), target="price", covariates=("wind",), what="newer rows")


def test_times_of_another_unit_are_the_same():
    assert known(WHOLE.set_axis(DAYS.as_unit("s"), axis=0))["wind"].tolist() == [150, 151, 152]
    index = on_the_clock_of(DAYS, DAYS.as_unit("s"), "rows")
    assert index.equals(DAYS)


def test_the_order_of_day_and_month_is_remembered():
    days = pd.date_range("2024-01-10", periods=26)
    table = pd.DataFrame({"date": days.strftime("%d/%m/%Y"), "price": np.arange(26.0), "wind": np.arange(26.0)})
    own = load(table, target="price", columns=["wind"])
    assert own.index.equals(days)
    newer = pd.DataFrame({"date": [f"{day:02d}/02/2024" for day in range(5, 12)], "price": 1.0, "wind": 2.0})
    read = {"target": "price", "covariates": ("wind",), "what": "newer rows"}
    rows = read_rows(newer, own, InputOptions.of({}), **read)
    assert rows.index.tolist() == pd.date_range("2024-02-05", periods=7).tolist()
    again = read_rows(
        newer.assign(date=[f"{day:02d}/02/2024" for day in range(6, 13)]), rows, InputOptions.of({}), **read
    )
    assert again.index[0] == pd.Timestamp("2024-02-06")
    assert known(newer, own=own, covariates=("wind",))["wind"].tolist() == [2, 2, 2]
    american = newer.assign(date=[f"02/{day:02d}/2024" for day in range(13, 20)])
    assert read_rows(american, own, InputOptions.of({}), **read).index[0] == pd.Timestamp("2024-02-13")


def test_the_decimal_mark_is_remembered():
    own = load(
        {"day": DAYS[:3], "price": ["1,5", "2,5", "1,75"], "wind": ["3,5", "4,5", "5,5"]}, columns=["price", "wind"]
    )
    assert own.attrs["lstm_lab"]["decimal"] == ","
    newer = {"day": DAYS[3:6], "price": ["1,234", "1,235", "1,236"], "wind": ["1,234"] * 3}
    read = {"target": "price", "covariates": ("wind",), "what": "newer rows"}
    assert read_rows(newer, own, InputOptions.of({}), **read)["price"].tolist() == [1.234, 1.235, 1.236]
    assert known(newer, own=own, covariates=("wind",))["wind"].tolist() == [1.234] * 3
    points = {**newer, "price": ["1.5", "2.5", "3.5"], "wind": ["1.5"] * 3}
    assert read_rows(points, own, InputOptions.of({}), **read)["price"].tolist() == [1.5, 2.5, 3.5]


@pytest.mark.parametrize(
    ("newer", "option", "settled"),
    [
        (["1.5", "***", "2.5"], "na_values='***'", {"na_values": "***", "missing": "ffill"}),
        (["998", "1.000", "999"], "decimal=','", {"decimal": ","}),
    ],
)
def test_an_option_that_a_run_does_not_take_is_one_of_load(newer, option, settled):
    table = {"day": DAYS[50:53], "price": newer, "wind": newer}
    read = {"target": "price", "covariates": ("wind",), "what": "newer rows"}
    with pytest.raises(DataError, match=r"these are options of lab\.load, whose frame may be given here") as caught:
        read_rows(table, OWN, InputOptions.of({}), **read)
    assert option in str(caught.value)
    loaded = load(table, columns=["price", "wind"], **settled)
    assert len(read_rows(loaded, OWN, InputOptions.of({}), **read)) == 3


@pytest.mark.parametrize("of_path", [True, False])
def test_a_missing_value_that_load_has_filled_before_is_to_be_filled_by_load(of_path, tmp_path):
    newer = pd.DataFrame({"day": DAYS[50:53], "price": [1.5, np.nan, 2.5]})
    newer.to_csv(tmp_path / "newer.csv", index=False)
    source = str(tmp_path / "newer.csv") if of_path else newer
    read = {"target": "price", "covariates": (), "what": "newer rows"}
    with pytest.raises(DataError, match="must have a finite value") as caught:
        read_rows(source, OWN, InputOptions.of({}), **read)
    shown = repr(source) if of_path else "frame"
    assert str(caught.value).endswith(f"; give lab.load({shown}, missing='ffill') instead (or 'interpolate' or 'drop')")
    filled = read_rows(load(source, missing="ffill"), OWN, InputOptions.of({}), **read)
    assert filled["price"].tolist() == [1.5, 1.5, 2.5]
