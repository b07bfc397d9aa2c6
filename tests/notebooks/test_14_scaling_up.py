"""What `14-scaling-up` finds out."""

import re


def test_a_training_that_was_cut_ends_with_the_same_weights(text):
    assert "Largest difference to the training that was never cut: 0 " in text
    assert "All losses of all 4 epochs are equal: True" in text
    assert re.search(r"first call: trained 2 epochs, stopped|first call: .*stopped", text)


def test_a_cluster_gives_the_same_numbers(text):
    assert "The same numbers: True." in text


def test_another_process_forecasts_the_same(text):
    there, here = re.search(r"another process forecasts (\[.*?\]) and this one: (\[.*?\])", text).groups()
    assert there == here


def test_the_band_of_a_stream_holds_the_next_day(text):
    (held,) = re.findall(r"the next day held (\d+)% of them", text)
    assert int(held) >= 75
    assert re.search(r"A row took \d+ ms at the end and \d+ ms at the start", text)


def test_the_command_line_leaves_its_files_and_mistakes_are_one_line(text):
    assert "date,median,lower,upper" in text
    assert "checkpoint in" in text
    assert "use seed=1" in text
    assert "a row comes after the last one" in text
