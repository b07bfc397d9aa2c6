"""Nothing is written under the name of another kind of file."""

import pytest

from lstm_lab.errors import FileWriteError
from lstm_lab.export.run_file import write_run
from lstm_lab.results import StillResult
from lstm_lab.storage.suffixes import check_suffix

REFUSED = [
    ("mine.csv", "a run", "mine.csv is named like a table, and a run is written; choose a name like mine.lstm"),
    (
        "x/mine.CSV.gz",
        "a run",
        "x/mine.CSV.gz is named like a table, and a run is written; choose a name like mine.lstm",
    ),
    ("a.txt", "a run", "a.txt is named like text, and a run is written; choose a name like a.lstm"),
    ("m.keras", "a run", "m.keras is named like a network, and a run is written; choose a name like m.lstm"),
    ("fan.png", "a page", "fan.png is named like a picture, and a page is written; choose a name like fan.html"),
    ("b.ipynb", "a page", "b.ipynb is named like a notebook, and a page is written; choose a name like b.html"),
    ("x.lstm", "a picture", "x.lstm is named like a run, and a picture is written; choose a name like x.png"),
    (
        *("x.jpg", "a picture"),
        "x.jpg is named like a picture of another format, and a picture is written; choose a name like x.png",
    ),
    ("x.lstm", "a table", "x.lstm is named like a run, and a table is written; choose a name like x.csv"),
    ("x.py", "an export", "x.py is named like a program, and an export is written; choose a name like x.tflite"),
]


@pytest.mark.parametrize(("name", "what", "message"), REFUSED)
def test_a_name_of_another_kind_is_refused(name, what, message):
    with pytest.raises(FileWriteError) as refused:
        check_suffix(name, what)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("name", "what"),
    [
        *[("x.lstm", "a run"), ("x", "a run"), ("x.zip", "a run"), ("x.2024-01-01", "a run"), ("x.LSTM", "a run")],
        *[("x.html", "a page"), ("x.htm", "a page"), ("x.png", "a picture"), ("x.csv", "a table"), (".csv", "a run")],
        *[("x.json", "a file"), ("x.checkpoint", "a checkpoint"), ("x.tflite.json", "part of an export")],
    ],
)
def test_its_own_ending_and_an_unknown_one_are_the_users_choice(name, what):
    check_suffix(name, what)


class Drawn(StillResult):
    """A result that must not be drawn for nothing."""


WRITERS = {
    "a picture": Drawn().save_png,
    "a page": Drawn().to_html,
    "a run": lambda path: write_run(path, None, None, None, None, {}),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_the_file_of_another_kind_stays_and_nothing_is_computed(tmp_path, kind):
    table = tmp_path / "mine.csv"
    table.write_text("a,b\n1,2\n")
    with pytest.raises(FileWriteError, match=f"mine.csv is named like a table, and {kind} is written"):
        WRITERS[kind](table)
    assert table.read_text() == "a,b\n1,2\n"
