"""Magics of a real kernel, interrupted at random moments: one line that says what is kept, and nothing that was there
before is lost.

The long form is ``pytest -m harness -s tests/notebook/test_interrupted_magics.py``; its figures are in
docs/robustness.md.
"""

import json
import random
import re

import pytest

NETWORK = "--transform none --lookback 12 --units 6 --dense 4"
JUDGED = "--horizon 3 --paths 20 --origins 6"
LINES = {
    "train": f"%lstm_train rows {NETWORK} --epochs 60 --patience 60 -o new",
    "forecast": "%lstm_forecast 40 --paths 400 --run earlier -o new",
    "backtest": f"%lstm_backtest --run earlier {JUDGED} -o new",
    "gates": "%lstm_gates --run earlier -o new",
    "features": "%lstm_features rows -o new",
    "export": "%lstm_export new.tflite --run earlier -o new",
    "save": "%lstm_save kept.lstm --run earlier -o new",
    "memory": "%lstm_memory --run earlier --recall 8 --units 3 --updates 30 -o new",
    "compare": f"%lstm_compare rows {NETWORK} --kinds lstm,naive --seeds 0 --epochs 3 {JUDGED} -o new",
    "resume": "%lstm_resume --run earlier --epochs 40 -o new",
    "load": "%lstm_load kept.lstm -o new",
}
START = """
import hashlib
import numpy as np, pandas as pd
values = 5 + np.sin(np.arange(400) / 7) + 0.1 * np.random.default_rng(0).normal(size=400)
rows = pd.DataFrame({"y": values}, index=pd.date_range("2024", periods=400, freq="h"))
"""
BEFORE = f"""
%lstm_train rows {NETWORK} --epochs 1 -o earlier --no-display
%lstm_save kept.lstm --run earlier --no-display
def state():
    weights = b"".join(weight.tobytes() for weight in earlier.model.get_weights())
    options = lstm_lab.load_run("kept.lstm").options
    return hashlib.sha256(weights + repr((earlier.history.to_dict(), options)).encode()).hexdigest()
import lstm_lab
"""
FEW_ROWS = "rows = {'y': [(i % 7) + i / 50 for i in range(90)]}"
FIRST_LINE = "%lstm_train rows --transform none --lookback 4 --units 2 --dense none --epochs 1 -o new"
FIRST = "the first magic of a kernel, most of whose time is TensorFlow's import"
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def seconds(kernel):
    """Run every magic once, undisturbed; return how long each takes."""
    taken = {}
    for part in (START, BEFORE):
        outputs = kernel.run(part)
        assert outputs.errors == []
        taken[FIRST] = outputs.seconds
    for name, line in LINES.items():
        outputs = kernel.run(line)
        assert outputs.errors == [], name
        taken[name] = outputs.seconds
    return taken


def outside(lines):
    """Whether an interrupt met IPython itself, before the magic or behind it: IPython shows no frame of its own."""
    return [text.split()[0] for text in lines[1:]] == ["KeyboardInterrupt", "KeyboardInterrupt:"]


def interrupted(kernel, line, moments):
    """Interrupt a magic; return how often, whether IPython itself was met, the lines, and what is wrong with them."""
    before = kernel.value("state()")
    kernel.run("new = None")
    outputs = kernel.run(line, after=moments, timeout=600)
    lines = [text for part in outputs.errors for text in ANSI.sub("", part).splitlines() if text.strip()]
    wrong = []
    texts = [data["text/plain"].strip() for _, data in outputs.shown]
    # A magic that had nothing yet to keep refuses as it does after its Stop.
    lines += [text for text in texts if re.fullmatch(r"UsageError: (stopped|interrupted) before [^\n]*", text)]
    noise = [text for text in texts if "Traceback" in text or ("Error" in text and text not in lines)]
    if noise:
        wrong.append(f"printed: {noise}")
    kept = kernel.value("new is not None") == "True"
    met_ipython = outside(lines)
    if met_ipython:
        lines = []
    elif lines:
        if len(lines) > 1 or not lines[0].startswith(("Interrupted: ", "UsageError: ")):
            wrong.append(f"{len(lines)} lines")
        if kept == ("nothing new is kept" in lines[0] or lines[0].startswith("UsageError: ")):
            wrong.append(f"what is kept is {kept}")
    elif not kept:
        wrong.append("no line and no result")
    if kernel.value("state()") != before:
        wrong.append("the earlier run has changed")
    return (0 if met_ipython else outputs.pressed), met_ipython, lines, wrong


@pytest.mark.parametrize("part", [0.2, *(pytest.param(0.05 + 0.1 * i, marks=pytest.mark.harness) for i in range(10))])
def test_an_interrupt_of_the_first_imports_is_one_line_and_harmless(start_kernel, tmp_path_factory, seconds, part):
    with start_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        kernel.run(FEW_ROWS)
        outputs = kernel.run(FIRST_LINE, after=[part * seconds[FIRST]])
        lines = [text for part in outputs.errors for text in ANSI.sub("", part).splitlines() if text.strip()]
        # A kernel that is faster than the measured one has ended before the last moment.
        assert outputs.pressed == 1 or part > 0.8
        assert len(lines) <= 1, lines
        assert all(text.startswith("Interrupted: ") for text in lines)
        assert not [text for _, data in outputs.shown if "Traceback" in (text := data["text/plain"])]
        outputs = kernel.run(FIRST_LINE)
        assert outputs.errors == []
        assert outputs.texts("Run")


def report(failures):
    return "\n".join(json.dumps(failure)[:3000] for failure in failures)


@pytest.mark.parametrize(
    ("count", "presses"),
    [(8, 1), *(pytest.param(count, presses, marks=pytest.mark.harness) for count, presses in ((50, 1), (20, 2)))],
)
@pytest.mark.timeout(3600)
def test_an_interrupt_at_any_moment_is_one_line_and_loses_nothing(kernel, seconds, count, presses):
    rng = random.Random(count)  # noqa: S311 - moments to interrupt at
    names = list(LINES)
    failures, done, in_a_line, outside_of = [], 0, 0, 0
    for turn in range(3 * count):
        name = names[turn % len(names)]
        first = rng.uniform(0, seconds[name])
        moments = [first, *(first + rng.uniform(0.02, 0.6) for _ in range(presses - 1))]
        pressed, met_ipython, lines, wrong = interrupted(kernel, LINES[name], moments)
        done += pressed > 0
        outside_of += met_ipython
        in_a_line += len(lines) == 1
        if wrong:
            failures.append((name, [round(moment, 3) for moment in moments], round(seconds[name], 3), wrong, lines))
            print(report(failures[-1:]), flush=True)  # noqa: T201 - the long form takes minutes
        if done == count:
            break
    print(  # noqa: T201 - the figures
        f"{done} interrupted, {in_a_line} ended in a line, {len(failures)} failures; {outside_of} more met IPython"
    )
    assert failures == [], report(failures)
    assert done == count
