"""The README's example, the guide and "coming from ..." run as they are written, on small networks.

The lines of the gallery name what exists.
"""

import ast
import inspect
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


def gallery_lines():
    """Give the code of the gallery that says how a view is had."""
    text = (DOCS / "gallery.md").read_text(encoding="utf-8")
    items = re.findall(r"\*\*The line:\*\* (.*?)(?=\n- |\n\n)", text, re.DOTALL)
    assert len(items) == text.count("<!-- view:"), "each view has its line"
    return [code for item in items for code in re.findall(r"`([^`]+)`", item.replace("\n  ", " "))]


@pytest.mark.parametrize("code", [code for code in gallery_lines() if code.startswith("%")])
def test_a_magic_of_the_gallery_is_understood(code):
    from lstm_lab.notebook.commands import COMMANDS

    name, _, line = code.lstrip("%").partition(" ")
    COMMANDS[name].parse(line)


@pytest.mark.parametrize("code", [code for code in gallery_lines() if re.match(r"(lab|run|fan|fcs)\.", code)])
def test_a_call_of_the_gallery_exists_and_takes_what_it_is_given(code):
    from lstm_lab.forecasting.panel_forecast import PanelForecast
    from lstm_lab.options import OPTION_NAMES

    owners = {"lab": lstm_lab, "run": lstm_lab.Run, "fan": lstm_lab.Forecast, "fcs": PanelForecast}
    tree = ast.parse(code, mode="eval")
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    for call in calls:
        function = getattr(owners[call.func.value.id], call.func.attr)
        known = set(inspect.signature(function).parameters) | OPTION_NAMES
        assert {keyword.arg for keyword in call.keywords} <= known
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    assert all(hasattr(owners[name.value.id], name.attr) for name in names)
