"""Damaged and crafted files, of runs and of data, are read or refused in one line: no other error, no hang.

The long form, 1,000 files, is ``pytest -m harness -s tests/test_damaged_files.py``.
"""

from __future__ import annotations

import collections
import gzip
import io
import json
import os
import random
import time
import traceback
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import LabError, LabWarning, RunError

OTHERS = [None, [], {}, "", "x", -1, 0, 1e308, 10**400, True, [[]], {"a": None}, "9" * 400, "²", [1, "a"], "\0", 0.5]
NUMBERS = [float("nan"), float("inf"), -float("inf")]


def series(rows=120):
    rng = np.random.default_rng(1)
    index = pd.date_range("2023-01-01", periods=rows, freq="D", name="day")
    return pd.DataFrame({"sales": 50 + rng.normal(0, 1, rows).cumsum(), "rain": rng.normal(size=rows)}, index=index)


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    options = {"transform": "none", "units": [3], "dense": [], "lookback": 6, "epochs": 1, "validation": 0.2}
    run = lab.train(series(), target="sales", features=["rain", "dayofweek"], **options)
    return run.save(tmp_path_factory.mktemp("run") / "run.lstm").read_bytes()


@pytest.fixture(scope="module")
def whole_tables(tmp_path_factory):
    """Return the bytes of one table in every form that is read."""
    folder = tmp_path_factory.mktemp("tables")
    frame = series().reset_index()
    paths = [folder / f"t.csv{ending}" for ending in ("", ".gz", ".bz2", ".xz", ".zip")]
    for path in paths:
        frame.to_csv(path, index=False)
    for ending in ("parquet", "feather"):
        paths.append(folder / f"t.{ending}")
        getattr(frame, f"to_{ending}")(paths[-1])
    return {path.name: path.read_bytes() for path in paths}


def flipped(rng, content):
    """Flip bits, cut the end off, leave a piece out, repeat a piece, or fill a piece with zeros or noise."""
    damaged = bytearray(content)
    start = rng.randrange(len(damaged))
    end = min(len(damaged), start + rng.choice([1, 4, 64, 1024]))
    kind = rng.randrange(7)
    if kind < 2:
        for _ in range(rng.choice([1, 1, 2, 8])):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    elif kind == 2:
        del damaged[start:]
    elif kind == 3:
        del damaged[start:end]
    elif kind == 4:
        damaged[start:start] = damaged[start:end]
    elif kind == 5:
        damaged[start:end] = bytes(end - start)
    else:
        damaged[start:end] = rng.randbytes(end - start)
    return bytes(damaged)


def members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_of(parts):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, value in parts.items():
            archive.writestr(name, value)
    return held.getvalue()


def changed_field(rng, text):
    """Change one field of a JSON text, at any depth, or take it away."""
    value = json.loads(text)
    holder, key = None, None
    inner = value
    while isinstance(inner, dict | list) and inner and (holder is None or rng.random() < 0.8):
        holder, key = inner, rng.choice(list(inner)) if isinstance(inner, dict) else rng.randrange(len(inner))
        inner = holder[key]
    if rng.random() < 0.15:
        del holder[key]
    else:
        holder[key] = rng.choice([*OTHERS, *NUMBERS])
    return json.dumps(value).encode()


def crafted(rng, content):
    """Change what is inside a run: a field, an array, a part of the network; the checksums of the zip are right."""
    parts = members(content)
    kind = rng.randrange(6)
    name = rng.choice(list(parts))
    if kind < 2:
        parts["run.json"] = changed_field(rng, parts["run.json"])
    elif kind == 2:
        network = next(each for each in parts if each.endswith(".keras"))
        inner = members(parts[network])
        inner["config.json"] = changed_field(rng, inner["config.json"])
        parts[network] = archive_of(inner)
    elif kind == 3:
        parts[name] = flipped(rng, parts[name])
    elif kind == 4:
        del parts[name]
    else:
        parts[name] = parts[rng.choice(list(parts))]
    return archive_of(parts)


def escape(read, path):
    """Read a file; return what came that is neither a result nor one line."""
    began = time.monotonic()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            read(path)
        except LabError as refused:
            text = str(refused)
            if len(text.splitlines()) != 1 or len(text) > 1000:
                return f"not one line: {text[:200]!r}"
        except Exception as error:  # noqa: BLE001 - any other is what is looked for
            frames = traceback.extract_tb(error.__traceback__)
            ours = [part for part in frames if "lstm_lab/" in part.filename][-1]
            return f"{type(error).__name__} from {ours.filename.rpartition('lstm_lab/')[2]}:{ours.lineno}: {error}"[
                :600
            ]
    if time.monotonic() - began > 20:
        return f"{time.monotonic() - began:.0f} s"
    foreign = [each for each in heard if each.category is not LabWarning]
    return f"{foreign[0].category.__name__}: {foreign[0].message} ({foreign[0].filename})" if foreign else None


def load_and_show(path):
    return repr(lab.load_run(path))


def report(kinds, count):
    print(f"{count} files, {sum(map(len, kinds.values()))} escapes of {len(kinds)} kinds")  # noqa: T201 - the figures
    return "\n".join(f"{len(each)} x {each[0]}" for each in kinds.values())


COUNTS = [(0, 60), pytest.param(1, 1000, marks=[pytest.mark.harness, pytest.mark.timeout(7200)])]


@pytest.mark.parametrize(("seed", "count"), COUNTS)
def test_a_damaged_run_is_refused_in_one_line_or_loaded(whole_run, tmp_path, seed, count):
    kinds = collections.defaultdict(list)
    path = tmp_path / "run.lstm"
    for number in range(count):
        rng = random.Random(f"{seed} {number}")  # noqa: S311 - damages
        path.write_bytes((flipped if rng.random() < 0.4 else crafted)(rng, whole_run))
        wrong = escape(load_and_show, path)
        if wrong is not None:
            kinds[wrong[:60]].append(f"file {number}: {wrong}")
    assert not kinds, report(kinds, count)
    report(kinds, count)


@pytest.mark.parametrize("value", [*NUMBERS, 1e300])
@pytest.mark.parametrize("field", [("encoder", "mean", 0), ("encoder", "scale", 1), ("end", "seconds")])
def test_a_number_that_json_has_none_of_is_refused(whole_run, tmp_path, field, value):
    parts = members(whole_run)
    description = inner = json.loads(parts["run.json"])
    for name in field[:-1]:
        inner = inner[name]
    inner[field[-1]] = value
    (tmp_path / "run.lstm").write_bytes(archive_of(parts | {"run.json": json.dumps(description).encode()}))
    with pytest.raises(
        RunError, match=rf"\(run.json, {'.'.join(map(str, field))}: Input should be (less|greater) than"
    ):
        lab.load_run(tmp_path / "run.lstm")


@pytest.mark.parametrize(("seed", "count"), COUNTS)
def test_a_damaged_table_is_refused_in_one_line_or_read(whole_tables, tmp_path, seed, count):
    kinds = collections.defaultdict(list)
    for number in range(count):
        rng = random.Random(f"{seed} {number}")  # noqa: S311 - damages
        name = rng.choice(list(whole_tables))
        path = tmp_path / name
        damaged = flipped(
            rng, whole_tables["t.csv"] if name.endswith(".gz") and rng.random() < 0.5 else whole_tables[name]
        )
        if name.endswith(".gz") and not damaged.startswith(b"\x1f\x8b"):
            damaged = gzip.compress(damaged)
        path.write_bytes(damaged)
        wrong = escape(lab.load, path)
        if wrong is not None:
            kinds[wrong[:60]].append(f"file {number}, {name}: {wrong}")
    assert not kinds, report(kinds, count)
    report(kinds, count)


@pytest.mark.parametrize("ending", ["lstm", "csv", "csv.gz", "zip", "parquet", "feather"])
def test_pipes_devices_and_folders_are_refused_at_once(tmp_path, ending):
    read = load_and_show if ending == "lstm" else lab.load
    os.mkfifo(tmp_path / f"pipe.{ending}")
    (tmp_path / f"zero.{ending}").symlink_to("/dev/zero")
    (tmp_path / f"folder.{ending}").mkdir()
    for name in ("pipe", "zero", "folder"):
        with pytest.raises(LabError) as refused:
            read(tmp_path / f"{name}.{ending}")
        assert "\n" not in str(refused.value)
