"""Compiled networks that are kept for their next use: each is taken out while it runs, and only the newest stay."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TypeVar

from lstm_lab.models.backend import free_graphs

__all__ = ["KeptNetworks"]

T = TypeVar("T")


class KeptNetworks(OrderedDict[str, T]):
    """Networks by architecture, the most recently used one last; safe to use from several threads."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def take(self, key: str) -> T | None:
        """Take a network out while it is used, so that another user compiles its own; None where there is none."""
        with self._lock:
            return self.pop(key, None)

    def put(self, key: str, network: T, most: int) -> None:
        """Keep a network, and let go of the least recently used ones beyond `most`."""
        with self._lock:
            self[key] = network
            dropped = len(self) > most
            while len(self) > most:
                self.popitem(last=False)
        if dropped:
            free_graphs()
