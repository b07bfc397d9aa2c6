"""Dates in many forms are read back as the instants that they were written from, or refused in one line."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lstm_lab.data.dates.dates import read_dates
from lstm_lab.data.dates.reading import AmbiguousDatesError, DateRule
from lstm_lab.data.dates.time_index import segments
from lstm_lab.data.dates.unread import unread_dates
from lstm_lab.errors import DataError, OptionError
from lstm_lab.options.spelling import as_controls, as_flags


def read(values, **kwargs):
    rule = DateRule(kwargs.pop("dayfirst", None), kwargs.pop("date_format", None))
    return read_dates(pd.Series(values), rule, "when", **kwargs)


def stamps(values, **kwargs):
    return [str(stamp) for stamp in read(values, **kwargs).times]


# A property: what is written is read back ----------------------------------------------------------------------------

DAYS = [
    *(f"%d{s}%m{s}%Y" for s in "/-. "),
    *(f"%m{s}%d{s}%Y" for s in "/- "),
    *(f"%Y{s}%m{s}%d" for s in "/-. "),
    *(f"%d{s}%m{s}%y" for s in "/-."),
    *(f"%m{s}%d{s}%y" for s in "/-"),
    *(f"%y{s}%m{s}%d" for s in "/-."),
    "%-d.%-m.%Y",
    "%-m/%-d/%Y",
    "%d. %m. %Y",
    "%Y%m%d",
    "%d %b %Y",
    "%d-%b-%y",
    "%d-%B-%Y",
    "%b %d, %Y",
    "%B %-d, %Y",
    "%a, %d %b %Y",
    "%Y-%b-%d",
    "%d%b%Y",
]
CLOCKS = ["%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "%H:%M:%S.%f", "%H:%M:%S,%f"]
MONTHS = ["%Y-%m", "%m/%Y", "%m.%Y", "%Y.%m", "%b %Y", "%B %Y", "%Y %b", "%Y%m", "%b-%y", "%YM%m", "%Y-M%m"]
ZONES = ["", "Z", "+05:30", "-0800", " UTC", "+02"]
STEPS = {"day": ["D", "B", "W", "MS", "ME", "QS", "7D"], "clock": ["h", "min", "15min", "6h", "s"]}


def written(start, rows, freq, form, zone=""):
    index = pd.date_range(start, periods=rows, freq=freq)
    texts = [stamp.strftime(form) + zone for stamp in index]
    offset = {"": None, "Z": 0, " UTC": 0, "+05:30": 330, "-0800": -480, "+02": 120}[zone]
    if offset is not None:
        index = index.tz_localize(dt.timezone(dt.timedelta(minutes=offset)))
    return texts, index


def refusal(texts):
    """The one line in which a column is refused for its two readings."""
    with pytest.raises(AmbiguousDatesError) as caught:
        read(texts)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def check(texts, index):
    """The instants, or one line with the option; never other instants."""
    try:
        times = read(texts).times
    except AmbiguousDatesError:
        return "dayfirst=" in (told := refusal(texts)) or "date_format=" in told
    return bool((times == index).all())


def is_read(texts, index):
    return bool((read(texts).times == index).all())


starts = st.datetimes(*pd.to_datetime(["1971-01-01", "2028-01-01"]).to_pydatetime()).map(
    lambda when: when.replace(microsecond=0)
)


@pytest.mark.parametrize("form", DAYS)
@settings(max_examples=25, deadline=None)
@given(start=starts.map(dt.datetime.date), rows=st.integers(2, 90), freq=st.sampled_from(STEPS["day"]))
def test_days_come_back_or_are_refused(form, start, rows, freq):
    assert check(*written(start, rows, freq, form))


@pytest.mark.parametrize("form", DAYS)
@settings(max_examples=10, deadline=None)
@given(
    start=starts,
    rows=st.integers(2, 60),
    freq=st.sampled_from(STEPS["clock"]),
    style=st.tuples(st.sampled_from([" ", "T", ", "]), st.sampled_from(CLOCKS), st.sampled_from(ZONES)),
)
def test_clocks_and_zones_come_back_or_are_refused(form, start, rows, freq, style):
    between, clock, zone = style
    start = start.replace(second=0) if "%S" not in clock else start
    freq = "min" if freq == "s" and "%S" not in clock else freq
    assert check(*written(start, rows, freq, form + between + clock, zone))


@pytest.mark.parametrize("form", MONTHS)
@settings(max_examples=25, deadline=None)
@given(
    year=st.integers(1971, 2028),
    month=st.integers(1, 12),
    rows=st.integers(2, 60),
    freq=st.sampled_from(["MS", "QS", "YS", "2MS"]),
)
def test_months_come_back(form, year, month, rows, freq):
    assume("%y" not in form or year + rows < 2068)
    assert is_read(*written(dt.date(year, month, 1), rows, freq, form))


@pytest.mark.parametrize("form", [*DAYS, "%m.%d.%Y", "%m.%d.%y"])
def test_a_year_of_days_is_never_refused(form):
    for start in ("2023-01-01", "2023-12-20", "2011-11-11"):
        assert is_read(*written(start, 365, "D", form))
        assert is_read(*written(start, 365, "D", f"{form} 00:00"))


@pytest.mark.parametrize(
    ("form", "slow"), [("%d/%m/%Y", "MS"), ("%m/%d/%Y", "MS"), ("%d.%m.%y", "QS"), ("%m-%d-%Y", "QS")]
)
def test_eight_years_of_months_are_never_refused(form, slow):
    assert is_read(*written("2015-01-01", 96, slow, form))


# One format for a whole column ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "dayfirst"),
    [("%d.%m.%y", True), ("%d/%m/%y", True), ("%d-%m-%y", True), ("%y-%m-%d", None), ("%d/%m/%Y %I:%M %p", True)],
)
def test_thirteen_days_of_february_are_not_read_row_by_row(form, dayfirst):
    texts, index = written("2023-02-01", 13, "D", form)
    reading = read(texts)
    assert reading.times.equals(index.as_unit("us"))
    assert reading.dayfirst is dayfirst


def test_first_days_of_months_are_months():
    texts, index = written("2015-01-01", 96, "MS", "%d/%m/%Y")
    reading = read(texts)
    assert (reading.times == index).all()
    assert reading.note == "day first (%d/%m/%Y), because its steps are even; month first fits too"
    texts, index = written("2015-01-01", 96, "MS", "%m/%d/%Y")
    assert (read(texts).times == index).all()
    assert read(texts).dayfirst is False


def test_newest_rows_may_come_first():
    texts, index = written("2015-01-01", 40, "MS", "%d/%m/%Y")
    assert (read(texts[::-1]).times == index[::-1]).all()


def test_two_readings_are_refused_with_both_and_the_option():
    assert refusal(["01/01/2015", "01/02/2015", "01/03/2015"]) == (
        "dates must have one reading, but '01/02/2015' in 'when', row 1, is 2015-02-01 day first or 2015-01-02 month"
        " first, and the steps of the rows do not tell; set dayfirst=True or dayfirst=False"
    )
    assert stamps(["01/01/2015", "01/02/2015"], dayfirst=True)[1] == "2015-02-01 00:00:00"
    assert stamps(["01/01/2015", "01/02/2015"], dayfirst=False)[1] == "2015-01-02 00:00:00"
    with pytest.raises(AmbiguousDatesError, match=r"set date_format='%y/%m/%d' or date_format='%d/%m/%y' or"):
        read(["01/02/03", "02/02/03"])
    assert stamps(["01/02/03"], date_format="%y/%m/%d") == ["2001-02-03 00:00:00"]


def test_between_dots_the_day_is_first_unless_steps_say_other():
    reading = read(["03.01.2022", "04.01.2022", "05.01.2022"])
    assert [str(stamp.date()) for stamp in reading.times] == ["2022-01-03", "2022-01-04", "2022-01-05"]
    assert reading.note == (
        "day first (%d.%m.%Y), because that is how dates with dots are written; month first fits too"
    )
    assert is_read(*written("2015-01-01", 24, "MS", "%m.%d.%Y"))
    assert stamps(["03.01.2022"], dayfirst=False) == ["2022-03-01 00:00:00"]


def test_what_is_the_same_in_both_readings_is_no_question():
    assert stamps(["01/01/2015", "01/01/2016", "01/01/2017"])[-1] == "2017-01-01 00:00:00"


def test_irregular_rows_in_order_decide():
    days = ["2024-01-05", "2024-01-09", "2024-02-03", "2024-02-11", "2024-04-07", "2024-04-08", "2024-09-01"]
    texts = [dt.date.fromisoformat(day).strftime("%d/%m/%Y") for day in days]
    assert [str(stamp.date()) for stamp in read(texts).times] == days
    assert "its rows are in order" in read(texts).note


def test_an_option_that_does_not_fit_names_the_row():
    with pytest.raises(DataError, match=r"dayfirst=True must fit every date, but '02/13/2024' in 'when', row 1"):
        read(["02/12/2024", "02/13/2024"], dayfirst=True)
    with pytest.raises(
        DataError, match=r"date_format='%d/%m/%Y' must fit every row, got '02/13/2024' in 'when', row 1"
    ):
        read(["02/12/2024", "02/13/2024"], date_format="%d/%m/%Y")
    for wrong in ("%Q", "dmy", "%d.%d.%Y"):
        with pytest.raises(OptionError, match="date_format= is a strptime format"):
            read(["02/12/2024"], date_format=wrong)
    assert stamps(["2024-02-01"], dayfirst=True) == ["2024-02-01 00:00:00"]


def test_years_of_two_digits_are_not_far_ahead():
    assert read(["1-Jan-65", "1-Jan-66"]).times.year.tolist() == [1965, 1966]
    assert read(["Dec-99", "Jan-00"]).times.year.tolist() == [1999, 2000]


# Forms ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "first", "second"),
    [
        (["2020-01-01T00:00:00", "2020-01-01T00:00:00.250000"], "2020-01-01", "2020-01-01 00:00:00.25"),
        (["2020-01-01", "2020-01-01 06:00"], "2020-01-01", "2020-01-01 06:00"),
        (["31.12.2023 23:00", "31.12.2023 24:00"], "2023-12-31 23:00", "2024-01-01"),
        (["Q1 1990", "Q2 1990"], "1990-01-01", "1990-04-01"),
        (["1970 Q1", "1970 Q2"], "1970-01-01", "1970-04-01"),
        (["1990Q4", "1991Q1"], "1990-10-01", "1991-01-01"),
        (["1990-Q4", "1991-Q1"], "1990-10-01", "1991-01-01"),
        (["4Q90", "1Q91"], "1990-10-01", "1991-01-01"),
        (["1990H1", "1990H2"], "1990-01-01", "1990-07-01"),
        (["2010-W01", "2010-W02"], "2010-01-04", "2010-01-11"),
        (["2009-W53", "2010-W01"], "2009-12-28", "2010-01-04"),
        (["2010W01", "2010W02"], "2010-01-04", "2010-01-11"),
        (["2010-W01-7", "2010-W02-7"], "2010-01-10", "2010-01-17"),
        (["2010M01", "2010M02"], "2010-01-01", "2010-02-01"),
        (["01.2010", "02.2010"], "2010-01-01", "2010-02-01"),
        (["2010.01", "2010.02"], "2010-01-01", "2010-02-01"),
        (["202212", "202301"], "2022-12-01", "2023-01-01"),
        (["20221231", "20230101"], "2022-12-31", "2023-01-01"),
        (["31122022", "01012023"], "2022-12-31", "2023-01-01"),
        (["2022123123", "2023010100"], "2022-12-31 23:00", "2023-01-01"),
        (["20221231T235900", "20230101T000000"], "2022-12-31 23:59", "2023-01-01"),
        (["2024-01-01/2024-01-07", "2024-01-08/2024-01-14"], "2024-01-01", "2024-01-08"),
        (["1st January 2024", "2nd January 2024"], "2024-01-01", "2024-01-02"),
        (["31/Dec/2023:23:59:59 +0000", "01/Jan/2024:00:00:00 +0000"], "2023-12-31 23:59:59Z", "2024-01-01 00:00Z"),
        (["Mon Jan  1 10:00:00 2024", "Tue Jan  2 10:00:00 2024"], "2024-01-01 10:00", "2024-01-02 10:00"),
        (["2024-01-01 00:00+01:00", "2024-07-01 00:00+02:00"], "2023-12-31 23:00Z", "2024-06-30 22:00Z"),
        ([dt.date(2024, 1, 1), dt.date(2024, 1, 2)], "2024-01-01", "2024-01-02"),
        ([pd.Period("2024Q1"), pd.Period("2024Q2")], "2024-01-01", "2024-04-01"),
    ],
)
def test_forms(texts, first, second):
    times = read(texts).times
    assert [times[0], times[1]] == [pd.Timestamp(first), pd.Timestamp(second)]


@pytest.mark.parametrize(
    ("numbers", "first", "second"),
    [
        ([20221231, 20230101], "2022-12-31", "2023-01-01"),
        ([202212, 202301], "2022-12-01", "2023-01-01"),
        ([2022123123, 2023010100], "2022-12-31 23:00", "2023-01-01"),
        ([202212312359, 202301010000], "2022-12-31 23:59", "2023-01-01"),
        ([20221231235959, 20230101000000], "2022-12-31 23:59:59", "2023-01-01"),
        ([20221231.0, 20230101.0], "2022-12-31", "2023-01-01"),
        ([1672531199, 1672531200], "2022-12-31 23:59:59", "2023-01-01"),
        ([1672531199.5, 1672531200.25], "2022-12-31 23:59:59.5", "2023-01-01 00:00:00.25"),
        ([1672531199000, 1672531200000], "2022-12-31 23:59:59", "2023-01-01"),
        ([1672531199000000, 1672531200000000], "2022-12-31 23:59:59", "2023-01-01"),
        ([1672531199000000123, 1672531200000000456], "2022-12-31 23:59:59.000000123", "2023-01-01 00:00:00.000000456"),
        ([44926, 44927], "2022-12-31", "2023-01-01"),
        ([44926.0416666667, 44926.0833333333], "2022-12-31 01:00", "2022-12-31 02:00"),
        ([2010.1, 2010.11], "2010-10-01", "2010-11-01"),
        ([11.2010, 12.2010], "2010-11-01", "2010-12-01"),
        ([31012023, 1022023], "2023-01-31", "2023-02-01"),
        ([1312023, 2012023], "2023-01-31", "2023-02-01"),
        ([230131, 230201, 230202], "2023-01-31", "2023-02-01"),
    ],
)
def test_numbers_that_spell_dates(numbers, first, second):
    times = read(numbers).times
    assert [times[0], times[1]] == [pd.Timestamp(first), pd.Timestamp(second)]


@pytest.mark.parametrize(
    "numbers",
    [
        range(100),
        [1990, 1991, 1992],
        [0.5, 1.5],
        [20221331, 20230101],
        range(100_101, 100_130),
        [230131, 230207],
        [100.5, 101.2],
        [1e300, 2e300],
        [-5, 3],
    ],
)
def test_plain_numbers_are_no_dates(numbers):
    assert read(list(numbers)) is None


def test_numbers_that_lost_a_zero_are_refused_where_they_have_two_readings():
    with pytest.raises(AmbiguousDatesError, match=r"'01022023' in 'when', row 0, is 2023-02-01 .* or 2023-01-02"):
        read([1022023, 3042023, 5062023, 7082023])
    assert read([1022023, 3042023, 5062023, 7082023], dayfirst=True).times.month.tolist() == [2, 4, 6, 8]


def test_days_and_months_without_separators_have_two_readings_too():
    months = pd.date_range("2015-01-01", periods=24, freq="MS")
    for form in ("%d%m%Y", "%m%d%Y"):
        assert (read(months.strftime(form)).times == months).all()
        assert (read(months.strftime(form).astype(int)).times == months).all()
        assert stamps(["01132023", "02142023"])[0] == "2023-01-13 00:00:00"


def test_numbers_without_the_name_of_a_date_need_the_steps_of_a_calendar():
    days = pd.date_range("2023-01-20", periods=30).strftime("%Y%m%d").astype(int)
    assert read(days, dated=False).format == "%Y%m%d"
    assert read(days[:5], dated=False) is None  # 20230120, 20230121, ... may be anything
    assert read(np.arange(1_672_531_200, 1_672_531_300), dated=False) is None
    assert read(np.random.default_rng(0).permutation(days), dated=False) is None


@pytest.mark.parametrize(
    ("numbers", "date_format", "first"),
    [
        ([86400, 172800], "unix", "1970-01-02"),
        ([86400000], "unix_ms", "1970-01-02"),
        ([1.5, 2.5], "excel", "1899-12-31 12:00"),
        ([1012023], "%d%m%Y", "2023-01-01"),
        ([10123], "%d%m%y", "2023-01-01"),
        ([1.2010], "%m.%Y", "2010-01-01"),
        ([2010.1], "%Y.%m", "2010-10-01"),
    ],
)
def test_a_format_for_numbers(numbers, date_format, first):
    assert read(numbers, date_format=date_format).times[0] == pd.Timestamp(first)


@pytest.mark.parametrize(
    "texts",
    [
        ["2024-01-01", "soon"],
        ["2024-02-30", "2024-03-01"],
        ["31/02/2024"],
        ["May", "June"],
        ["10:30", "10:31"],
        ["2024-01-01 10:00+01:00", "2024-01-01 11:00"],
        ["2024-01-01", "02/01/2024"],
        ["2010-W53"],
        ["2010 Q5"],
        ["x" * 200],
        ["2024-01-01 25:00"],
        ["99999999999999999999"],
        ["2024-01-01T00:00:00+99:99"],
        [""],
    ],
)
def test_what_is_no_date_is_left(texts):
    assert read(texts) is None


def test_a_mixture_is_named():
    mixed = pd.Series(["01.02.2023", "02.02.2023", "13/02/2023"])
    assert read(mixed) is None
    told = unread_dates(mixed, "when")
    assert told.startswith("dates must be written alike in every row, but 'when' has '01.02.2023' in row 0 and '13/02")
    assert "'13/02/2023' in row 2" in told


def test_a_date_whose_year_stands_first_has_one_reading():
    assert read(["01/01/24", "2024-01-02", "2024-03-04"]).times.tolist() == [
        pd.Timestamp("2024-01-01"),
        pd.Timestamp("2024-01-02"),
        pd.Timestamp("2024-03-04"),
    ]
    with pytest.raises(AmbiguousDatesError, match=r"'02/01/24' in 'when', row 0, could be 2024-02-01 or 2024-01-02; "):
        read(["02/01/24", "2024-01-02", "2024-03-04"])


def test_dates_outside_pandas_usual_years():
    assert stamps(["0001-01-01", "9999-12-31"]) == ["0001-01-01 00:00:00", "9999-12-31 00:00:00"]
    assert read([1e18, 1e19]) is None


def test_missing_dates_stay_missing():
    assert stamps(["2024-01-01", None, "2024-01-03"]) == ["2024-01-01 00:00:00", "NaT", "2024-01-03 00:00:00"]


@pytest.mark.benchmark
@pytest.mark.parametrize("form", ["%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%-d.%-m.%Y %H:%M"])
def test_a_million_rows_take_about_a_second(form):
    index = pd.date_range("2000-01-01", periods=1_000_000, freq="min")
    texts = pd.Series(index.strftime(form))
    start = time.perf_counter()
    reading = read(texts)
    assert time.perf_counter() - start < 2
    assert (reading.times == index).all()


@pytest.mark.parametrize("layout", ["%d/%m/%Y", "%Y-%m-%d %H:%M", "%d.%m.%y"])
def test_dates_of_many_series_are_read_as_those_of_one(layout):
    days = pd.Series(pd.date_range("2021-01-25", periods=250, freq="D").strftime(layout))
    alone = read_dates(days, DateRule())
    many = read_dates(pd.concat([days] * 8), DateRule())
    assert many.times.equals(alone.times.append([alone.times] * 7))
    assert (many.format, many.dayfirst, many.note) == (alone.format, alone.dayfirst, alone.note)


def test_a_wrong_date_among_repeated_ones_is_told_of_with_its_row():
    days = pd.concat([pd.Series(pd.date_range("2021-01-02", periods=250).strftime("%d/%m/%Y"))] * 8, ignore_index=True)
    with pytest.raises(DataError, match=r"'13/01/2021' in the index, row 11,"):
        read_dates(days, DateRule(dayfirst=False))


def test_a_bare_number_is_no_length_of_time():
    days = pd.date_range("2022", periods=5, freq="D")
    assert segments(days, "3D").tolist() == [0] * 5
    with pytest.raises(OptionError, match=r"^max_gap= is a length of time such as 3D, .*, got '3'; for example"):
        segments(days, "3")
    assert segments(pd.RangeIndex(5), "3").tolist() == [0] * 5
    with pytest.raises(OptionError, match=r"^max_gap= is a number above 0, got '3D'; for example max_gap='3'"):
        segments(pd.RangeIndex(5), "3D")
    with pytest.raises(OptionError) as refused:
        segments(days, "x")
    assert as_controls(str(refused.value), {"max_gap"}).startswith("max gap is a length of time")
    assert as_flags(str(refused.value), {"max_gap"}).endswith("for example --max-gap 3D")
