"""The control of an option: its widget, its meaning, and one line for an invalid value."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets

from lstm_lab.errors import OptionError
from lstm_lab.notebook.dashboard.fields import field_of
from lstm_lab.notebook.dashboard.style import box, paragraph
from lstm_lab.options import OPTION_NAMES
from lstm_lab.options.flags import Flag, value_text
from lstm_lab.options.spelling import as_controls

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lstm_lab.options import Options

__all__ = ["Control"]

SHORT = 9
"""A unit of so many letters, at most, stands in the label; a longer one is told with the meaning."""
WIDE = frozenset({"features", "baselines"})
"""Lists of words, which want a whole line."""


class Control:
    """The control of one option.

    Parameters
    ----------
    model
        The class that defines the option.
    name
        The option's name.
    words
        What an option of free text may hold; None where nobody knows.
    """

    def __init__(self, model: type[Options], name: str, words: Sequence[str] | None = None) -> None:
        field = model.model_fields[name]
        self.model, self.name, self.default = model, name, field.default
        self.flag = Flag.of(name, field)
        label = name.replace("_", " ")
        if 0 < len(self.flag.unit) <= SHORT and self.flag.unit not in label.split():
            label += f" ({self.flag.unit})"
        labelled = f'<span title="{html.escape(self.tip)}">{html.escape(label)}</span>'
        self.field = field_of(self.flag, labelled, field.default, words)
        self.wrong = ipywidgets.HTML()
        self.cell = box(self.field.widget, self.wrong, look="cell wide" if name in WIDE else "cell")
        self.cell.layout.flex_flow = "column"

    @property
    def tip(self) -> str:
        """The option's meaning, unit and default."""
        notes = [self.flag.unit, f"default {self.flag.default}" if self.flag.default else "", self._example]
        return f"{self.flag.meaning} ({'; '.join(note for note in notes if note)})".replace(" ()", "")

    @property
    def _example(self) -> str:
        shown = self.flag.example and not self.flag.choices and self.flag.example != self.flag.default
        return f"e.g. {self.flag.example}" if shown else ""

    @property
    def value(self) -> Any:
        """The value that the control is set to.

        Raises
        ------
        OptionError
            The option refuses the value.
        """
        text = self.field.text
        return self.default if not text else getattr(self.model.of({self.name: text}), self.name)

    def put(self, value: Any) -> None:
        """Show a value."""
        # By its own parser's writing: what is shown reads back as the same value.
        self.field.put("" if value == self.default and not self._always else _written(value))

    @property
    def _always(self) -> bool:
        """Whether the field shows its default as any other value."""
        return bool(self.flag.choices) or not self.field.parts[0].has_trait("placeholder")

    def check(self) -> str:
        """Show beside the control why its value is refused, and return that line; empty where it is valid."""
        try:
            _ = self.value
        except OptionError as mistake:
            message = as_controls(str(mistake), OPTION_NAMES)
        else:
            message = ""
        shown = paragraph(message, "lab-wrong") if message else ""
        if self.wrong.value != shown:
            self.wrong.value = shown
        return message

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back after every change, once it has been checked."""

        def changed(_: Any) -> None:
            self.check()
            callback()

        self.field.listen(changed)


def _written(value: Any) -> str:
    """Write a value so that a flag's parser reads it back, to the last digit."""
    return repr(value) if isinstance(value, float) else value_text(value).replace(",", ", ").replace(",  ", ", ")
