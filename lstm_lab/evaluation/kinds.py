"""Names of the models that can be compared and of the changes that can be ablated, without importing TensorFlow."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from lstm_lab.errors import MissingExtraError, OptionError, did_you_mean
from lstm_lab.forecasting.baselines import BASELINES, baseline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lstm_lab.options import TrainOptions

__all__ = [
    "BASE",
    "CHANGES",
    "DROPOUT_BAND",
    "KINDS",
    "MASK",
    "NETWORKS",
    "UNCALIBRATED",
    "change",
    "changes_of",
    "check_baselines",
    "check_changes",
    "check_kinds",
    "options_of_kind",
]

NETWORKS: Final = ("lstm", "gru", "rnn", "transformer")
KINDS: Final = (*NETWORKS, *BASELINES)

BASE: Final = "as given"
"""The variant that the others are compared with."""
UNCALIBRATED: Final = "band: not calibrated"
DROPOUT_BAND: Final = "band: dropout"
"""The spread of the dropout masks alone, as most tutorials draw it: a change of the forecast, not of the training."""
GUARD: Final = "guard: off"
"""Bollinger positions by the textbook's formula."""
CHANGES: Final[Mapping[str, Mapping[str, Any]]] = {
    "loss: huber": {"loss": "huber"},
    "loss: mse": {"loss": "mse"},
    "loss: mae": {"loss": "mae"},
    "weights: uniform": {"weights": "uniform"},
    "weights: linear": {"weights": "linear"},
    "weights: exponential": {"weights": "exponential"},
    "target: raw": {"transform": "none"},
    "target: log returns": {"transform": "log_return"},
    "scaler: standard": {"scaler": "standard"},
    "scaler: min-max": {"scaler": "minmax"},
    "guard: off": {},
    "lookback: half": {},
    "lookback: double": {},
    "forget bias: 0": {"forget_bias": 0.0},
    "forget bias: 1": {"forget_bias": 1.0},
    "forget bias: 3": {"forget_bias": 3.0},
    "recurrent weights: orthogonal": {"recurrent_init": "orthogonal"},
    "recurrent weights: gaussian": {"recurrent_init": "gaussian"},
    "input weights: glorot": {"kernel_init": "glorot"},
    "input weights: gaussian": {"kernel_init": "gaussian"},
    "band: dropout": {},
    "mask: off": {"mask": False},
}
"""What an ablation changes, one at a time; a change that changes nothing is left out. See `change`."""
LOOKBACKS: Final = {"lookback: half": 0.5, "lookback: double": 2.0}
"""Changes of the lookback, as multiples of the base's."""
MASK: Final = "mask: off"
"""The change of many series alone: the network reads padding as if it were data."""


def change(name: str, base: TrainOptions) -> TrainOptions:
    """Return the training options of a base with one of `CHANGES` made."""
    update = dict(CHANGES[name])
    if name in LOOKBACKS:
        update["lookback"] = max(1, round(LOOKBACKS[name] * base.lookback))
    if name == GUARD:
        update["features"] = tuple(re.sub(r"^\s*bollinger\b", "unguarded_bollinger", text) for text in base.features)
    return base.model_copy(update=update)


def options_of_kind(kind: str, base: TrainOptions) -> TrainOptions:
    """Return the options of a training of one kind of network; a transformer has no cell."""
    return base if kind == "transformer" else base.model_copy(update={"cell": kind})


def changes_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return the changes that are tried, each once; all of them for ``all``."""
    return tuple(CHANGES) if "all" in names else tuple(dict.fromkeys(names))


def check_baselines(names: Sequence[str]) -> None:
    """Refuse an unknown baseline, or one whose library is missing, before anything is computed."""
    for name in names:
        if baseline(name).extra == "stats" and find_spec("statsmodels") is None:
            raise MissingExtraError(
                f"the baseline {name!r} needs statsmodels, which is not installed; pip install 'lstm-lab[stats]'"
            )


def check_kinds(names: Sequence[str]) -> None:
    """Refuse an unknown kind of model, or a baseline whose library is missing."""
    for name in names:
        if name not in KINDS:
            raise OptionError(f"there is no kind {name!r} to compare; {did_you_mean(name, KINDS)}")
    check_baselines([name for name in names if name in BASELINES])


def check_changes(names: Sequence[str]) -> None:
    """Refuse an unknown change of an ablation."""
    for name in names:
        if name not in {*CHANGES, "all"}:
            raise OptionError(f"there is no change {name!r} to try; {did_you_mean(name, [*CHANGES, 'all'])}")
