"""The still picture of a family of networks: a tree from left to right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matplotlib.patches import FancyBboxPatch

from lstm_lab.models.family import Family
from lstm_lab.plots.style import BLACK, BLUE, GREY, LIGHT, SMALL, VERMILION, canvas, titles
from lstm_lab.results import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lstm_lab.models.family import Member

__all__ = ["family_figure"]

_COLUMN: Final = 3.1
"""Distance between a kind and those below it, in units of the picture."""
_BOX: Final = (2.55, 0.62)
"""Width and height of a box."""


@pictures.register(Family)
def family_figure(family: Family, *, width: float = 9.0, height: float = 4.6) -> Figure:
    """Draw the tree, each kind in a box with what carries its past.

    Parameters
    ----------
    family
        The tree.
    width, height
        In inches.
    """
    figure = canvas(width, height)
    panel = figure.add_subplot()
    panel.set_axis_off()
    (root,) = family.children(None)
    leaves = _branch(panel, family, root, 0, 0.0)[0]
    depth = max(_depth(family, root), 1)
    panel.set_xlim(-0.1, depth * _COLUMN + _BOX[0] + 3.5)
    panel.set_ylim(leaves - 0.4, -0.6)
    titles(panel, "Networks, and what each carries from the past", "blue: the past is handed on in a state, row by row")
    return figure


def _depth(family: Family, member: Member) -> int:
    return max((1 + _depth(family, child) for child in family.children(member.name)), default=0)


def _branch(panel: Axes, family: Family, member: Member, column: int, row: float) -> tuple[float, float]:
    """Draw a kind and those below it from a row on; return the next free row and the kind's own."""
    children, first, own = family.children(member.name), row, []
    for child in children:
        row, middle = _branch(panel, family, child, column + 1, row)
        own.append(middle)
    middle = sum(own) / len(own) if own else first
    left = column * _COLUMN
    for each in own:
        start, end = left + _BOX[0], left + _COLUMN
        bend = (start + end) / 2
        panel.plot([start, bend, bend, end], [middle, middle, each, each], color=LIGHT, linewidth=1.5, zorder=1)
    _box(panel, member, left, middle, leaf=not children)
    return (row if children else first + 1), middle


def _box(panel: Axes, member: Member, left: float, middle: float, *, leaf: bool) -> None:
    width, height = _BOX
    recurrent = "recurrent" in {member.name, member.parent}
    colour = VERMILION if member.name == "LSTM" else BLUE if recurrent else GREY
    box = FancyBboxPatch((left, middle - height / 2), width, height, boxstyle="round,pad=0,rounding_size=0.12")
    box.set(facecolor="white", edgecolor=colour, linewidth=1.8, zorder=2)
    panel.add_patch(box)
    weight = "bold" if recurrent else "normal"
    panel.text(
        left + width / 2, middle, member.name, ha="center", va="center", fontsize=SMALL + 1, fontweight=weight, zorder=3
    )
    if leaf:
        text = f"past: {member.past}\nfor: {member.good_for}"
        panel.text(left + width + 0.15, middle, text, va="center", fontsize=SMALL, color=BLACK, zorder=3)
