"""Networks that are done with do not pile up, in a repeated measurement or in a study."""

import gc
import weakref

import pytest

import lstm_lab as lab
from lstm_lab.execution.parallel import TaskRunner


class Network:
    """Refers to itself, as Keras's do: only a collection frees it."""

    def __init__(self):
        self.itself = self


class Builder:
    """A task that sees whether the networks of earlier ones are still there."""

    name = "build"

    def __init__(self):
        self.networks = []

    def __call__(self, _):
        assert [network() for network in self.networks if network() is not None] == []
        self.networks.append(weakref.ref(Network()))
        return {"a": 1.0}


@pytest.mark.parametrize(
    "work", [lambda build: lab.repeat(build, seeds=3), lambda build: TaskRunner().run([build] * 3)]
)
def test_networks_that_are_done_with_are_gone_when_the_next_is_built(monkeypatch, work):
    monkeypatch.setattr("lstm_lab.execution.garbage._WORTH_COLLECTING", 0.0)
    build = Builder()
    gc.disable()
    try:
        work(build)
    finally:
        gc.enable()
    assert len(build.networks) == 3
