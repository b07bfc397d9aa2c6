"""The state of a view in kernel and browser: JSON values and typed arrays, sent as deltas, at most five times a second.

A message is ``{"kind", "seq", "values", "arrays"}``; each array says its name, dtype and shape, and its bytes travel
beside it. ``start`` None replaces an array, ``start`` n appends rows from row n on. The browser asks for a snapshot
when a ``seq`` is missing. `frontend/src/wire.ts` is the mirror of this module; ``docs/wire.md`` describes the format.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["DTYPES", "Send", "Wire", "pack"]

DType: TypeAlias = Literal["f4", "f8", "u1"]
DTYPES: Mapping[str, DType] = {"float32": "f4", "float64": "f8", "uint8": "u1"}
"""Dtypes that an array may be sent in. float64 is for times, which float32 would round by minutes."""

KEYFRAME_EVERY = 5
KEYFRAME_BYTES = 8_000


class Send(Protocol):
    """Sends one message to every page that shows the widget."""

    def __call__(self, content: dict[str, Any], buffers: list[memoryview]) -> None:
        """Send JSON and the bytes beside it."""


def pack(name: str, array: np.ndarray, start: int | None = None) -> tuple[dict[str, Any], memoryview]:
    """Return an array's header for JSON and its bytes, row by row and little-endian.

    Parameters
    ----------
    name
        Name of the array in the view.
    array
        float32, float64 or uint8, any shape.
    start
        The row at which it is appended, or None where it replaces the array.

    Raises
    ------
    TypeError
        Another dtype: the caller, who knows the data, must convert it.
    """
    if array.dtype.name not in DTYPES:
        raise TypeError(f"an array travels as float32, float64 or uint8, got {array.dtype} for {name!r}; convert it")
    dtype = DTYPES[array.dtype.name]
    flat = np.ascontiguousarray(array, dtype=np.dtype(dtype).newbyteorder("<"))
    header = {"name": name, "dtype": dtype, "shape": list(array.shape), "start": start}
    return header, flat.reshape(-1).view(np.uint8).data


class _Rows:
    """An array that grows by rows without being copied each time."""

    def __init__(self, first: np.ndarray, sent: int = 0) -> None:
        self.count = len(first)
        self.sent = sent
        self._room = first.copy()

    def append(self, rows: np.ndarray) -> None:
        end = self.count + len(rows)
        if end > len(self._room):
            larger = np.empty((max(2 * end, 64), *self._room.shape[1:]), self._room.dtype)
            larger[: self.count] = self._room[: self.count]
            self._room = larger
        self._room[self.count : end] = rows
        self.count = end

    def part(self, start: int, end: int) -> np.ndarray:
        return self._room[start:end].copy()


class Wire:
    """The state of one widget, and which parts of it have not been sent to the browser yet.

    Safe to use from a comm's thread while a cell runs.

    Parameters
    ----------
    send
        Sends a message; its exceptions are not caught.
    interval
        Shortest time between two updates, in seconds.
    budget
        Most bytes of appended rows in one update, so that a flood of paths trickles; the last update takes the rest.
    clock
        A monotonic clock, in seconds.
    """

    def __init__(
        self,
        send: Send,
        *,
        interval: float = 0.2,
        budget: int = 6_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._interval = interval
        self._budget = budget
        self._clock = clock
        self._lock = threading.RLock()
        self._values: dict[str, Any] = {}
        self._fixed: dict[str, np.ndarray] = {}
        self._rows: dict[str, _Rows] = {}
        self._pending: set[str] = set()
        self._last = -float("inf")
        self._seq = 0
        self._heard = False

    def set(self, **values: Any) -> None:
        """Set JSON values; only those that differ are sent."""
        with self._lock:
            for name, value in values.items():
                if name not in self._values or self._values[name] != value:
                    self._values[name] = value
                    self._pending.add(name)

    def get(self, name: str) -> Any:
        """Return a value, None where it was never set."""
        return self._values.get(name)

    def put(self, name: str, array: np.ndarray) -> None:
        """Replace an array."""
        pack(name, array)
        with self._lock:
            self._rows.pop(name, None)
            self._fixed[name] = array
            self._pending.add(name)

    def put_changed(self, name: str, array: np.ndarray) -> None:
        """Replace an array unless it holds these very numbers already."""
        with self._lock:
            if name in self._fixed and np.array_equal(self._fixed[name], array):
                return
            self.put(name, array)

    def append(self, name: str, rows: np.ndarray) -> None:
        """Append rows to an array; only they are sent."""
        pack(name, rows)
        with self._lock:
            if name in self._fixed:
                first = self._fixed.pop(name)
                self._rows[name] = _Rows(first, sent=0 if name in self._pending else len(first))
            if name in self._rows:
                self._rows[name].append(rows)
            else:
                self._rows[name] = _Rows(rows)
            self._pending.add(name)

    def array(self, name: str) -> np.ndarray:
        """Return an array as it is now."""
        with self._lock:
            if name in self._fixed:
                return self._fixed[name]
            rows = self._rows[name]
            return rows.part(0, rows.count)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return every array as it is now, by name."""
        with self._lock:
            return {name: self.array(name) for name in sorted({*self._fixed, *self._rows})}

    def due(self) -> bool:
        """Return whether an update may be sent now: cheap enough to call at every batch."""
        return self._clock() - self._last >= self._interval

    def flush(self, *, final: bool = False) -> bool:
        """Send the changes, unless the last update is too recent; a final flush always sends, and all changes."""
        with self._lock:
            if not self._pending or not (final or self.due()):
                return False
            self._last = self._clock()
            self._seq += 1
            headers, buffers = self._arrays(final=final)
            values = {name: self._values[name] for name in self._pending if name in self._values}
            self._pending = {name for name, rows in self._rows.items() if rows.sent < rows.count}
            self._send({"kind": "delta", "seq": self._seq, "values": values, "arrays": headers}, buffers)
            self._keyframe()
            return True

    def _arrays(self, *, final: bool) -> tuple[list[dict[str, Any]], list[memoryview]]:
        packed = [pack(name, self._fixed[name]) for name in sorted(self._pending & self._fixed.keys())]
        left = self._budget
        for name in sorted(self._pending & self._rows.keys()):
            rows = self._rows[name]
            each = max(rows.part(0, 1).nbytes, 1)
            end = rows.count if final else min(rows.count, rows.sent + max(left // each, 1))
            packed.append(pack(name, rows.part(rows.sent, end), start=rows.sent or None))
            left -= (end - rows.sent) * each
            rows.sent = end
        return [header for header, _ in packed], [view for _, view in packed]

    def _keyframe(self) -> None:
        """Send a snapshot until a page has answered: one without subshells loses what was sent before it loaded."""
        if self._heard or self._seq % KEYFRAME_EVERY != 1:
            return
        message, buffers = self._snapshot()
        if sum(view.nbytes for view in buffers) <= KEYFRAME_BYTES:
            self._send(message, buffers)

    def opened(self) -> None:
        """Mark everything as sent: the widget's opening carried it, and a first hello needs no repetition."""
        with self._lock:
            for rows in self._rows.values():
                rows.sent = rows.count
            self._pending.clear()

    def answer_hello(self, token: str, seq: int) -> None:
        """Answer a page's hello: with a snapshot where it has missed messages, else with a welcome."""
        with self._lock:
            self._heard = True
            if seq == self._seq and not self._pending:
                self._send({"kind": "welcome", "token": token, "seq": self._seq}, [])
                return
            message, buffers = self._snapshot()
            self.opened()
            self._send({**message, "token": token}, buffers)

    def snapshot(self) -> dict[str, Any]:
        """Return the whole state, bytes included, as a widget opens with it and an offline file holds it."""
        with self._lock:
            message, buffers = self._snapshot()
            for header, view in zip(message["arrays"], buffers, strict=True):
                header["data"] = view
            return message

    def copy(self) -> Wire:
        """Return a wire of the same state that sends nothing: an offline file may hold more than a page."""
        with self._lock:
            copied = Wire(lambda _, __: None)
            copied.set(**self._values)
            for name, array in self.arrays().items():
                copied.put(name, array)
            return copied

    def _snapshot(self) -> tuple[dict[str, Any], list[memoryview]]:
        packed = [pack(name, array) for name, array in self.arrays().items()]
        message = {
            "kind": "snapshot",
            "seq": self._seq,
            "values": dict(self._values),
            "arrays": [header for header, _ in packed],
        }
        return message, [view for _, view in packed]
