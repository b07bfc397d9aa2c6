"""Many series in one frame: read, sorted, filled and refused per id."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import lstm_lab as lab
from lstm_lab.data.memory import budget as memory_budget
from lstm_lab.data.preparation import prepare_rows
from lstm_lab.data.sources.panel import read_panel
from lstm_lab.data.sources.source_tables import table_of
from lstm_lab.errors import DataError, LabError
from lstm_lab.options import InputOptions


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


# Forms ---------------------------------------------------------------------------------------------------------------


def as_levels(table):
    return table.set_index(["store", "day"]).sample(frac=1, random_state=1)


def as_dict(table):
    return {name: rows.drop(columns="store") for name, rows in table.groupby("store")}


def as_groups(table):
    return dict(tuple(table.groupby("store")))


def as_series_by_id(table):
    return {name: rows.set_index("day").units for name, rows in table.groupby("store")}


def as_wide(table):
    return table.pivot_table(index="day", columns="store", values="units")


def as_polars(table):
    return pl.DataFrame(table[["store", "day", "units"]].to_dict("list"))


def as_arrow(table):
    return pa.Table.from_pandas(table)


def as_text(table):
    return table.assign(day=table.day.dt.strftime("%d/%m/%Y"), store=table.store.astype("category"))


FORMS = {
    "two levels": (as_levels, {"id": "store"}),
    "two levels, unnamed": (lambda table: as_levels(table).rename_axis([None, None]), {"id": "store", "time": "day"}),
    "two levels, without options": (as_levels, {}),
    "levels the other way round": (lambda table: as_levels(table).swaplevel(), {"id": "store"}),
    "one level of ids": (lambda table: table.set_index("store"), {"id": "store"}),
    "dict": (as_dict, {"id": "store"}),
    "dict of groups, with the ids in them": (as_groups, {"id": "store"}),
    "dict of Polars frames": (lambda table: {k: pl.from_pandas(v) for k, v in as_dict(table).items()}, {"id": "store"}),
    "wide": (as_wide, {"id": "columns"}),
    "polars": (as_polars, {"id": "store"}),
    "arrow": (as_arrow, {"id": "store"}),
    "text": (as_text, {"id": "store"}),
}


@pytest.mark.parametrize(("form", "options"), FORMS.values(), ids=FORMS)
def test_every_form_gives_the_same_panel(form, options):
    table = long_table()
    expected = lab.load(table, id="store", target="units", time="day")[["units"]]
    panel = lab.load(form(table), target="units", **options)
    pd.testing.assert_frame_equal(panel[["units"]], expected, check_index_type=False, check_categorical=False)
    assert panel.index.names == ["store", "day"]
    assert panel.attrs["lstm_lab"]["id"] == "store"


def test_a_dict_of_series_needs_id_because_it_may_be_the_columns_of_one_table():
    series = as_series_by_id(long_table())
    panel = lab.load(series, id="store", missing="error")
    assert panel.loc["C"]["value"].tolist() == list(200.0 + np.arange(12))
    assert lab.load(series, missing="drop").columns.tolist() == ["A", "B", "C"]


def test_a_table_of_a_panel_knows_its_ids_and_one_series_of_it_is_one_series():
    panel = lab.load(long_table(), id="store", target="units", time="day", static="region")
    table = table_of(panel)
    assert table.columns.tolist() == ["store", "day", "units", "price", "region"]
    pd.testing.assert_frame_equal(lab.load(table), panel)
    pd.testing.assert_frame_equal(lab.load(panel.reset_index()), panel)
    assert isinstance(lab.load(panel.loc["A"]).index, pd.DatetimeIndex)
    columns = {name: pl.Series([1.0, 2.0]) for name in "AB"}
    assert lab.load(columns).columns.tolist() == ["A", "B"]


def test_ids_of_a_wide_table_have_their_own_starts_and_ends():
    wide = as_wide(long_table())
    panel = lab.load(wide, id="columns", target="units")
    assert panel.loc["A"].index[-1] < panel.loc["C"].index[-1]
    assert panel.groupby(level=0).size().tolist() == [12, 12, 12]
    wide.loc["2024-01-05", "B"] = np.nan
    filled = lab.load(wide, id="columns", target="units", missing="interpolate")
    assert filled.loc[("B", "2024-01-05"), "units"] == 103.0
    assert lab.load(wide, id="columns", columns=["A", "C"]).index.unique(0).tolist() == ["A", "C"]


def test_the_usual_names_of_many_series_are_known():
    table = long_table().rename(columns={"store": "unique_id", "day": "ds", "units": "y"}).drop(columns="price")
    panel = lab.load(table)
    assert panel.index.names == ["unique_id", "ds"]
    assert panel.columns.tolist() == ["y"]
    alone = lab.load(table[table.unique_id == "B"])
    assert isinstance(alone.index, pd.DatetimeIndex)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_files_hold_panels(tmp_path, suffix):
    table, path = shuffled(long_table()), tmp_path / f"sales.{suffix}"
    table.to_parquet(path) if suffix == "parquet" else table.to_csv(path, index=False)
    panel = lab.load(path, id="store", target="units", static=["region"])
    expected = lab.load(table, id="store", target="units", static=["region"])
    pd.testing.assert_frame_equal(panel, expected, check_index_type=False)


def test_loading_what_was_loaded_changes_nothing():
    table = as_text(long_table())
    table.loc[4, "units"] = np.nan
    panel = lab.load(table, id="store", target="units", static="region", missing="ffill")
    again = lab.load(panel, target="units")
    pd.testing.assert_frame_equal(again, panel)
    assert again.attrs == panel.attrs
    assert panel.attrs["lstm_lab"]["filled_values"] == 1
    assert panel.attrs["lstm_lab"]["dates"]["dayfirst"] is True


@pytest.mark.parametrize("ids", [[10, 9, 2], [1.5, 0.5, 2.5], ["10", "9", 2], [True, False]])
def test_ids_of_any_kind_keep_it(ids):
    table = pd.concat([pd.DataFrame({"k": [key] * 3, "t": [0, 1, 2], "v": [1.0, 2.0, 3.0]}) for key in ids])
    panel = lab.load(table.astype({"k": object}), id="k", target="v", time="t")
    assert set(panel.index.unique(0)) == set(ids)


def test_times_of_any_kind_keep_it():
    zoned = long_table().assign(day=lambda table: table["day"].dt.tz_localize("Europe/Berlin"))
    panel = lab.load(zoned, id="store", target="units", time="day")
    assert str(panel.index.levels[1].tz) == "Europe/Berlin"
    periods = long_table(step="MS").assign(day=lambda table: table["day"].dt.to_period("M"))
    months = lab.load(periods, id="store", target="units", time="day")
    assert months.index.levels[1][0] == pd.Timestamp("2024-01-01")
    backwards = lab.load(long_table().iloc[::-1], id="store", target="units", time="day")
    assert backwards.loc["B", "units"].tolist() == list(100.0 + np.arange(12))


@pytest.mark.parametrize(
    "values",
    [pd.Categorical(["x", "y", "x"]), [True, False, True], [1.5, 2.5, 1.5], [None, "x", "y"]],
    ids=["category", "bool", "number", "text, one unknown"],
)
def test_static_columns_of_any_kind_are_kept_as_they_are(values):
    by_store = pd.DataFrame({"store": list("ABC"), "kind": values})
    table = long_table().merge(by_store, on="store")
    panel = lab.load(shuffled(table), id="store", target="units", time="day", static="kind")
    assert panel["kind"].dtype == table["kind"].dtype
    first = panel.groupby(level=0, observed=True)["kind"].nth(0).reset_index(drop=True)
    pd.testing.assert_series_equal(first, by_store["kind"], check_names=False)


# Refusals ------------------------------------------------------------------------------------------------------------


def changed_region(table):
    return table.assign(region=table.region.mask(table.index == 30, "east"))


def with_weekly(table):
    weekly = long_table("W", step="W").assign(region="west")
    return pd.concat([table, weekly], ignore_index=True)


def without_price(table):
    tables = as_dict(table)
    return tables | {"B": tables["B"].drop(columns="price")}


REFUSED = {
    "several columns of ids": (
        {"id": ["store", "region"]},
        None,
        "id is one column, got ['store', 'region']; join them into one first, for example",
    ),
    "a level that is a column too": (
        {},
        lambda table: as_levels(table).assign(store="A"),
        "a name is of a level of the rows or of a column, got 'store' for both; rename one",
    ),
    "static that changes": (
        {"static": "region"},
        changed_region,
        (
            "a static column is constant within an id, but 'region' of 'C' is 'south' and, at 2024-01-09"
            " 00:00:00, 'east' (1 such id); correct it, or use it as a covariate without static="
        ),
    ),
    "mixed frequencies": (
        {},
        with_weekly,
        (
            "all ids have one frequency, got a step of 1 day in 'A' (3 such ids) and of 7 days in 'W';"
            " resample them to one step, or load each frequency by itself"
        ),
    ),
    "ids with other columns": (
        {},
        without_price,
        (
            "every id has the same columns, but 'B' lacks 'price', unlike 'A'; give each id all columns, or"
            " leave that one out"
        ),
    ),
    "an id without rows": (
        {},
        lambda table: as_dict(table) | {"D": as_dict(table)["A"].iloc[:0]},
        "every id needs rows, got none for 'D' (1 such ids); leave it out",
    ),
    "a blank id": (
        {},
        lambda table: table.assign(store=table.store.mask(table.index == 3, " ")),
        "every row needs an id, got none in 'store', row 3 (1 such rows)",
    ),
    "one row, refused": (
        {"short": "error"},
        lambda table: table[table.store.isin(["A", "B"]) | (table.index == 30)],
        "an id needs at least 2 rows, got 1 of 'C' (1 of 3 ids); add rows, or leave them out with short='skip'",
    ),
    "every id with one row": (
        {"id": "units"} | {"target": "price"},
        None,
        "an id needs at least 2 rows, got 1 of 0.0, 1.0, 2.0 and 33 more (36 of 36 ids); name the column that tells",
    ),
    "static is the target": (
        {"static": "units"},
        None,
        "static='units' and target='units' name the same column; change one",
    ),
    "id is the time": ({"id": "day"}, None, "id='day' and time='day' name the same column; change one"),
    "keys that differ from their column": (
        {},
        lambda table: {name + "!": rows for name, rows in table.groupby("store")},
        "the keys of a dict are the ids, but the table of 'A!' has 'store' 'A'; name the ids otherwise with id=",
    ),
    "an empty wide column": (
        {"id": "columns", "time": None},
        lambda table: as_wide(table).assign(D=np.nan),
        "every id needs values, got none in column 'D' (1 such columns); drop it",
    ),
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


def test_ids_of_one_row_are_left_out_and_named():
    table = long_table("ABCD")
    table = table[table.store.isin(["A", "B"]) | table.index.isin([30, 40])]
    told = r"got 1 of 'C' and 'D' \(2 of 4 ids\); they are left out, and short='error' would refuse them"
    with pytest.warns(UserWarning, match=told):
        panel = lab.load(table, id="store", target="units", time="day")
    assert panel.index.levels[0].tolist() == ["A", "B"]
    assert panel.attrs["lstm_lab"]["left_out"] == 2
    assert read_panel(table, id="store", target="units", time="day", least=1).index.unique(0).tolist() == list("ABCD")


def test_an_id_whose_every_value_is_missing_is_left_out_too():
    table = long_table()
    table.loc[table.store == "B", "units"] = np.nan
    with pytest.warns(UserWarning, match="got 0 of 'B'"):
        panel = lab.load(table, id="store", target="units", time="day", missing="drop")
    assert panel.index.unique(0).tolist() == ["A", "C"]


def test_series_with_holes_are_no_other_frequency():
    table = long_table("AB", rows=60)
    sparse = table[(table.store == "A") | table.index.isin([60, 61, 64, 65, 70, 77, 79, 83, 90, 91, 99])]
    assert len(lab.load(sparse, id="store", target="units", time="day")) == 71
    months = long_table("AB", rows=24, step="MS")
    assert len(lab.load(months, id="store", target="units", time="day")) == 48


def test_several_series_without_id_name_the_option():
    with pytest.raises(DataError, match=r"several series\? name their column with id='store', or keep one"):
        lab.load(long_table(), target="units", time="day")
    with pytest.raises(LabError, match=r"static='region' belongs to many series; name their column with id= too"):
        lab.load(long_table("A"), target="units", static="region")


def test_what_cannot_fit_is_refused_before_it_is_sorted(monkeypatch):
    monkeypatch.setattr(memory_budget, "free_memory", lambda: 3_000)
    with pytest.raises(
        DataError, match=r"loading 3 ids of 36 rows needs about 0\.0 MB of memory, and 0\.0 MB are free"
    ):
        lab.load(long_table(), id="store", target="units", time="day")


def test_a_training_that_cannot_fit_is_refused_before_it_is_encoded(monkeypatch):
    panel = lab.load(long_table(), id="store", target="units", time="day")
    monkeypatch.setattr(memory_budget, "free_memory", lambda: 1_500)
    with pytest.raises(
        DataError, match=r"encoding 3 ids of 36 rows needs about 0\.0 MB of memory, .* train on fewer ids"
    ):
        prepare_rows(panel, "units", InputOptions.of({"lookback": 3}))


def test_three_million_ids_are_refused_at_once_where_they_cannot_fit(monkeypatch):
    ids = np.arange(3_000_000)
    table = pd.DataFrame({"id": ids, "t": 0, "y": 1.0})
    monkeypatch.setattr(memory_budget, "free_memory", lambda: 100_000_000)
    with pytest.raises(
        DataError, match=r"loading 3,000,000 ids of 3,000,000 rows needs about 0\.2 GB of memory, and 0\.1 GB"
    ):
        lab.load(table, id="id", time="t", target="y")


def test_a_file_that_cannot_fit_is_refused_before_it_is_read(monkeypatch, tmp_path):
    path = tmp_path / "sales.csv"
    long_table("ABCDEFGH", rows=500).to_csv(path, index=False)
    monkeypatch.setattr(memory_budget, "free_memory", lambda: 300_000)
    monkeypatch.setattr("lstm_lab.data.sources.source_tables.read_file", None)
    with pytest.raises(
        DataError, match=r"reading 'sales\.csv' needs about 0\.\d MB of memory, and 0\.3 MB are free; keep"
    ):
        lab.load(path, id="store", target="units", time="day")


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (("a", 1), r"^an id is a text, a number or a date, got \('a', 1\); join its parts, as 'a 1'$"),
        ("a\ud800", r"^an id is text that can be written as UTF-8, got 'a\\ud800'; correct or rename it$"),
    ],
    ids=["tuple", "half a character"],
)
@pytest.mark.parametrize("form", ["a column", "a dict"])
def test_an_id_that_no_index_or_file_holds_is_refused(odd, words, form):
    table = long_table("A").drop(columns="store")
    if form == "a dict":
        source = {odd: table, "B": table}
    else:
        source = pd.concat([table, table], ignore_index=True)
        source["store"] = pd.Series([odd] * 12 + ["B"] * 12, dtype=object)
    with pytest.raises(DataError, match=words):
        read_panel(source, id="store", target="units", time="day")


def test_two_levels_of_one_name_are_refused():
    index = pd.MultiIndex.from_product([["a", "b"], pd.date_range("2024-01-01", periods=5)], names=["q", "q"])
    with pytest.raises(DataError, match=r"^levels of the rows have names of their own, got 'q' twice; rename one, "):
        read_panel(pd.DataFrame({"units": np.arange(10.0)}, index=index), target="units")
