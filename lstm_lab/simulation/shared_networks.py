"""Compiled roll-outs, kept between runs: a second run of the same layers and shapes compiles nothing.

TensorFlow takes seconds to compile the roll-out of a network, and never gives back all the memory of it. So a network
of Keras's own layers is rolled out by a copy that is kept for the next run of that architecture: before each roll-out
its weights are set to those of the run.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from lstm_lab.models.architecture import architecture_key
from lstm_lab.models.backend import keras
from lstm_lab.models.kept_networks import KeptNetworks
from lstm_lab.models.keras_private import same_seed_names
from lstm_lab.simulation.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CACHE_SIZE", "SharedNetwork"]

CACHE_SIZE = 4
"""Compiled networks that are kept, the most recently used ones."""

_cache: KeptNetworks[Network] = KeptNetworks()


class SharedNetwork:
    """A model's network, rolled out by the compiled copy of its architecture.

    Parameters
    ----------
    own
        The model's own network, which is compiled itself where a layer or a function is not Keras's own.
    """

    def __init__(self, own: Network) -> None:
        self._own = own
        self._key = architecture_key(own.model)

    @contextmanager
    def borrowed(self) -> Iterator[Network]:
        """Yield a network with the model's weights that nothing else runs for the length of the block."""
        network = None if self._key is None else self._taken(self._key)
        if network is None:
            yield self._own
            return
        for copied, weight in zip(network.model.weights, self._own.model.weights, strict=True):
            copied.assign(weight)
        try:
            yield network
        finally:
            self._put_back(network)

    def _taken(self, key: str) -> Network | None:
        """Take the copy out of the cache, or build it; None, for good, where Keras copies it to other layers."""
        network = _cache.take(key)
        if network is None:
            with same_seed_names():
                network = Network(keras.models.clone_model(self._own.model))
            if not network.runs_as(self._own):
                self._key = None
                return None
        return network

    def _put_back(self, network: Network) -> None:
        _cache.put(str(self._key), network, CACHE_SIZE)

    def is_compiled(self, rollout: str) -> bool:
        """Return whether a roll-out of this kind has been compiled before, and the next one need not wait for it."""
        network = self._own if self._key is None else _cache.get(self._key)
        return network is not None and network.is_compiled(rollout)
