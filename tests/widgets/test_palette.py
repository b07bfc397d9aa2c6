"""Views, pictures and the dashboard draw one thing in one colour: palette.json, which `theme.test.ts` reads too."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lstm_lab.notebook.dashboard.style import STYLE
from lstm_lab.plots import style
from lstm_lab.plots.gates import COLOURS

PALETTE = json.loads((Path(__file__).parent / "palette.json").read_text(encoding="utf-8"))
NAMES = {"BLACK": "text", "GREY": "muted", "VERMILION": "red"} | {
    name: name.lower() for name in ("BLUE", "GREEN", "ORANGE", "PURPLE", "YELLOW")
}


def test_pictures_have_the_colours_of_views_on_a_light_page():
    assert {name: getattr(style, constant) for constant, name in NAMES.items()} == PALETTE["light"]
    assert {signal: PALETTE["light"][name] for signal, name in PALETTE["signals"].items()} == COLOURS


@pytest.mark.parametrize(
    ("theme", "rule"), [("light", r"^\.lstm-board"), ("dark", r"^body\[data-jp-theme-light=false\]")]
)
def test_the_dashboard_has_the_colours_of_views_in_both_themes(theme, rule):
    block = re.search(rf"{rule}[^{{]*\{{([^}}]*)\}}", STYLE, re.MULTILINE)[1]
    colours = dict(re.findall(r"--(blue|orange|purple): (#\w+);", block))
    assert colours == {name: PALETTE[theme][name] for name in ("blue", "orange", "purple")}
