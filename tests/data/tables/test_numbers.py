"""Numbers as people write them: the value that is read, the note that says so, or both readings in one line."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_lab.data.sources.loading import load
from lstm_lab.data.tables.numbers import NumberText, may_be_grouped
from lstm_lab.errors import DataError


def text(*values):
    return NumberText.of(pd.Series(values, dtype=object), "y")


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["$1,000.50", "$12"], [1000.5, 12]),
        (["$5", "-$6.5", "$ -7"], [5, -6.5, -7]),
        (["50 €", "1.234,50 €"], [50, 1234.5]),
        (["CHF 1'234.50", "CHF 12"], [1234.5, 12]),
        (["5 %", "-2.5 %"], [5, -2.5]),
        (["950", "1.2K", "1.1M", "2bn"], [950, 1200, 1.1e6, 2e9]),
        (["12 kWh", "13.5 kWh"], [12, 13.5]),
        (["293 K", "294.5 K"], [293, 294.5]),
        (["20°C", "-3°C"], [20, -3]),
        (["12 m2", "13 m2"], [12, 13]),
        (["1'234.5", "99"], [1234.5, 99]),
        (["1\u2019234", "99"], [1234, 99]),
        (["1\u202f234,5", "12"], [1234.5, 12]),
        (["1\u00a0234\u00a0567", "12"], [1234567, 12]),
        (["\u22125", "6"], [-5, 6]),
        (["1,5E+03", "2,5"], [1500, 2.5]),
        (["(1.5)", "1.5"], [-1.5, 1.5]),
        (["£(1.5)", "£2"], [-1.5, 2]),
        (["1.5-", "2.5"], [-1.5, 2.5]),
        (["50,13", "7,5"], [50.13, 7.5]),
        (["1.234,5", "0,500"], [1234.5, 0.5]),
        (["1,234.50", "12"], [1234.5, 12]),
        (["1,234", "5,678,901"], [1234, 5678901]),
        (["1.234", "5.678.901"], [1234, 5678901]),
        (["998", "1.000", "12,5"], [998, 1000, 12.5]),
        (["998", "1.000", "12.5"], [998, 1, 12.5]),
        (["1", "2", "1.125", "3"], [1, 2, 1.125, 3]),
        (["1.234", "12345"], [1.234, 12345]),
        (["0.500", "1.000"], [0.5, 1]),
    ],
)
def test_the_number_that_was_meant_is_read(texts, values):
    assert text(*texts).read()[0].tolist() == pytest.approx(values)


@pytest.mark.parametrize(
    ("texts", "note"),
    [
        (["$1,000.50", "$12"], "'y': '$1,000.50' is read as 1000.5"),
        (["12 kWh", "13 kWh"], "'y': '12 kWh' is read as 12"),
        (["1.234", "5.678"], "'y': '1.234' is read as 1.234"),
        (["(1.5)", "1.5"], "'y': '(1.5)' is read as -1.5"),
        (["1.5", "-2", "+3.25", "4e5"], None),
    ],
)
def test_what_is_not_plain_is_noted(texts, note):
    assert text(*texts).read()[1] == note


@pytest.mark.parametrize("texts", [["998", "999", "1.000", "1.001"], ["998", "999", "1.001"], ["5", "1.250", "3"]])
def test_dots_before_three_digits_are_no_point_unasked(texts):
    with pytest.raises(DataError, match=r"'y' has two readings, got '1\..*decimal='\.' to read 1.*, or decimal=','"):
        text(*texts).read()


def test_two_readings_are_decided_by_the_caller_or_by_the_other_columns():
    doubtful = text("998", "1.000")
    assert doubtful.read(",")[0].tolist() == [998, 1000]
    assert doubtful.read(".")[0].tolist() == [998, 1]
    assert doubtful.read(others=",")[0].tolist() == [998, 1000]
    with pytest.raises(DataError, match="two readings"):
        doubtful.read(others=".")
    grouped = text("1,234", "5,678")
    assert grouped.read(".")[0].tolist() == [1234, 5678]
    assert grouped.read(",")[0].tolist() == [1.234, 5.678]
    assert grouped.read(others=".")[0].tolist() == [1234, 5678]
    with pytest.raises(DataError, match=r"'1,234' at 0 .*decimal='\.' to read 1234, or decimal=',' to read 1\.234"):
        grouped.read()


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (["12 kWh", "1.2 MWh"], "must have one unit, got '12 kWh' at 0 and '1.2 MWh' at 1"),
        (["$1", "€2"], "must have one unit"),
        (["5 %", "0.05"], "must have one unit"),
        (["1,5", "1.5"], "must be written in one way"),
        (["1,5", "1.5", "1.000"], "must be written in one way|two readings"),
        (["1", "***"], r"got '\*\*\*' at 1 \(1 such rows\); if that means a missing value, say na_values='\*\*\*' a"),
        (["1", "***", "?"], r"na_values=\['\*\*\*', '\?'\]"),
        (["A1", "A2"], "choose another column"),
        (["10 am", "11 am"], "choose another column"),
        (["192.168.1.1", "1"], "must hold numbers"),
        (["2024-01-01"], "choose another column"),
    ],
)
def test_what_cannot_be_read_is_one_line(texts, problem):
    with pytest.raises(DataError, match=problem) as refused:
        text(*texts).read()
    assert "\n" not in str(refused.value)


_WAYS = {
    "point": "{:.2f}".format,
    "comma": lambda value: f"{value:.2f}".replace(".", ","),
    "english": "{:,.2f}".format,
    "german": lambda value: f"{value:,.2f}".translate(str.maketrans(",.", ".,")),
    "swiss": lambda value: f"{value:,.2f}".replace(",", "'"),
    "french": lambda value: f"{value:,.2f}".replace(",", "\u202f").replace(".", ","),
    "minus": lambda value: f"{value:.2f}".replace("-", "\u2212"),
    "brackets": lambda value: f"({-value:.2f})" if value < 0 else f"{value:.2f}",
    "trailing": lambda value: f"{-value:.2f}-" if value < 0 else f"{value:.2f}",
    "dollars": lambda value: f"${value:,.2f}" if value >= 0 else f"-${-value:,.2f}",
    "euros": lambda value: f"{value:,.2f} €".translate(str.maketrans(",.", ".,")),
    "unit": "{:.2f} kWh".format,
    "percent": "{:.2f}%".format,
    "exponent": lambda value: f"{value:.8E}".replace(".", ","),
}


@pytest.mark.parametrize("way", _WAYS)
@settings(max_examples=30, deadline=None)
@given(cents=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=20))
def test_numbers_written_in_many_ways_come_back(way, cents):
    values = [cent / 100 for cent in cents]
    read, _ = text(*map(_WAYS[way], values)).read()
    np.testing.assert_allclose(read, values, rtol=1e-12)


@pytest.mark.parametrize(
    ("values", "doubtful"),
    [([998, 999, 1.0, 1.001], True), ([0.5, 1.5], False), ([1.2345], False), ([1000.5], False), ([np.nan], False)],
)
def test_numbers_that_may_have_been_grouped(values, doubtful):
    assert may_be_grouped(np.array(values)) == doubtful


def test_a_number_that_no_float_holds_is_infinite_and_can_be_bridged(tmp_path):
    path = tmp_path / "digits.csv"
    path.write_text(
        "day,y\n" + "".join(f"2024-01-{day:02d},{'9' * 400 if day == 7 else day}\n" for day in range(1, 29))
    )
    with pytest.raises(
        DataError, match=r"'y' must have a finite value in every row, got inf at 2024-01-07.*set missing="
    ):
        load(path, target="y")
    assert load(path, target="y", missing="interpolate")["y"].iloc[6] == pytest.approx(7)
