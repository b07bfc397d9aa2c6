"""Generated lines and bodies of the magics: a result or one line, whatever is typed.

The long form, 5,000 lines and bodies, is ``pytest -m harness -s tests/notebook/test_generated_lines.py``.
"""

from __future__ import annotations

import collections
import random

import numpy as np
import pandas as pd
import pytest

from lstm_lab.notebook.commands import COMMANDS

CHEAP = "--epochs 1 --units 2 --dense none --lookback 4 --transform none"
ARGUMENTS = {
    "lstm_train": ("rows", CHEAP),
    "lstm_resume": ("", "--epochs 1"),
    "lstm_features": ("rows", ""),
    "lstm_forecast": ("2", "--paths 3 --calibrate off"),
    "lstm_reveal": ("rows", ""),
    "lstm_backtest": ("", "--horizon 1 --origins 2 --paths 2 --calibrate off"),
    "lstm_compare": ("rows", "--kinds naive --horizon 1 --origins 2 --paths 2 --lookback 4"),
    "lstm_ablate": ("rows", "--changes nothing"),  # what it would train costs too much here
    "lstm_tune": ("rows", "--space nothing"),  # likewise
    "lstm_memory": ("", "--recall none --updates 1 --units 2"),
    "lstm_save": ("x.lstm", ""),
    "lstm_load": ("kept.lstm", ""),
    "lstm_export": ("x.tflite", "--nothing"),  # likewise
}
WORDS = [
    "",
    "0",
    "-1",
    "1",
    "3",
    "1e999",
    "nan",
    "inf",
    "9" * 400,
    "²",
    "٣",
    "'",
    '"a b"',
    "none",
    "auto",
    "all",
    "rows",
]
WORDS += [
    "x",
    "y",
    "kept",
    "nowhere",
    "../x",
    "/",
    "/dev/zero",
    "~",
    "{",
    "}",
    "[1,2]",
    "(",
    "$HOME",
    "{rows}",
    "%",
    "=",
    ",",
]
WORDS += [
    "a,b",
    "lag(1)",
    "lag(10**30)",
    "lag(1",
    "bollinger(5, 2)",
    "hour",
    "log",
    "diff",
    "seasonal_diff(0)",
    "on",
    "off",
]
WORDS += [
    "1D",
    "True",
    "None",
    "import os",
    "a=b",
    "--",
    "-",
    "-o",
    "-o 1",
    "-o class",
    "\\",
    "#",
    ";",
    "\u200b",
    "ß",
    "💥",
]
WORDS += [
    "oil",
    "temperature",
    "unemployment",
    "rows.csv",
    "x.lstm",
    "lstm",
    "naive,drift",
    "linear",
    "exponential:0",
    "1,2,3",
]
BODIES = [
    "LSTM(3)",
    "LSTM(2)\nDense(2)",
    "",
    "# only a comment",
    "LSTM(3) LSTM(3)",
    "LSTM(",
    "return 1",
    "yield 1",
    "LSTM",
]
BODIES += [
    "LSTM(-1)",
    "LSTM(0)",
    "LSTM('a')",
    "LSTM(10**30)",
    "Dense(2)",
    "Dropout(2)",
    "1/0",
    "undefined",
    "import os",
    "pass",
]
BODIES += [
    "for _ in range(2):\n    LSTM(2)",
    "if True:\n    LSTM(2)\nelse:\n    GRU(1)",
    "x = LSTM(2)",
    "LSTM(2); LSTM(2)",
]
BODIES += [
    "[LSTM(2)]",
    "keras.layers.LSTM(2)",
    "await x",
    "class A: pass",
    "def f(): pass",
    "lambda: 0",
    "LSTM(2)\n\0",
    "\ud800",
]
BODIES += [
    "raise SystemExit",
    "raise KeyboardInterrupt",
    "exit()",
    "quit()",
    "LSTM(2).x",
    "LSTM(2, wrong=1)",
    "Input((3, 1))",
]
BODIES += [
    "Masking()\nLSTM(2)",
    "BatchNormalization()\nLSTM(2)",
    "Flatten()",
    "LSTM(2)\nFlatten()",
    "Bidirectional(LSTM(2))",
]
BODIES += [
    "Embedding(3, 2)\nLSTM(2)",
    "Conv1D(2, 99)\nLSTM(2)",
    "Conv1D(2, 2)\nLSTM(2)",
    "LSTM(2, return_sequences=True)",
]
BODIES += [
    "    LSTM(2)",
    "\tLSTM(2)\n  LSTM(2)",
    "print('x')",
    "LSTM(2)\nlayers = []",
    "%time LSTM(2)",
    "!ls",
    "LSTM?",
    "LSTM(2) +",
]
BODIES += [
    "-" * 5000 + "1",
    "(" * 300,
    "f'{LSTM(2)}'",
    "del LSTM",
    "global x",
    "nonlocal x",
    "while True: break",
    "lstm_lab",
    "rows",
]


def line(rng):
    """Draw a line, and a body for some."""
    name = rng.choice(list(COMMANDS))
    flags = list(COMMANDS[name].flags)
    argument, cheap = ARGUMENTS.get(name, ("", ""))
    parts = [argument if rng.random() < 0.8 else rng.choice(WORDS), cheap]
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        flag = rng.choice(flags) if rng.random() < 0.9 else rng.choice(["wrong", "", "unit", "EPOCHS", "no-seed"])
        flag = flag.replace("_", "-")
        parts.append(f"--{flag}{rng.choice([' ', ' ', '='])}{rng.choice(WORDS)}" if rng.random() < 0.9 else f"--{flag}")
    text = " ".join([f"%{name}", *parts])
    if name == "lstm_train" and rng.random() < 0.5:
        flags = f"--epochs 1 --lookback 4 --transform none {' '.join(parts[2:]) if rng.random() < 0.3 else ''}"
        return f"%%{name} {argument} {flags}\n{rng.choice(BODIES)}"
    return text


@pytest.fixture
def lines_shell(shell, do):
    values = 5 + np.sin(np.arange(60) / 4)
    shell.user_ns["rows"] = pd.DataFrame({"y": values, "x": values[::-1]}, index=pd.date_range("2024", periods=60))
    shell.user_ns["rows"].to_csv("rows.csv")
    value, _, err = do(f"%lstm_train rows --target y {CHEAP} -o kept")
    assert err == ""
    do("%lstm_save kept.lstm --run kept")
    do("%lstm_forecast 2 --paths 3 --calibrate off")
    return shell, value


def escape(shell, text, capsys):
    """Run a cell; return what came that is neither a result nor one line."""
    done = shell.run_cell(text, store_history=False)
    written = capsys.readouterr()
    error = done.error_in_exec or done.error_before_exec
    name = type(error).__name__
    if error is None or isinstance(error, KeyboardInterrupt):
        noise = [part for part in ("Traceback", "Warning", "Exception ignored") if part in written.out + written.err]
        return f"{noise}: {(written.out + written.err)[-400:]}" if noise else None
    if name == "UsageError":
        shown = written.err.strip()
        return None if len(shown.splitlines()) == 1 and len(shown) < 1100 else f"not one line: {shown[:300]!r}"
    return f"{name}: {str(error)[:300]}"


@pytest.mark.parametrize(
    ("seed", "count"), [(0, 60), pytest.param(1, 5000, marks=[pytest.mark.harness, pytest.mark.timeout(7200)])]
)
@pytest.mark.filterwarnings("default")
def test_a_generated_line_is_run_or_refused_in_one_line(lines_shell, capsys, seed, count):
    shell, kept = lines_shell
    weights = [weight.copy() for weight in kept.model.get_weights()]
    kinds = collections.defaultdict(list)
    for number in range(count):
        text = line(random.Random(f"{seed} {number}"))  # noqa: S311 - lines
        wrong = escape(shell, text, capsys)
        if wrong is not None:
            kinds[wrong[:60]].append(f"line {number}, {text[:300]!r}: {wrong}")
            with capsys.disabled():
                print(kinds[wrong[:60]][-1] if len(kinds[wrong[:60]]) == 1 else "")  # noqa: T201 - the long form
    with capsys.disabled():
        print(f"{count} lines, {sum(map(len, kinds.values()))} escapes of {len(kinds)} kinds")  # noqa: T201 - figures
    assert not kinds, "\n".join(f"{len(each)} x {each[0]}" for each in kinds.values())
    assert shell.user_ns["kept"] is kept
    for before, now in zip(weights, kept.model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, now)
