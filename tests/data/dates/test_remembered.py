"""Rows that come after a run's are read as the run's own dates were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.known_future import read_known, read_rows
from lstm_lab.data.sources.loading import load
from lstm_lab.errors import DataError
from lstm_lab.options import InputOptions

FIRST = pd.date_range("2023-12-01", periods=66)  # up to the fourth of February
NEWER = pd.date_range("2024-02-05", periods=7)  # up to the eleventh, whose month could be the day


def table(index, form, column="date"):
    return pd.DataFrame({column: index.strftime(form), "y": np.arange(float(len(index)))})


def read(newer, own, **options):
    return read_rows(newer, own, InputOptions.of(options), target="y", covariates=(), what="newer rows")


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%d-%m-%Y %H:%M", "%Y-%m-%d"])
@pytest.mark.parametrize("column", ["date", "when"])
def test_a_week_is_read_as_the_months_before_it(form, column):
    own = load(table(FIRST, form, column))
    assert (read(table(NEWER, form, column), own).index == NEWER).all()
    one_row = read(table(NEWER[:1], form, column), own)
    assert (one_row.index == NEWER[:1]).all()


@pytest.mark.parametrize("how", [{"dayfirst": True}, {"date_format": "%d/%m/%Y"}])
@pytest.mark.parametrize("by_option", [True, False])
def test_what_the_caller_said_is_remembered(how, by_option):
    week = FIRST[62:]  # two readings by itself
    own = load(table(week, "%d/%m/%Y"), **how)
    options = how if by_option else {}
    assert (read(table(NEWER, "%d/%m/%Y"), own, **options).index == NEWER).all()
    assert (read(table(NEWER, "%d-%m-%Y"), own, **options).index == NEWER).all()
    assert (read(table(NEWER, "%Y-%m-%d"), own, **options).index == NEWER).all()
    assert (read(table(NEWER, "%d/%m/%Y").set_index("date")["y"], own, **options).index == NEWER).all()
    assert (read(pd.Series(np.zeros(7), NEWER), own, **options).index == NEWER).all()


def test_the_other_order_must_be_proven_and_is_refused_where_the_caller_chose():
    own = load(table(FIRST, "%d/%m/%Y"))
    newer = table(pd.date_range("2024-02-10", periods=7), "%m/%d/%Y")
    assert read(newer, own).index[0] == pd.Timestamp("2024-02-10")
    with pytest.raises(DataError, match=r"dayfirst=True must fit every date, but '02/13/2024' in 'date', row 3"):
        read(newer, own, dayfirst=True)


@pytest.mark.parametrize("form", ["%Y%m%d", "%Y%m"])
def test_numbers_are_read_as_before(form):
    index = FIRST if form == "%Y%m%d" else pd.date_range("2015-01-01", periods=60, freq="MS")
    own = load(table(index[:-1], form, "x").astype({"x": int}))
    assert read(table(index[-1:], form, "x").astype({"x": int}), own).index[0] == index[-1]


def test_a_date_and_a_clock_are_put_together_as_before():
    hours = pd.date_range("2024-01-01", periods=72, freq="h")
    pieces = pd.DataFrame({"Date": hours.strftime("%d/%m/%Y"), "Time": hours.strftime("%H:%M"), "y": np.arange(72.0)})
    own = load(pieces[:48], dayfirst=True)
    assert (read(pieces[48:].reset_index(drop=True), own).index == hours[48:]).all()


def test_a_known_future_is_read_as_the_rows_before_it():
    own = load(table(FIRST, "%d/%m/%Y").assign(wind=1.0))
    known = table(NEWER, "%d/%m/%Y").rename(columns={"y": "wind"})
    rows = read_known(known, own, InputOptions.of({}), NEWER, target="y", covariates=["wind"])
    assert rows["wind"].tolist() == list(range(7))
