"""Each refusal of a table says what to do; doing it, word for word, leads to a loaded frame."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.sources.loading import load
from lstm_lab.errors import LabError

DAYS = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]


def column(*values):
    return pd.DataFrame({"date": DAYS[: len(values)], "x": values})


def text(content, encoding="utf-8"):
    return lambda folder: write(folder, content, encoding)


def write(folder, content, encoding):
    path = folder / "a.csv"
    path.write_bytes(content.encode(encoding))
    return path


CASES = {
    "dots before three digits": (text("date;x\n2024-01-01;998\n2024-01-02;1.000\n"), {}),
    "commas before three digits": (column("1,234", "5,678"), {}),
    "stars": (column("1.5", "***", "2.5"), {}),
    "stars and words": (column("1.5", "***", "2.5", "closed"), {}),
    "a number that looks like a mark": (column(1.5, -99.99, 2.5, 1.0), {}),
    "another": (column("1,5", "-999", "2,5", "3,5"), {}),
    "Latin-1": (text("date,preço\n2024-01-01,1\n2024-01-02,2\n", "latin-1"), {}),
    "Windows": (text("date,€\n2024-01-01,1\n2024-01-02,2\n", "cp1252"), {}),
    "UTF-16 without its mark": (text("date,x\n2024-01-01,1\n2024-01-02,2\n", "utf-16-le"), {}),
    "not in the encoding that was said": (
        text("date,preço\n2024-01-01,1\n2024-01-02,2\n", "latin-1"),
        {"encoding": "utf-8"},
    ),
    "missing values": (column(1.5, np.nan, 2.5), {}),
    "a misspelt target": (column(1.5, 2.5), {"target": "X1"}),
    "a target that is the time": (column(1.5, 2.5).set_index("date"), {"target": "date"}),
    "a misspelt time": (column(1.5, 2.5), {"time": "dat"}),
    "header of a frame": (column(1.5, 2.5), {"header": 0}),
    "an unknown way": (column(1.5, np.nan, 2.5), {"missing": "interpolated"}),
    "an unknown mark": (column(1.5, 2.5), {"decimal": ";"}),
    "an unknown encoding": (text("date,x\n2024-01-01,1\n2024-01-02,2\n"), {"encoding": "latin-99"}),
}

_LEFT_OUT = re.compile(r"leave (\w+)= out")
_SAID = re.compile(r"(\w+)=('[^']*'|\[[^\]]*\]|-?[\d.]+)")


def followed(said, options):
    """Do what a message says: leave an option out, take the nearest name, set the options that it writes."""
    left_out = _LEFT_OUT.search(said)
    if left_out:
        return {name: value for name, value in options.items() if name != left_out[1]}
    near = re.search(r"did you mean '([^']*)'|choose from '([^']*)'", said)
    if near:
        wrong = next(name for name in ("missing", "time", "target") if name in options)
        return options | {wrong: near[1] or near[2]}
    remedy = said.rpartition("; if it is measured")[0] or said
    written = dict(reversed([(name, eval(value)) for name, value in _SAID.findall(remedy.partition(";")[2])]))  # noqa: S307 - what the message writes is Python
    if "set missing=" in remedy:
        written |= {"missing": "interpolate"}
    return options | written


@pytest.mark.parametrize("case", CASES)
def test_following_a_remedy_leads_to_a_loaded_frame(case, tmp_path):
    source, options = CASES[case]
    source = source(tmp_path) if callable(source) else source
    with pytest.raises(LabError) as refused:
        load(source, **options)
    assert "\n" not in str(refused.value)
    assert followed(str(refused.value), options) != options
    frame = load(source, **followed(str(refused.value), options))
    assert np.isfinite(frame.to_numpy()).all()
    assert len(frame) > 1


@pytest.mark.parametrize(
    "texts",
    [
        ["$1,000.50"],
        ["50 €"],
        ["5 %"],
        ["1.2K", "900"],
        ["12 kWh"],
        ["1'234.5"],
        ["1\u202f234"],
        ["\u22125"],
        ["1,5E+03"],
        ["(1.5)"],
        ["1.5-"],
        ["998", "1.000"],
        ["12 kWh", "1 MWh"],
        ["1,5", "1.5"],
        ["1,234", "5,678"],
    ],
)
def test_a_number_is_never_called_a_missing_value(texts):
    for rows in (texts, [*texts, *texts], [*texts, "?"]):
        said = answer(pd.DataFrame({"x": rows}))
        assert not any(f"na_values={each!r}" in said or f"[{each!r}" in said for each in texts)


def answer(table):
    try:
        load(table, target="x")
    except LabError as refused:
        return str(refused)
    return ""
