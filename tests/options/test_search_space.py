"""The space of a search: one grammar for text and mappings, and one line for every mistake in it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lstm_lab.errors import OptionError
from lstm_lab.options import TrainOptions, TuneOptions, default_space, read_space
from lstm_lab.options.search_space import Choices, Range
from lstm_lab.options.spelling import as_flags


def test_text_and_mapping_are_read_alike():
    text = "units=32|64,64; dropout=0..0.5; learning-rate=1e-4..1e-2:log; dense=none|16; loss=mse|huber; epochs=2..9"
    mapping = {
        "units": [32, (64, 64)],
        "dropout": (0, 0.5),
        "learning_rate": (1e-4, 1e-2, "log"),
        "dense": [(), 16],
        "loss": ["mse", "huber"],
        "epochs": (2, 9),
    }
    assert read_space(text) == read_space(mapping)
    assert read_space(text).dimensions == {
        "units": Choices(((32,), (64, 64))),
        "dropout": Range(0.0, 0.5, log=False, whole=False),
        "learning_rate": Range(1e-4, 1e-2, log=True, whole=False),
        "dense": Choices(((), (16,))),
        "loss": Choices(("mse", "huber")),
        "epochs": Range(2, 9, log=False, whole=True),
    }


def test_a_space_is_written_as_it_is_read():
    space = read_space("features=log_return, bollinger(20, 2)|none; batch=16|32; clip=0.5..2.25; lookback=5..50:log")
    assert space.dimensions["features"] == Choices((("log_return", "bollinger(20, 2)"), ()))
    assert read_space(space.text()) == space
    assert TuneOptions.of({"space": space.text()}).space == space.text()
    assert TuneOptions.of({"space": {"mask": [True, False]}}).space == "mask=on|off"


MISTAKES = {
    "": "name an option with its values, got ''",
    "dropout": "hold an option, = and its values, got 'dropout'",
    "dropuot=0..0.5": "options of a training, got 'dropuot'; did you mean 'dropout'?",
    "lr=1e-4..1e-2": "got 'lr'; did you mean 'learning_rate'?",
    "horizon=3|5": "options of a training, got 'horizon'; choose from mask, features",
    "target=a|b": "should not hold 'target', for trials must be judged by the same rows; set target= beside it",
    "seed=1|2": "should not hold 'seed', for the luckiest seed would win; use seeds=[0, 1, 2] beside it",
    "checkpoint=a|b": "options of a training, got 'checkpoint'",
    "dropout=0..1.5": "hold values that the option takes: dropout should be less than 1, got '1.5'",
    "units=0|8": "hold values that the option takes: units should be greater than or equal to 1",
    "dropout=0.5..0.1": "from low to high, got '0.5..0.1' for 'dropout'; write 0.1..0.5",
    "dropout=0.1..0.1": "from low to high, got '0.1..0.1' for 'dropout'; set dropout= alone",
    "dropout=0..0.5:log": "logarithmic ranges above zero, got '0..0.5:log' for 'dropout'; leave out :log",
    "dropout=0..0.5:lin": "end in :log or in the number, got '0..0.5:lin' for 'dropout'",
    "dropout=a..b": "ranges such as 1..5 or 0.001..0.1:log, got 'a..b' for 'dropout'",
    "units=16..64": "list the values of 'units', which is no number, got '16..64'; part them by |",
    "units=32": "two values or more of 'units', got '32'",
    "units=32|32": "two values or more of 'units', got '32|32'",
    "dropout=0..0.5; dropout=0.1|0.2": "have 'dropout' once, got it twice; keep one",
    "lookback=1.5..4": "hold values that the option takes: lookback should be a whole number, got '1.5'",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_in_one_line(text):
    with pytest.raises(OptionError) as refused:
        TuneOptions.of({"space": text})
    assert str(refused.value).startswith("space should ")
    assert MISTAKES[text] in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_mapping_is_refused_in_the_same_words():
    with pytest.raises(OptionError, match=r"which is no number, got '16\.\.64'"):
        TuneOptions.of({"space": {"units": (16, 64)}})
    with pytest.raises(OptionError, match="space should be a mapping or a text, got 3"):
        TuneOptions.of({"space": 3})


def test_a_remedy_is_written_as_a_flag_in_the_other_faces():
    with pytest.raises(OptionError) as refused:
        TuneOptions.of({"space": "target=a|b"})
    assert "set --target beside it" in as_flags(str(refused.value), {"space", "target"})
    with pytest.raises(OptionError) as refused:
        TuneOptions.of({"space": ""})
    text = as_flags(str(refused.value), {"space", "units", "dropout"})
    assert text.endswith('for example --space "units=32|64,64; dropout=0..0.5"')


def test_what_is_drawn_lies_in_the_space():
    space = read_space("units=8|16; lookback=3..9:log; dropout=0.1..0.2; learning_rate=1e-4..1e-1:log")
    rng = np.random.default_rng(0)
    drawn = [space.draw(rng) for _ in range(300)]
    assert all(space.has(each) for each in drawn)
    assert {each["lookback"] for each in drawn} == set(range(3, 10))
    below = np.mean([each["learning_rate"] < 10**-2.5 for each in drawn])
    assert 0.4 < below < 0.6  # half of the decades
    assert not space.has(drawn[0] | {"dropout": 0.3})
    assert not space.has(drawn[0] | {"learning_rate": None})
    assert space.size == math.inf
    assert read_space("units=8|16; lookback=3..9").size == 14


def test_the_default_space_leaves_what_is_set():
    assert list(default_space(TrainOptions()).dimensions) == ["units", "dropout", "learning_rate", "lookback"]
    assert default_space(TrainOptions()).dimensions["lookback"] == Range(30, 120, log=True, whole=True)
    assert list(default_space(TrainOptions.of({"units": 8, "lookback": 10})).dimensions) == ["dropout", "learning_rate"]
    space = default_space(TrainOptions())
    assert read_space(space.text()) == space
    every = TrainOptions.of({"units": 8, "lookback": 10, "dropout": 0.1, "learning_rate": 0.1})
    with pytest.raises(OptionError, match="are all set, so that nothing is left to search; name a space="):
        default_space(every)
