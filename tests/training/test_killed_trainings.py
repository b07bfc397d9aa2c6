"""Trainings in processes that are killed at random moments of the clock, and the same calls again.

``pytest -m harness -s tests/training/test_killed_trainings.py`` prints the figures of docs/robustness.md; kills at
chosen moments, which every build has, are in test_checkpoint.py.
"""

from __future__ import annotations

import collections
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SERVER = textwrap.dedent("""
    import collections, hashlib, json, mmap, os, random, select, signal, sys, time
    from pathlib import Path
    import numpy as np, pandas as pd
    import lstm_lab as lab
    from lstm_lab.events import TrainingListener
    from lstm_lab.models import backend
    from lstm_lab.training import checkpoint, fit

    folder, wanted, rng = Path(sys.argv[1]), int(sys.argv[2]), random.Random(sys.argv[3])
    frame = pd.DataFrame({"y": np.sin(np.arange(300) / 6) + 0.1 * np.random.default_rng(0).normal(size=300)})
    OPTIONS = dict(transform="none", lookback=8, units=[4], dense=[3], dropout=0.3, seed=5, learning_rate=0.01,
                   epochs=8, patience=8)
    KINDS = {"last": dict(supervise="last", schedule="cycle", batch=32),
             "every": dict(supervise="every", stride=4, batch=64, clip=1.0)}
    OFTEN = {"each epoch": {}, "each step": {"checkpoint_seconds": 1e-9}, "each 10 ms": {"checkpoint_seconds": 0.01}}

    # What a child does at the moment, in memory that outlives it.
    DOING = "a gradient step", "a validation", "a write"
    doing = mmap.mmap(-1, 1)

    def marked(number, function):
        def during(*arguments, **keywords):
            doing[0] = number
            try:
                return function(*arguments, **keywords)
            finally:
                doing[0] = 0
        return during

    fit._Validator.measure = marked(1, fit._Validator.measure)
    checkpoint.TrainingCheckpoint.write = marked(2, checkpoint.TrainingCheckpoint.write)

    class FirstStep(TrainingListener):
        def __init__(self, tell):
            self.tell, self.began = tell, None

        def on_batch(self, batch):
            if self.began is None:
                self.began = time.monotonic()
                self.tell(step=[batch.epoch, batch.batch])

    class Training:
        def __init__(self, kind, often, path=None):
            self.kind, self.often, self.path, self.kills = kind, often, path, []

        def run(self, tell):
            first = FirstStep(tell)
            where = {} if self.path is None else {"checkpoint": str(self.path), **OFTEN[self.often]}
            run = lab.train(frame, listener=first, **OPTIONS, **KINDS[self.kind], **where)
            weights = b"".join(weight.tobytes() for weight in run.model.get_weights())
            digest = hashlib.sha256(weights + run.history.drop(columns="seconds").to_csv().encode()).hexdigest()
            tell(digest=digest, seconds=0.0 if first.began is None else time.monotonic() - first.began)

    class Child:
        # TensorFlow is imported once: its threads start with the first operation, which each child has for itself.
        def __init__(self, trainings):
            self.messages, write = os.pipe()
            self.process = os.fork()
            if self.process == 0:
                backend._forked = False
                try:
                    for training in trainings:
                        training.run(lambda **message: os.write(write, json.dumps(message).encode().ljust(256)))
                finally:
                    os._exit(0)
            os.close(write)

        def message(self):
            return json.loads(os.read(self.messages, 256) or "null")

        def follow(self, training, delay=None):
            '''Follow a training to its end, or kill it so long after its first step: that step, and its end if any.'''
            message = self.message()
            step = message.get("step")
            if step is None:
                return step, message
            if delay is None or select.select([self.messages], [], [], delay)[0]:
                return step, self.message()
            before = set(training.path.iterdir())
            os.kill(self.process, signal.SIGKILL)
            assert os.WTERMSIG(os.waitpid(self.process, 0)[1]) == signal.SIGKILL
            self.process = None
            end = self.message()
            if end is None:
                parts = {path for path in training.path.iterdir() if path.suffix == ".part"}
                training.kills.append((DOING[doing[0]], bool(parts - before)))
            return step, end

        def end(self):
            os.close(self.messages)
            if self.process is not None:
                os.waitpid(self.process, 0)

    # Each kind undisturbed: its bits, and how long each way of writing takes once it is compiled.
    whole, takes = {}, {}
    for kind in KINDS:
        trainings = [Training(kind, None), *(Training(kind, often, folder / f"{kind} {often}") for often in OFTEN)]
        child = Child(trainings)
        for training in trainings:
            end = child.follow(training)[1]
            assert whole.setdefault(kind, end["digest"]) == end["digest"]
            takes[kind, training.often] = end["seconds"]
        child.end()
    print({", ".join(key): round(takes[key], 2) for key in takes if key[1]}, file=sys.stderr, flush=True)

    counts, broken = collections.Counter(), None
    while counts["kills"] < wanted or broken is not None:
        trainings = [] if broken is None else [broken]
        if counts["kills"] < wanted:
            kind = rng.choice(list(KINDS)) if broken is None else broken.kind  # whose steps are compiled by then
            trainings.append(Training(kind, rng.choice(list(OFTEN)), folder / str(counts["trainings"])))
        child = Child(trainings)
        for training in trainings:
            again = training is broken
            kill = counts["kills"] < wanted and (not again or rng.random() < 0.5)
            killed = len(training.kills)
            step, end = child.follow(training, rng.random() * takes[training.kind, training.often] if kill else None)
            counts["trainings"] += not again
            # A kill counts if there were steps left to do.
            if again and step is not None:
                what, part = training.kills[killed - 1]
                counts["kills"] += 1
                counts["kills in " + what] += 1
                counts["files half written"] += part
                counts["gone on from nothing"] += step == [1, 1]
            if end is None:
                broken = training
                break
            counts["ended before the kill"] += kill
            if again:
                broken = None
            if training.kills:
                same = end["digest"] == whole[training.kind]
                counts["killed trainings"] += 1
                counts["killed more than once"] += len(training.kills) > 1
                counts["same bits"] += same
                counts["leftover files"] += any(path.suffix == ".part" for path in training.path.iterdir())
                print(training.kind, training.often, training.kills, step, same, file=sys.stderr, flush=True)
        child.end()
    print(json.dumps(counts))
""")


@pytest.mark.harness
@pytest.mark.timeout(7200)
@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked after TensorFlow's import")
def test_trainings_that_are_killed_go_on_to_the_same_bits(tmp_path):
    """A training that ends before its kill, or has nothing left to do after it, counts as none."""
    servers, counts = [], collections.Counter()
    for number in range(1, 4):
        folder = tmp_path / str(number)
        folder.mkdir()
        log = (folder / "log").open("w")  # to be read while it goes on
        command = [sys.executable, "-c", SERVER, str(folder), "10", str(number)]
        servers.append((subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True), log))
    for server, log in servers:
        counted, _ = server.communicate(timeout=7000)
        log.close()
        assert server.returncode == 0, Path(log.name).read_text()
        counts.update(json.loads(counted))
    print(json.dumps(counts))  # noqa: T201 - the figures of docs/robustness.md
    assert counts["kills"] >= 30
    assert counts["same bits"] == counts["killed trainings"]
    assert counts["leftover files"] == 0
