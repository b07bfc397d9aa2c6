"""What a search tries next: optuna's tree of Parzen estimators, asked and told in an order that repeats."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import MissingExtraError
from lstm_lab.options.search_space import Choices, value_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from lstm_lab.options import Space
    from lstm_lab.options.search_space import Dimension

__all__ = ["Proposals", "check_optuna"]

_REPEATED = 8
"""How often optuna may propose a combination that was tried, before one is drawn at random."""
_DRAWN = 1000
"""How often a combination is drawn at random until a new one is found."""


def check_optuna() -> Any:
    """Import optuna.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        return import_module("optuna")
    except ImportError as missing:
        raise MissingExtraError(
            "a search over options needs optuna, which is not installed; pip install 'lstm-lab[tune]'"
        ) from missing


def rounded(value: float) -> float:
    """Round to four significant digits: more change nothing, and are a burden to copy.

    >>> rounded(0.21795327319875876)
    0.218
    """
    return float(f"{value:.4g}")


class Proposals:
    """Proposes combinations of a space, none of them twice, and learns from how good they were.

    Parameters
    ----------
    space
        The options and their values.
    seed
        Of all random numbers.
    """

    def __init__(self, space: Space, seed: int) -> None:
        self._optuna = check_optuna()
        self._space = space
        self._rng = np.random.default_rng(seed)
        self._distributions = {name: self._distribution(each) for name, each in space.dimensions.items()}
        self._tried: set[Hashable] = set()
        self._open: dict[int, Any] = {}
        with warnings.catch_warnings():
            # Some releases call it experimental that trials which are not over count as bad ones.
            warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
            sampler = self._optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        logging = self._optuna.logging
        told = logging.get_verbosity()
        logging.set_verbosity(logging.WARNING)  # that a study is created is no news
        try:
            self.study: Any = self._optuna.create_study(sampler=sampler, direction="minimize")
        finally:
            logging.set_verbosity(told)

    def _distribution(self, dimension: Dimension) -> Any:
        """Describe the values of an option to optuna; choices by their texts."""
        kinds = self._optuna.distributions
        if isinstance(dimension, Choices):
            return kinds.CategoricalDistribution([value_text(value) for value in dimension.members])
        if dimension.whole:
            return kinds.IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
        return kinds.FloatDistribution(dimension.low, dimension.high, log=dimension.log)

    def _known(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Write a combination as optuna keeps it."""
        choices = {name for name, each in self._space.dimensions.items() if isinstance(each, Choices)}
        return {name: value_text(values[name]) if name in choices else values[name] for name in self._distributions}

    def _values(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """Write what optuna proposes as options keep it."""
        values = {}
        for name, each in self._space.dimensions.items():
            if isinstance(each, Choices):
                values[name] = {value_text(value): value for value in each.members}[known[name]]
            else:
                values[name] = known[name] if each.whole else min(max(rounded(known[name]), each.low), each.high)
        return values

    def add(self, values: Mapping[str, Any], value: float) -> None:
        """Tell a combination that was not proposed, and how good it was; nothing if it is not in the space."""
        if not self._space.has(values):
            return
        known = self._known(values)
        self._tried.add(tuple(known.values()))
        self.study.add_trial(
            self._optuna.trial.create_trial(params=known, distributions=self._distributions, value=value)
        )

    def ask(self, number: int) -> dict[str, Any] | None:
        """Propose a combination that was never proposed, for the trial of a number; None where all were."""
        if len(self._tried) >= self._space.size:
            return None
        for _ in range(_REPEATED):
            trial = self.study.ask(self._distributions)
            if self._is_new(trial.params):
                self._open[number] = trial
                return self._values(trial.params)
            self.study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        for _ in range(_DRAWN):
            known = self._known(self._space.draw(self._rng))
            if self._is_new(known):
                self.study.enqueue_trial(known)
                self._open[number] = self.study.ask(self._distributions)
                return self._values(known)
        return None

    def _is_new(self, known: Mapping[str, Any]) -> bool:
        """Return whether a combination was never proposed; from now on it was."""
        key = tuple(known[name] for name in self._distributions)
        if key in self._tried:
            return False
        self._tried.add(key)
        return True

    def tell(self, number: int, value: float | None, fold: int | None = None) -> None:
        """Tell how good the trial of a number was.

        Parameters
        ----------
        number
            As it was asked for.
        value
            Its score; None where it failed.
        fold
            The fold after which it was given up; None where it was judged in all.
        """
        trial, states = self._open.pop(number), self._optuna.trial.TrialState
        if value is None:
            self.study.tell(trial, state=states.FAIL)
        elif fold is None:
            self.study.tell(trial, value)
        else:
            trial.report(value, fold)
            self.study.tell(trial, state=states.PRUNED)
