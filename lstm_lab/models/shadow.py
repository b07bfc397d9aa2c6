"""An attribute of one layer replaced for a while, without Keras' attribute tracking."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["shadowed"]


@contextmanager
def shadowed(layer: Any, name: str, value: Any) -> Iterator[None]:
    """Replace an attribute of a layer for the length of a block."""
    own = vars(layer)
    missing = object()
    before = own.get(name, missing)
    own[name] = value
    try:
        yield
    finally:
        if before is missing:
            del own[name]
        else:
            own[name] = before
