from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_lab.widgets.wire import Wire, pack


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Page:
    """The browser's store, in Python: what `frontend/src/wire.ts` does with a message."""

    def __init__(self):
        self.seq = 0
        self.values = {}
        self.arrays = {}
        self.messages = []
        self.lost = 0

    def __call__(self, content, buffers):
        self.messages.append((content, buffers))
        if content["kind"] == "welcome":
            return
        if content["kind"] == "delta" and content["seq"] != self.seq + 1:
            self.lost += 1
            return
        self.values.update(content["values"])
        for header, view in zip(content["arrays"], buffers, strict=True):
            fresh = np.frombuffer(view, np.dtype(header["dtype"]).newbyteorder("<")).reshape(header["shape"])
            if header["start"] is not None and header["name"] in self.arrays:
                fresh = np.concatenate([self.arrays[header["name"]][: header["start"]], fresh])
            self.arrays[header["name"]] = fresh
        self.seq = content["seq"]

    def bytes(self):
        return [
            sum(view.nbytes for view in buffers) for content, buffers in self.messages if content["kind"] == "delta"
        ]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def seen():
    return Page()


@pytest.fixture
def wire(seen, clock):
    made = Wire(seen, clock=clock)
    made.answer_hello("page", 0)
    seen.messages.clear()
    return made


@given(st.sampled_from(["float32", "float64", "uint8"]), st.lists(st.integers(0, 4), max_size=3))
def test_bytes_and_header_give_the_array_back(dtype, shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    header, view = pack("a", array)
    back = np.frombuffer(view, header["dtype"]).reshape(header["shape"])
    assert back.dtype.name == dtype
    np.testing.assert_array_equal(back, array)


def test_a_strided_array_travels_in_rows():
    array = np.arange(12, dtype=np.float32).reshape(3, 4).T
    header, view = pack("a", array)
    np.testing.assert_array_equal(np.frombuffer(view, "<f4").reshape(header["shape"]), array)


@pytest.mark.parametrize("dtype", [np.int64, np.float16, object])
def test_other_dtypes_are_refused_before_anything_is_kept(wire, dtype):
    with pytest.raises(TypeError, match="float32, float64 or uint8"):
        wire.put("a", np.zeros(3, dtype))
    assert not wire.flush(final=True)


def test_only_what_changed_travels(wire, seen):
    wire.set(a=1, b=2)
    wire.put("x", np.zeros(3, np.float32))
    wire.flush(final=True)
    wire.set(a=1, b=3)
    wire.flush(final=True)
    content, buffers = seen.messages[-1]
    assert content["values"] == {"b": 3}
    assert buffers == []


def test_nothing_new_sends_nothing(wire, seen):
    wire.set(a=1)
    assert wire.flush(final=True)
    wire.set(a=1)
    assert not wire.flush(final=True)
    assert len(seen.messages) == 1


def test_appended_rows_travel_once(wire, seen):
    for row in range(5):
        wire.append("x", np.full((1, 2), row, np.float32))
        wire.flush(final=True)
    assert seen.bytes() == [8] * 5
    np.testing.assert_array_equal(seen.arrays["x"][:, 0], np.arange(5))
    np.testing.assert_array_equal(wire.array("x"), seen.arrays["x"])


def test_at_most_five_updates_a_second_and_the_last_is_never_lost(wire, seen, clock):
    for step in range(1000):
        clock.now = step / 250
        wire.append("x", np.array([step], np.float32))
        wire.flush()
    sent = len(seen.messages)
    assert sent <= 21
    wire.flush(final=True)
    np.testing.assert_array_equal(seen.arrays["x"], np.arange(1000))


def test_a_flood_of_rows_trickles_and_the_final_flush_takes_the_rest(wire, seen, clock):
    wire.append("paths", np.ones((500, 30), np.float32))
    wire.flush()
    assert seen.bytes()[-1] <= 6000
    clock.now = 1.0
    wire.flush()
    assert len(seen.arrays["paths"]) == 100
    wire.flush(final=True)
    assert seen.arrays["paths"].shape == (500, 30)


def test_a_page_that_missed_a_message_is_given_the_whole(wire):
    wire.append("x", np.arange(3, dtype=np.float32))
    wire.set(title="run")
    wire.flush(final=True)
    late = Page()
    wire._send = late
    wire.append("x", np.arange(3, 5, dtype=np.float32))
    wire.flush(final=True)
    assert late.lost == 1
    wire.answer_hello("late", late.seq)
    assert late.values == {"title": "run"}
    np.testing.assert_array_equal(late.arrays["x"], np.arange(5))
    wire.append("x", np.array([5], np.float32))
    wire.flush(final=True)
    np.testing.assert_array_equal(late.arrays["x"], np.arange(6))


def test_a_page_that_has_everything_is_only_welcomed(wire, seen):
    wire.set(a=1)
    wire.flush(final=True)
    wire.answer_hello("again", seen.seq)
    content, buffers = seen.messages[-1]
    assert content["kind"] == "welcome"
    assert buffers == []


def test_until_somebody_answers_the_whole_is_repeated(seen):
    wire = Wire(seen)
    for value in range(12):
        wire.set(a=value)
        wire.flush(final=True)
    kinds = [content["kind"] for content, _ in seen.messages]
    assert kinds.count("snapshot") == 3
    seen.messages.clear()
    wire.answer_hello("page", seen.seq)
    for value in range(12, 24):
        wire.set(a=value)
        wire.flush(final=True)
    assert all(content["kind"] != "snapshot" for content, _ in seen.messages)


def test_replacing_a_grown_array_starts_afresh(wire, seen):
    wire.append("x", np.arange(4, dtype=np.float32))
    wire.flush(final=True)
    wire.put("x", np.zeros(0, np.float32))
    wire.append("x", np.array([9], np.float32))
    wire.flush(final=True)
    np.testing.assert_array_equal(seen.arrays["x"], [9])


def test_appending_to_a_replaced_array_sends_the_new_rows_alone(wire, seen):
    wire.put("x", np.arange(100, dtype=np.float32))
    wire.flush(final=True)
    wire.append("x", np.array([100], np.float32))
    wire.flush(final=True)
    assert seen.bytes()[-1] == 4
    np.testing.assert_array_equal(seen.arrays["x"], np.arange(101))


def test_a_snapshot_is_a_copy(wire):
    wire.append("x", np.zeros(2, np.float32))
    snapshot = wire.snapshot()
    wire.append("x", np.ones(2, np.float32))
    assert snapshot["arrays"][0]["shape"] == [2]


def test_an_error_in_sending_is_the_callers_to_see():
    def broken(*_):
        raise OSError("gone")

    wire = Wire(broken)
    wire.set(a=1)
    with pytest.raises(OSError, match="gone"):
        wire.flush(final=True)


def test_what_the_opening_carried_is_not_told_again():
    sent = []
    wire = Wire(lambda content, buffers: sent.append((content["kind"], sum(view.nbytes for view in buffers))))
    wire.put("heat", np.zeros(1000, np.uint8))
    wire.append("rows", np.zeros(10, np.float32))
    wire.set(title="a")
    assert len(wire.snapshot()["arrays"]) == 2
    wire.opened()
    wire.answer_hello("page", 0)
    assert sent == [("welcome", 0)]
    wire.append("rows", np.ones(1, np.float32))
    wire.flush(final=True)
    assert sent[-1] == ("delta", 4)
