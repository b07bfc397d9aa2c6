"""A real kernel, which takes cells as a notebook sends them and keeps their outputs as a notebook would."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import zmq

import lstm_lab


@dataclass
class Outputs:
    """What a cell has left in its output area."""

    shown: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Kind and mimebundle, a text that was printed as text/plain; updates are applied."""
    errors: list[str] = field(default_factory=list)
    """The lines that an exception shows."""
    pressed: int = 0
    """Interrupts that were sent while the cell ran."""
    seconds: float = 0.0
    """How long the cell ran."""

    places: dict[str, int] = field(default_factory=dict)
    """Where each display that may be updated stands."""

    def add(self, kind, content):
        """Take a message of the kernel."""
        if kind == "error":
            self.errors += content["traceback"]
        elif kind == "stream":
            self.shown.append((kind, {"text/plain": content["text"]}))
        elif kind in {"display_data", "execute_result", "update_display_data"}:
            name = content.get("transient", {}).get("display_id")
            if kind == "update_display_data":
                self.shown[self.places[name]] = ("display_data", content["data"])
            else:
                self.places[name] = len(self.shown)
                self.shown.append((kind, content["data"]))

    def texts(self, start: str) -> list[str]:
        """Give the outputs that begin with a text."""
        return [data["text/plain"] for _, data in self.shown if data["text/plain"].startswith(start)]


class Presses:
    """Interrupts of a cell, so many seconds after it began; none is sent once the cell is seen to have ended."""

    def __init__(self, manager, after):
        self.manager, self.sent, self.began = manager, 0, None
        self.running = threading.Lock()
        self.timers = [threading.Timer(seconds, self.press) for seconds in after]

    def begin(self):
        self.began = time.monotonic()
        for timer in self.timers:
            timer.start()

    def press(self):
        with self.running:
            if self.began is not None:
                self.sent += 1
                # What manager.interrupt_kernel() sends; that leaves every thread an event loop that nobody closes.
                os.killpg(self.manager.provisioner.pgid, signal.SIGINT)

    def end(self):
        """Give how many were sent, and the seconds that the cell ran."""
        for timer in self.timers:
            timer.cancel()
        with self.running:
            began, self.began = self.began, None
        return self.sent, 0.0 if began is None else time.monotonic() - began


class Kernel:
    """A kernel that is spoken to cell by cell."""

    def __init__(self, manager, client):
        self.manager, self.client = manager, client
        self.comms: dict[str, dict] = {}
        """What each comm was opened with that is open now."""

    def run(self, code, *, cell=None, interrupt=None, after=(), timeout=120):
        """Run a cell, a new one unless it is named; interrupt it at an output of a text, or so many seconds later."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        # As every notebook page does, and no program that executes notebooks: it names the cell.
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell or uuid.uuid4().hex})
        self.client.shell_channel.send(message)
        request = message["header"]["msg_id"]
        left, presses = Outputs(), Presses(self.manager, after)
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "busy":
                presses.begin()
            elif kind == "status":
                left.pressed, left.seconds = presses.end()
                return left
            left.add(kind, content)
            if kind == "comm_open":
                self.comms[content["comm_id"]] = content["data"]
            elif kind == "comm_close":
                del self.comms[content["comm_id"]]
            if interrupt is not None and any(interrupt in data["text/plain"] for _, data in left.shown):
                self.manager.interrupt_kernel()
                interrupt = None
        pytest.fail(f"no end within {timeout} s: {code}")

    def send(self, comm, content, timeout=120):
        """Send a custom message to a widget, as its page does; give the kinds of the messages that answer it."""
        data = {"method": "custom", "content": content}
        message = self.client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        self.client.shell_channel.send(message)
        request, kinds = message["header"]["msg_id"], []
        while True:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            if message["msg_type"] == "comm_msg" and content["comm_id"] == comm:
                kinds.append(content["data"].get("content", {}).get("kind", "state"))
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                return kinds

    def value(self, expression):
        """Evaluate an expression; give its repr."""
        outputs = self.run(expression)
        assert (len(outputs.shown), outputs.errors) == (1, []), outputs
        return outputs.shown[0][1]["text/plain"]


@contextmanager
def started_kernel(folder):
    """Start a kernel with the extension loaded, in a folder of its own."""
    from jupyter_client.manager import KernelManager

    tree = str(Path(lstm_lab.__file__).parents[1])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([tree, os.environ.get("PYTHONPATH", "")]),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
    }
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder), env=environment)
    client = manager.client()
    client.context.setsockopt(
        zmq.RCVHWM, 0
    )  # a dashboard sends 2,500 messages at once, and ZeroMQ drops what is over 1,000
    client.start_channels()
    client.wait_for_ready(60)
    kernel = Kernel(manager, client)
    loaded = kernel.run("%load_ext lstm_lab")
    assert (loaded.shown, loaded.errors) == ([], [])
    try:
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """Give a kernel to all tests of a file."""
    with started_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture(scope="module")
def start_kernel():
    """Give what starts a kernel of one's own."""
    return started_kernel
