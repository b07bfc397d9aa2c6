"""Progress: what is written where, and that nothing stays half drawn."""

import contextlib
import io
import re

import numpy as np
import pandas as pd
import pytest

from lstm_lab.events import (
    Batch,
    Chunk,
    Epoch,
    Progress,
    SamplingEnd,
    SamplingPlan,
    TrainingEnd,
    TrainingPlan,
    WorkPlan,
)
from lstm_lab.progress import HtmlProgress, LineProgress, Listener, TerminalProgress, listener, seconds_text


class Clock:
    """Half a second passes at each look."""

    now = 0.0

    def __call__(self):
        self.now += 0.5
        return self.now


def train(heard, title="oil"):
    heard.on_start(TrainingPlan(title, 2, 4, 10, 250, 30, 1234, 0.5))
    for epoch in (1, 2):
        for batch in range(1, 5):
            heard.on_batch(Batch(epoch, batch, 0.5 / epoch))
        heard.on_epoch(Epoch(epoch, 0.5 / epoch, 0.6 / epoch, 1e-3, 1.0, epoch, 10))
    heard.on_end(TrainingEnd("finished", 2, 2, 3.0, "Trained 2 epochs."))


def sample(heard):
    index = pd.RangeIndex(3)
    heard.on_start(SamplingPlan("close", pd.Series([1.0]), index, 100, "predictive", 90.0))
    heard.on_chunk(Chunk(np.zeros((50, 3)), 50, 100))
    heard.on_end(SamplingEnd("finished", 100, 1.0, "Drew 100 paths."))


def test_lines_for_a_log_carry_no_control_characters():
    stream = io.StringIO()
    with LineProgress(stream, Clock()) as heard:
        train(heard)
    text = stream.getvalue()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    lines = text.splitlines()
    assert lines[0] == "oil: 250 windows, at most 2 epochs"
    assert lines[-1] == "Trained 2 epochs."
    assert any(line.startswith("epoch 2/2; loss 0.25; validation 0.6, best in epoch 1; ") for line in lines)


def test_a_terminal_line_is_rewritten_and_never_wider_than_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    stream = io.StringIO()
    with TerminalProgress(stream, Clock()) as heard:
        train(heard)
    text = stream.getvalue()
    drawn = text.split("\r\x1b[K")
    assert drawn[1].endswith("preparing")
    assert max(len(line) for line in drawn[:-1]) == 39
    assert drawn[-1] == "Trained 2 epochs.\n"
    assert text.count("\n") == 1


def test_a_terminal_that_cannot_write_blocks_gets_plain_signs():
    raw = io.BytesIO()
    with TerminalProgress(io.TextIOWrapper(raw, encoding="ascii"), Clock()) as heard:
        sample(heard)
        assert b"############------------ 50/100 paths" in raw.getvalue()


def test_an_error_leaves_no_half_drawn_bar():
    stream = io.StringIO()
    heard = TerminalProgress(stream, Clock())

    with contextlib.suppress(KeyboardInterrupt), heard:
        heard.on_progress(Progress("origins", 1, 3))
        raise KeyboardInterrupt
    assert stream.getvalue().endswith("origins 1/3\r\x1b[K")


def test_the_time_left_is_called_at_most_and_forgets_the_first_batch():
    stream = io.StringIO()
    clock = Clock()
    with LineProgress(stream, lambda: clock.now) as heard:
        heard.on_start(TrainingPlan("oil", 10, 10, 10, 250, 30, 1234, 0.5))
        clock.now += 60
        heard.on_batch(Batch(1, 1, 0.5))
        clock.now += 9
        heard.on_epoch(Epoch(1, 0.5, None, 1e-3, 9.0, 1, 10))
    assert stream.getvalue().splitlines()[1:] == [
        "epoch 1/10; loss 0.5; 1 min 0 s",
        "epoch 1/10; loss 0.5; 1 min 9 s, at most 1 min 30 s left",
    ]


def test_the_notebook_bar_is_one_output_and_escapes_titles(monkeypatch):
    shown = []

    class Handle:
        def update(self, bundle, *, raw):
            assert raw
            shown.append(("update", bundle))

    def display(bundle, *, raw, display_id):
        assert raw
        assert display_id
        shown.append(("display", bundle))
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    with HtmlProgress(Clock()) as heard:
        train(heard, title="<img src=x onerror=alert(1)>")
    assert [how for how, _ in shown].count("display") == 1
    assert shown[0][0] == "display"
    assert shown[0][1]["text/plain"] == "preparing"
    assert "<img" not in shown[1][1]["text/html"]
    assert "&lt;img" in shown[1][1]["text/html"]
    assert shown[-1][1] == {"text/html": "<div>Trained 2 epochs.</div>", "text/plain": "Trained 2 epochs."}


def test_updates_are_few():
    class Count(Listener):
        pause = 0.2
        shows = 0

        def show(self, status):
            self.shows += 1
            assert 0 <= status.share <= 1

    clock = Clock()
    heard = Count(lambda: clock.now)
    heard.on_start(TrainingPlan("oil", 1, 1000, 10, 250, 30, 1234, 0.5))
    for batch in range(1, 1001):
        clock.now += 0.001
        heard.on_batch(Batch(1, batch, 0.5))
    assert heard.shows <= 6


def test_the_listener_fits_the_place(capsys, monkeypatch):
    assert type(listener(silent=True)) is Listener
    assert type(listener()) is LineProgress
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert type(listener()) is TerminalProgress
    with listener(silent=True) as heard:
        train(heard)
        sample(heard)
    assert capsys.readouterr().out == ""


def test_durations_read_like_speech():
    assert [seconds_text(seconds) for seconds in (0.44, 59.6, 61, 3599.7)] == [
        "0.4 s",
        "1 min 0 s",
        "1 min 1 s",
        "1 h 0 min",
    ]


@pytest.mark.parametrize(
    ("after", "progress", "text"),
    [
        (1.0, Progress("origins", 1, 4), "origins 1/4"),
        (30.0, Progress("origins", 1, 4), "origins 1/4; 30 s, about 1 min 30 s left"),
        (30.0, Progress("recall", 9, 10, share=0.5), "recall 9/10; 30 s, about 30 s left"),
        (30.0, Progress("origins", 4, 4), "origins 4/4"),
    ],
)
def test_long_work_says_about_how_long_the_rest_takes(after, progress, text):
    stream, clock = io.StringIO(), Clock()
    with LineProgress(stream, lambda: clock.now) as heard:
        clock.now += 1000  # what came before the work is no part of it
        heard.on_work(WorkPlan(progress.label, progress.total))
        clock.now += after
        heard.pause = 0.0
        heard.on_progress(progress)
    assert stream.getvalue().splitlines() == [f"{progress.label} 0/{progress.total}", text]


def test_work_whose_length_is_known_says_so_before_it_starts():
    stream = io.StringIO()
    with LineProgress(stream, Clock()) as heard:
        heard.on_work(WorkPlan("backtest", 12, seconds=200.0))
    assert stream.getvalue() == "backtest 0/12; about 3 min 20 s in all\n"


def test_a_log_ends_with_all_of_the_work_however_soon_it_is_over():
    stream = io.StringIO()
    with LineProgress(stream, lambda: 0.0) as heard:
        heard.on_work(WorkPlan("tuning; trials", 2))
        for done in (1, 2, 2):
            heard.on_progress(Progress("tuning; trials", done, 2))
        heard.on_progress(Progress("calibration", 1, 1))  # work whose plan was not shown
    assert stream.getvalue().splitlines() == ["tuning; trials 0/2", "tuning; trials 2/2"]


def test_a_terminal_writes_what_is_new_above_its_bar():
    stream = io.StringIO()
    with TerminalProgress(stream, Clock()) as heard:
        heard.on_progress(Progress("recall", 1, 3))
        heard.on_partial(None, "rnn: 12% recalled over 10 steps")
        heard.on_partial(None, "")
        heard.on_progress(Progress("recall", 2, 3))
    assert re.sub("[#-]{24} ", "", stream.getvalue()).split("\r\x1b[K") == [
        "",
        "preparing",
        "recall 1/3",
        "rnn: 12% recalled over 10 steps\n",
        "recall 2/3",
        "",
    ]


def test_a_training_says_how_long_before_its_first_step():
    stream = io.StringIO()
    with LineProgress(stream, Clock()) as heard:
        heard.on_start(TrainingPlan("oil", 100, 10, 10, 250, 30, 1234, 0.5, seconds=190.0))
        heard.on_start(TrainingPlan("oil", 1, 10, 10, 250, 30, 1234, 0.5, seconds=2.0))
    assert "oil: 250 windows, at most 100 epochs, about 3 min 10 s if all are needed" in stream.getvalue()
    assert "oil: 250 windows, 1 epoch, about 2 s\n" in stream.getvalue()
