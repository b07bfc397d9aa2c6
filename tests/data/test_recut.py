"""Rows cut anew for a training that goes on: new shares, and ids without a window left out or refused."""

import pandas as pd
import pytest

from lstm_lab.data.panel_append import read_newer_by_id
from lstm_lab.data.preparation import prepare, recut
from lstm_lab.errors import DataError
from lstm_lab.options import TrainOptions

OPTIONS = TrainOptions(id="shop", target="y", transform="none", lookback=4)


def rows_of(name, count):
    index = pd.date_range("2024", periods=count, freq="D")
    return pd.DataFrame({"shop": name, "day": index, "y": [float(i % 7) for i in range(count)]})


@pytest.fixture(scope="module")
def longer():
    """Sixty rows of two ids, to which a new id of three has come."""
    dataset = prepare(pd.concat([rows_of("a", 60), rows_of("b", 60)]), OPTIONS).dataset
    newer = pd.concat([rows_of("a", 60), rows_of("b", 60), rows_of("new", 3)])
    return dataset.append(*read_newer_by_id(newer, dataset, OPTIONS))


def test_an_id_without_a_training_window_is_left_out(longer):
    assert list(longer.ids) == ["a", "b", "new"]
    cut = recut(longer, OPTIONS)
    assert (list(cut.ids), cut.left_out) == (["a", "b"], ("new",))


def test_it_is_refused_where_short_ids_are_errors(longer):
    with pytest.raises(DataError, match=r"short='error'.* but 1 of 3 ids have none: 'new'; leave"):
        recut(longer, OPTIONS.model_copy(update={"short": "error"}))


def test_the_shares_are_those_of_the_options(longer):
    cuts = recut(longer, OPTIONS.model_copy(update={"validation": 0.3, "calibration": 0.2})).cuts
    assert [(cut.validation, cut.calibration, cut.rows) for cut in cuts] == [(30, 48, 60)] * 2
