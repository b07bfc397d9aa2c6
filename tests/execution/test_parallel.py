"""Tasks give the same results wherever they run; a worker that dies costs its own task one try and nothing else."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

import pytest

from lstm_lab.errors import DataError, MissingExtraError, OptionError, RunError
from lstm_lab.events import ProgressListener
from lstm_lab.execution.parallel import TaskRunner, prepare_worker, task_runner


class Heard(ProgressListener):
    def __init__(self):
        self.counts = []

    def on_progress(self, progress):
        self.counts.append((progress.done, progress.total))


@pytest.fixture
def work(monkeypatch, tmp_path):
    """Make tasks: squares of 0 … count - 1, with trouble at some of them."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))  # a spawned process takes over our sys.path
    tasks = import_module("worker_tasks")
    notes = tmp_path / "notes.txt"
    notes.write_text("", encoding="utf-8")

    def make(count, trouble=(), **options):
        return [
            tasks.Trouble(number, str(notes), **options) if number in trouble else tasks.Square(number, str(notes))
            for number in range(count)
        ]

    make.tried = lambda: sorted(int(line) for line in notes.read_text(encoding="utf-8").split())
    yield make
    sys.modules.pop("worker_tasks", None)


def squares(outcome):
    return {number: result[0] for number, result in outcome.results.items()}


def test_here_and_in_threads_and_in_processes_are_the_same(work):
    expected = {number: number**2 for number in range(5)}
    with task_runner() as here:
        assert squares(here.run(work(5))) == expected
    with ThreadPoolExecutor(3) as threads, task_runner(threads) as place:
        assert squares(place.run(work(5))) == expected
    heard = Heard()
    with task_runner(workers=2) as pool:
        outcome = pool.run(work(5), listener=heard)
    assert squares(outcome) == expected
    assert not outcome.stopped
    assert os.getpid() not in {pid for _, pid in outcome.results.values()}
    assert heard.counts == [(done, 5) for done in range(1, 6)]


def test_a_worker_that_dies_costs_its_task_one_try_and_nothing_else(work):
    with task_runner(workers=2) as pool:
        outcome = pool.run(work(6, trouble={2}, how="die"))
    assert squares(outcome) == {number: number**2 for number in range(6)}
    tried = work.tried()
    assert tried.count(2) == 2
    # At most the one neighbour that ran beside it when the pool broke is done again.
    assert len(tried) <= 8


def test_a_task_that_kills_every_worker_is_named_and_its_neighbours_are_not(work):
    with (
        task_runner(workers=2) as pool,
        pytest.raises(RunError, match=r"square of 3 failed 2 times \(its worker died\)"),
    ):
        pool.run(work(6, trouble={3}, how="die", always=True))


def test_a_failing_task_is_tried_again_and_then_named(work):
    with ThreadPoolExecutor(2) as threads, task_runner(threads) as place:
        assert squares(place.run(work(4, trouble={1}))) == {number: number**2 for number in range(4)}
        assert work.tried().count(1) == 2
        message = r"square of 1 failed 2 times \(ValueError: no luck\)"
        with pytest.raises(RunError, match=message) as refused:
            place.run(work(4, trouble={1}, always=True))
    assert "\n" not in str(refused.value)


def test_a_mistake_of_the_users_is_not_tried_again(work):
    with (
        ThreadPoolExecutor(1) as threads,
        task_runner(threads) as place,
        pytest.raises(DataError, match="a second try"),
    ):
        place.run(work(3, trouble={1}, how="refuse", always=True))
    assert work.tried().count(1) == 1


def test_a_pool_that_is_not_ours_cannot_be_replaced(work):
    pool = ProcessPoolExecutor(1, get_context("spawn"), prepare_worker, (1,))
    with task_runner(pool) as place, pytest.raises(RunError, match="use workers=N"):
        place.run(work(3, trouble={1}, how="die"))
    pool.shutdown(wait=False)


@pytest.mark.parametrize("threads", [0, 1])
def test_stop_keeps_what_is_done(work, threads):
    stop = threading.Event()

    class StopAfterTwo(ProgressListener):
        def on_progress(self, progress):
            if progress.done == 2:
                stop.set()

    executor = ThreadPoolExecutor(threads) if threads else None
    outcome = TaskRunner(executor).run(work(50), listener=StopAfterTwo(), stop=stop)
    assert outcome.stopped
    assert squares(outcome) == {0: 0, 1: 1}
    if executor is not None:
        executor.shutdown()


def test_an_interrupt_ends_it_like_stop(work):
    class Interrupt(ProgressListener):
        def on_progress(self, progress):
            if progress.done == 3:
                raise KeyboardInterrupt

    outcome = TaskRunner().run(work(50), listener=Interrupt())
    assert outcome.stopped
    assert sorted(outcome.results) == [0, 1, 2]


def test_mistakes_in_the_choice_of_a_place(monkeypatch):
    with pytest.raises(OptionError, match="got workers and cluster"), task_runner(workers=2, cluster="tcp://x:1"):
        pass
    with pytest.raises(OptionError, match="from 1 on, got -1"), task_runner(workers=-1):
        pass
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"lstm-lab\[cluster\]"), task_runner(cluster="tcp://127.0.0.1:8786"):
        pass


def test_processes_work_after_a_notebook_was_reset(work, monkeypatch):
    """``%reset`` leaves a main module without ``__spec__``."""
    bare = ModuleType("__main__")
    del bare.__spec__
    monkeypatch.setitem(sys.modules, "__main__", bare)
    with task_runner(workers=1) as place:
        assert squares(place.run(work(2))) == {0: 0, 1: 1}
