"""Files are written whole or not at all, whatever else happens to their folder."""

import errno
import os
import subprocess
import sys
import time

import pytest

import lstm_lab as lab
from lstm_lab.errors import DataError, FileWriteError, RunError
from lstm_lab.storage.atomic_files import check_target, write_bytes, write_text


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path):
    target = tmp_path / "a.txt"
    assert write_text(target, "first") == target
    write_text(target, "second é")
    assert target.read_text(encoding="utf-8") == "second é"
    assert names(tmp_path) == ["a.txt"]


def test_permissions_are_those_of_the_old_file_or_of_any_new_one(tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    assert write_bytes(tmp_path / "new", b"x").stat().st_mode == plain.stat().st_mode
    plain.chmod(0o640)
    assert write_bytes(plain, b"x").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("interrupt", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_ends_early_leaves_the_old_file_whole(tmp_path, monkeypatch, interrupt):
    target = write_text(tmp_path / "a.txt", "whole")

    def refuse(_):
        raise interrupt

    monkeypatch.setattr(os, "fsync", refuse)
    expected = KeyboardInterrupt if isinstance(interrupt, KeyboardInterrupt) else FileWriteError
    with pytest.raises(expected) as refused:
        write_text(target, "half")
    assert target.read_text() == "whole"
    assert names(tmp_path) == ["a.txt"]
    if expected is FileWriteError:
        assert str(refused.value) == f"{target} cannot be written: No space left on device; choose another place"


def test_a_link_at_the_target_is_replaced_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / "a.txt").symlink_to(victim)
    write_text(tmp_path / "a.txt", "mine")
    assert victim.read_text() == "untouched"
    assert not (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "a.txt").read_text() == "mine"


def test_links_under_guessed_temporary_names_are_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    for guess in ("a.txt.part", ".a.txt.part", "a.txt.tmp"):
        (tmp_path / guess).symlink_to(victim)
    write_text(tmp_path / "a.txt", "mine")
    assert victim.read_text() == "untouched"


def test_leftovers_of_a_killed_process_are_removed_but_not_those_at_work(tmp_path):
    old, young, other = (tmp_path / name for name in (".a.txt.abc.part", ".a.txt.def.part", ".b.txt.abc.part"))
    for path in (old, young, other):
        path.write_text("half")
    yesterday = time.time() - 86400
    os.utime(old, (yesterday, yesterday))
    os.utime(other, (yesterday, yesterday))
    write_text(tmp_path / "a.txt", "whole")
    assert names(tmp_path) == [young.name, other.name, "a.txt"]


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(FileWriteError, match=r"a run is written to a folder that exists, got .*; make .*nowhere first"):
        check_target(tmp_path / "nowhere" / "a.lstm", "a run")
    with pytest.raises(FileWriteError, match="a file is a file, got the folder"):
        check_target(tmp_path)


WRITER = """
import sys
from lstm_lab.storage.atomic_files import write_bytes
for _ in range(200):
    write_bytes(sys.argv[1], sys.argv[2].encode() * 20_000)
"""


def test_two_processes_at_one_target_leave_one_whole_file_at_any_moment(tmp_path):
    target = write_bytes(tmp_path / "a.bin", b"0" * 20_000)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, target, letter]) for letter in "AB"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        content = target.read_bytes()
        assert len(content) == 20_000
        assert len(set(content)) == 1
        seen.add(content[:1])
    assert [writer.wait() for writer in writers] == [0, 0]
    assert seen & {b"A", b"B"}
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("path", ["", ".", "..", "a\0b", "~no such user/x.html", 3, None, b"x"])
def test_what_is_no_path_for_a_file_is_one_line(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileWriteError) as refused:
        write_text(path, "text")
    assert len(str(refused.value).splitlines()) == 1
    assert names(tmp_path) == []


def test_a_home_that_nobody_has_is_a_file_that_is_not_there():
    with pytest.raises(DataError, match=r"there is no file '~no such user/x\.csv', nor a folder"):
        lab.load("~no such user/x.csv")
    with pytest.raises(RunError, match="there is no file"):
        lab.load_run("~no such user/x.lstm")


def test_a_pipe_is_no_target_and_stays_what_it_is(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FileWriteError, match=r"a file is a file, got the pipe or device .*pipe; choose another name"):
        write_text(pipe, "text")
    assert pipe.is_fifo()
    assert names(tmp_path) == ["pipe"]


@pytest.mark.parametrize("path", [3, None, b"x"])
def test_a_run_to_read_is_named_as_text(path):
    with pytest.raises(RunError, match="a run is a file, got a "):
        lab.load_run(path)
