"""What a kernel and a page say to each other in set situations, and what the page must hold afterwards.

The tests here hold `Wire` to `wire_vectors.json` byte for byte; the front end's hold the page's store to the same file,
so that neither side can change the format alone. ``python tests/widgets/test_wire_vectors.py`` writes it anew.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_lab.widgets.wire import DTYPES, Wire

VECTORS = Path(__file__).with_name("wire_vectors.json")
HELLO = {"kind": "hello", "token": "page", "seq": 0}


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Scene:
    """A wire, and everything it sent in order."""

    def __init__(self):
        self.sent: list[dict[str, Any]] = []
        self.clock = Clock()
        self.wire = Wire(self._send, clock=self.clock)

    def _send(self, content, buffers):
        self.sent.append({"content": content, "buffers": [base64.b64encode(view).decode() for view in buffers]})

    def heard(self):
        """Say hello as the first page does, so that no keyframe is repeated."""
        self.wire.answer_hello(HELLO["token"], HELLO["seq"])
        return self

    def state(self):
        """Give what a page that missed nothing holds; NaN as None, which JSON can say."""
        message, _ = self.wire._snapshot()
        arrays = {header["name"]: self.wire.array(header["name"]) for header in message["arrays"]}
        return {
            "seq": message["seq"],
            "values": message["values"],
            "arrays": {
                name: {
                    "dtype": array.dtype.name,
                    "shape": list(array.shape),
                    "data": [None if np.isnan(value) else float(value) for value in array.ravel()],
                }
                for name, array in arrays.items()
            },
        }


def values_of_every_kind():
    """JSON values, a changed one alone, and text that is nobody's markup."""
    scene = Scene().heard()
    scene.wire.set(title="<b>µ</b> & “x”", epoch=1, live=True, baseline=None, columns=[["a", 0.5], ["b", None]])
    scene.wire.flush(final=True)
    scene.wire.set(title="<b>µ</b> & “x”", epoch=2)
    scene.wire.flush(final=True)
    return scene


def arrays_of_every_dtype():
    """float32 with NaN, float64 that float32 would blur, bytes, two axes, no rows at all."""
    scene = Scene().heard()
    scene.wire.put("measure", np.array([[1.5, np.nan], [-2.25, 3e-5]], np.float32))
    scene.wire.put("times", np.array([1_700_000_000.125, 1_700_086_400.0]))
    scene.wire.put("codes", np.array([[0, 127, 255]], np.uint8))
    scene.wire.put("none", np.empty((0, 3), np.float32))
    scene.wire.flush(final=True)
    return scene


def rows_that_grow():
    """Rows are sent once each, whatever grows beside them."""
    scene = Scene().heard()
    for row in range(4):
        scene.wire.append("epochs", np.array([[row, row / 4]], np.float32))
        scene.wire.append("losses", np.arange(row, dtype=np.float32))
        scene.wire.flush(final=True)
    return scene


def a_flood_in_portions():
    """More rows than fit into a message; a final flush sends what is left."""
    scene = Scene().heard()
    scene.wire.append("paths", np.arange(1800, dtype=np.float32).reshape(900, 2))
    scene.wire.flush()
    scene.wire.flush(final=True)
    return scene


def a_replaced_array_grows():
    """`put` starts afresh with another shape, `append` goes on from there."""
    scene = Scene().heard()
    scene.wire.append("x", np.arange(3, dtype=np.float32))
    scene.wire.flush(final=True)
    scene.wire.put("x", np.array([[7, 8]], np.float32))
    scene.wire.flush(final=True)
    scene.wire.append("x", np.array([[9, 10]], np.float32))
    scene.wire.flush(final=True)
    return scene


def a_page_that_comes_late():
    """The whole answers a hello, and the deltas after it go on."""
    scene = Scene().heard()
    scene.wire.append("x", np.arange(3, dtype=np.float32))
    scene.wire.set(title="run")
    scene.wire.flush(final=True)
    scene.sent.clear()  # before the page was there
    scene.wire.answer_hello("late", -1)
    scene.wire.append("x", np.array([3], np.float32))
    scene.wire.flush(final=True)
    return scene


def keyframes_for_nobody():
    """Until somebody answers, the whole is repeated; a page that has it already takes no harm."""
    scene = Scene()
    for value in range(7):
        scene.wire.set(a=value)
        scene.wire.append("x", np.array([value], np.float32))
        scene.wire.flush(final=True)
    return scene


def a_page_that_has_everything():
    """A hello with nothing missing is answered with a welcome."""
    scene = Scene().heard()
    scene.wire.set(a=1)
    scene.wire.flush(final=True)
    scene.wire.answer_hello("again", 1)
    return scene


SCENES = (
    values_of_every_kind,
    arrays_of_every_dtype,
    rows_that_grow,
    a_flood_in_portions,
    a_replaced_array_grows,
    a_page_that_comes_late,
    keyframes_for_nobody,
    a_page_that_has_everything,
)


def played(play):
    """Play a scene: what was sent, and what a page then holds."""
    scene = play()
    return {"name": play.__name__.replace("_", " "), "messages": scene.sent, "state": scene.state()}


@pytest.fixture(scope="module")
def recorded():
    return json.loads(VECTORS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("play", SCENES, ids=lambda play: play.__name__)
def test_the_kernel_says_what_the_vectors_say(recorded, play):
    known = {scene["name"]: scene for scene in recorded["scenes"]}
    again = json.loads(json.dumps(played(play), allow_nan=False))
    assert again == known[again["name"]]


def test_every_scene_dtype_and_kind_of_message_is_recorded(recorded):
    assert len(recorded["scenes"]) == len(SCENES)
    messages = [message["content"] for scene in recorded["scenes"] for message in scene["messages"]]
    assert {message["kind"] for message in messages} == {"delta", "snapshot", "welcome"}
    assert {array["dtype"] for message in messages for array in message.get("arrays", ())} == set(DTYPES.values())


def write():
    """Write the file, a message or a state a line."""
    scenes = []
    for scene in map(played, SCENES):
        messages = ",\n".join(map(_line, scene["messages"]))
        scenes.append(
            f'{{"name": {_line(scene["name"])}, "messages": [\n{messages}\n], "state":\n{_line(scene["state"])}}}'
        )
    text = f'{{"hello": {_line(HELLO)}, "scenes": [\n' + ",\n".join(scenes) + "\n]}\n"
    VECTORS.write_text(text, encoding="utf-8")


def _line(value):
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True)


if __name__ == "__main__":
    write()
