"""The user's stack as text: every expression of a cell that is a Keras layer is a layer, in the order it is run."""

from __future__ import annotations

import ast
import builtins
import inspect
import itertools
import linecache
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from lstm_lab.errors import StackError, did_you_mean
from lstm_lab.models.backend import keras
from lstm_lab.models.keras_private import inbound_nodes, parts_of, same_seed_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

__all__ = ["SourcedLayer", "read_stack"]

_CELLS = itertools.count(1)
_KEPT = 32
"""Cells whose code is kept."""
_KERAS = str(Path(keras.__file__).parent)
_CALLED, _SEEN = "__lstm_lab_called__", "__lstm_lab_seen__"
"""Names under which a rewritten cell calls the recorder."""


@dataclass(frozen=True, slots=True)
class SourcedLayer:
    """A layer, and where the user wrote it."""

    layer: Any
    """A `keras.Layer`, or the `keras.KerasTensor` that ``Input(...)`` gives."""
    line: int | None = None
    """Line of the cell, counted from 1; None for a layer that came as an object."""
    text: str = ""
    """The expression as written."""
    option: str = ""
    """The option of a training that gave the layer its size, where no stack did."""

    @property
    def location(self) -> str:
        """Line and text of the layer, as an error message begins: ``"line 3: LSTM(8)"``."""
        if self.line is None:
            return f"layer {self.layer.name!r}"
        return f"line {self.line}: {self.text}"


def read_stack(source: str, namespace: dict[str, Any]) -> list[SourcedLayer]:
    """Run a cell and collect its layers.

    Parameters
    ----------
    source
        Python. An expression that stands for itself and evaluates to a layer, or to a list, tuple or generator of
        layers, counts, each time it is run: at top level, in a loop or an ``if``, or in a function of the cell that is
        called. Any other expression is only run. Assignments stay in the namespace.
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
        For a syntax error, a class where a layer is meant (``LSTM`` without its parentheses), a layer that Keras
        refuses to make, and a layer that is made and then no line stands for.
    Exception
        Whatever the user's own code raises, with its lines in the traceback.
    """
    code = _compiled(source)
    recorded = _RecordedLayers()
    with _lent_names(namespace, {_CALLED: recorded.record_call, _SEEN: recorded.record_expression}):
        try:
            with same_seed_names():
                exec(code, namespace)  # noqa: S102 - the user's own cell
        except StackError:
            raise
        except SystemExit:
            raise StackError(
                "the body of a cell ends Python (SystemExit); leave that out, or write the stack as a list"
            ) from None
        except Exception as error:
            _explain(error, code.co_filename, source)
            raise
    recorded.check()
    return recorded.layers


@lru_cache(maxsize=_KEPT)
def _compiled(source: str) -> CodeType:
    """Compile a cell for `read_stack`; the same text gives the same code.

    For TensorFlow keeps, for good, the code of every cell in which a layer is made.
    """
    filename = f"<stack {next(_CELLS)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    try:
        tree = ast.fix_missing_locations(_CallRecorder(source).visit(ast.parse(source, filename)))
        code: CodeType = compile(tree, filename, "exec")
    except ValueError as error:  # a null character, in Python below 3.11.4; newer ones call it a SyntaxError
        raise StackError(f"the body of a cell is not Python ({error}); mend it") from None
    except (MemoryError, RecursionError):
        raise StackError("the body of a cell is nested too deeply to be read; write the stack as a list") from None
    except SyntaxError as error:
        if error.lineno is None:
            raise StackError(f"the body of a cell is not Python ({error.msg}); mend it") from None
        lines = source.splitlines()
        text = (error.text or (lines[error.lineno - 1] if error.lineno and error.lineno <= len(lines) else "")).strip()
        remedy = "a magic stands in a cell of its own" if text.startswith("%") else "mend the line"
        raise StackError(f"line {error.lineno}: {text!r} is not Python ({error.msg}); {remedy}") from None
    return code


class _CallRecorder(ast.NodeTransformer):
    """Rewrites a cell so that it records the value of every call and of every expression statement."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._outer: list[int] = []
        self._numbers = itertools.count(1)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        text = self._text(node)
        self.generic_visit(node)
        node.value = _call(_SEEN, node.value, ast.Constant(node.lineno), ast.Constant(text))
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        text, number, outer = self._text(node), next(self._numbers), self._outer[-1] if self._outer else 0
        self._outer.append(number)
        self.generic_visit(node)
        self._outer.pop()
        facts = [ast.Constant(value) for value in (node.lineno, text, number, outer)]
        return _call(_CALLED, node, *facts)

    def _text(self, node: ast.AST) -> str:
        return " ".join((ast.get_source_segment(self._source, node) or "").split())


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


@dataclass(slots=True)
class _CreatedLayer:
    """A layer that a call returned, and whether it became part of another layer."""

    layer: Any
    line: int
    text: str
    outer: int
    used: bool = False


@dataclass(slots=True)
class _RecordedLayers:
    """The layers that a cell has created so far, and those of its expression statements."""

    layers: list[SourcedLayer] = field(default_factory=list)
    created: dict[int, _CreatedLayer] = field(default_factory=dict)

    def record_call(self, value: Any, line: int, text: str, number: int, outer: int) -> Any:
        """Record a layer that a call returned; layers among its arguments are part of it."""
        if isinstance(value, keras.Layer):
            for other in self.created.values():
                other.used |= other.outer == number and other.layer is not value
            known = self.created.get(id(value))
            self.created[id(value)] = _CreatedLayer(value, line, text, outer, known is not None and known.used)
        return value

    def record_expression(self, value: Any, line: int, text: str) -> None:
        """Collect the layers that an expression statement evaluates to, if any."""
        values = list(value) if isinstance(value, list | tuple | GeneratorType) else [value]
        for item in values:
            if isinstance(item, type) and issubclass(item, keras.Layer):
                raise StackError(
                    f"line {line}: {text} is a class, not a layer; write it with parentheses, {item.__name__}(...)"
                )
        if values and all(isinstance(item, keras.Layer | keras.KerasTensor) for item in values):
            self.layers.extend(SourcedLayer(item, line, text) for item in values)

    def check(self) -> None:
        """Refuse a layer that was made and is neither in the stack nor part of a layer that is."""
        parts: set[int] = set()
        names: set[str] = set()
        for sourced in self.layers:
            for part in parts_of(sourced.layer):
                parts.add(id(part))
                names.add(part.name.removeprefix("forward_"))  # Bidirectional copies the layer that it is given
        called = any(isinstance(sourced.layer, keras.KerasTensor) for sourced in self.layers)
        for created in self.created.values():
            if called and inbound_nodes(created.layer):
                continue
            if not (created.used or id(created.layer) in parts or created.layer.name in names):
                raise StackError(
                    f"line {created.line}: {created.text} is made, but no line of its own stands for it; write it, or"
                    " the name or list that holds it, on a line of its own"
                )


def _explain(error: Exception, filename: str, source: str) -> None:
    """Refuse, in one line, a misspelt layer and a layer that Keras would not make; leave any other error alone."""
    frames = [(frame, line) for frame, line in _frames(error) if frame.f_code.co_filename == filename]
    if not frames:
        return
    line = frames[-1][1]
    text = " ".join(source.splitlines()[line - 1].split())
    innermost = _frames(error)[-1][0].f_code.co_filename
    if isinstance(error, NameError) and innermost == filename and frames[-1][0].f_code.co_name == "<module>":
        _misspelt(error.name, line, text)
    refused = innermost.startswith(_KERAS) or (innermost == filename and "__init__()" in str(error))
    if isinstance(error, TypeError | ValueError) and refused:
        raise StackError(f"line {line}: {text}: {_reason(error, text)}") from None


def _frames(error: Exception) -> list[tuple[FrameType, int]]:
    traceback, frames = error.__traceback__, []
    while traceback is not None:
        frames.append((traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    return frames


def _reason(error: Exception, text: str) -> str:
    """Return Keras's message as one line, with the argument that a misspelt one may mean."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = lines[0].rstrip(".") if lines else type(error).__name__
    unknown = getattr(error, "unknown", None) or _unknown(reason)
    kind = next((name for name in _calls(text) if isinstance(getattr(keras.layers, name, None), type)), None)
    if unknown is None or kind is None:
        return f"{reason}; mend the arguments"
    accepted = [name for name in inspect.signature(getattr(keras.layers, kind)).parameters if name not in _VARIADIC]
    remedy = did_you_mean(unknown, accepted)
    return f"{kind} takes no {unknown}=; {remedy if remedy.startswith('did') else 'leave it out'}"


_VARIADIC = {"kwargs", "args"}


def _unknown(reason: str) -> str | None:
    """Read the argument that Keras or Python does not know off the message."""
    for mark in ("Unrecognized keyword arguments passed to", "unexpected keyword argument"):
        if mark in reason:
            quoted = reason.partition(mark)[2].split("'")
            return quoted[1] if len(quoted) > 1 else None
    return None


def _calls(text: str) -> list[str]:
    """Return the names that a line calls, the innermost last; empty where it cannot be parsed alone."""
    try:
        tree = ast.parse(text.rstrip(":"))
    except (SyntaxError, ValueError):
        return []
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "") for name in called][::-1]


def _misspelt(name: str | None, line: int, text: str) -> None:
    """Refuse a name that the line itself calls, and that is nearly a layer's: LTSM(64)."""
    if name is None or name not in _calls(text):
        return
    layers = [layer_name for layer_name, kind in vars(keras.layers).items() if isinstance(kind, type)]
    remedy = did_you_mean(name, layers)
    if remedy.startswith("did you mean"):
        raise StackError(f"line {line}: there is no {name!r}; {remedy}") from None


@contextmanager
def _lent_names(namespace: dict[str, Any], listeners: dict[str, Any]) -> Iterator[None]:
    """Lend the names of Keras below the user's, in the place where Python looks for its builtins."""
    public = {name: value for name, value in vars(keras.layers).items() if not name.startswith("_")}
    models = {"keras": keras, "layers": keras.layers, "Sequential": keras.Sequential}
    lacked = "__builtins__" not in namespace
    own = namespace.get("__builtins__")
    lent = {**models, **public, **vars(builtins), **listeners}
    namespace["__builtins__"] = lent
    try:
        yield
    finally:
        # A function of the cell keeps these names, and may be called when the cell is over.
        lent[_CALLED], lent[_SEEN] = (lambda value, *_: value), (lambda value, *_: value)
        if lacked:
            del namespace["__builtins__"]
        else:
            namespace["__builtins__"] = own
