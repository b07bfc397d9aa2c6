"""The family tree of networks and its picture."""

import lstm_lab as lab


def test_every_kind_hangs_below_another_and_the_table_has_the_leaves():
    family = lab.family()
    names = [member.name for member in family.members]
    assert [member.parent in names[:at] for at, member in enumerate(family.members)] == [False] + [True] * 7
    assert list(family.frame.index) == [
        "dense",
        "convolution (CNN)",
        "attention (Transformer)",
        "plain RNN",
        "GRU",
        "LSTM",
    ]
    assert set(family.frame.loc[["plain RNN", "GRU", "LSTM"], "kind of"]) == {"recurrent"}


def test_the_picture_draws_a_box_for_each_kind_and_a_branch_for_each_but_the_root():
    (panel,) = lab.family().plot().axes
    assert len(panel.patches) == 8
    assert len(panel.get_lines()) == 7
    texts = [text.get_text() for text in panel.texts]
    assert texts.index("dense") < texts.index("LSTM") < texts.index("recurrent") < texts.index("neural network")
