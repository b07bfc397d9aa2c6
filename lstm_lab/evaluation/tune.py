"""Searches over the options of a training: many combinations, judged by folds before the test rows."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np
import pandas as pd

from lstm_lab.data.preparation import AS_LOADED, prepare_rows, read_series
from lstm_lab.errors import OptionError
from lstm_lab.evaluation.experiments import StudySettings
from lstm_lab.evaluation.holdout import older_rows
from lstm_lab.evaluation.option_importance import FEWEST, option_importance
from lstm_lab.evaluation.proposals import check_optuna
from lstm_lab.evaluation.search import TrialSearch
from lstm_lab.evaluation.search_folds import Folds
from lstm_lab.evaluation.search_marks import marks_of_search
from lstm_lab.evaluation.study_marks import MarkedResult
from lstm_lab.evaluation.tables import effect_text, four_digits
from lstm_lab.evaluation.winner_check import WinnerCheck, check_winner
from lstm_lab.events import ProgressListener, check_listening
from lstm_lab.execution.parallel import task_runner
from lstm_lab.formatting import percent
from lstm_lab.options import TrainOptions, TuneOptions, default_space, read_space
from lstm_lab.options.code import LAYER_OPTIONS, flags_text, keywords, quoted, stack_text
from lstm_lab.options.search_space import short_text
from lstm_lab.options.training import CHECKPOINT_OPTIONS
from lstm_lab.results import Summary
from lstm_lab.run import train

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Executor

    from lstm_lab.evaluation.scoring import Difference
    from lstm_lab.evaluation.search import Trial
    from lstm_lab.evaluation.study_marks import StudyMarks
    from lstm_lab.events import TrainingListener
    from lstm_lab.options import Space
    from lstm_lab.options.keywords import TuneKeywords
    from lstm_lab.run import Run

__all__ = ["Search", "tune"]

SHOWN = 10
"""Trials in the table of the best."""


@dataclass(frozen=True, eq=False, repr=False)
class Search(MarkedResult):
    """The trials of a search over options, the best of them, and what that is worth; made by `tune`."""

    frame: pd.DataFrame
    """All rows, as they were read."""
    target: str
    settings: StudySettings[TuneOptions]
    space: Space
    folds: Folds
    all_trials: tuple[Trial, ...]
    """In the order of their numbers; number 0 is the options as they were given."""
    study: Any
    """The trials as an `optuna.Study`, for optuna's own tools."""
    details: Mapping[str, str]
    """How the search was made, in words."""
    word: str = "frame"
    """The data, as a line names them."""
    source: str = "frame"
    """The data, as a Python expression."""
    copied: tuple[Literal["call", "cell", "command"], ...] = ("call",)
    """Ways to train with the winner's options that are shown below the table."""

    @property
    def base(self) -> Trial:
        """The options as they were given."""
        return self.all_trials[0]

    @cached_property
    def ranked(self) -> tuple[Trial, ...]:
        """The trials that were judged in all folds, the lowest error first."""
        complete = [trial for trial in self.all_trials if trial.state == "complete"]
        return tuple(sorted(complete, key=lambda trial: self.folds.mean(trial.losses)))

    @property
    def winner(self) -> Trial:
        """The trial with the lowest error."""
        return self.ranked[0]

    @property
    def best(self) -> dict[str, Any]:
        """The winner's values of the options that were searched."""
        return dict(self.winner.options)

    @property
    def best_options(self) -> dict[str, Any]:
        """All options of the winner's training that were given or found, as `lstm_lab.train` takes them."""
        own, first = self.settings.train, self.settings.study.seeds[0]
        chosen = {name: getattr(own, name) for name in own.model_fields_set - {*CHECKPOINT_OPTIONS}}
        chosen |= {} if self.winner.number == 0 else self.best
        chosen |= {"seed": first} if first != TrainOptions.model_fields["seed"].default else {}
        return {name: chosen[name] for name in TrainOptions.model_fields if name in chosen}

    @property
    def metric(self) -> str:
        """Name of the score."""
        return self.folds.error if self.settings.study.metric == "mae" else "CRPS"

    def gap(self, trial: Trial, other: Trial | None = None) -> Difference:
        """Compare the errors of two trials in the folds of both, the first minus the second: the options as given."""
        return self.folds.compare(trial.losses, (self.base if other is None else other).losses)

    @cached_property
    def trials(self) -> pd.DataFrame:
        """A row a trial: its options, its state, its error, and the difference to the options as given.

        ``score`` is the mean error over the folds that a trial was judged in (``folds``), so that only complete trials
        are comparable by it; ``effect`` and ``effect_error`` are the mean difference to the options as given in the
        same folds and its standard error; ``fold_1`` and so on the mean error of a fold, over all seeds.
        """
        rows = {trial.number: self._row(trial) for trial in self.all_trials}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("trial")

    def _row(self, trial: Trial) -> dict[str, Any]:
        judged = bool(trial.losses)
        gap = self.gap(trial) if judged else None
        values = {
            name: short_text(value) if isinstance(value, tuple) else value for name, value in trial.options.items()
        }
        row: dict[str, Any] = {
            **values,
            "state": trial.state,
            "folds": len(trial.losses),
            "score": self.folds.mean(trial.losses) if judged else float("nan"),
            "effect": float("nan") if gap is None else gap.mean,
            "effect_error": float("nan") if gap is None or trial is self.base else gap.error,
            "seconds": trial.seconds,
        }
        for fold in range(len(self.folds.folds)):
            has = fold < len(trial.losses)
            row[f"fold_{fold + 1}"] = self.folds.mean(trial.losses[fold : fold + 1]) if has else float("nan")
        return row | ({"reason": trial.reason} if any(each.reason for each in self.all_trials) else {})

    @property
    def summary(self) -> pd.DataFrame:
        """The rows of `trials` that were judged in all folds, the lowest error first."""
        return self.trials.loc[[trial.number for trial in self.ranked]]

    @cached_property
    def importance(self) -> pd.DataFrame:
        """How much of the trials' differences goes with each option alone; see `option_importance`.

        Trials that were given up count by their error in the folds that they have, against that of the options as given
        there.
        """
        told = [trial for trial in self.all_trials[1:] if trial.losses]
        scores = [
            self.folds.mean(trial.losses) / self.folds.mean(self.base.losses[: len(trial.losses)]) for trial in told
        ]
        seed = self.settings.study.search_seed
        return option_importance(self.space, [trial.options for trial in told], np.array(scores), seed)

    @property
    def best_so_far(self) -> pd.Series[float]:
        """The lowest error of complete trials up to each trial, by its number."""
        scores = {
            trial.number: self.folds.mean(trial.losses) if trial.state == "complete" else np.inf
            for trial in self.all_trials
        }
        return pd.Series(scores).cummin()

    @cached_property
    def rivals(self) -> tuple[Trial, ...]:
        """Complete trials that cannot be told from the winner, with allowance for how many were tried."""
        return tuple(trial for trial in self.ranked[1:] if not self._is_clear(self.gap(trial, self.winner)))

    def _is_clear(self, gap: Difference) -> bool:
        """Return whether a difference is beyond chance, where the lowest of many was picked (Bonferroni)."""
        return abs(gap.mean) > NormalDist().inv_cdf(1 - 0.025 / max(1, len(self.all_trials) - 1)) * gap.error

    @property
    def verdict(self) -> str:
        """Return a line on what the winner is worth beside the options as they were given."""
        tried = len(self.all_trials) - 1
        trials = f"{tried} trial{'s' * (tried != 1)}"
        if self.winner.number == 0:
            return f"the options as given have the lowest error, and none of {trials} a lower one; keep them"
        gap = self.gap(self.winner)
        base = self.folds.mean(self.base.losses)
        below = percent(abs(gap.mean) / base) if base else "nothing"
        text = f"trial {self.winner.number}'s error is {below} below that of the options as given"
        if not self._is_clear(gap):
            return f"{text}, within chance for the lowest of {trials}"
        return f"{text}, more than chance for the lowest of {trials}"

    @property
    def by_fold(self) -> str:
        """Return the winner's difference to the options as given in each fold, in percent."""
        texts = []
        for own, base in zip(self.winner.losses, self.base.losses, strict=True):
            share = 100 * (self.folds.mean([own]) / self.folds.mean([base]) - 1)
            texts.append(f"{'−' if share < 0 else '+'}{abs(share):.1f} %")
        return ", ".join(texts)

    @property
    def by_seed(self) -> str:
        """Return the winner's difference to the options as given with each seed, in percent."""
        texts = []
        for place in range(len(self.winner.losses[0])):
            own, base = (
                self.folds.mean([losses[place : place + 1] for losses in trial.losses])
                for trial in (self.winner, self.base)
            )
            share = 100 * (own / base - 1)
            texts.append(f"{'−' if share < 0 else '+'}{abs(share):.1f} %")
        return ", ".join(texts)

    @property
    def call(self) -> str:
        """The winner's training as a Python call, on all rows."""
        return f"lab.train({', '.join([self.source, *keywords(self.best_options)])})"

    @property
    def cell(self) -> str:
        """The winner's training as a ``%%lstm_train`` cell, with its layers; a line where a cell cannot say it."""
        options = self.best_options
        if {"recurrent_init", "kernel_init"} & set(options):
            return f"%lstm_train {quoted(self.word)}{flags_text(options)}"
        flags = {name: value for name, value in options.items() if name not in LAYER_OPTIONS}
        return f"%%lstm_train {quoted(self.word)}{flags_text(flags)}\n{stack_text(options)}"

    @property
    def command(self) -> str:
        """The winner's training as a line for a terminal, with the forecast that was judged."""
        horizon = {"horizon": self.settings.forecast.horizon}
        return f"lstm-lab run {quoted(self.word)}{flags_text(self.best_options | horizon)}"

    def train(
        self,
        *,
        listener: TrainingListener | None = None,
        stop: threading.Event | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> Run:
        """Train a network with the winner's options on all rows, the test rows included.

        Parameters
        ----------
        listener, stop, name
            As for `lstm_lab.train`.
        seed
            Of the training; by default the first of the search.
        """
        options = {**self.best_options, "target": self.target, **AS_LOADED}
        options |= {} if seed is None else {"seed": seed}
        return train(self.frame, listener=listener, stop=stop, name=name, **options)

    def check(
        self,
        *,
        seeds: tuple[int, ...] | None = None,
        origins: int = 60,
        executor: Executor | None = None,
        listener: ProgressListener | None = None,
        stop: threading.Event | None = None,
    ) -> WinnerCheck:
        """Judge the winner beside the options as given on the test rows, which the search has not seen.

        That is the number to believe: the winner's error in the search is too low, for it was picked by it. Look once;
        a search that is repeated until the test rows agree has seen them.

        Parameters
        ----------
        seeds
            Each of the two is trained once a seed; by default the search's.
        origins
            Places to forecast from, at most.
        executor, listener, stop
            As for `lstm_lab.tune`.

        Raises
        ------
        OptionError
            The winner is the options as given.
        """
        check_listening(listener, stop, ProgressListener)
        if self.winner.number == 0:
            raise OptionError("the options as given are the best of the search, so there is nothing to check them with")
        study = self.settings.study.model_copy(update={"origins": origins})
        settings = replace(self.settings, study=study)
        older = older_rows(self.frame.index, study, settings.forecast.horizon)
        folds = Folds.of_test(self.frame, older, self.target, settings, self.space)
        promised = self.folds.mean(self.winner.losses) / self.folds.mean(self.base.losses) - 1
        options = (settings.train, settings.train.model_copy(update=self.best))
        chosen = study.seeds if seeds is None else seeds
        with task_runner(executor, study.workers, study.cluster) as pool:
            return check_winner(
                folds, options, chosen, promised, (self.target, self.metric), pool=pool, listener=listener, stop=stop
            )

    @property
    def marks(self) -> StudyMarks:
        """The errors of the options as given and of the best trials, a mark a fold."""
        return marks_of_search(self)

    def summary_table(self) -> Summary:
        """Describe the search and its verdict, and tabulate the best trials."""
        rows = [*self.details.items(), ("verdict", self.verdict)]
        if self.winner.number > 0:
            rows.append(("by fold", f"{self.by_fold} beside the options as given, the newest fold last"))
            if len(self.winner.losses[0]) > 1:
                rows.append(("by seed", f"{self.by_seed} beside the options as given"))
        if self.rivals:
            count = len(self.rivals)
            lowest = "the winner" if self.winner.number else "them"
            rows.append(("rivals", f"{count} other{'s' * (count > 1)} cannot be told from {lowest}"))
        rows.append(("mattered", self.mattered))
        code = "\n\n".join(getattr(self, name) for name in self.copied)
        return Summary(f"Search for {self.target}", tuple(rows), tuple(self._lines()), code)

    @property
    def mattered(self) -> str:
        """Return the options that mattered more than chance, in words."""
        if self.importance.empty:
            return f"not told: that takes {FEWEST} trials that were judged"
        clear = self.importance[self.importance["clear"]]
        if clear.empty:
            return "no option more than chance"
        texts = [f"{name} ({percent(row.share)}, best {row.best})" for name, row in clear.iterrows()]
        return f"{', '.join(texts)}; share of the trials' differences in rank"

    def _lines(self) -> Iterator[tuple[str, ...]]:
        """Tabulate the best trials, and the options as given wherever they come."""
        names = list(self.space.dimensions)
        yield ("trial", self.metric, "vs as given", "folds better", *names)
        base = self.folds.mean(self.base.losses)
        shown = [*self.ranked[:SHOWN], *(() if self.base in self.ranked[:SHOWN] else (self.base,))]
        for trial in shown:
            same = trial is self.base
            better = sum(
                self.folds.mean([own]) < self.folds.mean([other])
                for own, other in zip(trial.losses, self.base.losses, strict=True)
            )
            yield (
                "as given" if same else str(trial.number),
                four_digits(self.folds.mean(trial.losses)),
                "" if same else effect_text(self.gap(trial), base),
                "" if same else f"{better} of {len(trial.losses)}",
                *(short_text(trial.options[name]) for name in names),
            )


def tune(
    source: str | os.PathLike[str] | pd.DataFrame | pd.Series[Any],
    *,
    executor: Executor | None = None,
    listener: ProgressListener | None = None,
    stop: threading.Event | None = None,
    **options: Unpack[TuneKeywords],
) -> Search:
    """Search over options of a training for those with the lowest forecast error, without the test rows.

    Every trial is trained and judged in ``folds``: each time on a longer first part of the rows, by forecasts from
    origins in the rows after it. The options as given are judged first, and every trial is compared with them. The
    newest share of the rows, ``test``, is seen by nothing; `Search.check` judges the winner there.

    Parameters
    ----------
    source
        A file, DataFrame or Series; see `lstm_lab.load`.
    executor, listener, stop
        As for `lstm_lab.compare`. Stop keeps the trials that are over.
    **options
        Fields of `lstm_lab.options.TuneOptions`, `lstm_lab.options.TrainOptions` and
        `lstm_lab.options.ForecastOptions`. ``space`` maps names of training options to a list of values or to a range,
        ``(low, high)`` or ``(low, high, "log")``; or is the same as text, as a flag takes it. With ``checkpoint`` a
        search that was ended goes on from its finished trainings, and one with more ``trials`` from all of them.

    Returns
    -------
    Search
        ``.best``, ``.verdict``, ``.trials``, ``.importance``, ``.cell`` and ``.call`` to copy, ``.check()`` on the test
        rows, ``.train()`` on all rows.

    Raises
    ------
    MissingExtraError
        optuna is not installed.
    LabError
        A space, an option or data that cannot be used: one line with the remedy.

    Examples
    --------
    >>> lab.tune(frame, target="close", space={"units": [16, 32]}, trials=2).verdict  # doctest: +SKIP

    Notes
    -----
    The same call gives the same trials on one process or many: what is tried depends on ``together``, how many trials
    are chosen at once, and not on which of them is over first. Only times differ. Another version of optuna may try
    others.
    """
    check_listening(listener, stop, ProgressListener)
    settings = StudySettings.of(TuneOptions, options)
    optuna = check_optuna()
    given = settings.study.space
    space = default_space(settings.train) if given is None else read_space(given)
    study = settings.study.model_copy(update={"space": space.text()})
    thin = settings.forecast.calibrate == "auto" and study.metric == "mae"  # calibration moves the band, not its median
    forecast = settings.forecast.model_copy(update={"calibrate": False}) if thin else settings.forecast
    settings = replace(settings, study=study, forecast=forecast)
    frame, target = read_series(source, settings.train)
    older = older_rows(frame.index, study, forecast.horizon)
    searched = frame[older]
    folds = Folds.of(searched, target, settings, space)
    store = None
    if study.checkpoint is not None:
        rows = prepare_rows(searched, target, settings.train).dataset
        store = settings.checkpoint("a search", rows, {"optuna": optuna.__version__})
    with task_runner(executor, study.workers, study.cluster) as pool:
        search = TrialSearch(folds, space, settings.train, study, pool, listener, stop, store)
        search.run()
    details = _details(search, len(frame) - len(searched))
    trials = tuple(search.trials)
    result = Search(frame, target, settings, space, folds, trials, search.proposals.study, details)
    if isinstance(source, str | os.PathLike):
        return replace(result, word=str(source), source=repr(str(source)))
    return result


def _details(search: TrialSearch, kept: int) -> dict[str, str]:
    """Describe a search: its space, what was tried, on which rows, and what it took."""
    folds, states = search.folds, [trial.state for trial in search.trials[1:]]
    counts = [f"{len(states)} beside the options as given"]
    counts += [f"{states.count('pruned')} given up early"] if "pruned" in states else []
    counts += [f"{states.count('failed')} failed" for _ in (1,) if "failed" in states]
    rows = ", ".join(f"{fold.first_rows:,}" for fold in folds.folds)
    seeds, turns = len(search.seeds), " in turn" * (len(folds.folds) > 1)
    ids = "" if folds.ids is None else f" of {len(folds.ids):,} ids, each cut by its own time"
    details = {
        "space": search.space.text(),
        "trials": "; ".join(counts),
        "trained on": f"the first {rows} rows{turns}{ids}, with {seeds} seed{'s' * (seeds > 1)}",
        "judged at": folds.judged,
        "not seen": f"the newest {kept:,} rows: .check() judges the winner there",
        "took": f"{sum(trial.seconds for trial in search.trials):,.0f} s of training, summed over processes",
    }
    if search.restored:
        plural = "s" * (search.restored > 1)
        details["done before"] = f"{search.restored} training{plural}, read from the checkpoint"
    if search.stopped:
        details["stopped"] = f"with {len(search.trials) - 1} of {search.study.trials} trials over"
    elif len(search.trials) <= search.study.trials:
        details["ended"] = f"all {len(search.trials) - 1} combinations of the space were tried"
    return details
