"""The search itself: trials proposed in groups, trained fold by fold, given up where they cannot be the best.

What a group tries follows from the trials before it and from nothing else, so that the same search gives the same
trials on one process, on many, and called again over its checkpoints. A trial is given up after a fold where its losses
are, origin by origin or series by series, beyond chance above those of the best trial before its group. Epochs are not
compared: a validation loss has another unit with another transform, loss or lookback.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from lstm_lab.errors import DataError, ForecastError, RunError
from lstm_lab.evaluation.proposals import Proposals
from lstm_lab.evaluation.trial_task import FailedTraining
from lstm_lab.events import Progress, ProgressListener, WorkPlan
from lstm_lab.formatting import number
from lstm_lab.options.search_space import values_text

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lstm_lab.evaluation.search_folds import Folds
    from lstm_lab.evaluation.task_checkpoint import TaskCheckpoint
    from lstm_lab.evaluation.trial_task import TrialTask
    from lstm_lab.execution.parallel import ResultStore, Task, TaskRunner
    from lstm_lab.options import Space, TrainOptions, TuneOptions

    Array = NDArray[np.float64]

__all__ = ["State", "Trial", "TrialSearch"]

State: TypeAlias = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True, eq=False)
class Trial:
    """A combination of options, and how good it was."""

    number: int
    """From 1; 0 is the options as they were given."""
    options: Mapping[str, Any]
    """The options that the search varies, with their values."""
    state: State
    losses: tuple[Array, ...] = ()
    """By fold, as far as it was judged: (seeds, clusters)."""
    reason: str = ""
    """Why it failed."""
    seconds: float = 0.0
    """Time of its trainings and forecasts, summed over processes."""


@dataclass(eq=False)
class _Attempt:
    """A trial under way."""

    number: int
    options: Mapping[str, Any]
    losses: list[Array] = field(default_factory=list)
    reason: str = ""
    seconds: float = 0.0
    pruned: bool = False

    @property
    def alive(self) -> bool:
        return not self.reason and not self.pruned

    def done(self) -> Trial:
        state: State = "failed" if self.reason else "pruned" if self.pruned else "complete"
        return Trial(self.number, self.options, state, tuple(self.losses), self.reason, self.seconds)


@dataclass(frozen=True, eq=False)
class _Numbered:
    """A store whose tasks are numbered over the whole search, for a call that has some of them."""

    store: TaskCheckpoint
    numbers: Sequence[int]

    def load(self, number: int, task: Task) -> Any:
        """Read a result; None where the task is not finished."""
        return self.store.load(self.numbers[number], task)

    def save(self, number: int, task: Task, result: Any) -> None:
        """Write a result."""
        self.store.save(self.numbers[number], task, result)


@dataclass
class _SearchProgress(ProgressListener):
    """Tells the trainings of a group as progress of the whole search."""

    listener: ProgressListener
    total: int
    """Trainings of the whole search, if no trial is given up."""
    trials: int
    done: int = 0
    """Trainings that are over, or were spared."""
    finished: int = 0
    best: str = ""

    def on_progress(self, progress: Progress) -> None:
        """Add the trainings of the present group."""
        self.tell(progress.done)

    def tell(self, running: int = 0) -> None:
        """Tell how many trials are over, and the best of them."""
        over = self.done + running
        trainings = f"; {over} of {self.total} trainings" if over < self.total else ""
        label = f"tuning{self.best}{trainings}; trials"
        self.listener.on_progress(Progress(label, self.finished, self.trials, over / self.total))


@dataclass(eq=False)
class TrialSearch:
    """Runs the trials of a search, and keeps those that are over."""

    folds: Folds
    space: Space
    base: TrainOptions
    study: TuneOptions
    runner: TaskRunner
    listener: ProgressListener | None = None
    stop: threading.Event | None = None
    store: TaskCheckpoint | None = None
    trials: list[Trial] = field(default_factory=list)
    stopped: bool = False
    restored: int = 0
    """Trainings that were read from the checkpoint."""

    def __post_init__(self) -> None:
        self.proposals = Proposals(self.space, self.study.search_seed)
        listener = ProgressListener() if self.listener is None else self.listener
        per_trial = len(self.folds.folds) * len(self.seeds)
        self._progress = _SearchProgress(listener, (1 + self.study.trials) * per_trial, self.study.trials)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of every training, each once."""
        return tuple(dict.fromkeys(self.study.seeds))

    @property
    def best(self) -> Trial:
        """The trial with the lowest mean loss among those judged in all folds."""
        complete = [trial for trial in self.trials if trial.state == "complete"]
        return min(complete, key=lambda trial: self.folds.mean(trial.losses))

    def run(self) -> None:
        """Try the options as given, then what is proposed, until all trials are over or the search is stopped.

        Raises
        ------
        ForecastError
            Stopped before the options as given were judged.
        RunError
            The options as given cannot be trained.
        """
        self._progress.listener.on_work(WorkPlan("tuning, the options as given first; trials", self.study.trials))
        values = {name: getattr(self.base, name) for name in self.space.dimensions}
        first = self._judged([_Attempt(0, values)], None)
        if not first:
            raise ForecastError("stopped before the options as given were judged; let the search run longer")
        if first[0].reason:
            raise RunError(f"the options as given cannot be trained: {first[0].reason}")
        self._keep(first[0])
        self.proposals.add(values, self.folds.mean(self.trials[0].losses))
        try:
            while len(self.trials) <= self.study.trials and not self.stopped:
                group = self._proposed(len(self.trials))
                if not group:
                    return
                for attempt in self._judged(group, self.best):
                    self._keep(attempt)
        except KeyboardInterrupt:  # between two trainings
            self.stopped = True

    def _proposed(self, first: int) -> list[_Attempt]:
        """Ask for the next group, of which no trial knows the results of another."""
        attempts = []
        for name in range(first, min(first + self.study.together, self.study.trials + 1)):
            options = self.proposals.ask(name)
            if options is not None:
                attempts.append(_Attempt(name, options))
        return attempts

    def _judged(self, group: list[_Attempt], best: Trial | None) -> list[_Attempt]:
        """Judge a group fold by fold; where it is stopped, those that were not over are left out."""
        for fold in range(len(self.folds.folds)):
            alive = [attempt for attempt in group if attempt.alive]
            if not alive:
                break
            complete = self._train(alive, fold)
            if self.stopped:
                over = complete if self._is_last(fold) else []
                return [attempt for attempt in group if not attempt.alive or attempt in over]
            for attempt in alive:
                spared = (len(self.folds.folds) - fold - 1) * len(self.seeds)
                if attempt.alive and not self._is_last(fold) and best is not None and self.study.prune:
                    gap = self.folds.compare(attempt.losses, best.losses)
                    attempt.pruned = gap.mean > 0 and gap.clear
                self._progress.done += len(self.seeds) + (0 if attempt.alive else spared)
        return group

    def _is_last(self, fold: int) -> bool:
        return fold == len(self.folds.folds) - 1

    def _train(self, alive: list[_Attempt], fold: int) -> list[_Attempt]:
        """Train a group at a fold with every seed; return the trials that have all of their losses there."""
        cut = self.folds.folds[fold]
        tasks: list[TrialTask] = []
        numbers: list[int] = []
        for attempt in alive:
            options = self.base.model_copy(update=dict(attempt.options))
            name = f"trial {attempt.number} ({values_text(attempt.options)}) at fold {fold + 1}"
            for place, seed in enumerate(self.seeds):
                tasks.append(cut.task(name, options, seed))
                numbers.append((attempt.number * len(self.folds.folds) + fold) * len(self.seeds) + place)
        store: ResultStore | None = None if self.store is None else _Numbered(self.store, numbers)
        outcome = self.runner.run(tasks, label="tuning", listener=self._progress, stop=self.stop, store=store)
        self.stopped = outcome.stopped
        self.restored += outcome.restored
        complete = []
        for position, attempt in enumerate(alive):
            places = range(position * len(self.seeds), (position + 1) * len(self.seeds))
            results = [outcome.results[place] for place in places if place in outcome.results]
            if len(results) == len(self.seeds):
                self._take(attempt, results, fold)
                complete.append(attempt)
        return complete

    def _take(self, attempt: _Attempt, results: Sequence[Any], fold: int) -> None:
        """Add the losses of a fold, or the reason why there are none."""
        failed = [result for result in results if isinstance(result, FailedTraining)]
        if failed:
            attempt.reason = failed[0].reason
            return
        attempt.seconds += sum(result.training_seconds for result in results)
        try:
            losses = np.stack([self.folds.folds[fold].losses(result) for result in results])
        except DataError as refused:  # many series, and no origin of any
            attempt.reason = str(refused)
            return
        if np.isfinite(losses).any():
            attempt.losses.append(losses)
        else:
            attempt.reason = "its forecasts are no numbers"

    def _keep(self, attempt: _Attempt) -> None:
        """Keep a trial that is over, and tell what proposes the next ones."""
        trial = attempt.done()
        self.trials.append(trial)
        if trial.number > 0:
            score = None if trial.state == "failed" else self.folds.mean(trial.losses)
            self.proposals.tell(trial.number, score, len(trial.losses) if trial.state == "pruned" else None)
        self._progress.finished = trial.number
        best = self.best
        name = "as given" if best.number == 0 else f"trial {best.number}"
        self._progress.best = f", lowest error {number(self.folds.mean(best.losses))} ({name})"
        self._progress.tell()
