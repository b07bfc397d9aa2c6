"""Options as flags: one definition for the magics and for the command line.

A `Command` is built from the models of `lstm_lab.options`; it parses a line, explains a misspelt flag in one line, and
writes its own help. The grammar, the same in every face::

    --lookback 60   --lookback=60   --look 60           a flag and its value; an abbreviation must be unambiguous
    --features "log_return, bollinger(20, 2)"           quotes keep spaces, commas and parentheses together
    %lstm_forecast 30;                                  a last semicolon silences the display, whatever stands before it

In a notebook a value may also name a variable: see `lstm_lab.notebook.namespace`.
"""

from __future__ import annotations

import re
import shlex
import types
import typing
from dataclasses import dataclass, field, replace
from functools import cached_property
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

from lstm_lab.errors import OptionError
from lstm_lab.options import current_name, option_extra
from lstm_lab.options.spelling import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic.fields import FieldInfo

    from lstm_lab.options import Options

__all__ = ["Command", "Flag", "Parsed", "split_words", "value_text"]

_WIDTH = 100
_DATE = re.compile(r"(?:^|=)\d{4}-\d{1,2}-\d{1,2}$")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?")
"""A time of day; alone it is no argument of any command."""
_SWITCH = ("on", "off")
"""Choices of an option whose flag may stand alone, which means the first of them."""
_METAVARS = {int: "N", float: "X", bool: "on|off", str: "TEXT"}


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag, or one positional argument: its name, its value and its meaning."""

    name: str
    """As in Python: ``forget_bias`` is written ``--forget-bias``."""
    meaning: str
    value: str | None = None
    """Placeholder of the value in the help; None for a switch."""
    choices: tuple[str, ...] = ()
    default: str = ""
    unit: str = ""
    example: str = ""
    short: str = ""

    @property
    def written(self) -> str:
        """The flag as it is typed."""
        return "--" + self.name.replace("_", "-")

    @classmethod
    def of(cls, name: str, option: FieldInfo) -> Flag:
        """Build the flag of an option."""
        choices = _choices(option.annotation)
        return cls(
            name=name,
            meaning=option.description or "",
            value="|".join(choices) if choices else _metavar(option.annotation),
            choices=choices,
            default=value_text(option.default),
            unit=option_extra(option, "unit") or "",
            example=option_extra(option, "example") or "",
        )

    def help(self) -> str:
        """Return the flag's entry in the help."""
        head = ", ".join(part for part in (self.short, self.written) if part)
        head = f"  {head} {self.value}" if self.value else f"  {head}"
        shows_more = self.example.removesuffix(".0") != self.default and not self.choices
        example = f"e.g. {self.example}" if self.example and shows_more else ""
        notes = [f"default {self.default}" if self.default else "", self.unit, example]
        tail = "; ".join(note for note in notes if note)
        text = f"{self.meaning} ({tail})" if tail else self.meaning
        return head + "\n" + fill(text, _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)


def value_text(value: object) -> str:
    """Format a Python value as it is typed after a flag."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple | list):
        return ",".join(str(part) for part in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _choices(annotation: Any) -> tuple[str, ...]:
    """Return the words that an option accepts, empty where it accepts other values too."""
    if typing.get_origin(annotation) is Literal:
        return tuple(str(word) for word in typing.get_args(annotation))
    if typing.get_origin(annotation) in {types.UnionType, typing.Union}:
        parts = [part for part in typing.get_args(annotation) if part is not type(None)]
        words = tuple(word for part in parts for word in (("on", "off") if part is bool else _choices(part)))
        return words if all(part is bool or _choices(part) for part in parts) else ()
    return _SWITCH if annotation is bool else ()


def _metavar(annotation: Any) -> str:
    if typing.get_origin(annotation) is tuple:
        return "LIST"
    parts = [part for part in typing.get_args(annotation) if part is not type(None)] or [annotation]
    first = typing.get_args(parts[0])[0] if typing.get_origin(parts[0]) is typing.Annotated else parts[0]
    return _METAVARS.get(first, "VALUE")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed command line, whose values are not yet validated."""

    argument: str | None
    """The positional argument, unless it is an option's value: that is among `values`."""
    values: Mapping[str, Any]
    """Options by name, as text."""
    extras: Mapping[str, str]
    """The command's own flags by name; a switch that is on holds ``"on"``."""
    silent: bool = False
    """The result is not to be shown."""

    def of(self, model: type[Options]) -> dict[str, Any]:
        """Return the values of one model's options."""
        return {name: text for name, text in self.values.items() if name in model.model_fields}


def split_words(line: str) -> list[str]:
    """Split a magic's line as a shell would, but drop a last semicolon and keep backslashes (they are Windows paths).

    Parameters
    ----------
    line
        The text after the magic's name.

    Returns
    -------
    list of str
        The words without their quotes.

    Raises
    ------
    OptionError
        A quote that is never closed.

    Examples
    --------
    >>> split_words("prices --features 'log_return, bollinger(20, 2)';")
    ['prices', '--features', 'log_return, bollinger(20, 2)']
    """
    text = line.rstrip("; \t\n")
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
    try:
        return list(lexer)
    except ValueError:
        raise OptionError(f'a quote is never closed in {text.strip()!r}; close it, as in "log_return, hour"') from None


def _with_clocks(words: Iterable[str]) -> list[str]:
    """Join a date and the time of day that follows it without quotes.

    >>> _with_clocks(["--at", "2024-05-29", "06:00", "--run", "first"])
    ['--at', '2024-05-29 06:00', '--run', 'first']
    """
    joined: list[str] = []
    for word in words:
        if joined and _CLOCK.fullmatch(word) and _DATE.search(joined[-1]):
            joined[-1] = f"{joined[-1]} {word}"
        else:
            joined.append(word)
    return joined


@dataclass(frozen=True)
class Command:
    """The arguments of one magic or one subcommand."""

    name: str
    """The name as it is typed: ``%lstm_train`` or ``lstm-lab run``."""
    meaning: str
    models: tuple[type[Options], ...]
    argument: Flag | None = None
    extras: tuple[Flag, ...] = ()
    second: str = ""
    """The name of the flag among `extras` that a second positional argument sets."""
    defaults: Mapping[str, str] = field(default_factory=dict)
    """Values that override the options' own defaults in this command."""
    without: tuple[str, ...] = ()
    """Options of the models that this command does not take."""
    examples: tuple[str, ...] = ()
    notes: str = ""

    @cached_property
    def flags(self) -> dict[str, Flag]:
        """Every flag by its Python name, options first; an option that two models share appears once."""
        fields = {name: option for model in self.models for name, option in model.model_fields.items()}
        options = {name: Flag.of(name, option) for name, option in fields.items() if name not in self.without}
        options |= {name: replace(options[name], default=text) for name, text in self.defaults.items()}
        own_flags = (*self.extras, Flag("help", "show this help", short="-h"))
        return options | {flag.name: flag for flag in own_flags}

    def parse(self, line: str | Sequence[str]) -> Parsed:
        """Parse a line into its positional argument, option values and own flags.

        Parameters
        ----------
        line
            Text after a magic's name, or the words that a shell has already split.

        Returns
        -------
        Parsed
            Values as text.

        Raises
        ------
        OptionError
            An unknown or ambiguous flag, a flag without its value or given twice, a word too many.
        """
        words = _with_clocks(split_words(line) if isinstance(line, str) else line)
        texts: dict[str, str] = {}
        arguments: list[str] = []
        while words:
            word = words.pop(0)
            if not self._is_flag(word):
                arguments.append(word)
                continue
            flag, attached = self._flag(word)
            if flag.name in texts:
                raise OptionError(f"{flag.written} is given twice in {self.name}; keep one")
            texts[flag.name] = self._value(flag, attached, words)
        if len(arguments) == 2 and self.second:
            second = self.flags[self.second]
            if second.name in texts:
                raise OptionError(f"the {second.name} is given twice, alone and with {second.written}; keep one")
            texts[second.name] = arguments.pop()
        self._check_arguments(arguments, texts)
        option_names = {name for model in self.models for name in model.model_fields}
        if arguments and self.argument is not None and self.argument.name in option_names:
            texts[self.argument.name] = arguments.pop()
        return Parsed(
            argument=arguments[0] if arguments else None,
            values={**self.defaults, **{name: text for name, text in texts.items() if name in option_names}},
            extras={name: text for name, text in texts.items() if name not in option_names},
        )

    def _is_flag(self, word: str) -> bool:
        return word.startswith("--") or any(flag.short and flag.short == word for flag in self.flags.values())

    def _flag(self, word: str) -> tuple[Flag, str | None]:
        """Return the flag that a word means, and the value attached to it with ``=``."""
        stem, equals, attached = word.partition("=")
        name = current_name(stem.removeprefix("--").replace("-", "_"), *self.models)
        matches = [flag for flag in self.flags.values() if stem == flag.short or name == flag.name]
        matches = matches or [flag for flag in self.flags.values() if name and flag.name.startswith(name)]
        if len(matches) > 1:
            candidates = ", ".join(flag.written for flag in matches)
            raise OptionError(f"{stem} could be {candidates}; write it out")
        if not matches:
            raise OptionError(f"{self.name} has no flag {stem}; {self._nearest(name)}")
        return matches[0], attached if equals else None

    def _nearest(self, name: str) -> str:
        """Return the remedy for an unknown flag: the nearest flag, or all of them."""
        near = closest(name, self.flags)
        if near is not None:
            return f"did you mean {self.flags[near].written}?"
        return "choose from " + ", ".join(flag.written for flag in self.flags.values())

    def _value(self, flag: Flag, attached: str | None, words: list[str]) -> str:
        if flag.value is None:
            if attached is not None:
                raise OptionError(f"{flag.written} takes no value, got {attached!r}; write {flag.written} alone")
            return "on"
        if attached is not None:
            return attached
        if flag.choices == _SWITCH and (not words or self._is_flag(words[0])):
            return "on"
        if not words or words[0].startswith("--"):
            example = flag.example or flag.default or (flag.choices[0] if flag.choices else flag.value)
            raise OptionError(f"{flag.written} needs a value; for example {flag.written} {example}")
        return words.pop(0)

    def _check_arguments(self, arguments: list[str], texts: Mapping[str, str]) -> None:
        allowed = (0 if self.argument is None else 1) + bool(self.second)
        for word in arguments:
            stem, equals, value = word.partition("=")
            name = stem.lstrip("-").replace("-", "_")
            if (equals or word.startswith("-")) and name in self.flags:
                raise OptionError(
                    f"{self.name} takes flags, got {word!r}; did you mean {self._written(name, value.rstrip(','))}?"
                )
        if len(arguments) > allowed:
            raise OptionError(
                f"{self.name} does not know what {arguments[allowed]!r} is for; a value with spaces needs quotes, "
                'for example --features "log_return, bollinger(20, 2)"'
            )
        if arguments and self.argument is not None and self.argument.name in texts:
            raise OptionError(
                f"the {self.argument.name} is given twice, alone and with {self.argument.written}; keep one"
            )

    def _written(self, name: str, value: str) -> str:
        flag = self.flags[name]
        return f"{flag.written} {value or flag.example or flag.default}".rstrip()

    def help(self) -> str:
        """Return the help text: usage, meaning, examples, then every flag."""
        usage = "" if self.argument is None else f" {self.argument.value}"
        usage += f" [{self.flags[self.second].value}]" if self.second else ""
        parts = [f"{self.name}{usage} [flags]", fill(self.meaning, _WIDTH)]
        if self.argument is not None:
            parts.append(fill(f"{self.argument.value}: {self.argument.meaning}", _WIDTH, subsequent_indent="    "))
        if self.examples:
            parts.append("Examples\n" + "\n".join(f"    {line}" for text in self.examples for line in text.split("\n")))
        parts.append("Flags\n" + "\n".join(flag.help() for flag in self.flags.values()))
        if self.notes:
            parts.append("\n".join(fill(line, _WIDTH) for line in self.notes.split("\n")))
        return "\n\n".join(parts)
