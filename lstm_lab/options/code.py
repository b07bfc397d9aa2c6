"""Options as code that a person can copy: flags of a magic's line, keywords of a call, layers of a cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lstm_lab.options.flags import value_text
from lstm_lab.options.training import TrainOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LAYER_OPTIONS", "flags_text", "keywords", "quoted", "stack_text"]

LAYER_OPTIONS = ("cell", "units", "dropout", "dense")
"""Options that `stack_text` writes as layers."""
_LAYERS = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}
_PLAIN = re.compile(r"[\w./:+-]+")


def stack_text(train: Mapping[str, Any]) -> str:
    """Return the layers that ``cell``, ``units``, ``dropout`` and ``dense`` describe, one a line."""
    options = TrainOptions.of({name: value for name, value in train.items() if name in LAYER_OPTIONS})
    lines = []
    for units in options.units:
        lines.append(f"{_LAYERS[options.cell]}({units})")
        lines += [f"Dropout({options.dropout})"] * (options.dropout > 0)
    lines += [f'Dense({units}, activation="relu")' for units in options.dense]
    return "\n".join([*lines, "Dense(1)"])


def quoted(text: str) -> str:
    """Quote a word for a magic's line, where it has spaces, commas or parentheses.

    >>> quoted("log_return,bollinger(20, 2)")
    '"log_return,bollinger(20, 2)"'
    """
    if _PLAIN.fullmatch(text):
        return text
    # No quote can be escaped on a magic's line: parts in either kind of quotes stand side by side.
    return "".join(f"'{part}'" if '"' in part else f'"{part}"' for part in re.findall(r'"+|[^"]+', text)) or '""'


def flags_text(values: Mapping[str, Any]) -> str:
    """Write options as flags, each after a space.

    >>> flags_text({"units": (8, 8), "dropout": 0.1})
    ' --units "8,8" --dropout 0.1'
    """
    return "".join(f" --{name.replace('_', '-')} {quoted(_text(value))}" for name, value in values.items())


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else value_text(value)


def keywords(values: Mapping[str, Any]) -> list[str]:
    """Write options as the keywords of a call.

    >>> keywords({"units": (8, 8), "loss": "mse"})
    ['units=[8, 8]', "loss='mse'"]
    """
    shown = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return [f"{name}={value!r}" for name, value in shown.items()]
