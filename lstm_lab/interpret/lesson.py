"""A lesson: slides with text, live views of one run, and questions to guess before their answers are revealed."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_lab.errors import LabError, OptionError
from lstm_lab.interpret.lesson_markdown import Embedded, Slide, parse_lesson, plain_text
from lstm_lab.results import Result, Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lstm_lab.interpret.lesson_markdown import Block

__all__ = ["Lesson", "lesson_text", "slide_lines"]

_LARGEST = 200_000
"""Characters of a lesson, at most."""


@dataclass(frozen=True, eq=False, repr=False)
class Lesson(Result):
    """Slides for a class; made by `lstm_lab.Run.lesson`."""

    text: str = field(repr=False)
    """The Markdown."""
    slides: Sequence[Slide]
    views: Sequence[Embedded]
    results: Sequence[Result] = field(repr=False)
    """The result that each of `views` shows."""

    @classmethod
    def of(cls, text: str, makers: Mapping[str, Callable[..., Result]]) -> Lesson:
        """Parse a lesson, and make the results that its views show.

        Parameters
        ----------
        text
            Markdown, see `lstm_lab.interpret.lesson_markdown`.
        makers
            Makes the result of each kind of view from its options.
        """
        slides, views = parse_lesson(text)
        return cls(text, slides, views, [_made(each, makers) for each in views])

    @property
    def title(self) -> str:
        """Return the title of the first slide."""
        return self.slides[0].title or "Lesson"

    def summary_table(self) -> Summary:
        """Write every slide as text; the answers stand last, so that nobody reads them by accident."""
        rows, answers = [], []
        for number, slide in enumerate(self.slides, 1):
            rows.append((f"{number}", " · ".join([slide.title, *slide_lines(slide.blocks, self.views)]).strip(" ·")))
            for question in slide.questions:
                right = [plain_text(choice["runs"]) for choice in question["choices"] if choice["right"]]
                told = " ".join([*right, *slide_lines(question["answer"], self.views)])
                answers.append((f"answer {number}", told or "–"))
        return Summary(self.title, (*rows, *answers))


def _made(each: Embedded, makers: Mapping[str, Callable[..., Any]]) -> Any:
    """Make the result of a view; what is wrong with its options is told as the lesson spells them."""
    try:
        return makers[each.view](**dict(each.options))
    except LabError as refused:
        spelled = " ".join([each.view, *(f"{name}={value}" for name, value in each.options)])
        why = str(refused).partition("; for example")[0]
        raise type(refused)(f"{{{spelled}}} in the lesson: {why}; mend it there") from None


def slide_lines(blocks: Sequence[Block], views: Sequence[Embedded]) -> list[str]:
    """Write blocks as lines of text, a question without its answer.

    Parameters
    ----------
    blocks
        Of a slide, or of an answer.
    views
        Those of the lesson.
    """
    return [_line(block, views) for block in blocks]


def _line(block: Block, views: Sequence[Embedded]) -> str:
    kind = block["kind"]
    if kind == "list":
        return "; ".join(plain_text(item) for item in block["items"])
    if kind == "view":
        return f"[{views[block['view']].view}]"
    if kind == "code":
        return str(block["text"])
    if kind == "question":
        choices = " / ".join(plain_text(choice["runs"]) for choice in block["choices"])
        return f"? {plain_text(block['runs'])}" + (f" ({choices})" if choices else "")
    return plain_text(block["runs"])


def lesson_text(source: str | os.PathLike[str]) -> str:
    """Return the Markdown of a lesson: the text itself, where it has several lines or a title, else a file's.

    Parameters
    ----------
    source
        Markdown, or the path of a file.

    Raises
    ------
    OptionError
        There is no such file, it is no text, or it is too long.
    """
    text: Any = source
    if isinstance(source, os.PathLike) or (isinstance(source, str) and "\n" not in source and source[:2] != "# "):
        path = Path(source)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as reason:
            why = "is no text in UTF-8" if isinstance(reason, UnicodeError) else "cannot be read"
            raise OptionError(
                f"the lesson {str(source)!r} {why}; name a Markdown file, or give its text, which begins with '# '"
            ) from None
    if not isinstance(text, str):
        raise OptionError(f"a lesson is Markdown or the path of a file, got {type(source).__name__}")
    if len(text) > _LARGEST:
        raise OptionError(f"a lesson has at most {_LARGEST:,} characters, got {len(text):,}; part it into several")
    return text
