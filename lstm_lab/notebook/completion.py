"""TAB completion on a magic's line: flags, the values of a flag, or the argument without a flag."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lstm_lab.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lstm_lab.options.flags import Command, Flag

__all__ = ["Completion", "complete"]

_MAGIC = re.compile(r"(?:^|=)\s*(%{1,2}\w+)\s+(.*)$")
_LAST_PART = re.compile(r"(?:^|,)\s*([^,()]*)$")


@dataclass(frozen=True, slots=True)
class Completion:
    """The end of the line that is replaced, and the candidates to replace it."""

    fragment: str
    candidates: tuple[str, ...]
    files: bool = False
    """Whether the name of a file may stand there too."""


def complete(
    line: str,
    commands: Mapping[str, Command],
    values: Callable[[Flag, str | None], Iterable[str]],
) -> Completion | None:
    """Complete the last word of a line.

    Parameters
    ----------
    line
        The line up to the cursor.
    commands
        Commands by magic name, without percent signs.
    values
        Given a flag without fixed choices (or the place without a flag) and the line's data argument, what it may hold.

    Returns
    -------
    Completion or None
        None on a line that is none of the commands'.

    Examples
    --------
    >>> from lstm_lab.options.flags import Command
    >>> from lstm_lab.options import TrainOptions
    >>> complete("%train oil --loss m", {"train": Command("%train", "", (TrainOptions,))}, lambda flag, data: ())
    Completion(fragment='m', candidates=('mse', 'mae'), files=False)
    """
    match = _MAGIC.search(line)
    command = commands.get(match[1].lstrip("%")) if match else None
    if match is None or command is None:
        return None
    earlier, word = _last_word(match[2])
    flags = command.flags
    written = {flag.written: flag for flag in flags.values()} | {flag.short: flag for flag in flags.values()}
    before = written.get(earlier[-1]) if earlier and earlier[-1] else None
    stem, equals, attached = word.partition("=")
    if equals and stem in written:
        return _offer(written[stem], attached, _place(command, earlier), values)
    if before is not None and before.value is not None:
        return _offer(before, word, _place(command, earlier[:-1]), values)
    if word.startswith("-"):
        return Completion(word, tuple(flag for flag in written if flag.startswith(word) and flag not in earlier))
    if command.argument is None or _place(command, earlier) is not None:
        return Completion(word, tuple(flag for flag in written if not word and flag and flag not in earlier))
    return replace(_offer(command.argument, word, None, values), files=True)


def _last_word(text: str) -> tuple[list[str], str]:
    """Split off the word under the cursor, quotes and all: ``'oil --features "hour, l'`` ends in ``'"hour, l'``."""
    words, quote = [""], ""
    for letter in text:
        if not quote and letter.isspace():
            words.append("")
            continue
        words[-1] += letter
        if letter in "\"'":
            quote = "" if quote == letter else quote or letter
    return [word.strip("\"'") for word in words[:-1] if word], words[-1]


def _place(command: Command, words: list[str]) -> str | None:
    """Read the argument without a flag off the words before the cursor, if it is there already."""
    try:
        return command.parse(words).argument
    except OptionError:
        return None


def _offer(flag: Flag, word: str, data: str | None, values: Callable[[Flag, str | None], Iterable[str]]) -> Completion:
    quoted = word.lstrip("\"'")
    last = _LAST_PART.search(quoted) if flag.value == "LIST" else None
    fragment = last[1] if last is not None else quoted
    names = flag.choices or tuple(values(flag, data))
    if quoted == word:
        names = tuple(f'"{name}"' if re.search(r"[\s;]", name) and not word else name for name in names)
    return Completion(fragment, tuple(name for name in names if name.startswith(fragment)))
