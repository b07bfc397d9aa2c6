"""What `03-cell` finds out."""

import re

import pytest


def test_gates_lie_between_0_and_1_candidate_and_hidden_state_between_minus_1_and_1_and_the_cell_has_no_limit(text):
    limits = {
        name: (float(low), float(high))
        for name, low, high in re.findall(
            r"(forget|input|output|candidate|cell|hidden) +(-?\d\.\d{3}) +(-?\d\.\d{3})", text
        )
    }
    assert all(0 <= limits[gate][0] < limits[gate][1] <= 1 for gate in ("forget", "input", "output"))
    assert all(-1 <= limits[name][0] < 0 < limits[name][1] <= 1 for name in ("candidate", "hidden"))
    assert max(map(abs, limits["cell"])) > 1


def test_the_lstm_and_the_gru_by_hand_agree_with_keras(text):
    (cells,) = re.findall(r"largest difference of the cells to the trace: (\S+)", text)
    assert float(cells) < 1e-5
    ((hand, keras),) = re.findall(r"forecast by hand (\S+), by Keras (\S+),", text)
    assert float(hand) == pytest.approx(float(keras), abs=2e-6)
    (gru,) = re.findall(r"largest difference to Keras: (\S+)", text)
    assert float(gru) < 1e-5


def test_both_states_are_needed_to_go_on(text):
    off = {
        name: float(by) for name, by in re.findall(r"carried on ([\w ]+): +the next hidden state is (\S+) off", text)
    }
    assert off["h and c"] == 0
    assert min(off["c alone"], off["h alone"], off["neither"]) > 0.01
    assert off["c alone"] < off["neither"]


def test_what_is_put_on_the_belt_stays_as_long_as_the_forget_gates_say(text):
    for hours in (1, 3, 6):
        (measured,) = set(re.findall(rf"measured, {hours} h later +(\S+)", text))
        (product,) = set(re.findall(rf"product of f, {hours} h later +(\S+)", text))
        assert float(measured) == pytest.approx(float(product), abs=10)
    ((before, after),) = re.findall(r"mean size of the cells at the end: (\S+) as it is, (\S+) with f = 1", text)
    assert float(after) > float(before)


def test_a_unit_that_reads_a_sine_writes_most_where_the_wave_turns(text):
    (wave,) = re.findall(r"at step \d+, where the wave is at (\S+)", text)
    assert abs(float(wave)) > 0.7


def test_each_gate_has_one_job(text):
    found = re.findall(r"(forget|input|output) gate shut: .*?, off by (\S+)", text)
    assert [gate for gate, _ in found] == ["forget", "input", "output"]
    assert max(float(off) for _, off in found) < 1e-5
    assert "output gate shut: 0 is shown" in text


def test_all_layers_but_the_last_hand_on_every_row(text):
    handed = re.findall(r"return_sequences=(True|False), hands on (\(.*?\))", text)
    assert handed == [("True", "(None, 8)"), ("False", "(8,)")]
