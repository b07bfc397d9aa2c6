"""Which column, columns or index hold the times of a frame, and what is said where none does."""

from __future__ import annotations

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.sources.loading import load
from lstm_lab.errors import DataError, OptionError

HOURS = pd.date_range("2024-01-01", periods=240, freq="h")
DAYS = pd.date_range("2024-01-01", periods=240)


def refused(*args, **kwargs):
    with pytest.raises(DataError) as caught:
        load(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def csv(tmp_path, text):
    path = tmp_path / "data.csv"
    path.write_text(text)
    return path


def values(rows):
    return np.arange(float(rows))


# Columns -------------------------------------------------------------------------------------------------------------


def test_a_file_of_semicolons_and_dotted_days(tmp_path):
    days = pd.date_range("2023-01-01", periods=365)
    frame = load(csv(tmp_path, "Datum;kWh\n" + "".join(f"{day:%d.%m.%y};{row}\n" for row, day in enumerate(days))))
    assert (frame.index == days).all()
    assert frame["kWh"].tolist() == list(range(365))
    assert frame.attrs["lstm_lab"]["dates"]["dayfirst"] is True


def test_a_file_of_numbers_that_spell_days(tmp_path):
    days = pd.date_range("2023-01-01", periods=365)
    for name in ("date", "Datum", "period", "x"):
        path = csv(tmp_path, f"{name},close\n" + "".join(f"{day:%Y%m%d},{row}\n" for row, day in enumerate(days)))
        frame = load(path)
        assert (frame.index == days).all()
        assert frame.columns.tolist() == ["close"]
        assert frame.attrs["lstm_lab"]["dates"] == {"column": name, "format": "%Y%m%d", "dayfirst": None}


@pytest.mark.parametrize("name", ["month", "yyyymm", "time", "m"])
def test_months_as_numbers(name):
    months = pd.date_range("2020-01-01", periods=36, freq="MS")
    frame = load(pd.DataFrame({name: months.strftime("%Y%m").astype(int), "y": values(36)}), target="y")
    assert (frame.index == months).all()


def test_an_epoch_needs_the_name_of_a_time():
    seconds = pd.DataFrame({"x": DAYS.as_unit("s").asi8, "y": values(240)})
    assert (load(seconds.rename(columns={"x": "unix_time"})).index == DAYS).all()
    assert (load(seconds, time="x").index == DAYS).all()
    assert isinstance(load(seconds).index, pd.RangeIndex)


def test_days_of_a_spreadsheet_need_the_name_of_a_date():
    days = pd.DataFrame({"x": 45292 + np.arange(240), "y": values(240)})
    assert (load(days.rename(columns={"x": "Date"})).index == DAYS).all()
    assert load(days, time="x").index.tolist() == days["x"].tolist()
    assert (load(days, time="x", date_format="excel").index == DAYS).all()


@pytest.mark.parametrize("name", ["date", "time", "timestamp"])
def test_plain_numbers_in_a_column_of_times_stay_numbers(name):
    frame = load(pd.DataFrame({name: np.arange(5) * 10, "y": values(5)}))
    assert frame.index.tolist() == [0, 10, 20, 30, 40]


def test_years_stay_numbers():
    assert load(pd.DataFrame({"year": [1990, 1991], "y": [1.0, 2]}), time="year").index.tolist() == [1990, 1991]


# Pieces --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clock", ["%H:%M", "%H:%M:%S", "%I:%M %p"])
@pytest.mark.parametrize("day", ["%Y-%m-%d", "%d/%m/%Y", "%Y%m%d"])
def test_date_and_time_make_the_time(tmp_path, day, clock):
    rows = "".join(f"{hour.strftime(day)},{hour.strftime(clock)},{row}\n" for row, hour in enumerate(HOURS))
    path = csv(tmp_path, "Date,Time,load\n" + rows)
    dayfirst = True if day == "%d/%m/%Y" else None
    for time in (None, "Date"):
        frame = load(path, time=time, dayfirst=dayfirst)
        assert (frame.index == HOURS).all()
        assert frame.columns.tolist() == ["load"]
        assert frame.attrs["lstm_lab"]["dates"]["column"] == "Date + Time"


def test_clocks_tell_days_from_months(tmp_path):
    rows = "".join(f"{hour:%d/%m/%Y},{hour:%H:%M},{row}\n" for row, hour in enumerate(HOURS))
    frame = load(csv(tmp_path, "Date,Time,load\n" + rows))
    assert (frame.index == HOURS).all()
    assert frame.attrs["lstm_lab"]["dates"]["note"].startswith("day first (%d/%m/%Y), because its steps are even with")
    months = pd.date_range("2024-01-01", periods=10, freq="MS")
    rows = "".join(f"{month:%d/%m/%Y},08:00,1\n" for month in months)
    assert "dayfirst" in refused(csv(tmp_path, "Date,Time,load\n" + rows))


def test_a_date_and_a_number_of_the_hour():
    frame = load(pd.DataFrame({"Date": HOURS.strftime("%Y-%m-%d"), "Hour": HOURS.hour, "y": values(240)}))
    assert (frame.index == HOURS).all()
    numbers = HOURS.hour * 100
    frame = load(pd.DataFrame({"date": HOURS.strftime("%Y-%m-%d"), "time": numbers, "y": values(240)}))
    assert (frame.index == HOURS).all()
    objects = [hour.time() for hour in HOURS]
    frame = load(pd.DataFrame({"Date": HOURS.normalize(), "Clock": objects, "y": values(240)}))
    assert (frame.index == HOURS).all()


def test_a_column_of_hours_beside_whole_days_is_no_clock():
    frame = load(pd.DataFrame({"date": DAYS, "hour": 7, "y": values(240)}))
    assert (frame.index == DAYS).all()
    assert frame.columns.tolist() == ["hour", "y"]
    assert (load(pd.DataFrame({"date": DAYS, "sunset": "17:30", "y": values(240)})).index == DAYS).all()


@pytest.mark.parametrize(
    ("parts", "freq"),
    [
        (("year", "month", "day", "hour"), "h"),
        (("year", "month", "day", "hour", "minute"), "15min"),
        (("year", "month", "day"), "D"),
        (("year", "month"), "MS"),
        (("year", "quarter"), "QS"),
        (("year", "day_of_year"), "D"),
        (("year", "week"), "W-MON"),
    ],
)
def test_parts_of_a_date(parts, freq):
    index = pd.date_range("2024-01-01", periods=200, freq=freq)
    calendar = index.isocalendar()
    columns = {
        part.title(): calendar[part].to_numpy() if part == "week" else getattr(index, part).to_numpy() for part in parts
    }
    if "week" in parts:
        columns["Year"] = calendar["year"].to_numpy()
    frame = load(pd.DataFrame({**columns, "y": values(200)}), target="y")
    assert (frame.index == index).all()


def test_names_of_months_beside_years():
    index = pd.date_range("1949-01-01", periods=144, freq="MS")
    frame = load(pd.DataFrame({"year": index.year, "month": index.strftime("%b"), "passengers": values(144)}))
    assert (frame.index == index).all()


def test_parts_that_repeat_are_named_and_not_used():
    table = pd.DataFrame({"year": 2024, "month": [1, 1, 2, 2, 2], "y": values(5)})
    with pytest.warns(UserWarning, match="rows are only counted, though 'year' and 'month' look like parts of a date"):
        assert isinstance(load(table, target="y").index, pd.RangeIndex)


# The index -----------------------------------------------------------------------------------------------------------


def leftover():
    table = pd.DataFrame({"date": DAYS, "y": values(240)})
    return pd.concat([table[120:], table[:120]], ignore_index=True)


@pytest.mark.parametrize(
    "edit",
    [
        lambda table: table.sort_values("date"),
        lambda table: table.dropna(),
        lambda table: table.query("y >= 0"),
        lambda table: table.drop(index=[]),
        lambda table: table.sample(frac=1, random_state=0),
        lambda table: pd.concat([table[:100], table[100:].reset_index(drop=True)]),
        lambda table: table.rename_axis("index"),
        lambda table: table.set_axis([f"row {row}" for row in range(240)]),
    ],
)
@pytest.mark.parametrize("form", [None, "%Y-%m-%d", "%d.%m.%Y", "%Y%m%d"])
def test_a_leftover_index_does_not_beat_a_column_of_dates(edit, form):
    table = leftover()
    if form is not None:
        table["date"] = table["date"].dt.strftime(form)
        table["date"] = table["date"].astype(int) if form == "%Y%m%d" else table["date"]
    frame = load(edit(table))
    assert (frame.index == DAYS).all()
    assert frame["y"].tolist() == list(range(240))


def test_numbers_of_an_index_that_say_something_stay():
    assert load(pd.Series([1.0, 2, 3], index=[0, 9, 10])).index.tolist() == [0, 9, 10]
    table = pd.DataFrame({"year": [1990, 1991, 1995], "date": DAYS[:3].astype(str), "y": values(3)})
    assert load(table.set_index("year")).index.tolist() == [1990, 1991, 1995]
    repeated = pd.DataFrame({"updated": ["2024-01-01"] * 3, "y": values(3)}, index=[3, 4, 6])
    with pytest.warns(UserWarning, match="'updated' repeats dates"):
        assert load(repeated).index.tolist() == [3, 4, 6]


def test_an_index_of_text_or_numbers_that_spell_dates():
    series = pd.Series(values(240), index=DAYS.strftime("%d/%m/%Y"))
    assert (load(series).index == DAYS).all()
    numbers = pd.Series(values(240), index=pd.Index(DAYS.strftime("%Y%m%d").astype(int), name="date"))
    assert (load(numbers).index == DAYS).all()
    assert (load(numbers.rename_axis(None)).index == DAYS).all()


# What is said --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"start": DAYS.astype(str), "end": DAYS.astype(str)}, "'start' and 'end' look like dates; name the column"),
        ({"open": DAYS, "close_day": DAYS}, "'open' and 'close_day' look like dates; name the column with time='open'"),
        ({"clock": HOURS.strftime("%H:%M")}, "'clock' holds times of day; add a column of dates"),
        ({"month": DAYS.strftime("%b")}, "'month' looks like dates; times must be dates or numbers, got 'Jan'"),
        (
            {"Datum": ["1. März 2024"] * 240},
            "'Datum' looks like dates; times must be dates or numbers, got '1. März 2024'",
        ),
        ({"when": ["2024-01-01", *["2024-02-30"] * 239]}, "got '2024-02-30' in 'when', row 1 (239 such rows)"),
    ],
)
def test_rows_that_are_only_counted_name_the_column(columns, told):
    with pytest.warns(UserWarning, match="rows are only counted") as caught:
        frame = load(pd.DataFrame({**columns, "y": values(240)}), target="y")
    assert isinstance(frame.index, pd.RangeIndex)
    [warning] = caught
    assert str(warning.message).startswith("rows are only counted, though ")
    assert told in str(warning.message)
    assert "\n" not in str(warning.message)
    assert frame.attrs["lstm_lab"]["counted"] == str(warning.message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load(frame).attrs["lstm_lab"]["counted"] == str(warning.message)


def test_the_column_that_is_called_a_date_comes_before_other_dates():
    table = pd.DataFrame({"listed": DAYS[::-1], "date": DAYS, "y": values(240)})
    assert (load(table).index == DAYS).all()


def test_a_time_that_never_comes_is_refused():
    with pytest.raises(
        DataError, match=r"^every row needs a finite time, got inf in row 2 \(1 such rows\); drop them$"
    ):
        load(pd.DataFrame({"x": [1.0, 2, 3]}, index=[0.0, 1.0, np.inf]))


def test_several_series_are_to_be_kept_apart():
    panel = pd.DataFrame(
        [(day, "18:00", state, row) for row, day in enumerate(DAYS[:28]) for state in "ABC"],
        columns=["date", "time", "state", "cases"],
    )
    for table in (panel, panel.drop(columns="time"), panel.assign(date=panel["date"].dt.strftime("%Y-%m-%d"))):
        told = refused(table, target="cases")
        assert told.endswith(
            "several series? name their column with id='state', or keep one, for example frame[frame.state == 'A']"
        )
    numbered = panel.assign(state=panel["state"].map({"A": 1, "B": 2, "C": 3})).rename(columns={"state": "the store"})
    assert "keep one, for example frame[frame['the store'] == 1]" in refused(numbered)
    crossed = pd.concat([panel.assign(sex=sex) for sex in "mf"])
    assert "for example frame[(frame.sex == 'm') & (frame.state == 'A')]" in refused(crossed, time="date")
    kept = load(panel[panel.state == "A"], target="cases")
    assert kept.index[0] == pd.Timestamp("2024-01-01 18:00")
    alone = pd.concat([panel[panel.state == "A"]] * 2)[["date", "cases"]]
    told = refused(alone)
    assert "drop or average" not in told
    assert "keep one row for each time" in told


def test_options_that_cannot_be():
    table = pd.DataFrame({"date": DAYS.strftime("%d/%m/%Y"), "y": values(240)})
    with pytest.raises(OptionError, match="set one of them"):
        load(table, dayfirst=True, date_format="%d")
    assert "needs a column of dates" in refused(pd.DataFrame({"y": values(5)}), date_format="%d/%m/%Y")
    assert (load(table, date_format="%d/%m/%Y").index == DAYS).all()


def test_loading_again_keeps_how_dates_were_read():
    once = load(pd.DataFrame({"date": DAYS.strftime("%d/%m/%Y"), "y": values(240)}))
    assert load(once).attrs == once.attrs
    assert once.attrs["lstm_lab"]["dates"] == {"column": "date", "format": "%d/%m/%Y", "dayfirst": True}


def test_dates_of_other_kinds():
    objects = [dt.date(2024, 1, 1), dt.date(2024, 1, 2)]
    assert (load(pd.DataFrame({"date": objects, "y": [1.0, 2]})).index == DAYS[:2]).all()
    assert (load(pd.DataFrame({"p": DAYS.to_period("D"), "y": values(240)})).index == DAYS).all()


@pytest.mark.parametrize("form", ["index", "column", "objects"])
def test_periods_of_business_days_are_read_without_a_warning(form):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of making them, which is the user's
        days = pd.period_range("2024-01-05", periods=30, freq="B", name="day")
        frame = pd.DataFrame({"close": np.arange(30.0)}, index=days)
        frame = frame if form == "index" else frame.reset_index().astype({"day": object} if form == "objects" else {})
    loaded = load(frame)
    assert loaded.index[:2].tolist() == [pd.Timestamp("2024-01-05"), pd.Timestamp("2024-01-08")]
