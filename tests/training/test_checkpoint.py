"""Trainings that are killed go on, and end with the bits of one that was not."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pandas as pd
import pytest

from lstm_lab.errors import FileWriteError, OptionError, RunError
from lstm_lab.events import TrainingListener
from lstm_lab.models.build import build_forecaster, reference_stack
from lstm_lab.options import TrainOptions
from lstm_lab.run import train
from lstm_lab.training import checkpoint as checkpoint_module
from lstm_lab.training.batches import TrainingBatches
from lstm_lab.training.objective import resolved

OPTIONS = {
    "transform": "none",
    "lookback": 8,
    "units": (4,),
    "dense": (3,),
    "dropout": 0.3,
    "epochs": 4,
    "batch": 32,
    "seed": 5,
    "learning_rate": 0.01,
    "patience": 2,
}
KINDS = {
    "last": {"supervise": "last", "schedule": "cycle"},
    "every": {"supervise": "every", "batch": 4, "stride": 4, "clip": 1.0},
}


def series(rows=300):
    rng = np.random.default_rng(0)
    return pd.DataFrame({"y": np.sin(np.arange(rows) / 6) + 0.1 * rng.normal(size=rows)})


class Killed(BaseException):
    """What no code of ours catches, as nothing catches SIGKILL."""


class KilledAt(TrainingListener):
    """Keeps the epochs, and kills at a batch."""

    def __init__(self, *at):
        self.at, self.epochs, self.batches = at, [], []

    def on_batch(self, batch):
        self.batches.append((batch.epoch, batch.batch, batch.loss))
        if (batch.epoch, batch.batch) in self.at:
            raise Killed

    def on_epoch(self, epoch):
        self.epochs.append(epoch)


def bits(run):
    return b"".join(np.ascontiguousarray(weight).tobytes() for weight in run.model.get_weights())


def plain_history(run):
    return run.history.drop(columns="seconds")


@pytest.fixture(scope="module")
def undisturbed():
    """Runs that were never broken off, by kind."""
    return {kind: train(series(), **OPTIONS | options) for kind, options in KINDS.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seconds", [None, 1e-9], ids=["each epoch", "each step"])
def test_a_training_that_was_killed_twice_ends_with_the_same_bits(tmp_path, undisturbed, kind, seconds):
    whole = undisturbed[kind]
    options = OPTIONS | KINDS[kind] | {"checkpoint": str(tmp_path), "checkpoint_seconds": seconds}
    if seconds is None:
        del options["checkpoint_seconds"]
    for moment in ((1, 2), (3, 3)):
        with pytest.raises(Killed):
            train(series(), listener=KilledAt(moment), **options)
    assert len(list(tmp_path.iterdir())) == 2
    heard = KilledAt()
    run = train(series(), listener=heard, **options)
    assert bits(run) == bits(whole)
    pd.testing.assert_frame_equal(plain_history(run), plain_history(whole), check_exact=True)
    assert (run.end.reason, run.end.best_epoch) == (whole.end.reason, whole.end.best_epoch)
    # A listener hears of the epochs before as well, so that a view shows the whole curve.
    assert [epoch.epoch for epoch in heard.epochs] == whole.history.index.tolist()
    first_step = (3, 1) if seconds is None else (3, 3)
    assert heard.batches[0][:2] == first_step
    went_on = "after epoch 2" if seconds is None else "after epoch 2 and 2 steps"
    assert f", going on from a checkpoint {went_on}; kept epoch" in run.end.message
    # What a run remembers of its options names no folder: a refit would write there.
    assert run.options.checkpoint is None


def test_a_finished_training_is_given_back_at_once(tmp_path, undisturbed):
    options = OPTIONS | KINDS["last"] | {"checkpoint": str(tmp_path)}
    first = train(series(), **options)
    heard = KilledAt()
    again = train(series(), listener=heard, **options)
    assert heard.batches == []
    assert bits(again) == bits(first) == bits(undisturbed["last"])
    assert again.end.message == f"{first.end.message}; all of it before, read from its checkpoint"
    assert again.end.seconds == first.end.seconds
    pd.testing.assert_frame_equal(again.history, first.history)


def test_a_training_that_was_stopped_goes_on(tmp_path, undisturbed):
    class Stopping(TrainingListener):
        def on_epoch(self, epoch):
            if epoch.epoch == 2:
                stop.set()

    stop = threading.Event()
    options = OPTIONS | KINDS["last"] | {"checkpoint": str(tmp_path)}
    first = train(series(), listener=Stopping(), stop=stop, **options)
    assert first.end.reason == "stopped"
    again = train(series(), **options)
    assert bits(again) == bits(undisturbed["last"])


def test_patience_counts_from_before(tmp_path):
    options = OPTIONS | {"learning_rate": 1e-12, "patience": 2, "epochs": 9, "dropout": 0.0, "supervise": "last"}
    whole = train(series(), **options)
    assert (whole.end.reason, whole.end.epochs < 9) == ("early", True)
    with pytest.raises(Killed):
        train(series(), listener=KilledAt((whole.end.epochs, 1)), checkpoint=str(tmp_path), **options)
    again = train(series(), checkpoint=str(tmp_path), **options)
    assert (again.end.reason, again.end.epochs) == ("early", whole.end.epochs)
    assert bits(again) == bits(whole)


def test_a_damaged_checkpoint_is_passed_over(tmp_path, undisturbed):
    options = OPTIONS | KINDS["last"] | {"checkpoint": str(tmp_path)}
    with pytest.raises(Killed):
        train(series(), listener=KilledAt((4, 1)), **options)
    newest = max(tmp_path.iterdir())
    newest.write_bytes(newest.read_bytes()[:-100])
    with pytest.warns(UserWarning, match=r"no whole checkpoint .* an earlier one is used"):
        run = train(series(), **options)
    assert "after epoch 2;" in run.end.message
    assert bits(run) == bits(undisturbed["last"])


@pytest.mark.parametrize(
    ("changes", "rows", "words"),
    [
        ({"epochs": 5}, 300, "epochs=4, here it is 5; use epochs=4"),
        ({"units": (5,)}, 300, "units=[4], here it is [5]; use units=[4]"),
        ({}, 310, "rows 300, here it is 310; use rows 300"),
    ],
)
def test_other_options_or_data_are_refused(tmp_path, changes, rows, words):
    with pytest.raises(Killed):
        train(series(), listener=KilledAt((2, 1)), checkpoint=str(tmp_path), **OPTIONS)
    with pytest.raises(RunError, match=r"the checkpoint in .* is of a training with") as refused:
        train(series(rows), checkpoint=str(tmp_path), **OPTIONS | changes)
    assert words in str(refused.value)


def test_revised_values_and_other_versions_are_refused(tmp_path, monkeypatch):
    with pytest.raises(Killed):
        train(series(), listener=KilledAt((2, 1)), checkpoint=str(tmp_path), **OPTIONS)
    revised = series()
    revised.iloc[200] += 0.25
    with pytest.raises(RunError, match="other values in the data; use those"):
        train(revised, checkpoint=str(tmp_path), **OPTIONS)
    older = checkpoint_module.versions() | {"keras": "3.0.0"}
    monkeypatch.setattr(checkpoint_module, "versions", lambda: older)
    with pytest.raises(RunError, match=r"with keras \d\S+, here it is 3\.0\.0; use keras \d"):
        train(series(), checkpoint=str(tmp_path), **OPTIONS)


def test_seconds_need_a_folder():
    with pytest.raises(OptionError, match=r"checkpoint_seconds= says how often .*; name one with checkpoint="):
        train(series(), checkpoint_seconds=10, **OPTIONS)


def test_a_full_disk_does_not_end_a_training(tmp_path, monkeypatch, undisturbed):
    def full(*_):
        raise FileWriteError("state cannot be written: No space left on device; choose another place")

    monkeypatch.setattr("lstm_lab.storage.checkpoints.new_file", full)
    with pytest.warns(UserWarning, match=r"goes on without a checkpoint: .*No space left") as told:
        run = train(series(), checkpoint=str(tmp_path), **OPTIONS | KINDS["last"])
    assert len(told) == 1
    assert bits(run) == bits(undisturbed["last"])


@pytest.mark.parametrize("stride", [1, 4])
def test_batches_from_a_step_on_are_those_of_the_whole(stride):
    from lstm_lab.data.windows.windows import windows_of

    rng = np.random.default_rng(1)
    windows = windows_of(rng.normal(size=(90, 2)).astype(np.float32), np.zeros(90, int), 8)
    options = resolved(TrainOptions(lookback=8, batch=16, stride=stride, supervise="last"))
    batches = TrainingBatches.of(windows, np.arange(60), options)
    whole = list(batches.dataset().take(3 * batches.per_pass).as_numpy_iterator())
    for step in (0, 1, batches.per_pass, batches.per_pass + 1):
        rest = batches.dataset(step).take(len(whole) - step).as_numpy_iterator()
        for expected, batch in zip(whole[step:], rest, strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(expected, batch, strict=True))


def test_identity_knows_the_first_weights():
    """Other first weights, as from another run's network, are another training."""
    options = resolved(TrainOptions(**OPTIONS))
    first, second = (build_forecaster(reference_stack(options), 8, 1, seed=seed) for seed in (0, 1))
    digests = [checkpoint_module._digest(*forecaster.model.get_weights()) for forecaster in (first, second)]
    assert digests[0] != digests[1]


SCRIPT = textwrap.dedent("""
    import hashlib, os, pathlib, signal, sys
    import numpy as np, pandas as pd
    import lstm_lab as lab
    from lstm_lab.events import TrainingListener

    folder, at, in_write = sys.argv[1], sys.argv[2], sys.argv[3] == "write"

    class Killer(TrainingListener):
        def on_batch(self, batch):
            if f"{batch.epoch}.{batch.batch}" == at:
                if not in_write:
                    os.kill(os.getpid(), signal.SIGKILL)
                pathlib.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)

    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"y": np.sin(np.arange(300) / 6) + 0.1 * rng.normal(size=300)})
    run = lab.train(frame, transform="none", lookback=8, units=[4], dense=[3], dropout=0.3, epochs=4, batch=32, seed=5,
                    learning_rate=0.01, patience=2, supervise="last", schedule="cycle", checkpoint=folder,
                    listener=Killer(), **({"checkpoint_seconds": 1e-9} if "seconds" in sys.argv[4:] else {}))
    print(hashlib.sha256(b"".join(weight.tobytes() for weight in run.model.get_weights())).hexdigest())
""")


def in_a_process(folder, at="never", how="batch", *more):
    """Train in another process, which may kill itself as `kill -9` would; give its status and what it printed."""
    command = [sys.executable, "-c", SCRIPT, str(folder), at, how, *more]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ.copy(), timeout=300, check=False)
    return done.returncode, done.stdout.strip()


def test_a_process_that_was_killed_goes_on_to_the_same_bits(tmp_path, undisturbed):
    """Once between two batches, and once in the middle of a checkpoint's write."""
    import hashlib

    assert in_a_process(tmp_path, "2.3")[0] == -9
    assert in_a_process(tmp_path, "3.4", "write")[0] == -9
    status, digest = in_a_process(tmp_path)
    assert status == 0
    assert digest == hashlib.sha256(bits(undisturbed["last"])).hexdigest()
    assert len(list(tmp_path.iterdir())) == len(list(tmp_path.glob("*.checkpoint"))) == 2


LINE = "--transform none --lookback 8 --units 4 --dense none --epochs 3 --supervise last --checkpoint state"


def test_a_magic_goes_on_and_refuses_in_its_own_words(shell, do):
    shell.user_ns["rows"] = series()
    first, _, err = do(f"%lstm_train rows {LINE}")
    assert err == ""
    again, out, _ = do(f"%lstm_train rows {LINE}")
    assert bits(again) == bits(first)
    assert "all of it before, read from its checkpoint" in out
    _, _, err = do(f"%lstm_train rows {LINE} --epochs 4".replace("--epochs 3 ", ""))
    assert err.endswith(
        "is of a training with --epochs 3, here it is 4; use --epochs 3, or name another folder for --checkpoint\n"
    )


def test_the_command_line_goes_on_and_refuses_in_its_own_words(tmp_path, monkeypatch, capsys):
    from lstm_lab.cli.main import main

    monkeypatch.chdir(tmp_path)
    series().to_csv("rows.csv", index=False)
    line = ["run", "rows.csv", *LINE.split(), "--horizon", "2", "--paths", "10", "--out", "table.csv"]
    assert main(line) == 0
    capsys.readouterr()
    assert main(line) == 0
    assert "all of it before, read from its checkpoint" in capsys.readouterr().out
    assert main([*line, "--batch", "7"]) == 2
    refused = capsys.readouterr().err.strip().splitlines()[-1]
    assert refused.startswith("lstm-lab: the checkpoint in state is of a training with --batch 64, here it is 7; use")
