"""Generated frames are read and prepared, or refused in one line: no other error, and no warning of another library.

The long form, 50,000 frames, is ``pytest -m harness -s tests/data/sources/test_generated_frames.py``.
"""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import random
import traceback
import warnings

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.preparation import prepare
from lstm_lab.errors import LabError, LabWarning
from lstm_lab.options import InputOptions

TRANSFORMS = ["auto", "none", "log", "diff", "log_return", "seasonal_diff(2)", "seasonal_diff(0)", "seasonal_diff(24)"]
FEATURES = [
    *("log_return", "bollinger(5, 2)", "bollinger(1, 0)", "volatility(3)", "momentum(2)", "rsi(4)", "lag(1)"),
    *("lag(10)", "hour", "dayofweek", "month", "dayofyear", "seasonal(4, 1)", "auto", "x", "y", "nothing", "lag(-1)"),
    *("lag(10**9)", "", "lag", "lag()", "bollinger(2)", "rsi(1e400)", "lag(nan)", "('a', 'b')"),
]
NAMES = ["y", "x", "close", "time", "date", "id", "year", "month", "day", "hour", "", " y ", 0, 1, None, np.nan, "y"]
ODD = [None, np.nan, np.inf, -np.inf, 0, -0.0, 1e308, -1e308, 5e-324, 10**30, -(10**400), True, "", " ", "n/a", "1,5"]
ODD += ["1.234,5", "$3", "(7)", "5%", "9" * 400, "²", "٣", "a\nb", "\0", "1_000", "0x1f", b"1", [1], {}, 1 + 2j, pd.NaT]
ODD += [pd.NA, decimal.Decimal("1.5"), decimal.Decimal("NaN"), dt.date(2024, 1, 1), pd.Timestamp("1677-09-22")]
ODD += [pd.Timedelta(days=1), np.float32(2), np.datetime64("NaT"), float, "2024-01-01", "31/12/2024", "1e999", "nan"]


def numbers(rng, rows):
    """Draw a column of numbers of one of several shapes."""
    steps, at = np.random.default_rng(rng.getrandbits(32)).normal(size=rows), np.arange(rows)
    with np.errstate(over="ignore"):
        shapes = [
            np.full(rows, rng.choice([0.0, 1.0, -3.0, 1e300, 1e-300])),
            100 + steps.cumsum(),
            steps * rng.choice([1e-320, 1e-200, 1e150, 1e300]),
            np.sin(at) * 2 + 5,
            at % rng.randint(1, 5),
            np.exp(at * rng.choice([0.1, 1.0, 5.0])),
            (steps > 0).astype(rng.choice(["int8", "uint8", "bool", "float16", "float32"])),
            np.where(steps > 2, np.nan, steps),
            np.where(at < rows // 2, 1.0, 1.0 + steps),
        ]
    return rng.choice(shapes)


def times(rng, rows):
    """Draw times: regular, with gaps, repeated, unsorted, missing, of a zone, as text, as numbers."""
    step = rng.choice(["D", "h", "min", "MS", "QS", "YS", "B", "7D", "s"])
    try:
        drawn = pd.Series(pd.date_range(rng.choice(["2024", "1999-12-31", "1700", "2255"]), periods=rows, freq=step))
    except (pd.errors.OutOfBoundsDatetime, OverflowError):
        drawn = pd.Series(pd.date_range("2024", periods=rows, freq="D"))
    kind = rng.randrange(11)
    if kind == 0:
        drawn = drawn.dt.tz_localize(rng.choice(["UTC", "Asia/Tokyo"]))
    elif kind == 1:
        drawn = drawn.sample(frac=1, random_state=rng.randrange(99), ignore_index=True)
    elif kind == 2 and rows > 2:
        drawn[rng.randrange(rows)] = pd.NaT
    elif kind == 3 and rows > 2:
        drawn[rng.randrange(1, rows)] = drawn[0]
    elif kind == 4:
        form = rng.choice(["%d/%m/%Y", "%m/%d/%y", "%Y%m%d", "%Y-%m-%d %H:%M", "%d.%m.%Y", "%b %Y", "%H:%M", "%Y"])
        drawn = drawn.dt.strftime(form)
    elif kind == 5:
        drawn = drawn.astype("int64") // rng.choice([1, 1000, 10**6, 10**9])
    elif kind == 6:
        drawn = drawn.astype(object).where(np.arange(rows) % 7 != 3, rng.choice(ODD[:12] + ODD[17:30]))
    elif kind == 7:
        drawn = drawn.dt.to_period("D").astype(object)
    return drawn


def column(rng, rows):
    """Draw a column of any kind."""
    kind = rng.randrange(8)
    if kind < 4:
        return pd.Series(numbers(rng, rows))
    if kind == 4:
        return times(rng, rows)
    if kind == 5:  # one odd value among numbers
        mixed = pd.Series(numbers(rng, rows)).astype(object)
        if rows:
            mixed.iloc[rng.randrange(rows)] = rng.choice(ODD)
        return mixed
    if kind == 6:
        mark = rng.choice(["{:.2f}", "{:,.1f}", "${:.0f}", "{:.0f}%", "({:.1f})", "{:.3e}", " {} "])
        return pd.Series([mark.format(float(value)) for value in numbers(rng, rows)], dtype=object)
    drawn = pd.Series([rng.choice(ODD if rng.random() < 0.5 else ["a", "b"]) for _ in range(rows)], dtype=object)
    return drawn.map(str).astype(rng.choice(["category", "string"])) if rng.random() < 0.2 else drawn


def generated(rng):
    """Draw a frame and options for it."""
    rows = rng.choice([0, 1, 2, 3, 7, 20, 40, 80, 80])
    columns = [rng.choice(NAMES) for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4]))]
    frame = pd.concat([column(rng, rows) for _ in columns], axis=1) if columns else pd.DataFrame(index=range(rows))
    frame.columns = pd.Index(columns, dtype=object)
    kind = rng.randrange(8)
    if kind == 0:
        frame.index = pd.Index(times(rng, rows), name=rng.choice([None, "time", "y"]))
    elif kind == 1:
        labels = column(rng, rows)
        frame.index = pd.Index(labels.astype("float32") if labels.dtype == "float16" else labels)
    elif kind == 2 and rows:
        try:
            frame.index = pd.MultiIndex.from_arrays([np.arange(rows) % 2, times(rng, rows)], names=["id", "time"])
        except TypeError:  # of times that pandas cannot hold there
            frame["id"] = np.arange(rows) % 2
    options = {"lookback": rng.choice([1, 2, 5, 60])}
    choices = {
        "target": NAMES[:8],
        "time": NAMES[:8],
        "id": ["id", "x"],
        "transform": TRANSFORMS,
        "missing": ["error", "interpolate", "ffill", "drop"],
        "features": [rng.sample(FEATURES, rng.choice([0, 1, 2]))],
        "validation": [0, 0.1, 0.4],
        "calibration": [0, 0.1, 0.4],
        "max_gap": ["1D", "1", "nonsense", "3h", "-1D", "1e99"],
        "dayfirst": [True, False],
        "decimal": [".", ","],
        "na_values": [["n/a"], [0], ["none"]],
        "static": [["x"]],
        "short": ["skip", "error"],
    }
    options |= {name: rng.choice(values) for name, values in choices.items() if rng.random() < 0.2}
    return frame, options


def escape(frame, options):
    """Prepare a frame; return what came that is neither a result nor one line."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            prepare(frame, InputOptions.of(options))
        except LabError as refused:
            text = str(refused)
            if len(text.splitlines()) != 1 or len(text) > 1000:
                return f"not one line: {text[:200]!r}"
        except Exception as error:  # noqa: BLE001 - any other is what is looked for
            last = traceback.extract_tb(error.__traceback__)
            ours = [part for part in last if "lstm_lab" in part.filename][-1]
            return f"{type(error).__name__} from {ours.filename.rpartition('lstm_lab/')[2]}:{ours.lineno}: {error}"
    foreign = [each for each in heard if each.category is not LabWarning or "infer" in str(each.message)]
    return f"{foreign[0].category.__name__}: {foreign[0].message} ({foreign[0].filename})" if foreign else None


def used_options(options):
    return ", ".join(f"{name}={value!r}" for name, value in options.items())


@pytest.mark.parametrize(
    ("seed", "count"),
    [(0, 600), pytest.param(1, 50_000, marks=[pytest.mark.harness, pytest.mark.timeout(7200)])],
)
def test_a_generated_frame_is_prepared_or_refused_in_one_line(seed, count):
    kinds = collections.defaultdict(list)
    for number in range(count):
        rng = random.Random(f"{seed} {number}")  # noqa: S311 - frames
        frame, options = generated(rng)
        wrong = escape(frame, options)
        if wrong is not None:
            kinds[wrong[:70]].append(f"frame {number}, {used_options(options)}: {wrong[:600]}")
    lines = [f"{len(each)} x {each[0]}" for each in kinds.values()]
    print(f"{count} frames, {sum(map(len, kinds.values()))} escapes of {len(kinds)} kinds")  # noqa: T201 - the figures
    assert not lines, "\n".join(lines)


@pytest.mark.parametrize("number", [48891, 49222])  # 1e308 beside np.float32(2), in an index and among ids
def test_what_pandas_casts_to_compare_and_to_sort_gives_no_warning(number):
    frame, options = generated(random.Random(f"1 {number}"))  # noqa: S311 - frames of the long form
    assert escape(frame, options) is None
