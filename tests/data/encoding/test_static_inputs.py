"""Static inputs: a column a level, numbers standardised over the series, 0 for what is not known."""

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.encoding.static_inputs import LEVELS, StaticInputs
from lstm_lab.errors import DataError

TABLE = pd.DataFrame({"region": ["north", "south", "south"], "size": [1.0, 2.0, 6.0]})


def test_levels_are_columns_and_numbers_are_standardised_over_the_series():
    inputs = StaticInputs.fit(TABLE)
    assert inputs.columns == ("region=north", "region=south", "size")
    assert inputs.groups == (slice(0, 2),)
    deviation = np.std([1, 2, 6])
    np.testing.assert_allclose(
        inputs.encode(TABLE), [[1, 0, -2 / deviation], [0, 1, -1 / deviation], [0, 1, 3 / deviation]]
    )


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"region": ["west"], "size": [np.nan]}),
        pd.DataFrame({"region": [None], "size": ["huge"]}),
        pd.DataFrame(index=[0]),
    ],
)
def test_an_unknown_level_and_a_missing_number_are_0(table):
    assert StaticInputs.fit(TABLE).encode(table).tolist() == [[0, 0, 0]]


def test_an_input_that_is_alike_for_all_series_is_0():
    inputs = StaticInputs.fit(pd.DataFrame({"size": [3.0, 3.0]}))
    assert inputs.encode(pd.DataFrame({"size": [3.0]})).tolist() == [[0]]


def test_a_level_for_every_series_is_refused():
    with pytest.raises(DataError, match=rf"at most {LEVELS} levels, got 101 in 'town'; group them"):
        StaticInputs.fit(pd.DataFrame({"town": [f"t{number}" for number in range(101)]}))


def test_what_is_saved_is_the_same():
    inputs = StaticInputs.fit(TABLE)
    again = StaticInputs.from_json(inputs.to_json())
    np.testing.assert_array_equal(again.encode(TABLE), inputs.encode(TABLE))
