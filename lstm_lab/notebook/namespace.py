"""Resolves words on a magic's line: literal values, the user's variables, files and bundled examples."""

from __future__ import annotations

import builtins
import keyword
import re
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from lstm_lab.errors import DataError, OptionError, did_you_mean
from lstm_lab.results import networks_are_loaded
from lstm_lab.storage.names import at_home, exists, is_file

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from lstm_lab.options import Options

__all__ = ["find_source", "named_runs", "python_source", "resolve", "sources", "tables", "why_not_a_name"]

_OWNED = frozenset({"In", "Out", "display", "exit", "quit", "get_ipython", *dir(builtins)})
"""Names of Python's and IPython's own."""


def why_not_a_name(name: str, variables: Mapping[str, Any]) -> str | None:
    """Return why a result cannot have a name, in words that follow the name; None where it can.

    Parameters
    ----------
    name
        What a variable is to be called.
    variables
        The user's namespace: a module, function or class in it must not be hidden.

    Examples
    --------
    >>> why_not_a_name("list", {})
    "a name of Python's own"
    >>> why_not_a_name("first", {}) is None
    True
    """
    if not name.isidentifier():
        return "not a word of letters, digits and _"
    if keyword.iskeyword(name):
        return "a word of Python's language"
    if name.startswith("_"):
        return "a hidden name"
    if name in _OWNED:
        return "a name of Python's own"
    kinds: dict[type | tuple[type, ...], str] = {
        ModuleType: "a module that you have imported",
        (FunctionType, BuiltinFunctionType): "a function of yours",
        type: "a class of yours",
    }
    return next((words for kind, words in kinds.items() if isinstance(variables.get(name), kind)), None)


def resolve(
    values: Mapping[str, str],
    model: type[Options],
    variables: Mapping[str, Any],
    words: Mapping[str, Collection[str]],
) -> dict[str, Any]:
    """Replace option values that name a variable by the variable's value.

    A text is first taken for what the option itself understands: a number, a choice, one of `words`. Only when it is
    none of these and names a variable does the variable's value take its place, so a variable called ``mse`` can never
    change what ``--loss mse`` means. For the free text of `words`, the variable must also hold something that fits.

    Parameters
    ----------
    values
        Options as text, by name.
    model
        The model they belong to.
    variables
        The user's namespace.
    words
        For options of free text, by name: the columns, features or transforms that have a meaning of their own.

    Returns
    -------
    dict
        The same options; some values are now the variables' values.
    """
    return {
        name: variables[text] if text in variables and _is_variable(name, text, variables[text], model, words) else text
        for name, text in values.items()
    }


def _is_variable(name: str, text: str, value: Any, model: type[Options], words: Mapping[str, Collection[str]]) -> bool:
    if name in words:
        return text not in words[name] and _fits(model, name, value)
    return not _fits(model, name, text)


def _fits(model: type[Options], name: str, value: Any) -> bool:
    try:
        model.of({name: value})
    except OptionError:
        return False
    return True


def find_source(text: str, variables: Mapping[str, Any]) -> Any:
    """Return the data that a word names: a variable, else a file, else a bundled example.

    Parameters
    ----------
    text
        What the user wrote.
    variables
        The user's namespace; empty on the command line.

    Returns
    -------
    object
        The variable's value, or a path or frame that `lstm_lab.load` takes.

    Raises
    ------
    DataError
        Nothing of that name; says what could have been meant.
    """
    from lstm_lab.data.sources.bundled import EXAMPLES, example  # brings pandas, which %load_ext must not
    from lstm_lab.data.tables.files import absent

    if text in variables:
        return variables[text]
    path = at_home(text)
    if is_file(path):
        return path
    if text in EXAMPLES:
        return example(text)
    _refuse_expression(text, variables)
    if exists(path):
        return path  # a folder or a device: what reads it says so
    if path.suffix or len(path.parts) > 1:
        raise DataError(f"{absent(path)}; examples: {', '.join(EXAMPLES)}")
    kinds = "no variable, file or example" if variables else "no file or example"
    raise DataError(f"there is {kinds} called {text!r}; {did_you_mean(text, sources(variables))}")


def _refuse_expression(text: str, variables: Mapping[str, Any]) -> None:
    """Refuse what is computed from a variable, as `frame.close` or `frame[:100]`, where a name is asked for."""
    parts = re.match(r"""([^\W\d]\w*)(?:\.|\[["']?)(.*?)["']?\]?$""", text)
    if parts is None or parts[1] not in variables:
        return
    name, inner = parts.groups()
    is_column = inner in getattr(variables[name], "columns", ())
    remedy = f"did you mean {name} with target={inner!r}?" if is_column else f"give it a name first: data = {text}"
    raise DataError(f"data are a variable, a file or an example, got {text!r}; {remedy}")


def python_source(text: str, variables: Mapping[str, Any]) -> str:
    """Write the data that a word names, as `find_source` finds them, as a Python expression.

    >>> python_source("frame", {"frame": 0}), python_source("prices.csv", {}), python_source("oil", {})
    ('frame', "'prices.csv'", "lab.example('oil')")
    """
    from lstm_lab.data.sources.bundled import EXAMPLES  # brings pandas, which %load_ext must not

    if text in variables:
        return text
    is_example = text in EXAMPLES and not is_file(at_home(text))
    return f"lab.example({text!r})" if is_example else repr(text)


def sources(variables: Mapping[str, Any]) -> list[str]:
    """Return the names of the variables and examples that can be trained on."""
    from lstm_lab.data.sources.bundled import EXAMPLES  # brings pandas, which %load_ext must not

    return [*tables(variables), *EXAMPLES]


def tables(variables: Mapping[str, Any]) -> list[str]:
    """Return the names of variables that hold a table which `lstm_lab.load` takes, dicts apart."""
    from narwhals import dependencies  # %load_ext need not import it

    kinds = (dependencies.is_into_dataframe, dependencies.is_into_lazyframe, dependencies.is_into_series)
    return [
        name
        for name, value in variables.items()
        if not name.startswith("_") and any(is_kind(value) for is_kind in kinds)
    ]


def named_runs(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables that hold a Run: none before TensorFlow is imported, which looking does not do."""
    if not networks_are_loaded():
        return {}
    from lstm_lab.run import Run  # brings TensorFlow

    return {name: value for name, value in variables.items() if isinstance(value, Run) and not name.startswith("_")}
