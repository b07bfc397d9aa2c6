"""What mistakes and warnings say, and of which line."""

import inspect

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.data.preparation import prepare
from lstm_lab.errors import LabWarning, OptionError, did_you_mean, warn
from lstm_lab.options import InputOptions


def test_a_list_of_choices_is_short_and_names_each_once():
    choices = [f"column {number}" for number in range(3_000)]
    assert did_you_mean("rain", ["sun", "wind", "sun"]) == "choose from 'sun', 'wind'"
    text = did_you_mean("rain", choices)
    assert text.endswith("'column 39' and 2960 more")
    assert did_you_mean("colunm 2999", choices) == "did you mean 'column 2999'?"


def test_a_warning_points_at_the_line_of_the_user():
    """However a reading function is decorated, and however deep in it the warning is given."""
    days = pd.date_range("2024-01-01", periods=60)
    shops = pd.DataFrame({"shop": ["a"] * 59 + ["b"], "day": days, "sales": np.arange(60.0)})
    calls = (
        lambda: lab.load(shops, id="shop", time="day"),
        lambda: prepare(shops, InputOptions(id="shop", time="day", target="sales", lookback=5, transform="none")),
        lambda: warn("rows are left out"),
    )
    for call in calls:
        with pytest.warns(LabWarning, match="are left out") as heard:
            call()
        assert [(each.filename, each.lineno) for each in heard] == [(__file__, inspect.getsourcelines(call)[1])] * len(
            heard
        )


def test_layers_are_given_as_a_stack():
    with pytest.raises(
        OptionError, match=r"there is no option 'layers'; did you mean stack=\[LSTM\(32\), Dense\(1\)\]"
    ):
        lab.train({"x": [1.0]}, layers=[])
