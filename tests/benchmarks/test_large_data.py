"""Memory and speed of trainings on more rows than windows fit: each in a process of its own.

Run with ``pytest -m benchmark -s tests/benchmarks/test_large_data.py``; it prints the figures of docs/dataset.md. The
environment variable ``LARGE_ROWS`` sets the rows of the Parquet file, ten million by default, and ``LARGE_ROUNDS`` how
often the million rows in memory are measured, three times by default.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="peaks are read from /proc"),  # noqa: PTH110
]
LOOKBACK, COLUMNS, STEPS = 1460, "abcdefgh", 20
LARGE = int(os.environ.get("LARGE_ROWS", "10000000"))
ROUNDS = int(os.environ.get("LARGE_ROUNDS", "3"))

MEASURE = textwrap.dedent("""
    import json, sys, threading, time
    import numpy as np, pandas as pd
    import lstm_lab as lab
    from lstm_lab.events import TrainingListener

    source, lookback, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    columns = list("abcdefgh")
    options = dict(target="a", features=columns[1:], transform="none", lookback=lookback, units=[16], dense=[],
                   dropout=0.0, epochs=1)

    def now(name):
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(name)) / 1e3

    def table(rows):
        rng = np.random.default_rng(0)
        values = 0.01 * rng.normal(size=(rows, 8)).cumsum(0) + np.sin(np.arange(rows) / 50)[:, None]
        return pd.DataFrame(values, columns=columns, index=pd.date_range("1900", periods=rows, freq="h", unit="s"))

    class Marks(TrainingListener):
        times = []

        def on_batch(self, batch):
            self.times.append(time.process_time())  # other programs on the machine do not change the ratio
            if len(self.times) == steps:
                stop.set()

    lab.train(table(4 * lookback + 400), **options | {"validation": 0.2, "calibration": 0.2}).forecast(5, paths=50)
    figures, baseline = {}, now("VmRSS")

    def part(name, work):
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # the peak is counted from here
        began = time.perf_counter()
        result = work()
        figures[name] = {"seconds": time.perf_counter() - began, "peak": now("VmHWM") - baseline}
        return result

    stop = threading.Event()
    if source.isdecimal():
        data = part("load", lambda: table(int(source)))
    else:
        data = part("load", lambda: lab.load(source, target="a", time="t", columns=columns[1:], on_disk=True))
    run = part("train", lambda: lab.train(data, listener=Marks(), stop=stop, **options))
    part("forecast", lambda: run.forecast(24, paths=100))
    path = source.replace(".parquet", "") + ".lstm"
    part("save", lambda: run.save(path))
    part("open", lambda: lab.load_run(path))
    figures["rows"] = len(data)
    figures["windows a CPU second"] = run.options.batch / float(np.median(np.diff(Marks.times)))
    print(json.dumps(figures))
""")


def measured(source, folder):
    """Train for a few gradient steps in a process of its own; return seconds and megabytes above the baseline."""
    command = [sys.executable, "-c", MEASURE, str(source), str(LOOKBACK), str(STEPS)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=7000, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def row_of(runs, source):
    """Give the row of the table: peaks in megabytes above the baseline and seconds, over some measurements."""
    parts = ("load", "train", "forecast", "save", "open")
    return {
        "rows": runs[0]["rows"],
        "from": source,
        **{f"{part} MB": [round(run[part]["peak"], 1) for run in runs] for part in parts},
        **{f"{part} s": [round(run[part]["seconds"], 2) for run in runs] for part in parts},
        "windows/CPU s": [round(run["windows a CPU second"], 1) for run in runs],
    }


def test_a_million_rows_take_little_memory_and_train_as_fast_as_windows_that_fit(tmp_path, report):
    """Neighbours are measured in turns, for other programs on the machine come and go."""
    few, many = zip(*((measured(20_000, tmp_path), measured(1_000_000, tmp_path)) for _ in range(ROUNDS)), strict=True)
    speed = [np.median([each["windows a CPU second"] for each in runs]) for runs in (few, many)]
    note = f"lookback {LOOKBACK}, 8 columns, LSTM(16); speed of many rows {speed[1] / speed[0]:.2f} times that of few"
    report([row_of(few, "memory"), row_of(many, "memory")], note)
    assert max(each["train"]["peak"] for each in many) < 1_000
    assert speed[1] > 0.9 * speed[0]
    assert (tmp_path / "1000000.lstm").stat().st_size < 20e6


def test_a_parquet_file_of_ten_million_rows_streams_in_bounded_memory(tmp_path, report):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path, rng, level, writer = tmp_path / "rows.parquet", np.random.default_rng(0), np.zeros(8), None
    for first in range(0, LARGE, 500_000):
        rows = np.arange(first, min(first + 500_000, LARGE))
        walk = level + (0.01 * rng.normal(size=(len(rows), 8))).cumsum(0)
        level, values = walk[-1], walk + np.sin(rows / 50)[:, None]
        times = np.datetime64("1900-01-01", "s") + rows * np.timedelta64(3600, "s")
        table = pyarrow.table({"t": times, **dict(zip(COLUMNS, values.T, strict=True))})
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()
    figures = measured(path, tmp_path)
    report(row_of([figures], "Parquet"), f"lookback {LOOKBACK}, 8 columns, LSTM(16)")
    assert figures["rows"] == LARGE
    in_memory = LARGE * 8 * (8 + 4) / 1e6  # values and encoded rows, without any copy
    assert max(figures[part]["peak"] for part in ("load", "train", "forecast", "save", "open")) < max(
        500, 1.5 * in_memory
    )
