"""The user's stack as text: each top-level expression of a cell that is a Keras layer is a layer, in order."""

from __future__ import annotations

import ast
import builtins
import itertools
import linecache
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lstm_lab.errors import StackError, did_you_mean
from lstm_lab.models.backend import keras

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SourcedLayer", "read_stack"]

_CELLS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class SourcedLayer:
    """A layer, and where the user wrote it."""

    layer: Any
    """A `keras.Layer`, or the `keras.KerasTensor` that ``Input(...)`` gives."""
    line: int | None = None
    """Line of the cell, counted from 1; None for a layer that came as an object."""
    text: str = ""
    """The expression as written."""

    @property
    def place(self) -> str:
        """Begin an error message: ``"line 3: LSTM(8)"``."""
        if self.line is None:
            return f"layer {self.layer.name!r}"
        return f"line {self.line}: {self.text}"


def read_stack(source: str, namespace: dict[str, Any]) -> list[SourcedLayer]:
    """Run a cell and collect its layers.

    Parameters
    ----------
    source
        Python. An expression at top level that evaluates to a layer, or to a list or tuple of layers, counts; any
        other expression is only run. Statements run in the namespace and leave their assignments there.
    namespace
        The user's names. ``keras`` and all names of ``keras.layers`` are lent to the cell below the user's own names,
        as Python's builtins are, so the namespace holds none of them afterwards.

    Returns
    -------
    list of SourcedLayer
        In order; empty if the cell makes no layer.

    Raises
    ------
    StackError
        For a syntax error, and for a class where a layer is meant (``LSTM`` without its parentheses).
    Exception
        Whatever the user's own code raises, with its lines in the traceback.
    """
    filename = f"<stack {next(_CELLS)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    try:
        statements = ast.parse(source, filename).body
    except SyntaxError as error:
        text = (error.text or "").strip()
        raise StackError(f"line {error.lineno}: {text!r} is not Python ({error.msg}); mend the line") from None
    found: list[SourcedLayer] = []
    with _lent_names(namespace):
        for statement in statements:
            if not isinstance(statement, ast.Expr):
                exec(compile(ast.Module([statement], []), filename, "exec"), namespace)  # noqa: S102 - the user's own cell
                continue
            expression = compile(ast.Expression(statement.value), filename, "eval")
            try:
                value = eval(expression, namespace)  # noqa: S307 - likewise
            except NameError as unknown:
                _misspelt(unknown.name, statement)
                raise
            text = " ".join((ast.get_source_segment(source, statement) or "").split())
            found.extend(SourcedLayer(layer, statement.lineno, text) for layer in _layers_of(value, statement, text))
    return found


def _misspelt(name: str | None, statement: ast.Expr) -> None:
    """Refuse a name that the line itself calls, and that is nearly a layer's: LTSM(64)."""
    called = {
        node.func.id for node in ast.walk(statement) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    if name is None or name not in called:
        return
    layers = [one for one, kind in vars(keras.layers).items() if isinstance(kind, type)]
    remedy = did_you_mean(name, layers)
    if remedy.startswith("did you mean"):
        raise StackError(f"line {statement.lineno}: there is no {name!r}; {remedy}") from None


@contextmanager
def _lent_names(namespace: dict[str, Any]) -> Iterator[None]:
    """Lend the names of Keras below the user's, in the place where Python looks for its builtins."""
    public = {name: value for name, value in vars(keras.layers).items() if not name.startswith("_")}
    models = {"keras": keras, "layers": keras.layers, "Sequential": keras.Sequential}
    lacked = "__builtins__" not in namespace
    own = namespace.get("__builtins__")
    namespace["__builtins__"] = {**models, **public, **vars(builtins)}
    try:
        yield
    finally:
        if lacked:
            del namespace["__builtins__"]
        else:
            namespace["__builtins__"] = own


def _layers_of(value: Any, statement: ast.Expr, text: str) -> list[Any]:
    """Give the layers that an expression's value stands for, if any."""
    values = list(value) if isinstance(value, list | tuple) else [value]
    for item in values:
        if isinstance(item, type) and issubclass(item, keras.Layer):
            raise StackError(
                f"line {statement.lineno}: {text} is a class, not a layer; write it with parentheses, "
                f"{item.__name__}(...)"
            )
    if values and all(isinstance(item, keras.Layer | keras.KerasTensor) for item in values):
        return values
    return []
