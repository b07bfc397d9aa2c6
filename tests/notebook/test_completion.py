"""What TAB offers."""

import pytest

from lstm_lab.notebook.commands import COMMANDS
from lstm_lab.notebook.completion import complete


def values(flag, place):
    if flag.name == "target":
        return ("close", "the price") if place == "prices" else ()
    return {"data": ("prices", "oil"), "run": ("first",), "features": ("hour", "bollinger")}.get(flag.name, ())


@pytest.mark.parametrize(
    ("line", "fragment", "candidates"),
    [
        ("%lstm_train prices --lo", "--lo", ("--lookback", "--loss")),
        ("%%lstm_train prices --lo", "--lo", ("--lookback", "--loss")),
        ("fc = %lstm_forecast --dropout", "--dropout", ("--dropout-masks",)),
        ("%lstm_train prices --lookback 3 --lo", "--lo", ("--loss",)),
        ("%lstm_train prices --loss ", "", ("huber", "mse", "mae")),
        ("%lstm_train prices --loss=m", "m", ("mse", "mae")),
        ("%lstm_forecast 30 --calibrate o", "o", ("on", "off")),
        ("%lstm_train prices --target c", "c", ("close",)),
        ("%lstm_train prices --target ", "", ("close", '"the price"')),
        ('%lstm_train prices --target "the', "the", ("the price",)),
        ("%lstm_train p", "p", ("prices",)),
        ("%lstm_forecast 30 --run f", "f", ("first",)),
        ('%lstm_train prices --features "log_return, bo', "bo", ("bollinger",)),
        ("%lstm_train prices --features hour,bo", "bo", ("bollinger",)),
    ],
)
def test_tab_completes_flags_choices_and_names(line, fragment, candidates):
    found = complete(line, COMMANDS, values)
    assert (found.fragment, found.candidates) == (fragment, candidates)


def test_files_are_offered_only_where_data_stands():
    assert complete("%lstm_train ", COMMANDS, values).files
    assert not complete("%lstm_train prices --loss ", COMMANDS, values).files


@pytest.mark.parametrize("line", ["%timeit x", "lstm_train --lo", "x = 100 % lstm", "print('%lstm_train --lo"])
def test_other_lines_are_left_alone(line):
    assert complete(line, COMMANDS, values) is None
