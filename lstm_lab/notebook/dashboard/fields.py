"""Widgets of the controls; each reads and writes the text that follows a flag on a magic's line."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import ipywidgets

from lstm_lab.notebook.dashboard.style import box

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lstm_lab.options.flags import Flag

__all__ = ["Choice", "Entry", "Field", "MenuOrText", "Number", "Switch", "field_of", "listen", "offer"]

_offering: weakref.WeakSet[Any] = weakref.WeakSet()


def listen(widget: Any, callback: Callable[[Any], None]) -> None:
    """Call back after a change of a widget's value, but not while its options are replaced."""

    def changed(change: Any) -> None:
        if widget not in _offering:
            callback(change)

    widget.observe(changed, "value")


def offer(menu: Any, options: Sequence[Any]) -> None:
    """Replace a menu's options; the choice stays while it is among them, else the first is chosen.

    ipywidgets itself chooses the first whenever options change: nobody hears of that, in kernel or page.
    """
    if list(menu.options) == list(options):
        return
    before = menu.value
    values = [option[1] if isinstance(option, tuple) else option for option in options]
    _offering.add(menu)
    try:
        with menu.hold_sync():
            menu.options = options
            menu.value = before if before in values else values[0]
    finally:
        _offering.discard(menu)
    if menu.value != before:
        menu.notify_change({"name": "value", "old": before, "new": menu.value, "owner": menu, "type": "change"})


FEW = 3
"""Most choices that are shown side by side; more become a menu."""


def _labelled(label: str) -> dict[str, Any]:
    # Without a tooltip of its own the page would show "null" beside the label's.
    return {"description": label, "description_allow_html": True, "tooltip": ""}


UNSET = {"id": "one series, or as loaded"}
"""What a menu says where nothing is chosen, by option; for all others, that it is found."""


class Field:
    """A widget that holds the text of one option.

    Parameters
    ----------
    widget
        What is shown.
    parts
        The widgets whose ``value`` changes when somebody uses it; by default the widget alone.
    """

    def __init__(self, widget: Any, *parts: Any) -> None:
        self.widget = widget
        self.parts = parts or (widget,)

    @property
    def text(self) -> str:
        """The text as typed after the flag; empty for the default."""
        return str(self.parts[0].value)

    def put(self, text: str) -> None:
        """Show a value."""
        self.parts[0].value = text

    def listen(self, callback: Callable[[Any], None]) -> None:
        """Call back after every change."""
        for part in self.parts:
            listen(part, callback)

    def offer(self, words: Sequence[str]) -> None:
        """Replace the words to choose from, where the field has any."""


class Entry(Field):
    """A line of text; empty means the default, which is shown in grey."""

    def __init__(self, label: str, default: str) -> None:
        shown = default or "none"
        super().__init__(ipywidgets.Text(**_labelled(label), placeholder=shown, continuous_update=False))

    @property
    def text(self) -> str:
        """What was typed."""
        return str(self.widget.value).strip()


class Number(Field):
    """A number; the option itself validates it."""

    def __init__(self, label: str, default: str, *, whole: bool) -> None:
        kind = ipywidgets.IntText if whole else ipywidgets.FloatText
        number = int(default) if whole else float(default)
        step = {} if whole else {"step": 10.0 ** -len(default.partition(".")[2])}
        super().__init__(kind(value=number, **_labelled(label), **step))
        self._read: Callable[[str], Any] = int if whole else float

    def put(self, text: str) -> None:
        """Show a number."""
        self.widget.value = self._read(text)


class Choice(Field):
    """One of a few words."""

    def __init__(self, label: str, words: Sequence[tuple[str, str]], value: str, *, menu: bool) -> None:
        self._first = words[0]
        self._few = not menu and len(words) <= FEW
        if self._few:
            widget = ipywidgets.ToggleButtons(options=words, value=value, **_labelled(label))
        else:
            widget = ipywidgets.Dropdown(options=words, value=value, **_labelled(label))
        super().__init__(widget)

    def offer(self, words: Sequence[str]) -> None:
        """Replace all words but the first, and keep the choice where it is still among them."""
        offer(self.widget, [self._first, *((word, word) for word in words)])

    def put(self, text: str) -> None:
        """Choose a word; an unknown word is added to the menu."""
        if text not in [word for _, word in self.widget.options]:
            self.widget.options = [*self.widget.options, (text, text)]
        self.widget.value = text


class Switch(Field):
    """On or off."""

    def __init__(self, label: str, default: str) -> None:
        super().__init__(ipywidgets.Checkbox(value=default == "on", **_labelled(label), indent=False))

    @property
    def text(self) -> str:
        """On or off."""
        return "on" if self.widget.value else "off"

    def put(self, text: str) -> None:
        """Turn on or off."""
        self.widget.value = text == "on"


class MenuOrText(Field):
    """A word of a menu, or any other text."""

    OTHER = "other …"

    def __init__(self, label: str, words: Sequence[str], default: str) -> None:
        self.menu = ipywidgets.Dropdown(options=[*words, self.OTHER], value=default, **_labelled(label))
        self.entry = ipywidgets.Text(description="which", placeholder=default, continuous_update=False)
        self.entry.layout.display = "none"
        self.menu.observe(self._show, "value")
        super().__init__(box(self.menu, self.entry, look="other"), self.menu, self.entry)

    def _show(self, _: Any) -> None:
        self.entry.layout.display = None if self.menu.value == self.OTHER else "none"

    @property
    def text(self) -> str:
        """The chosen word, or what was typed."""
        chosen = str(self.menu.value)
        return str(self.entry.value).strip() if chosen == self.OTHER else chosen

    def put(self, text: str) -> None:
        """Choose the word, or type it."""
        if text in self.menu.options:
            self.menu.value = text
        else:
            self.entry.value = text
            self.menu.value = self.OTHER

    def offer(self, words: Sequence[str]) -> None:
        """Replace the words, and keep the current text."""
        text = self.text
        offer(self.menu, (*words, self.OTHER))
        if text != self.text:
            self.put(text)


def field_of(flag: Flag, label: str, default: object, words: Sequence[str] | None) -> Field:
    """Return the field for an option.

    Parameters
    ----------
    flag
        What the option takes.
    label
        What stands above the widget, in HTML: its meaning appears under the pointer.
    default
        The option's own, which tells a number from a text.
    words
        Possible values of a free-text option; None where they are not known.
    """
    if isinstance(default, bool) and flag.choices == ("on", "off"):
        return Switch(label, flag.default)
    if flag.choices:
        none = [] if flag.default else [("none", "")]
        return Choice(label, [*none, *((word, word) for word in flag.choices)], flag.default, menu=False)
    if words is not None and flag.default:
        return MenuOrText(label, words, flag.default)
    if words is not None:
        unset = UNSET.get(flag.name, "found by itself")
        return Choice(label, [(unset, ""), *((word, word) for word in words)], "", menu=True)
    if isinstance(default, int | float) and not isinstance(default, bool):
        return Number(label, repr(default), whole=isinstance(default, int))
    return Entry(label, flag.default)
