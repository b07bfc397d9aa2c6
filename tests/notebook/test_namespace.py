"""What a word means: itself before a variable, a variable before a file, a file before an example."""

import re

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import lstm_lab
from lstm_lab.data.sources.bundled import EXAMPLES
from lstm_lab.errors import DataError
from lstm_lab.notebook.namespace import find_source, named_runs, resolve, tables
from lstm_lab.options import TrainOptions

WORDS = {"target": ("close", "open"), "features": ("hour", "close"), "max_gap": ()}


@pytest.mark.parametrize(
    ("option", "text", "variables", "value"),
    [
        ("lookback", "n", {"n": 24}, 24),
        ("lookback", "24", {"24": 3}, "24"),
        ("loss", "mse", {"mse": "mae"}, "mse"),
        ("loss", "mine", {"mine": "mae"}, "mae"),
        ("features", "hour", {"hour": 3}, "hour"),
        ("features", "feats", {"feats": ["hour"]}, ["hour"]),
        ("target", "close", {"close": "open"}, "close"),
        ("target", "column", {"column": "open"}, "open"),
        ("target", "column", {"column": 3.5}, "column"),
        ("max_gap", "gap", {"gap": "3D"}, "3D"),
        ("max_gap", "3D", {}, "3D"),
        ("lookback", "unknown", {}, "unknown"),
    ],
)
def test_a_word_means_itself_before_it_means_a_variable(option, text, variables, value):
    assert resolve({option: text}, TrainOptions, variables, WORDS) == {option: value}


def test_a_variable_comes_before_a_file_and_a_file_before_an_example(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mine = pd.DataFrame({"a": [1.0]})
    assert isinstance(find_source("oil", {}), pd.DataFrame)
    (tmp_path / "oil").write_text("a\n1\n")
    assert find_source("oil", {}).name == "oil"
    assert find_source("oil", {"oil": mine}) is mine


def test_what_looks_like_a_path_is_refused_as_one():
    with pytest.raises(DataError, match=r"there is no file 'no/such\.csv', nor a folder 'no'; check the path"):
        find_source("no/such.csv", {})


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("prices.close", r"did you mean prices with target='close'\?"),
        ("prices[close]", r"did you mean prices with target='close'\?"),  # the magics' lines lose their quotes
        ("prices.loc[:5]", r"give it a name first: data = prices\.loc\[:5\]"),
        ("prices[:5]", r"give it a name first: data = prices\[:5\]"),
    ],
)
def test_what_is_computed_from_a_variable_is_not_called_a_file(text, remedy):
    variables = {"prices": pd.DataFrame({"close": [1.0]})}
    with pytest.raises(DataError, match=rf"a variable, a file or an example, got '{re.escape(text)}'; {remedy}"):
        find_source(text, variables)
    with pytest.raises(DataError, match=r"there is no file"):
        find_source("price.csv", variables)


def test_an_unknown_source_is_compared_with_the_users_tables_and_the_examples():
    variables = {"prices": pd.Series([1.0]), "prince": 3, "_": pd.DataFrame()}
    with pytest.raises(DataError, match="no variable, file or example called 'price'; did you mean 'prices'\\?"):
        find_source("price", variables)
    with pytest.raises(DataError, match="no file or example called 'oli'; did you mean 'oil'\\?"):
        find_source("oli", {})
    assert tables(variables) == ["prices"]
    assert "oil" in EXAMPLES


def test_a_run_is_known_by_its_class_not_by_the_classs_name():
    run = object.__new__(lstm_lab.Run)
    namesake = type("Run", (), {"__module__": "lstm_lab.run"})()
    assert set(named_runs({"mine": run, "theirs": namesake, "_old": run, "kind": lstm_lab.Run})) == {"mine"}


def test_tables_are_known_by_their_libraries_and_namesakes_are_not():
    arrow, frame = pa.table({"a": [1]}), pl.DataFrame({"a": [1]})
    variables = {"arrow": arrow, "frame": frame, "lazy": frame.lazy(), "column": frame["a"]}
    namesake = type("DataFrame", (), {})()
    assert tables({**variables, "theirs": namesake, "kind": pd.DataFrame, "number": 3}) == list(variables)
