"""What `05-memory` finds out."""

import re

from notebook_runs import outputs


def test_given_a_year_none_of_the_networks_feels_what_was_sixty_days_ago(text):
    reach = {}
    for network in ("rnn", "gru", "lstm, forget bias 1"):
        ((low, high),) = re.findall(rf"{network}: (\d+) to (\d+) days of 365", text)
        assert 3 < int(low) <= int(high) < 75
        reach[network] = int(low), int(high)
    assert reach["lstm, forget bias 1"][1] < reach["rnn"][1]
    (share,) = re.findall(r"plain RNN, 60 days ago: (\S+) of its largest gradient", text)
    assert float(share) < 0.01


def test_stretched_weights_make_the_gradient_grow_and_clipping_saves_the_training(executed, text):
    small, large = (
        [
            float(value.replace(",", ""))
            for value in re.findall(rf"recurrent weights × {gain} +(\S+) +(\S+) +(\S+)", text)[0]
        ]
        for gain in ("0.8", "2")
    )
    assert max(small) < 1e-4
    assert min(large) > 1e3
    ((plain, clipped),) = (
        (
            [float(row[0]) for row in rows],
            [float(row[1]) for row in rows],
        )
        for output in outputs(executed)
        if "not clipped" in (table := output.get("data", {}).get("text/plain", ""))
        and (rows := re.findall(r"^\d +(\S+) +(\S+)$", table, flags=re.MULTILINE))
    )
    assert max(clipped) < 0.3
    assert sum(not loss < 1 for loss in plain) >= 1  # thrown away, or not a number
    assert all(not loss < saved for loss, saved in zip(plain, clipped, strict=True))


def test_a_plain_rnn_recalls_over_twenty_steps_and_a_gru_does_not(text):
    won = {
        network: int(seeds)
        for network in ("rnn", "gru", "lstm, forget bias 1", r"lstm, forget bias ln\(1 … N\)")
        for seeds in re.findall(rf"(?:^| ){network}: recalled over 20 steps with (\d) of 5 seeds", text)
    }
    assert won["rnn"] >= 4
    assert won["gru"] <= 1
    assert won["lstm, forget bias 1"] >= 4
    assert won[r"lstm, forget bias ln\(1 … N\)"] == 5


def test_a_gru_has_fewer_weights_and_about_the_same_loss(text):
    ((weights, loss),) = re.findall(
        r"the GRU has (\d+)% of the LSTM's weights; its validation loss is (\S+)% off", text
    )
    assert int(weights) == 79
    assert abs(float(loss)) < 2
    assert re.search(r"it took \d+% of the processor time", text)
