"""Marks of missing values: said by the caller, or refused where a number looks like one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.sources.loading import load
from lstm_lab.errors import DataError
from lstm_lab.options import InputOptions

WAVE = 20 + np.sin(np.arange(60.0))


def holed(mark, rows=(5, 6), values=WAVE):
    values = values.copy()
    values[list(rows)] = mark
    return pd.DataFrame({"x": values})


@pytest.mark.parametrize("mark", [-99.99, -999, -999.9, -9999, -99999, -200, -32768])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_number_that_looks_like_a_mark_is_refused_until_it_is_settled(mark, dtype):
    table = holed(mark).astype(dtype)
    with pytest.raises(DataError, match=rf"got {mark:g} in 2 rows.*na_values={mark:g} and .*; if it is measured, na_v"):
        load(table)
    filled = load(table, na_values=mark, missing="interpolate")
    assert filled["x"].min() > 18
    assert filled.attrs["lstm_lab"]["filled_values"] == 2
    kept = load(table, na_values="none")
    assert kept["x"].min() == pytest.approx(mark)
    assert load(kept)["x"].min() == pytest.approx(mark)  # loading what was loaded changes nothing
    assert load(table.assign(y=WAVE), target="y")["y"].min() > 18  # a column that is not used may hold any


@pytest.mark.parametrize(
    "values",
    [
        np.arange(-999.0, 0.0),
        np.array([-99.0, 0, 50, -99, 120]),
        np.array([100.0, -200, 300, -200, 250]),
        np.array([-200.0, -199, -198]),
        np.array([-999.0, -999.0]),
        np.array([-99.99]),
    ],
)
def test_measured_numbers_stay(values):
    assert load(pd.DataFrame({"x": values}))["x"].tolist() == values.tolist()


def test_a_mark_beside_many_values_that_reach_far():
    gas = np.linspace(2, 1479, 60)
    with pytest.raises(DataError, match="got -200 in 2 rows"):
        load(holed(-200, values=gas))
    assert load(holed(-200, rows=(5,), values=gas))["x"].min() == -200  # once may be measured


@pytest.mark.parametrize("marks", ["***", ["***", "n/a"], ("***", -999)])
def test_texts_are_marks_too(marks):
    table = pd.DataFrame({"x": ["1,5", " ***", "2,5"]})
    with pytest.raises(DataError, match=r"got '\*\*\*' at 1"):
        load(table)
    assert load(table, na_values=marks, missing="drop")["x"].tolist() == [1.5, 2.5]


def test_a_mark_with_a_decimal_comma():
    table = pd.DataFrame({"x": ["1,5", "-99,99", "2,5"]})
    assert load(table, na_values=-99.99, missing="drop")["x"].tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("given", "kept"),
    [(None, None), ("none", ()), ("***,-999", ("***", "-999")), (-99.99, ("-99.99",)), ([-200, "?"], ("-200", "?"))],
)
def test_the_option_takes_what_load_takes(given, kept):
    assert InputOptions.of({"na_values": given}).na_values == kept
