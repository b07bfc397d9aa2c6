"""Files of checkpoints: whole or not there, told from damaged ones, and of one work alone."""

from __future__ import annotations

import random

import numpy as np
import pytest

from lstm_lab.errors import FileWriteError, RunError
from lstm_lab.storage.checkpoints import CheckpointFolder, first_difference

IDENTITY = {"options": {"epochs": 3}, "data": {"rows": 10, "digest of values in the data": "ab"}}


def folder(tmp_path, identity=None):
    return CheckpointFolder.opened(str(tmp_path / "state"), "a training", identity or IDENTITY)


def test_what_is_written_is_read(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(7, np.int32), "c": np.zeros(0, np.float32)}
    folder(tmp_path).write_newest("training", 1, {"loss": 0.1, "none": None}, arrays)
    contents = folder(tmp_path).newest("training")
    assert contents.facts == {"loss": 0.1, "none": None}
    assert {name: (array.dtype, array.shape) for name, array in contents.arrays.items()} == {
        name: (array.dtype, array.shape) for name, array in arrays.items()
    }
    assert all(np.array_equal(contents.arrays[name], array) for name, array in arrays.items())
    assert folder(tmp_path).newest("other") is None


def test_the_last_two_are_kept(tmp_path):
    for number in range(5):
        folder(tmp_path).write_newest("training", number, {"number": number}, {})
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == [
        "training-000000000003.checkpoint",
        "training-000000000004.checkpoint",
    ]
    assert folder(tmp_path).newest("training").facts == {"number": 4}


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    state = folder(tmp_path)
    names = [f".training-{number:012d}.checkpoint.x1.part" for number in (3, 4, 9)]
    for name in (*names, ".other-000000000001.checkpoint.x1.part"):
        (state.path / name).write_bytes(b"half")
    state.write_newest("training", 4, {}, {})
    # A later number is of a process that may still be writing it.
    assert sorted(path.name for path in state.path.iterdir()) == [
        ".other-000000000001.checkpoint.x1.part",
        names[2],
        "training-000000000004.checkpoint",
    ]


def test_nothing_else_in_the_folder_is_touched(tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "notes.txt").write_text("mine")
    for number in range(4):
        folder(tmp_path).write_newest("training", number, {}, {})
    assert (tmp_path / "state" / "notes.txt").read_text() == "mine"


def test_any_flipped_or_missing_byte_is_found(tmp_path):
    state = folder(tmp_path)
    state.write_newest("training", 1, {"number": 1}, {"a": np.arange(5.0)})
    state.write_newest("training", 2, {"number": 2}, {"a": np.arange(5.0)})
    path = tmp_path / "state" / "training-000000000002.checkpoint"
    good = path.read_bytes()
    rng = random.Random(0)  # noqa: S311 - bytes to damage
    for _ in range(100):
        place = rng.randrange(len(good))
        cut = rng.random() < 0.3
        path.write_bytes(good[:place] if cut else good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        with pytest.warns(UserWarning, match="no whole checkpoint"):
            assert state.newest("training").facts == {"number": 1}


def test_a_damaged_newer_file_is_removed_by_the_next_write(tmp_path):
    state = folder(tmp_path)
    state.write_newest("training", 1, {}, {})
    (tmp_path / "state" / "training-000000000009.checkpoint").write_bytes(b"half")
    state.write_newest("training", 2, {"number": 2}, {})
    assert state.newest("training").facts == {"number": 2}


def test_pickled_arrays_are_not_read(tmp_path):
    with pytest.raises(ValueError, match="allow_pickle"):
        folder(tmp_path).write("one", {}, {"a": np.array([object()])})


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({"options": {"epochs": 5}, "data": IDENTITY["data"]}, "epochs=3, here it is 5; use epochs=3"),
        ({**IDENTITY, "data": {"rows": 11}}, "rows 10, here it is 11; use rows 10"),
        (
            {**IDENTITY, "data": {"rows": 10, "digest of values in the data": "cd"}},
            "other values in the data; use those",
        ),
    ],
)
def test_other_work_is_refused_with_the_difference(tmp_path, now, words):
    folder(tmp_path).write_newest("training", 1, {}, {})
    assert first_difference(IDENTITY, now) == words
    with pytest.raises(RunError, match="is of a training with") as refused:
        folder(tmp_path, now).newest("training")
    assert str(refused.value).endswith(f"{words}, or name another folder for checkpoint=")
    with pytest.raises(RunError):
        folder(tmp_path, now).check("training")
    folder(tmp_path).check("training")


def test_a_long_value_is_cut():
    words = first_difference({"options": {"features": "x" * 500}}, {"options": {"features": "y" * 500}})
    assert len(words) < 250
    assert "\n" not in words


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "state").write_text("")
    with pytest.raises(FileWriteError, match=r"checkpoint names a folder to write to, got .*state.*; choose another"):
        folder(tmp_path)


def test_a_folder_of_a_user_that_is_none_is_refused_and_not_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileWriteError, match="got '~nobody at all/x': there is no such user; choose another folder"):
        CheckpointFolder.opened("~nobody at all/x", "a training", IDENTITY)
    assert list(tmp_path.iterdir()) == []
