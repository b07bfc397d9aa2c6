"""A name that no file system takes is that of nothing, in every face that asks."""

import pytest

import lstm_lab as lab
from lstm_lab.cli.checks import check_run_file
from lstm_lab.errors import DataError, FileWriteError, LabError, RunError
from lstm_lab.notebook.namespace import find_source
from lstm_lab.storage.atomic_files import write_text
from lstm_lab.storage.names import exists, is_file, is_folder

LONG = "9" * 1000


def test_a_name_says_what_is_there(tmp_path):
    (tmp_path / "file").write_text("")
    names = (tmp_path / "file", tmp_path, tmp_path / "none", LONG, f"{tmp_path}/{LONG}")
    assert [is_file(name) for name in names] == [True, False, False, False, False]
    assert [is_folder(name) for name in names] == [False, True, False, False, False]
    assert [exists(name) for name in names] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: lab.load(f"{LONG}.csv", target="y"), DataError),
        (lambda: lab.load_run(LONG), RunError),
        (lambda: check_run_file(LONG), RunError),
        (lambda: find_source(LONG, {}), DataError),
        (lambda: write_text(f"{LONG}.html", "", "a page"), FileWriteError),
    ],
)
def test_a_name_that_is_too_long_is_refused_in_one_line(call, error):
    with pytest.raises(error) as refused:
        call()
    assert isinstance(refused.value, LabError)
    assert "\n" not in str(refused.value)
