"""Whether what is about to be done fits into the memory of this machine, judged before it starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lstm_lab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["free_memory", "in_bytes", "refuse_beyond_memory"]

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def free_memory() -> int | None:
    """Return the bytes that a program can still take, within its container; None where the system does not tell."""
    known = [limit for limit in (_machine(), _container()) if limit is not None]
    return min(known, default=None)


def _machine() -> int | None:
    try:
        lines = _MEMINFO.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _container() -> int | None:
    try:
        limit = (_CGROUP / "memory.max").read_text(encoding="ascii").strip()
        used = (_CGROUP / "memory.current").read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(limit) - int(used) if limit.isdecimal() else None


def in_bytes(size: float) -> str:
    """Write down a size.

    >>> in_bytes(4.2e9), in_bytes(3e6)
    ('4.2 GB', '3.0 MB')
    """
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def refuse_beyond_memory(needed: float, work: str | Callable[[], str], remedy: str) -> None:
    """Refuse work that needs more memory than there is.

    Parameters
    ----------
    needed
        Bytes, estimated.
    work
        Names the work, for example ``"loading 3,000,000 ids"``; a function is called only where it is refused.
    remedy
        What makes it smaller.

    Raises
    ------
    DataError
        With both sizes.
    """
    free = free_memory()
    if free is not None and needed > free:
        named = work if isinstance(work, str) else work()
        raise DataError(f"{named} needs about {in_bytes(needed)} of memory, and {in_bytes(free)} are free; {remedy}")
