"""Training beside `torch.nn.LSTM`, Darts' BlockRNNModel and NeuralForecast's LSTM, each in a process with one thread.

``python tests/benchmarks/test_training_peers.py`` prints both tables of docs/training-speed.md: windows a second at
equal work, from the first epoch on, and CPU seconds until an error over the validation windows was first reached, each
by its own defaults. A peer that is not installed is named as skipped.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab

LOOKBACK, ROWS, VALIDATION = 60, 4400, 880
KINDS = {"ours": None, "torch": "torch", "darts": "darts", "neuralforecast": "neuralforecast"}
"""What is measured: the package that it needs."""
WORK = {
    "speed": {"units": [128] * 3, "batch": 64, "steps": 16, "budget": 1e9, "epochs": 4},
    "error": {"units": [64] * 2, "batch": None, "steps": None, "budget": 25.0, "epochs": 400},
}
"""Equal work, timed an epoch of 16 steps of 64 windows of 8 columns; a series, until 25 s of CPU are used up."""
QUIET = {
    "accelerator": "cpu",
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "enable_checkpointing": False,
    "logger": False,
}


class Clock:
    """CPU seconds of training at the end of each epoch, and the error there; measuring the error is left out."""

    def __init__(self, budget):
        self.budget, self.away, self.epochs, self.began = budget, 0.0, [], time.process_time()

    def seconds(self):
        return time.process_time() - self.began - self.away

    def note(self, windows, error=None):
        """Note an epoch; return whether the time is used up."""
        seconds = self.seconds()
        self.epochs.append((seconds, windows, None if error is None else error()))
        self.away += self.seconds() - seconds
        return seconds > self.budget


def rows_of(task):
    """Give the standardised rows: eight columns of noise, or the bundled temperatures."""
    if task == "speed":
        return np.random.default_rng(0).normal(size=(1024 + LOOKBACK, 8)).astype(np.float32)
    values = lab.example("temperature")[["temperature"]].iloc[-ROWS:].to_numpy()
    known = values[:-VALIDATION]
    return ((values - known.mean()) / known.std()).astype(np.float32)


def windows_and_next(rows):
    """Cut windows and the value after each."""
    windows = np.lib.stride_tricks.sliding_window_view(rows[:-1], LOOKBACK, axis=0).transpose(0, 2, 1)
    return np.ascontiguousarray(windows), rows[LOOKBACK:, :1]


def split_of(rows, task):
    """Give training windows and targets, then those of validation."""
    windows, targets = windows_and_next(rows)
    first = len(windows) - (VALIDATION if task == "error" else 0)
    return windows[:first], targets[:first], windows[first:], targets[first:]


def of_ours(task, clock, seed):
    """Train this package's network: one target a window for equal work, else its defaults."""
    from lstm_lab.data.windows.windows import windows_of
    from lstm_lab.models.build import build_forecaster, reference_stack
    from lstm_lab.options import TrainOptions
    from lstm_lab.training.fit import fit

    work, rows, stop = WORK[task], rows_of(task), threading.Event()
    given = {"batch": 64, "supervise": "last", "dropout": 0.0} if task == "speed" else {}
    options = TrainOptions(
        units=work["units"], lookback=LOOKBACK, dense=(), epochs=work["epochs"], patience=9999, seed=seed, **given
    )
    every = "every" if task == "error" else "last"
    forecaster = build_forecaster(reference_stack(options), LOOKBACK, rows.shape[1], seed=seed, supervise=every)
    windows = windows_of(rows, np.zeros(len(rows), int), LOOKBACK)
    count = len(split_of(rows, task)[0])
    *_, held, after = split_of(rows, task)

    def watch(epoch, best, network):  # noqa: ARG001 - what a watch is called with
        def error():
            return float(np.sqrt(np.mean((network(held, training=False).numpy() - after) ** 2)))

        if epoch > 0 and clock.note(count, error if len(held) else None):
            stop.set()

    clock.began = time.process_time()
    fit(
        forecaster,
        windows,
        np.arange(count),
        np.arange(count, count + len(held)),
        options,
        stop=stop,
        watch=watch,
    )


def of_torch(task, clock, seed):
    """Train `torch.nn.LSTM` as its tutorials do: Adam at 0.001, 64 windows a step, squares."""
    import torch

    torch.manual_seed(seed)
    work = WORK[task]
    inputs, targets, held, after = map(torch.tensor, split_of(rows_of(task), task))
    lstm = torch.nn.LSTM(inputs.shape[2], work["units"][0], len(work["units"]), batch_first=True)
    head = torch.nn.Linear(work["units"][0], 1)
    optimizer = torch.optim.Adam([*lstm.parameters(), *head.parameters()])

    def error():
        with torch.inference_mode():
            return float(((head(lstm(held)[0][:, -1]) - after) ** 2).mean().sqrt())

    clock.began = time.process_time()
    for _ in range(work["epochs"]):
        for numbers in torch.randperm(len(inputs)).split(64):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(head(lstm(inputs[numbers])[0][:, -1]), targets[numbers]).backward()
            optimizer.step()
        if clock.note(len(inputs), error if len(held) else None):
            return


def callback_of(clock, steps, size, error=None):
    """Note every so many gradient steps of a Lightning trainer."""
    from pytorch_lightning import Callback

    class Marks(Callback):
        count = 0

        def on_train_batch_end(self, trainer, module, *_):
            self.count += 1
            if self.count % steps == 0 and clock.note(steps * size, error and (lambda: error(module))):
                trainer.should_stop = True

    return Marks()


def of_darts(task, clock, seed):
    """Train Darts' BlockRNNModel, its other columns as past covariates."""
    import torch
    from darts import TimeSeries
    from darts.models import BlockRNNModel

    work, rows = WORK[task], rows_of(task)
    inputs, _, held, after = split_of(rows, task)
    held, after = torch.tensor(held), torch.tensor(after)

    def error(module):
        module.eval()
        with torch.inference_mode():
            output = module.fc(module.rnn(held)[0][:, -1])
        module.train()
        return float(((output - after) ** 2).mean().sqrt())

    size = work["batch"] or 32
    marks = callback_of(clock, work["steps"] or len(inputs) // size, size, error if len(held) else None)
    known = rows[: len(rows) - len(held)]
    index = pd.date_range("2020-01-01", periods=len(known), freq="h")
    target = TimeSeries.from_times_and_values(index, known[:, :1])
    other = TimeSeries.from_times_and_values(index, known[:, 1:]) if rows.shape[1] > 1 else None
    peer = BlockRNNModel(
        LOOKBACK,
        1,
        model="LSTM",
        hidden_dim=work["units"][0],
        n_rnn_layers=len(work["units"]),
        n_epochs=work["epochs"],
        batch_size=size,
        random_state=seed,
        pl_trainer_kwargs={**QUIET, "callbacks": [marks]},
    )
    clock.began = time.process_time()
    peer.fit(target, past_covariates=other)


def of_neuralforecast(task, clock, seed):
    """Train NeuralForecast's LSTM; the error is its own validation in the scale of the series."""
    from neuralforecast import NeuralForecast
    from neuralforecast.losses.pytorch import MSE
    from neuralforecast.models import LSTM
    from pytorch_lightning import Callback

    work, rows = WORK[task], rows_of(task)
    size = work["batch"] or 128
    held = VALIDATION if task == "error" else 0
    steps = work["steps"] or (len(rows) - held - LOOKBACK) // size
    others = [f"c{number}" for number in range(1, rows.shape[1])]

    class Validation(Callback):
        def on_validation_start(self, trainer, module):  # noqa: ARG002 - the hook's signature
            self.began, self.seconds = time.process_time(), clock.seconds()

        def on_validation_end(self, trainer, module):  # noqa: ARG002 - the hook's signature
            clock.away += time.process_time() - self.began
            if not trainer.sanity_checking:
                error = float(trainer.callback_metrics["ptl/val_loss"]) ** 0.5
                clock.epochs.append((self.seconds, steps * size, error))
                trainer.should_stop = trainer.should_stop or self.seconds > clock.budget

    given = {"valid_loss": MSE(), "val_check_steps": steps} if held else {}
    peer = LSTM(
        h=1,
        input_size=LOOKBACK,
        encoder_n_layers=len(work["units"]),
        encoder_hidden_size=work["units"][0],
        decoder_hidden_size=work["units"][0],
        hist_exog_list=others or None,
        windows_batch_size=size,
        max_steps=steps * work["epochs"],
        random_seed=seed + 1,
        callbacks=[Validation() if held else callback_of(clock, steps, size)],
        **given,
        **QUIET,
    )
    table = pd.DataFrame(rows, columns=["y", *others])
    table.insert(0, "ds", pd.date_range("2020-01-01", periods=len(rows), freq="h"))
    table.insert(0, "unique_id", "a")
    clock.began = time.process_time()
    NeuralForecast([peer], freq="h").fit(table, val_size=held)


def measure(task, kind, seed):
    """Train in this process; give (CPU seconds so far, windows, error) of each epoch."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if find_spec("torch") is not None:
        import torch

        torch.set_num_threads(1)
    clock = Clock(WORK[task]["budget"])
    {"ours": of_ours, "torch": of_torch, "darts": of_darts, "neuralforecast": of_neuralforecast}[kind](
        task, clock, seed
    )
    return clock.epochs


def in_own_process(task, kind, seed):
    """Measure in a fresh process with one thread."""
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", __file__, "--child", json.dumps([task, kind, seed])]
    done = subprocess.run(command, capture_output=True, text=True, env=quiet, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def measured(task, seeds):
    """Measure every installed kind in turn, once a seed."""
    installed = [kind for kind, package in KINDS.items() if package is None or find_spec(package) is not None]
    results = {kind: [] for kind in installed}
    for seed in seeds:
        for kind in installed:
            results[kind].append(in_own_process(task, kind, seed))
    return results


def speeds(epochs):
    """Windows a second: of the first epoch with all that comes before it, and the fastest epoch after it."""
    seconds = np.diff([0.0, *(each[0] for each in epochs)])
    rates = [each[1] / second for each, second in zip(epochs, seconds, strict=True)]
    return rates[0], max(rates[1:])


def until(epochs, error):
    """CPU seconds until an error was first reached; infinite if it was not."""
    return next((seconds for seconds, _, reached in epochs if reached <= error), np.inf)


def tables(seeds):
    """Give the lines of both tables: peers over ours, so that above 1 ours is ahead."""
    speed = {kind: [speeds(run) for run in runs] for kind, runs in measured("speed", seeds).items()}
    yield "| | windows/s, first epoch | ours is ahead | later | ours is ahead |\n|---|---|---|---|---|"
    for kind in KINDS:
        if kind not in speed:
            yield f"| {kind} | skipped: not installed | | | |"
            continue
        first, later = np.max(speed[kind], axis=0)
        ours = np.max(speed["ours"], axis=0)
        yield f"| {kind} | {first:,.0f} | {ours[0] / first:.2f} | {later:,.0f} | {ours[1] / later:.2f} |"
    errors = measured("error", seeds)
    lowest = {kind: [min(each[2] for each in run) for run in runs] for kind, runs in errors.items()}
    levels = sorted({round(max(each) * 1.005, 4) for each in lowest.values()}, reverse=True)
    yield "| | lowest error | " + " | ".join(f"until {level:.4f}" for level in levels) + " |"
    yield "|---|---|" + "---|" * len(levels)
    for kind in KINDS:
        if kind not in errors:
            yield f"| {kind} | skipped: not installed |" + " |" * len(levels)
            continue
        runs = errors[kind]
        times = [", ".join(f"{until(run, level):.1f}" for run in runs) for level in levels]
        yield f"| {kind} | {', '.join(f'{each:.4f}' for each in lowest[kind])} | {' | '.join(times)} |"


@pytest.mark.benchmark
@pytest.mark.timeout(3600)
def test_an_error_that_both_reach_takes_less_time_than_torch():
    pytest.importorskip("torch")
    runs = {kind: in_own_process("error", kind, 0) for kind in ("ours", "torch")}
    level = max(min(error for *_, error in run) for run in runs.values())
    seconds = {kind: until(run, level) for kind, run in runs.items()}
    print(f"until {level:.4f}: {seconds}")  # noqa: T201 - the figures
    assert seconds["ours"] < seconds["torch"]


def main():
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1])
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print("\n" + json.dumps(measure(*json.loads(given.child))))  # noqa: T201 - read by the process that started this
        return
    for line in tables(given.seeds):
        print(line, flush=True)  # noqa: T201 - the figures are the point


if __name__ == "__main__":
    main()
