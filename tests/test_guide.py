"""The README's example, the guide and "coming from ..." run as they are written, on small networks."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lstm_lab

DOCS = Path(__file__).parents[1] / "docs"
SMALLER = {
    'lab.example("oil")': 'lab.example("oil").iloc[-700:]',
    "units=[32, 32]": "units=[4]",
    "epochs=8": "epochs=1",
    "paths=200": "paths=50",
    "origins=60": "origins=6",
}


def blocks(page):
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def run_smaller(code):
    """Run a page's code on fewer rows, units, epochs, paths and origins, and return its names."""
    for text, smaller in SMALLER.items():
        assert text in code, f"the page no longer says {text}: mend this table"
        code = code.replace(text, smaller)
    names = {}
    exec(compile(code, "page", "exec"), names)  # noqa: S102 - the pages are our own
    return names


def test_the_readmes_example_runs():
    (code,) = blocks("../README.md")
    names = run_smaller(code)
    assert names["fan"].frame.shape[0] == 30
    assert names["gates"].verified


def test_the_tour_runs_from_its_first_line_to_its_last():
    code = "\n".join(blocks("guide.md"))
    names = run_smaller(code)
    assert names["fan"].frame.shape[0] == 30
    assert 0 <= names["fan"].score(names["later"]["price"])["coverage"] <= 1


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(0)
    days = pd.date_range("2023-01-01", periods=300)
    frame = pd.DataFrame({"close": 60 * np.exp(np.cumsum(rng.normal(0, 0.01, 300)))}, index=days)
    parts = [pd.DataFrame({"store": f"store_{k}", "day": days, "sales": 50 + rng.normal(0, 1, 300)}) for k in range(3)]
    return {"lab": lstm_lab, "frame": frame, "stores": pd.concat(parts)}


@pytest.mark.parametrize("code", blocks("coming-from.md"), ids=range(len(blocks("coming-from.md"))))
def test_what_others_are_called_here_runs(code, tables):
    exec(compile(code, "coming-from.md", "exec"), dict(tables))  # noqa: S102 - the page is our own


def test_every_option_that_coming_from_names_exists():
    """A keyword of ours stands in the right column of a table."""
    from lstm_lab.options import OPTION_NAMES

    rows = [line for line in (DOCS / "coming-from.md").read_text().splitlines() if line.startswith("| ")]
    ours = " ".join(row.rstrip("| ").rpartition(" | ")[2] for row in rows)
    keywords = {name for code in re.findall(r"`([^`]+)`", ours) for name in re.findall(r"\b([a-z_]+)=", code)}
    assert keywords - OPTION_NAMES == {"stack", "refit"} - OPTION_NAMES
    assert len(keywords) > 20
