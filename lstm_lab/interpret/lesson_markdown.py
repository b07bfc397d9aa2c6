"""The Markdown of a lesson: slides of text, views, and questions whose answers are hidden until they are revealed.

The text is parsed into plain data, which the page builds with text nodes alone: there is no HTML, no image and no link
that could be followed, so that a lesson from anybody, and any name in it, is only ever shown as text.

=====================  ============================================================================================
``# Title``            begins a slide, as does a line ``---``
``## Heading``         a heading within the slide
``- item``, ``1. it``  lists; **bold**, *italic*, ``code`` and fenced code as ever
``{cell unit=3}``      a view on a line of its own, with its options: `VIEWS`
``? question``         what to guess; below it ``- [ ] wrong`` and ``- [x] right`` are choices
``! answer``           hidden until it is revealed; a view may stand here, too: ``! {gates}``
=====================  ============================================================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lstm_lab.errors import OptionError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["VIEWS", "Embedded", "Slide", "parse_lesson", "plain_text"]

VIEWS = {
    "cell": ("at", "layer", "unit", "step"),
    "gates": ("at",),
    "fan": ("horizon", "paths", "interval", "seed"),
    "reveal": ("horizon", "paths", "interval", "seed"),
}
"""Views that a lesson can hold, and the options of each."""
_VIEW = re.compile(r"\{\s*(\w+)((?:\s+\w+=[^\s{}=]+)*)\s*\}")
_OPENED = re.compile(rf"\{{\s*({'|'.join(VIEWS)})\b")
_RUNS = re.compile(r"\*\*(?P<strong>.+?)\*\*|`(?P<code>[^`]+)`|\*(?P<em>[^*\s](?:[^*]*[^*\s])?)\*")
_CHOICE = re.compile(r"[-*] \[([ xX])\] (.*)")
_ITEM = re.compile(r"(?:[-*+]|(\d{1,3})[.)]) (.*)")

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Embedded:
    """A view within a slide."""

    view: str
    options: tuple[tuple[str, Any], ...]


@dataclass(slots=True)
class Slide:
    """One slide: a title and blocks, each a dict with its ``kind``."""

    title: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def questions(self) -> list[Block]:
        """Return the questions."""
        return [block for block in self.blocks if block["kind"] == "question"]


def parse_lesson(text: str) -> tuple[list[Slide], list[Embedded]]:
    r"""Parse a lesson into its slides, and the views that they hold, each once.

    Parameters
    ----------
    text
        Markdown, see the module.

    Raises
    ------
    OptionError
        No slide, an unknown view or option, or an answer without a question.

    Examples
    --------
    >>> slides, views = parse_lesson("# Gates\n? Open or shut?\n! Open.\n{cell unit=3}")
    >>> slides[0].title, slides[0].questions[0]["answer"][0]["runs"], views[0].options
    ('Gates', [['Open.', '']], (('unit', 3),))
    """
    slides: list[Slide] = []
    views: list[Embedded] = []
    for part in _parts(text):
        title, lines = (part[0][2:].strip(), part[1:]) if part[0].startswith("# ") else ("", part)
        slides.append(Slide(plain_text(_runs(title)), _Blocks(views).parse(lines)))
    if not slides:
        raise OptionError(
            "a lesson needs at least one slide, got an empty text; for example: # Title, then ? a question"
        )
    return slides, views


def plain_text(runs: list[list[str]]) -> str:
    """Return the text of some runs without their styles.

    Parameters
    ----------
    runs
        Pairs of a text and its style.
    """
    return "".join(text for text, _ in runs)


def _parts(text: str) -> Iterator[list[str]]:
    """Cut a text into the lines of its slides."""
    lines: list[str] = []
    fenced = False
    for line in text.replace("\r\n", "\n").split("\n"):
        fenced ^= line.startswith("```")
        begins = not fenced and (line.startswith("# ") or re.fullmatch(r"-{3,}\s*", line) is not None)
        if begins and any(each.strip() for each in lines):
            yield lines
            lines = []
        if not begins or line.startswith("# "):
            lines = [*lines, line] if lines or line.strip() else []
    if any(each.strip() for each in lines):
        yield lines


class _Blocks:
    """Parses the lines of a slide."""

    def __init__(self, views: list[Embedded]) -> None:
        self._views = views
        self._blocks: list[Block] = []
        self._paragraph: list[str] = []
        self._code: list[str] | None = None

    def parse(self, lines: list[str]) -> list[Block]:
        """Return the blocks of some lines."""
        answer: list[str] = []
        for line in [*lines, ""]:
            if line.startswith("!") and not line.startswith("![") and self._code is None:
                answer.append(line[1:].removeprefix(" "))
                continue
            if answer:
                self._answer(answer)
                answer = []
            self._line(line)
        self._end_paragraph()
        self._end_code()
        return self._blocks

    def _line(self, line: str) -> None:
        if self._code is not None:
            if line.startswith("```"):
                self._end_code()
            else:
                self._code.append(line)
            return
        stripped = line.strip()
        choice, item, view = _CHOICE.fullmatch(stripped), _ITEM.fullmatch(stripped), _view_of(stripped)
        if line.startswith("```"):
            self._end_paragraph()
            self._code = []
        elif line.startswith(("## ", "### ")):
            self._add({"kind": "heading", "runs": _runs(line.lstrip("# "))})
        elif line.startswith("? "):
            self._add({"kind": "question", "runs": _runs(line[2:]), "choices": [], "answer": []})
        elif choice is not None:
            self._choice(choice[2], right=choice[1] != " ", line=stripped)
        elif view is not None:
            self._add({"kind": "view", "view": self._view(view[1], view[2])})
        elif item is not None and not self._paragraph:
            self._item(item[1] is not None, item[2])
        elif stripped:
            self._paragraph.append(stripped)
        else:
            self._end_paragraph()

    def _question(self) -> Block | None:
        """Return the question that the last block is, if it is one."""
        last = self._blocks[-1] if self._blocks and not self._paragraph else None
        return last if last is not None and last["kind"] == "question" else None

    def _choice(self, text: str, *, right: bool, line: str) -> None:
        self._end_paragraph()
        question = self._question()
        if question is None:
            raise OptionError(f"a choice stands below its question, got '{line[:40]}'; put '? ...' above it")
        question["choices"].append({"runs": _runs(text), "right": right})

    def _answer(self, lines: list[str]) -> None:
        question = self._question()
        if question is None:
            raise OptionError(f"an answer stands below its question, got '! {lines[0][:40]}'; put '? ...' above it")
        question["answer"] += _Blocks(self._views).parse(lines)

    def _item(self, ordered: bool, text: str) -> None:  # noqa: FBT001 - of a list that is ordered, or not
        last = self._blocks[-1] if self._blocks else None
        if last is None or last["kind"] != "list" or last["ordered"] != ordered:
            self._add({"kind": "list", "ordered": ordered, "items": []})
        self._blocks[-1]["items"].append(_runs(text))

    def _view(self, name: str, options: str) -> int:
        if name not in VIEWS:
            raise OptionError(f"a lesson has no view {{{name}}}; {did_you_mean(name, VIEWS)}")
        pairs = [pair.split("=") for pair in options.split()]
        names = [option for option, _ in pairs]
        for option in names:
            if names.count(option) > 1:
                raise OptionError(f"{{{name}}} takes {option}= once, got {options.strip()!r}; leave one of them out")
            if option not in VIEWS[name]:
                raise OptionError(f"{{{name}}} has no option {option}=; it takes {', '.join(VIEWS[name])}")
        embedded = Embedded(name, tuple((option, _value(value)) for option, value in pairs))
        if embedded not in self._views:
            self._views.append(embedded)
        return self._views.index(embedded)

    def _add(self, block: Block) -> None:
        self._end_paragraph()
        self._blocks.append(block)

    def _end_paragraph(self) -> None:
        if self._paragraph:
            self._blocks.append({"kind": "text", "runs": _runs(" ".join(self._paragraph))})
        self._paragraph = []

    def _end_code(self) -> None:
        if self._code is not None:
            self._blocks.append({"kind": "code", "text": "\n".join(self._code)})
        self._code = None


def _view_of(line: str) -> re.Match[str] | None:
    """Match the line of a view; None for any other line.

    Raises
    ------
    OptionError
        It begins as a view and does not end as one.
    """
    view = _VIEW.fullmatch(line)
    if view is None and _OPENED.match(line):
        raise OptionError(
            f"a view is a name and option=value in braces, alone on its line, got {line[:60]!r}; for example"
            " {cell unit=3}"
        )
    return view


def _runs(text: str) -> list[list[str]]:
    """Part a line into runs of one style: plain, strong, em or code."""
    runs: list[list[str]] = []
    at = 0
    for match in _RUNS.finditer(text):
        if match.start() > at:
            runs.append([text[at : match.start()], ""])
        style = str(match.lastgroup)
        runs.append([match[style], style])
        at = match.end()
    return [*runs, [text[at:], ""]] if at < len(text) or not runs else runs


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
