"""A panel laid out for a network: each id cut by its own time, encoded by its own training rows, or left out."""

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.panel_append import read_rows_by_id
from lstm_lab.data.panel_preparation import static_of
from lstm_lab.data.preparation import prepare
from lstm_lab.data.sources.loading import load
from lstm_lab.data.sources.panel import read_panel
from lstm_lab.data.store import FrameStore
from lstm_lab.errors import DataError, OptionError
from lstm_lab.options import InputOptions
from tests.data.panels import made_panel

LOOKBACK = 14


def options(**more):
    return InputOptions.of({"id": "store", "target": "units", "time": "day", "lookback": LOOKBACK, **more})


@pytest.fixture(scope="module")
def table():
    return made_panel()


@pytest.fixture(scope="module")
def dataset(table):
    return prepare(table, options(static=["region", "size"], features=["auto", "promo"])).dataset


def shortened(table, store, rows):
    return pd.concat([table[table.store != store], table[table.store == store].iloc[:rows]])


def test_every_id_is_cut_by_its_own_time(dataset, table):
    rows = table.groupby("store").size().tolist()
    assert np.diff(dataset.borders).tolist() == rows
    assert [cuts.calibration for cuts in dataset.cuts] == [count - round(0.1 * count) for count in rows]
    assert [cuts.rows for cuts in dataset.cuts] == rows


def test_training_rows_of_every_id_have_about_mean_0_and_deviation_1(dataset):
    training = dataset.matrix[dataset.windows.target_rows[dataset.split.train], 0]
    series = dataset.series[dataset.windows.target_rows[dataset.split.train]]
    for number in range(len(dataset.ids)):
        assert abs(training[series == number].mean()) < 0.5
        assert 0.6 < training[series == number].std() < 1.5


def test_no_value_after_any_cut_changes_what_is_learnt(dataset, table):
    moved = table.copy()
    for number, name in enumerate(dataset.ids):
        rows = np.flatnonzero(moved.store == name)[dataset.cuts[number].validation :]
        moved.loc[moved.index[rows], ["units", "promo"]] *= 3.0
    again = prepare(moved, options(static=["region", "size"], features=["auto", "promo"])).dataset
    assert again.encoder.to_json() == dataset.encoder.to_json()
    np.testing.assert_array_equal(again.windows.inputs(again.split.train), dataset.windows.inputs(dataset.split.train))
    np.testing.assert_array_equal(
        again.windows.targets(again.split.train), dataset.windows.targets(dataset.split.train)
    )
    assert again.season == dataset.season == 7


def test_ids_without_a_training_window_are_left_out_and_named(table):
    ready = prepare(shortened(table, "s03", 20), options(short="skip"))
    assert ready.dataset.left_out == ("s03",)
    assert "s03" not in ready.dataset.ids
    assert len(ready.dataset.ids) == 5
    assert ready.input_choice.reason.endswith("the best naive forecast for 5 of the 5 series")


def test_ids_that_are_too_short_are_refused_on_request(table):
    with pytest.raises(DataError, match=r"1 of 6 ids have fewer: 's03'; .* leave them out with short='skip'"):
        prepare(shortened(table, "s03", 15), options(short="error", transform="none"))


def test_no_id_with_a_window_names_the_lookback_that_fits(table):
    with pytest.raises(DataError, match=r"401 training rows .* longest id has (\d+); lower lookback to at most \d+"):
        prepare(table, options(lookback=400, transform="none", short="skip"))


def test_the_transform_is_what_most_ids_choose(table):
    choice = prepare(table, options()).input_choice
    assert choice.transform == "seasonal_diff(7)"
    assert choice.reason.endswith("the best naive forecast for 6 of the 6 series")


def test_one_id_that_is_not_positive_keeps_all_from_a_logarithm(table):
    rising = table.assign(units=table.groupby("store").cumcount().map(lambda day: 1.05 ** float(day)))
    assert prepare(rising, options()).input_choice.transform == "log_return"
    rising.loc[rising.store == "s02", "units"] -= 1.0
    assert prepare(rising, options()).input_choice.transform == "diff"


def test_a_value_without_a_logarithm_is_refused_with_its_id(table):
    broken = table.copy()
    broken.loc[broken.index[broken.store == "s01"][-1], "units"] = 0.0
    with pytest.raises(DataError, match=r"log needs positive values, got 0 in 'units' at 's01', 2023"):
        _ = prepare(broken, options(transform="log")).dataset.matrix


def test_static_inputs_are_constant_columns_of_each_id(dataset):
    columns = dataset.encoder.columns
    assert columns[-3:] == ("region=north", "region=south", "size")
    usable = ~np.isnan(dataset.matrix).any(axis=1)
    for number in range(len(dataset.ids)):
        rows = usable & (dataset.series == number)
        north = float(number % 2 == 1)
        assert np.unique(dataset.matrix[rows][:, -3:-1], axis=0).tolist() == [[north, 1 - north]]
        assert len(np.unique(dataset.matrix[rows][:, -1])) == 1


def test_a_new_id_is_scaled_by_its_own_rows_and_its_unknown_region_is_0(dataset):
    new = made_panel(1, seed=9).assign(store="new", region="west")
    frame = read_panel(new, id="store", target="units", time="day", columns=["promo"], static=["region", "size"])
    store = FrameStore(frame, dataset.encoder, static=static_of(frame, ["region", "size"]))
    encoded = store.encoded(slice(None))
    usable = encoded[~np.isnan(encoded).any(axis=1)]
    assert 0.5 < usable[:, 0].std() < 1.5
    assert np.unique(usable[:, -3:-1]).tolist() == [0]


def test_a_stretch_of_one_id_is_encoded_as_if_it_were_alone(table):
    features = ["bollinger(5, 2)", "momentum(3)", "dayofweek"]
    together = prepare(table, options(transform="diff", features=features)).dataset
    first = table[table.store == "s02"]
    alone = prepare(first, options(transform="diff", features=features)).dataset
    rows = slice(*together.borders[2:4])
    raw = together.encoder.raw(together.frame, together.segments)[rows]
    np.testing.assert_array_equal(raw, alone.encoder.raw(alone.frame, alone.segments))


def test_static_without_ids_is_refused(table):
    with pytest.raises(OptionError, match=r"got static=\['region'\] and no id; name the column of ids with id="):
        prepare(table[table.store == "s01"], options(static=["region"]).model_copy(update={"id": None}))


def test_every_form_of_a_panel_is_read(table):
    chosen = options(features=["promo"], transform="none")
    expected = prepare(table, chosen).dataset
    loaded = read_panel(table, id="store", target="units", time="day")
    by_id = {name: part.set_index("day")[["units", "promo"]] for name, part in table.groupby("store")}
    for source, given in [(loaded, {}), (loaded, {"id": "store"}), (by_id, {})]:
        without = InputOptions.of(
            {"target": "units", "lookback": LOOKBACK, "features": ["promo"], "transform": "none", **given}
        )
        again = prepare(source, without).dataset
        assert again.ids == expected.ids
        np.testing.assert_array_equal(again.matrix, expected.matrix)


def test_the_target_of_a_panel_is_found_and_other_columns_may_have_holes(table):
    rest = table[["store", "day", "units"]]
    assert prepare(rest, options().model_copy(update={"target": None})).dataset.encoder.target == "units"
    holes = table.assign(spare=np.nan)
    assert prepare(holes, options()).dataset.frame.columns.tolist() == ["units"]


def test_newer_rows_with_a_missing_value_are_to_be_filled_by_load(table, tmp_path):
    path = tmp_path / "sales.csv"
    ready = prepare(table, options())
    holes = table.copy()
    holes.loc[holes.index[5], "units"] = np.nan
    holes.to_csv(path, index=False)
    with pytest.raises(DataError, match="must have a finite value") as caught:
        read_rows_by_id(path, ready.dataset, options())
    remedy = f"give lab.load({str(path)!r}, id='store', missing='ffill') instead (or 'interpolate' or 'drop')"
    assert str(caught.value).endswith(remedy)
    rows, _ = read_rows_by_id(load(path, id="store", missing="ffill"), ready.dataset, options())
    assert rows["units"].iloc[5] == rows["units"].iloc[4]
