from __future__ import annotations

import gzip
import re
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.dates.time_index import future_index, segments, usual_seasons
from lstm_lab.data.sources import loading
from lstm_lab.data.sources.bundled import EXAMPLES, example
from lstm_lab.data.sources.loading import load, target_column
from lstm_lab.errors import DataError, MissingExtraError, OptionError

DAYS = pd.date_range("2024-01-01", periods=6, name="date")


def prices(**columns):
    return pd.DataFrame({"close": np.arange(1.0, 7.0), **columns}, index=DAYS)


def refused(*args, **kwargs):
    with pytest.raises(DataError) as caught:
        load(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".csv.bz2", ".csv.xz", ".csv.zip", ".tsv", ".txt", ".gz"])
def test_text_files_come_in(tmp_path, suffix):
    path = tmp_path / f"prices{suffix}"
    prices().to_csv(path, sep="\t" if suffix == ".tsv" else ",")
    for source in (path, str(path)):
        frame = load(source, target="close")
        assert frame.index.equals(DAYS)
        assert frame.index.name == "date"
        assert frame["close"].tolist() == [1, 2, 3, 4, 5, 6]
    assert frame.attrs["lstm_lab"]["source"] == path.name


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
def test_arrow_files_come_in(tmp_path, suffix):
    pytest.importorskip("pyarrow")
    path = tmp_path / f"prices{suffix}"
    table = prices().reset_index()
    table.to_parquet(path) if suffix == ".parquet" else table.to_feather(path)
    assert load(path, target="close").index.equals(DAYS)


def test_a_semicolon_file_and_a_dumped_row_number(tmp_path):
    (tmp_path / "a.csv").write_text("date;close\n2024-01-01;1\n2024-01-02;2\n")
    assert load(tmp_path / "a.csv").shape == (2, 1)
    prices().reset_index().to_csv(tmp_path / "b.csv")
    assert load(tmp_path / "b.csv").columns.tolist() == ["close"]


@pytest.mark.parametrize(
    ("name", "content", "hint"),
    [
        ("empty.csv", b"", "'empty.csv' is empty"),
        ("header.csv", b"date,close\n", "'header.csv' with none"),
        ("broken.csv.gz", b"date,close\n", "cannot be read"),
        ("broken.csv.zip", b"date,close\n", "cannot be read"),
        ("broken.csv.xz", b"date,close\n", "cannot be read"),
        ("broken.csv.bz2", b"date,close\n", "cannot be read"),
        ("cut.csv.gz", gzip.compress(b"date,close\n" * 99, mtime=0)[:30], "cannot be read"),
        ("bad.csv.gz", gzip.compress(b"date,close\n" * 99, mtime=0)[:12] + b"\xff" * 30, "cannot be read"),
        ("broken.parquet", b"PAR1", "cannot be read"),
        ("broken.feather", b"ARROW", "cannot be read"),
        ("latin.csv", "date,preço\n2024-01-01,1\n".encode("latin-1"), "not UTF-8"),
        ("ragged.csv", b"a,b\n1,2\n1,2,3,4\n", "must have a name for every field, got 4 fields in a row and 2 names"),
        ("late.csv", b"a,b\n" + b"1,2\n" * 999 + b"1,2,3\n", "expected 2 fields in line 1001, saw 3"),
        ("prices.xlsx", b"PK", "ends in .csv, .txt, .tsv, .parquet, .feather, got 'prices.xlsx'"),
        ("prices.json.gz", gzip.compress(b"{}", mtime=0), "got 'prices.json.gz'"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained(tmp_path, name, content, hint):
    if name.endswith((".parquet", ".feather")):
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(content)
    assert hint in refused(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path):
    prices().to_csv(tmp_path / "prices.csv")
    assert "did you mean 'prices.csv'?" in refused(tmp_path / "price.csv")
    assert "data files there: prices.csv" in refused(tmp_path / "zzz.parquet")
    assert "nor a folder" in refused(tmp_path / "nowhere" / "prices.csv")
    assert "got the folder" in refused(tmp_path)
    assert "got int" in refused(3)


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    (tmp_path / "prices.parquet").write_bytes(b"PAR1")
    for module in ("pyarrow", "pyarrow.parquet"):  # the second stays importable once another test has imported it
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match="pip install pyarrow"):
        load(tmp_path / "prices.parquet")


def test_the_callers_frame_is_not_touched():
    mine = pd.DataFrame({"date": DAYS[::-1], "close": [1, np.nan, 3, 4, 5, np.inf], "note": list("abcdef")})
    kept = mine.copy(deep=True)
    out = load(mine, target="close", missing="interpolate")
    out.iloc[:] = -1
    pd.testing.assert_frame_equal(mine, kept)
    assert mine.attrs == {}
    whole = prices()
    out = load(whole)
    out.iloc[:] = -1
    assert whole["close"].min() == 1


@pytest.mark.parametrize("missing", ["error", "interpolate", "ffill", "drop"])
def test_loading_twice_changes_nothing(missing):
    once = load(prices(note="x"), target="close", time="date", missing=missing)
    twice = load(once, target="close", time="date", missing=missing)
    pd.testing.assert_frame_equal(once, twice)
    assert once.attrs == twice.attrs
    assert twice.attrs["lstm_lab"] == {
        "source": "DataFrame",
        "dropped_columns": ["note"],
        "filled_values": 0,
        "dropped_rows": 0,
        "notes": [],
    }


def test_a_series_comes_in():
    assert load(pd.Series([1.0, 2.0], name="x")).columns.tolist() == ["x"]
    nameless = load(pd.Series([1, 2], index=DAYS[:2]))
    assert nameless.columns.tolist() == ["value"]
    assert nameless["value"].dtype == np.float64


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"when": DAYS, "x": range(6)}, "when"),
        ({"Date": DAYS.astype(str), "x": range(6)}, "Date"),
        ({"period": ["Jan 2024", "Feb 2024", "Mar 2024", "Apr 2024", "May 2024", "Jun 2024"], "x": range(6)}, "period"),
        ({"x": range(6)}, None),
    ],
)
def test_the_column_of_times_is_found_or_rows_are_counted(columns, expected):
    frame = load(pd.DataFrame(columns))
    assert frame.index.name == expected
    assert isinstance(frame.index, pd.RangeIndex if expected is None else pd.DatetimeIndex)


def test_times_by_name_by_number_and_by_index():
    table = pd.DataFrame({"year": [1992, 1990, 1991], "start": ["1-Jan-92", "1-Jan-90", "1-Jan-91"], "x": [3.0, 1, 2]})
    assert load(table, time="year").index.tolist() == [1990, 1991, 1992]
    assert load(table, time="start").index.year.tolist() == [1990, 1991, 1992]
    text_index = table.set_index("start")
    assert isinstance(load(text_index).index, pd.DatetimeIndex)
    assert isinstance(load(prices().to_period("D")).index, pd.DatetimeIndex)
    assert "did you mean 'year'?" in refused(table, time="yaer")


@pytest.mark.parametrize(
    ("first", "second", "day"),
    [("01/02/2024", "01/13/2024", 2), ("01/02/2024", "13/02/2024", 1), ("2024-02-01", "2024-02-13", 1)],
)
def test_dates_are_month_first_unless_they_cannot_be(first, second, day):
    frame = load(pd.DataFrame({"date": [first, second], "x": [1.0, 2.0]}))
    assert frame.index[0].day == day


def test_a_time_zone_is_kept_through_a_change_of_clocks():
    index = pd.date_range("2024-10-26", periods=48, freq="h", tz="Europe/Berlin")
    frame = load(pd.Series(np.arange(48.0), index=index))
    assert frame.index.equals(index)
    assert segments(frame.index).max() == 0
    written = load(pd.DataFrame({"time": index.astype(str), "x": np.arange(48.0)}))
    assert str(written.index.tz) == "UTC"
    assert (written.index == index).all()


def test_repeated_times_are_named():
    local = pd.date_range("2024-10-26", periods=48, freq="h", tz="Europe/Berlin").tz_localize(None)
    said = refused(pd.Series(np.arange(48.0), index=local))
    assert "got 2024-10-27 02:00:00 more than once (1 repeated row)" in said


@pytest.mark.parametrize("name", ["date", None])
def test_the_remedy_for_repeated_times_leaves_one_row_for_each(name):
    days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-02", "2024-01-03"]).rename(name)
    frame = pd.DataFrame({"close": [1.0, 2.0, 2.5, 3.0]}, days)
    (call,) = re.findall(r"frame\.groupby\(.*?\)\.last\(\)", refused(frame))
    assert load(eval(call, {"frame": frame}))["close"].tolist() == [1.0, 2.5, 3.0]  # noqa: S307 - a remedy of our own
    if name:  # as a file's reader has it
        assert load(eval(call, {"frame": frame.reset_index()}))["close"].tolist() == [1.0, 2.5, 3.0]  # noqa: S307 - a remedy of our own


def test_times_that_are_no_times_are_named():
    table = pd.DataFrame({"when": ["2024-01-01", "soon", None], "x": [1.0, 2, 3]})
    assert "got 'soon' in 'when', row 1 (2 such rows)" in refused(table, time="when")
    table["when"] = pd.to_datetime(["2024-01-01", None, None])
    assert "got none in row 1 (2 such rows)" in refused(table, time="when")


def test_rows_are_sorted_with_their_values():
    frame = load(prices().sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(frame, load(prices()), check_freq=False)


def test_text_in_the_target_is_named():
    table = prices(volume=["1", "2", "1,234.5", "4", "n/a", "6"])
    said = refused(table, target="volume")
    assert "'volume' must hold numbers, got 'n/a' at 2024-01-05 00:00:00 (1 such rows)" in said
    assert "say na_values='n/a' and missing='interpolate' (or ffill, drop)" in said
    assert "'date' holds the times; choose from 'close', 'volume'" in refused(table, target="date")
    assert load(table, target="close").columns.tolist() == ["close"]
    assert "'volume' must hold" in refused(table, target="close", columns=["volume"])
    assert load(table, target="close").attrs["lstm_lab"]["dropped_columns"] == ["volume"]
    read = load(table, target="volume", na_values="n/a", missing="interpolate")
    assert read["volume"].tolist() == [1, 2, 1234.5, 4, 5, 6]
    assert read.attrs["lstm_lab"]["notes"] == ["'volume': '1,234.5' is read as 1234.5"]


def test_text_that_is_not_asked_for_stays_text_beside_numbers():
    table = pd.DataFrame({"close": [1.0, 2.0], "change": ["5 %", "6 %"]})
    assert load(table).columns.tolist() == ["close"]
    assert load(table, columns=["change"])["change"].tolist() == [5, 6]
    assert load(table[["change"]])["change"].tolist() == [5, 6]


def test_a_semicolon_file_may_have_decimal_commas(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Datum;kurs;menge;code\n01.01.2024;50,13;1,234;a,1\n02.01.2024;;5,678;b,2\n13.01.2024;7;9,012;c\n")
    frame = load(path, target="kurs", missing="drop")
    assert frame["kurs"].tolist() == [50.13, 7]
    assert frame.columns.tolist() == ["kurs"]  # 1,234 is not asked for
    assert load(path, target="menge")["menge"].tolist() == [1.234, 5.678, 9.012]  # as kurs proves
    path.write_text("Datum;menge\n01.01.2024;1,234\n02.01.2024;5,678\n")
    assert "decimal='.' to read 1234, or decimal=',' to read 1.234" in refused(path, target="menge")
    path.write_text('date,close\n2024-01-01,"50,13"\n2024-01-02,"7,5"\n')
    assert load(path, target="close")["close"].tolist() == [50.13, 7.5]


def test_numbers_in_any_clothes_become_float64():
    table = prices(
        text=["1", "2", "3", "4", "5", "6.5"],
        boolean=[True, False] * 3,
        nullable=pd.array([1, 2, 3, 4, 5, None], dtype="Int64"),
        small=np.arange(6, dtype=np.float32),
        day=DAYS,
        length=DAYS - DAYS[0],
        label=pd.Categorical(list("ababab")),
        sizes=pd.Categorical([1, 2, 1, 2, 1, 2]),
        exact=[Decimal("1.5")] * 5 + [None],
        switch=pd.array([True, False, None] * 2, dtype="boolean"),
        mixed=[1, "2", 3.5, Decimal(4), True, None],
    )
    frame = load(table, target="close")
    numeric = ["close", "text", "boolean", "nullable", "small", "sizes", "exact", "switch", "mixed"]
    assert frame.columns.tolist() == numeric
    assert frame["sizes"].tolist() == [1, 2, 1, 2, 1, 2]
    assert frame["exact"].tolist()[:5] == [1.5] * 5
    assert frame["mixed"].tolist()[:5] == [1, 2, 3.5, 4, 1]
    assert set(frame.dtypes.astype(str)) == {"float64"}
    assert np.isnan(frame["nullable"].iloc[-1])


def test_missing_values_are_refused_with_place_and_count():
    table = prices(other=[np.nan] * 6)
    table.iloc[[2, 4], 0] = [np.nan, np.inf]
    said = refused(table, target="close")
    assert "'close' must have a finite value in every row, got nan at 2024-01-03 00:00:00 (2 such rows)" in said
    assert "interpolate, ffill or drop" in said
    assert "got -inf" in refused(pd.Series([1.0, -np.inf]))
    assert "got none in 6 rows; choose other columns" in refused(prices(close=[np.nan] * 6), target="close")
    assert "'other'" in refused(prices(other=[np.nan] * 6))


@pytest.mark.parametrize(
    ("missing", "values", "days"),
    [
        ("interpolate", [2, 2.5, 3, 6], [2, 3, 4, 8]),
        ("ffill", [2, 2, 3, 6, 6], [2, 3, 4, 8, 9]),
        ("drop", [2, 3, 6], [2, 4, 8]),
    ],
)
def test_missing_values_are_dealt_with_as_told(missing, values, days):
    index = pd.DatetimeIndex([f"2024-01-0{day}" for day in (1, 2, 3, 4, 8, 9)], name="date")
    frame = pd.DataFrame({"x": [np.nan, 2, np.inf, 3, 6, np.nan], "unused": [np.nan] * 6}, index=index)
    out = load(frame, target="x", missing=missing)
    np.testing.assert_allclose(out["x"], values)
    assert out.index.day.tolist() == days
    assert out["unused"].isna().all()
    assert out.attrs["lstm_lab"]["dropped_rows"] == 6 - len(days)
    assert out.attrs["lstm_lab"]["filled_values"] == len(days) - 3


def test_interpolation_is_linear_in_time_not_in_rows():
    index = pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-11"])
    assert load(pd.Series([0.0, np.nan, 10.0], index=index), missing="interpolate")["value"].tolist() == [0, 1, 10]
    assert load(pd.Series([0.0, np.nan, 10.0], index=[0, 9, 10]), missing="interpolate")["value"].tolist() == [0, 9, 10]


def test_other_refusals():
    assert "did you mean 'close'?" in refused(prices(), target="clsoe")
    assert "empty DataFrame" in refused(prices().iloc[:0])
    assert "after missing='drop'" in refused(pd.Series([np.nan, np.nan]), missing="drop")
    assert "needs a numeric column, got only 'x'" in refused(pd.DataFrame({"x": ["a", "b"]}))
    assert "got 'x' more than once" in refused(pd.DataFrame(np.ones((2, 2)), columns=["x", "x"]))
    assert "one level" in refused(pd.DataFrame(np.ones((2, 1)), columns=pd.MultiIndex.from_tuples([("a", "b")])))
    with pytest.raises(OptionError, match="did you mean 'interpolate'"):
        load(prices(), missing="interpolated")


def test_target_column():
    assert target_column(load(prices(note="x"))) == "close"
    assert target_column(load(prices(open=1.0)), "open") == "open"
    with pytest.raises(DataError, match="choose from 'close', 'open'"):
        target_column(load(prices(open=1.0)))
    with pytest.raises(DataError, match="did you mean 'close'"):
        target_column(load(prices()), "closed")


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_complete_and_what_they_say(name):
    frame, one = example(name), EXAMPLES[name]
    assert one.target == frame.columns[0]
    assert np.isfinite(frame.drop(columns=list(one.static)).to_numpy()).all()
    assert frame.index.is_monotonic_increasing
    assert frame.index.is_unique
    for _, rows in frame.groupby(level=0) if one.id else [(None, frame)]:
        assert segments(rows.index.get_level_values(-1)).max() == 0
    assert frame.attrs["lstm_lab"]["filled_values"] == (59 if name == "co2" else 0)
    assert one.name in (Path(loading.__file__).parents[1] / "examples" / "PROVENANCE.md").read_text()


def test_examples_hold_the_figures_of_their_sources():
    temperature, co2, oil = (example(name) for name in ("temperature", "co2", "oil"))
    assert temperature.columns.tolist() == ["temperature", "humidity", "pressure"]
    assert len(temperature) == 8760
    assert temperature.iloc[0].tolist() == [10.0, 77.0, 993.0]
    assert (np.diff(temperature.index) == np.timedelta64(1, "h")).all()
    assert co2.loc["1958-03-29", "co2"] == 316.1
    assert co2["co2"].iloc[-1] == 371.5
    assert (len(oil), oil["price"].min(), oil["price"].max()) == (8321, 10.25, 145.31)


def test_the_panel_holds_the_figures_of_its_source():
    panel = example("unemployment")
    assert panel.index.names == ["industry", "month"]
    assert panel.columns.tolist() == ["rate", "unemployed", "sector"]
    assert panel.groupby(level=0).size().unique().tolist() == [122]
    assert panel.loc[("Government", "2000-01-01")].tolist() == [2.1, 430.0, "other"]
    assert panel["rate"].max() == panel.loc[("Construction", "2010-02-01"), "rate"] == 27.1
    assert panel.groupby("sector").size().div(122).to_dict() == {"goods": 3, "other": 3, "services": 8}


def test_examples_are_small_and_carry_no_clock():
    for path in (Path(loading.__file__).parents[1] / "examples").glob("*.gz"):
        raw = path.read_bytes()
        assert len(raw) < 60_000
        assert raw[4:8] == bytes(4)


def test_co2_equals_statsmodels():
    sm = pytest.importorskip("statsmodels.datasets.co2")
    theirs = sm.load_pandas().data["co2"]
    ours = example("co2")["co2"]
    np.testing.assert_allclose(ours[theirs.notna().to_numpy()], theirs.dropna())


def test_an_unknown_example():
    with pytest.raises(DataError, match="did you mean 'temperature'"):
        example("temperatur")


def test_weekends_are_no_gap_and_a_longer_step_is():
    trading = pd.bdate_range("2024-01-01", periods=40)
    assert segments(trading).max() == 0
    holed = trading.delete(range(10, 25))
    assert segments(holed).tolist() == [0] * 10 + [1] * 15
    assert segments(trading, "2D").tolist()[:6] == [0, 0, 0, 0, 0, 1]
    assert segments(trading, "3D").max() == 0
    assert segments(pd.Index([0, 1, 2, 30])).tolist() == [0, 0, 0, 1]
    assert segments(pd.Index([0, 1, 2, 5]), "2").tolist() == [0, 0, 0, 1]
    assert segments(DAYS[:1]).tolist() == [0]


@pytest.mark.parametrize("text", ["soon", "-3D", "0h", "nan"])
def test_a_gap_that_is_no_length(text):
    with pytest.raises(OptionError, match="such as 3D") as refused_:
        segments(DAYS, text)
    assert repr(text) in str(refused_.value)


@pytest.mark.parametrize(
    ("full", "rows"),
    [
        (pd.date_range("2024-01-01", periods=50, freq="h"), 40),
        (pd.date_range("2024-10-20", periods=300, freq="h", tz="Europe/Berlin"), 100),
        (pd.date_range("2024-10-20 06:00", periods=20, freq="D", tz="Europe/Berlin"), 5),
        (pd.bdate_range("2024-01-01", periods=50), 43),
        (pd.date_range("2024-01-01", periods=50, freq="D"), 40),
        (pd.date_range("2024-01-01", periods=50, freq="W-WED"), 40),
        (pd.date_range("2024-01-01", periods=50, freq="MS"), 40),
        (pd.date_range("2023-01-31", periods=50, freq="ME"), 37),
        (pd.date_range("2024-01-01", periods=50, freq="QS"), 40),
        (pd.date_range("2024-01-01", periods=50, freq="10min"), 40),
        (pd.date_range("2000-01-01", periods=20, freq="YS"), 12),
        (pd.RangeIndex(0, 100, 2), 40),
        (pd.Index([1990, 1991, 1992, 1993, 1994]), 3),
    ],
    ids=str,
)
@pytest.mark.parametrize("known", [True, False])
def test_the_future_continues_the_index(full, rows, known):
    full = full.rename("t")
    past = full[:rows]
    if isinstance(past, pd.DatetimeIndex) and not known:
        past = past._with_freq(None)
    future = future_index(past, len(full) - rows)
    assert future.equals(full[rows:])
    assert future.dtype == full.dtype
    assert future.name == "t"


def test_the_future_after_a_hole_and_of_oil():
    holed = pd.date_range("2024-01-01", periods=50, freq="h").delete([5, 6, 30])
    assert future_index(holed, 2).tolist() == [pd.Timestamp("2024-01-03 02:00"), pd.Timestamp("2024-01-03 03:00")]
    oil = future_index(example("oil").index, 3)
    assert oil.astype(str).tolist() == ["2019-01-04", "2019-01-07", "2019-01-08"]
    assert future_index(pd.Index([0.1, 0.2, 0.3]), 2).tolist() == pytest.approx([0.4, 0.5])
    with pytest.raises(DataError, match="at least two rows"):
        future_index(DAYS[:1], 3)


@pytest.mark.parametrize(
    ("index", "seasons"),
    [
        (pd.date_range("2024", periods=50, freq="h"), (24, 168)),
        (pd.date_range("2024", periods=50, freq="10min"), (144, 1008)),
        (pd.date_range("2024", periods=50, freq="7h"), ()),
        (pd.date_range("2024", periods=50, freq="D"), (7,)),
        (pd.bdate_range("2024", periods=50), (5,)),
        (pd.date_range("2024", periods=50, freq="W"), (52,)),
        (pd.date_range("2024", periods=50, freq="ME"), (12,)),
        (pd.date_range("2024", periods=50, freq="QE"), (4,)),
        (pd.date_range("2024", periods=50, freq="YE"), ()),
        (pd.RangeIndex(50), ()),
    ],
)
def test_usual_seasons(index, seasons):
    assert usual_seasons(index) == seasons


READING = ["target", "time", "static", "missing", "columns", "decimal", "na_values", "header", "short"]


@pytest.mark.parametrize("name", [*READING, "id"])
@pytest.mark.parametrize("value", [10**5000, [10**5000], object(), b"x"], ids=["large", "in a list", "object", "bytes"])
def test_an_option_of_reading_of_another_kind_is_one_line(name, value):
    frame = pd.DataFrame({"y": [1.0, 2.0]}, pd.date_range("2024-01-01", periods=2))
    with pytest.raises(OptionError, match=rf"^{name} is ") as refused:
        load(frame, **{name: value})
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("name", ["columns", "static"])
def test_a_number_alone_is_no_list_of_names(name):
    with pytest.raises(
        OptionError, match=rf"^{name} is text, or a list of texts and numbers, got 5; for example {name}="
    ):
        load(pd.DataFrame({"y": [1.0, 2.0]}), **{name: 5})
