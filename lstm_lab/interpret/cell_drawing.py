"""How each kind of recurrent cell is drawn: boxes, operations and lines on one plane, and when numbers reach them.

The live view and the still picture draw from the same `Drawing`, so that both show one cell. Positions are in units of
`Drawing.width` by `Drawing.height`, from the top left. A step lasts from 0 to 1: a number travels along its line from
`start` to `end`, and a box, a text or a slot of an equation shows its number from `at` on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DRAWINGS", "Box", "Drawing", "Line", "Operation", "Slot", "Text"]

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Box:
    """A gate, or another function of numbers; its filled part shows its value."""

    x: float
    """The centre."""
    y: float
    width: float
    height: float
    name: str
    value: str
    at: float
    signed: bool = False
    """Whether the value lies between -1 and 1 and not between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A sum or a product, in a circle."""

    x: float
    y: float
    sign: Literal["×", "+", "1−"]
    at: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line along which a number travels; without a value a dot does, for a whole vector."""

    path: tuple[tuple[float, float], ...]
    signal: str
    """Whose colour the line has."""
    start: float
    end: float
    value: str = ""
    belt: bool = False
    """Whether the line is the belt, which is as thick as its value is large."""


@dataclass(frozen=True, slots=True)
class Text:
    """A symbol and its number."""

    x: float
    y: float
    symbol: str
    value: str
    at: float
    anchor: Anchor = "middle"
    gap: float = 25
    """Distance from the symbol down to the number; 0 writes them side by side."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A number in an equation or a sentence."""

    value: str
    at: float = 0.0
    share: bool = False
    """Whether it is written as a percentage."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """The drawing of one kind of cell."""

    width: float
    height: float
    body: tuple[float, float, float, float]
    """Left, top, right and bottom of the cell; what crosses it comes in or goes out."""
    boxes: tuple[Box, ...]
    operations: tuple[Operation, ...]
    lines: tuple[Line, ...]
    texts: tuple[Text, ...]
    equations: tuple[str, ...]
    """In symbols."""
    filled: tuple[tuple[str | Slot, ...], ...]
    """Each equation with its numbers; {a} stands for the activation's name."""
    sentence: tuple[str | Slot, ...]


_LSTM = Drawing(
    width=700,
    height=400,
    body=(96, 26, 604, 352),
    boxes=(
        Box(160, 247, 95, 66, "forget f", "forget", 0.24),
        Box(264, 247, 95, 66, "input i", "input", 0.24),
        Box(368, 247, 95, 66, "candidate g", "candidate", 0.24, signed=True),
        Box(472, 247, 95, 66, "output o", "output", 0.24),
        Box(552, 137, 94, 54, "{a}", "squashed", 0.78, signed=True),
    ),
    operations=(
        Operation(160, 84, "×", 0.44),
        Operation(368, 160, "×", 0.44),
        Operation(368, 84, "+", 0.6),
        Operation(552, 200, "×", 0.86),
    ),
    lines=(
        Line(((0, 318), (160, 318), (160, 280)), "hidden", 0.02, 0.22),
        Line(((160, 318), (264, 318), (264, 280)), "hidden", 0.1, 0.22),
        Line(((264, 318), (368, 318), (368, 280)), "hidden", 0.12, 0.22),
        Line(((368, 318), (472, 318), (472, 280)), "hidden", 0.14, 0.22),
        Line(((128, 400), (128, 318)), "x", 0.02, 0.1),
        Line(((0, 84), (147, 84)), "cell", 0.2, 0.42, "cell_before", belt=True),
        Line(((160, 214), (160, 97)), "forget", 0.3, 0.42, "forget"),
        Line(((264, 214), (264, 160), (355, 160)), "input", 0.3, 0.42, "input"),
        Line(((368, 214), (368, 173)), "candidate", 0.3, 0.42, "candidate"),
        Line(((173, 84), (355, 84)), "cell", 0.46, 0.58, "kept", belt=True),
        Line(((368, 147), (368, 97)), "cell", 0.46, 0.58, "written"),
        Line(((381, 84), (700, 84)), "cell", 0.62, 0.84, "cell", belt=True),
        Line(((552, 84), (552, 110)), "cell", 0.7, 0.77, "cell"),
        Line(((552, 164), (552, 187)), "cell", 0.8, 0.85, "squashed"),
        Line(((472, 214), (472, 200), (539, 200)), "output", 0.74, 0.85, "output"),
        Line(((552, 213), (552, 318), (700, 318)), "hidden", 0.87, 0.99, "hidden"),
    ),
    texts=(
        Text(8, 64, "c₋₁", "cell_before", 0.0, "start", gap=46),
        Text(700, 64, "c", "cell", 0.82, "end", gap=46),
        Text(8, 299, "h₋₁", "before", 0.0, "start", gap=45),
        Text(700, 299, "h", "hidden", 0.97, "end", gap=45),
        Text(264, 64, "f·c₋₁", "kept", 0.46, gap=46),
        Text(404, 112, "i·g", "written", 0.46, "start", gap=24),
        Text(142, 388, "x", "x", 0.0, "start", gap=0),
    ),
    equations=("c = f · c₋₁ + i · g", "h = o · {a}(c)"),
    filled=(
        (
            "c = ", Slot("forget", 0.24), " · ", Slot("cell_before"), " + ", Slot("input", 0.24), " · ",
            Slot("candidate", 0.24), " = ", Slot("cell", 0.6),
        ),
        ("h = ", Slot("output", 0.24), " · {a}(", Slot("cell", 0.6), ") = ", Slot("hidden", 0.86)),
    ),
    sentence=(
        "It keeps ", Slot("forget", 0.24, share=True), " of its memory ", Slot("cell_before", 0.44), ", adds ",
        Slot("written", 0.46), ", and shows ", Slot("output", 0.84, share=True), " of what it then holds.",
    ),
)  # fmt: skip

_GRU = Drawing(
    width=700,
    height=400,
    body=(104, 26, 604, 352),
    boxes=(
        Box(184, 247, 100, 66, "update z", "update", 0.24),
        Box(308, 247, 100, 66, "reset r", "reset", 0.24),
        Box(466, 247, 100, 66, "candidate g", "candidate", 0.44, signed=True),
    ),
    operations=(
        Operation(184, 84, "×", 0.6),
        Operation(325, 160, "1−", 0.5),
        Operation(466, 160, "×", 0.6),
        Operation(466, 84, "+", 0.78),
        Operation(387, 247, "×", 0.36),
    ),
    lines=(
        Line(((86, 84), (86, 318), (184, 318), (184, 280)), "hidden", 0.02, 0.22),
        Line(((184, 318), (308, 318), (308, 280)), "hidden", 0.1, 0.22),
        Line(((308, 318), (387, 318), (387, 260)), "hidden", 0.12, 0.34),
        Line(((387, 318), (466, 318), (466, 280)), "x", 0.14, 0.42),
        Line(((140, 400), (140, 318)), "x", 0.02, 0.1),
        Line(((0, 84), (171, 84)), "hidden", 0.3, 0.58, "before", belt=True),
        Line(((184, 214), (184, 97)), "update", 0.44, 0.58, "update"),
        Line(((184, 160), (310, 160)), "update", 0.38, 0.48, "update"),
        Line(((340, 160), (453, 160)), "update", 0.5, 0.58, "rest"),
        Line(((358, 247), (374, 247)), "reset", 0.28, 0.34, "reset"),
        Line(((400, 247), (416, 247)), "hidden", 0.37, 0.43),
        Line(((466, 214), (466, 173)), "candidate", 0.48, 0.58, "candidate"),
        Line(((197, 84), (453, 84)), "hidden", 0.62, 0.76, "kept", belt=True),
        Line(((466, 147), (466, 97)), "hidden", 0.62, 0.76, "written"),
        Line(((479, 84), (700, 84)), "hidden", 0.8, 0.99, "hidden", belt=True),
    ),
    texts=(
        Text(8, 64, "h₋₁", "before", 0.0, "start", gap=46),
        Text(700, 64, "h", "hidden", 0.96, "end", gap=46),
        Text(325, 64, "z·h₋₁", "kept", 0.62, gap=46),
        Text(506, 112, "(1−z)·g", "written", 0.62, "start", gap=24),
        Text(154, 388, "x", "x", 0.0, "start", gap=0),
    ),
    equations=("h = z · h₋₁ + (1 − z) · g",),
    filled=(
        (
            "h = ", Slot("update", 0.24), " · ", Slot("before"), " + ", Slot("rest", 0.5), " · ",
            Slot("candidate", 0.44), " = ", Slot("hidden", 0.78),
        ),
    ),
    sentence=(
        "It keeps ", Slot("update", 0.24, share=True), " of its state ", Slot("before", 0.6), " and adds ",
        Slot("written", 0.62), "; the candidate saw ", Slot("reset", 0.66, share=True), " of the past.",
    ),
)  # fmt: skip

_RNN = Drawing(
    width=700,
    height=260,
    body=(176, 26, 524, 212),
    boxes=(Box(350, 84, 190, 70, "{a}(x·W + h₋₁·U + b)", "hidden", 0.6, signed=True),),
    operations=(),
    lines=(
        Line(((0, 170), (350, 170), (350, 119)), "hidden", 0.04, 0.56),
        Line(((240, 260), (240, 170)), "x", 0.04, 0.3),
        Line(((445, 84), (484, 84), (484, 170), (700, 170)), "hidden", 0.66, 0.98, "hidden"),
    ),
    texts=(
        Text(8, 150, "h₋₁", "before", 0.0, "start", gap=46),
        Text(700, 150, "h", "hidden", 0.95, "end", gap=46),
        Text(254, 248, "x", "x", 0.0, "start", gap=0),
    ),
    equations=("h = {a}(x·W + h₋₁·U + b)",),
    filled=(("h₋₁ = ", Slot("before"), "   →   h = ", Slot("hidden", 0.6)),),
    sentence=(
        "It mixes the input with its last state ", Slot("before"), " into ", Slot("hidden", 0.6),
        "; no gate holds anything for it.",
    ),
)  # fmt: skip

DRAWINGS: Mapping[str, Drawing] = {"lstm": _LSTM, "gru": _GRU, "rnn": _RNN}
"""The drawing of each kind of cell."""
