"""Running tasks on any `concurrent.futures.Executor`, with the same numbers wherever they are computed.

A task is a frozen object of plain data that is called once and returns its result: it reads no global state and draws
from its own seeds, so where and in which order tasks run changes nothing. A task that fails or whose worker dies is
tried once more; the results of other tasks are kept.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Protocol

from lstm_lab.errors import LabError, MissingExtraError, OptionError, RunError
from lstm_lab.events import Progress, ProgressListener, WorkPlan
from lstm_lab.execution.garbage import freed_networks
from lstm_lab.execution.main_guard import refuse_unguarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

__all__ = ["Outcome", "ResultStore", "Task", "TaskRunner", "TaskStopped", "check_stop", "task_runner"]

TRIES = 2
"""How often a task is tried before the whole study gives up."""
_POLL_SECONDS = 0.2
"""Seconds between two looks at the stop flag while workers work."""
_TASK_LOCK = threading.Lock()
"""Held while a task runs, for an executor may run tasks in threads and Keras builds its graphs in one alone."""


class TaskStopped(Exception):  # noqa: N818 - it is no error
    """Raised in a task that is stopped before it has a usable result."""


def check_stop(stop: threading.Event | None) -> None:
    """Raise `TaskStopped` where the stop flag is set."""
    if stop is not None and stop.is_set():
        raise TaskStopped


class Task(Protocol):
    """A piece of work that can be pickled and run in another process."""

    @property
    def name(self) -> str:
        """Name in error messages, such as ``"LSTM at origins 13 to 24"``."""
        ...

    def __call__(self, stop: threading.Event | None = None) -> Any:
        """Compute the result, always the same for the same data; `TaskStopped` is raised where `stop` is set first."""
        ...


class ResultStore(Protocol):
    """Keeps the results of finished tasks, from one call to the next."""

    def load(self, number: int, task: Task) -> Any:
        """Read a result; None where the task is not finished."""
        ...

    def save(self, number: int, task: Task, result: Any) -> None:
        """Write a result."""
        ...


@dataclass(frozen=True)
class Outcome:
    """The results of some tasks, and whether they were stopped early."""

    results: dict[int, Any]
    """Results by the number of the task; those of tasks that never ran are missing."""
    stopped: bool
    """Whether Stop or an interrupt ended the work early."""
    restored: int = 0
    """Results that were there before, and were read."""

    @property
    def described(self) -> dict[str, str]:
        """Say how much was read, if anything was."""
        if not self.restored:
            return {}
        return {"done before": f"{self.restored} task{'s' * (self.restored > 1)}, read from the checkpoint"}


@dataclass
class TaskRunner:
    """Runs tasks in this process, or on an executor."""

    executor: Executor | None = None
    renew: Callable[[], Executor] | None = None
    """Creates a new executor after the old one broke; None for an executor of the caller, which is not replaced."""
    width: int = 1
    """Tasks submitted at a time: as many as run at once, so that a worker that dies loses no more of them."""

    def run(
        self,
        tasks: Sequence[Task],
        *,
        label: str = "tasks",
        listener: ProgressListener | None = None,
        stop: threading.Event | None = None,
        seconds: float | None = None,
        store: ResultStore | None = None,
    ) -> Outcome:
        """Run tasks in order; Stop and `KeyboardInterrupt` keep what is done by then.

        Parameters
        ----------
        tasks
            The tasks, which are submitted in this order.
        label
            Their name in progress messages.
        listener
            Receives the plan, and the progress after every task.
        stop
            Checked between tasks, and within those that run in this process; those of other processes are not
            waited for.
        seconds
            Estimated time of all tasks one after another, where it is known.
        store
            Has the results of tasks that were finished before, which are not run again, and takes those of the others.

        Raises
        ------
        RunError
            A task failed or lost its worker twice.
        LabError
            Raised by a task: a mistake that a second try would repeat.
        """
        listener = ProgressListener() if listener is None else listener
        work = _Work(tasks, label, listener, store)
        restored = work.restore()
        listener.on_work(WorkPlan(label, len(tasks), None if seconds is None else seconds / self.width))
        try:
            if self.executor is None:
                work.run_inline(stop)
            else:
                self._spread(work, stop)
        except (KeyboardInterrupt, TaskStopped):
            work.stopped = True
        return Outcome(work.results, work.stopped, restored)

    def _spread(self, work: _Work, stop: threading.Event | None) -> None:
        running: dict[Future[Any], int] = {}
        try:
            while work.waiting or running:
                if stop is not None and stop.is_set():
                    work.stopped = True
                    return
                # A task that was there when a worker died runs alone: if the worker dies again, it was this task.
                width = 1 if work.suspects else self.width
                while work.waiting and len(running) < width:
                    self._hand_out(work, running)
                done, _ = wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                finished = [(future, running.pop(future)) for future in done]
                broken = [number for future, number in finished if not work.collect(future, number)]
                if broken:
                    self._replace(work, [*broken, *running.values()])
                    running.clear()
        finally:
            for future in running:
                future.cancel()

    def _hand_out(self, work: _Work, running: dict[Future[Any], int]) -> None:
        number = work.waiting[0]
        executor = self.executor
        if executor is None:
            raise RunError("the workers are gone; start the study again")
        try:
            future = executor.submit(perform, work.tasks[number], work.tries[number])
        except BrokenExecutor:
            self._replace(work, list(running.values()))
            running.clear()
            return
        running[future] = number
        work.waiting.popleft()

    def _replace(self, work: _Work, lost: list[int]) -> None:
        """Replace a broken pool by a new one, and put its tasks in front of the queue."""
        for number in lost:
            work.record_failure(number, "its worker died")
        if self.renew is None:
            raise RunError(
                "a worker died and took the executor with it, which is not ours to replace; use workers=N,"
                " or a Dask cluster, and the task is tried again"
            )
        if self.executor is not None:
            self.executor.shutdown(wait=False, cancel_futures=True)
        self.executor = self.renew()


@dataclass
class _Work:
    """The tasks of one call, with their results, tries and queue."""

    tasks: Sequence[Task]
    label: str
    listener: ProgressListener
    store: ResultStore | None = None
    results: dict[int, Any] = field(default_factory=dict)
    stopped: bool = False

    def __post_init__(self) -> None:
        self.waiting = deque(range(len(self.tasks)))
        self.tries = [0] * len(self.tasks)
        self.suspects: set[int] = set()

    def restore(self) -> int:
        """Take the results that are there already; return how many."""
        if self.store is not None:
            found = {number: self.store.load(number, task) for number, task in enumerate(self.tasks)}
            self.results = {number: result for number, result in found.items() if result is not None}
            self.waiting = deque(number for number in self.waiting if number not in self.results)
        return len(self.results)

    def run_inline(self, stop: threading.Event | None) -> None:
        """Run the tasks in this process, without a second try: what fails here would fail again."""
        while self.waiting:
            if stop is not None and stop.is_set():
                self.stopped = True
                return
            number = self.waiting[0]
            result = perform(self.tasks[number], 0, stop)
            self.waiting.popleft()
            self._done(number, result)

    def collect(self, future: Future[Any], number: int) -> bool:
        """Store the result of a future or record its failure; False if the whole executor broke."""
        try:
            result = future.result()
        except BrokenExecutor:
            return False
        except LabError:
            raise
        except (Exception, CancelledError) as error:  # noqa: BLE001 - whatever a worker may send costs its task one try
            self.record_failure(number, f"{type(error).__name__}: {error}".strip().splitlines()[0], error)
        else:
            self._done(number, result)
        return True

    def record_failure(self, number: int, reason: str, error: BaseException | None = None) -> None:
        """Count a failure and queue the task again, or give up."""
        self.tries[number] += 1
        if self.tries[number] >= TRIES:
            raise RunError(
                f"{self.tasks[number].name} failed {TRIES} times ({reason}); the other {len(self.results)} of"
                f" {len(self.tasks)} tasks are not to blame: work without an executor to see where it fails"
            ) from error
        if error is None:
            self.suspects.add(number)
        self.waiting.appendleft(number)

    def _done(self, number: int, result: Any) -> None:
        self.results[number] = result
        if self.store is not None:
            self.store.save(number, self.tasks[number], result)
        self.suspects.discard(number)
        costs = [_cost(task) for task in self.tasks]
        share = sum(costs[done] for done in self.results) / sum(costs)
        self.listener.on_progress(Progress(self.label, len(self.results), len(self.tasks), share))


def _cost(task: Task) -> float:
    """Return a task's relative duration, its ``cost`` or 1."""
    return float(getattr(task, "cost", 1.0))


def perform(task: Task, attempt: int, stop: threading.Event | None = None) -> Any:  # noqa: ARG001 - tells a second try from the first, whose failure Dask would remember
    """Run one task: the only function that is sent to workers."""
    with _TASK_LOCK, freed_networks():
        return task(stop)


@contextmanager
def task_runner(
    executor: Executor | None = None, workers: int | None = None, cluster: str | None = None
) -> Iterator[TaskRunner]:
    """Create the runner for an executor, local processes or a Dask cluster, and close what was opened for it.

    Parameters
    ----------
    executor
        Any `concurrent.futures.Executor`; it stays open.
    workers
        Processes on this machine. Each is started anew (``spawn``), for TensorFlow does not survive a fork.
    cluster
        Address of a Dask scheduler, ``tcp://host:port``; lstm_lab must be installed on its workers.

    Raises
    ------
    OptionError
        More than one of them, or an address where no scheduler answers.
    MissingExtraError
        `cluster` without dask and distributed.
    """
    requested = [name for name, value in (("executor", executor), ("workers", workers), ("cluster", cluster)) if value]
    if len(requested) > 1:
        raise OptionError(f"tasks run in one place, got {' and '.join(requested)}; keep one")
    if executor is not None:
        yield TaskRunner(executor, None, _width(executor))
    elif cluster is not None:
        with _dask(cluster) as runner:
            yield runner
    elif workers is not None:
        if workers < 1:
            raise OptionError(f"workers is a number of processes from 1 on, got {workers}; for example workers=4")
        with _pool(workers) as runner:
            yield runner
    else:
        yield TaskRunner()


def _width(executor: Executor) -> int:
    """Estimate how many tasks an executor runs at once."""
    size = getattr(executor, "_max_workers", None)
    return int(size) if isinstance(size, int) else 4 * (os.cpu_count() or 1)


@contextmanager
def _pool(workers: int) -> Iterator[TaskRunner]:
    refuse_unguarded(workers)
    threads = max(1, (os.cpu_count() or 1) // workers)

    def renew() -> Executor:
        # IPython's %reset takes away the main module's __spec__, which a spawned process asks for.
        vars(sys.modules["__main__"]).setdefault("__spec__", None)
        return ProcessPoolExecutor(workers, get_context("spawn"), prepare_worker, (threads,))

    runner = TaskRunner(renew(), renew, workers)
    try:
        yield runner
    finally:
        if runner.executor is not None:
            runner.executor.shutdown(wait=False, cancel_futures=True)


def prepare_worker(threads: int) -> None:
    """Set up a process of the pool, before TensorFlow is imported.

    The parent handles interrupts, and processes that each use all cores would wait for each other.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = str(threads)


@contextmanager
def _dask(address: str) -> Iterator[TaskRunner]:
    try:
        distributed = import_module("distributed")
    except ImportError as missing:
        raise MissingExtraError(
            "a cluster needs dask and distributed, which are not installed; pip install 'lstm-lab[cluster]'"
        ) from missing
    try:
        client = distributed.Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise OptionError(
            f"no Dask scheduler answers at {address!r} ({type(error).__name__}); start one with 'dask scheduler' and"
            " give the address it prints, such as tcp://127.0.0.1:8786"
        ) from error
    try:
        threads = sum(client.nthreads().values())
        yield TaskRunner(client.get_executor(pure=False), None, max(1, threads))
    finally:
        client.close()
