"""Lessons: what a teacher's Markdown becomes, and that the default one asks about the run as it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import ForecastError, OptionError
from lstm_lab.interpret.lesson_markdown import Embedded, parse_lesson

LESSON = """# Gates of *one* unit
Some **bold** text with `code` and
a second line.

- first
- second

? Is it open?
- [ ] no
- [x] yes
! It is.
! {cell unit=1}

---
## Later
1. one
```
# no slide
! no answer
```
{cell unit=1}
{gates}
"""


def test_a_lesson_is_slides_of_blocks():
    slides, views = parse_lesson(LESSON)
    assert [slide.title for slide in slides] == ["Gates of one unit", ""]
    assert views == [Embedded("cell", (("unit", 1),)), Embedded("gates", ())]
    text, items, question = slides[0].blocks
    bold, code = ["bold", "strong"], ["code", "code"]
    assert text["runs"] == [["Some ", ""], bold, [" text with ", ""], code, [" and a second line.", ""]]
    assert items == {"kind": "list", "ordered": False, "items": [[["first", ""]], [["second", ""]]]}
    assert [choice["right"] for choice in question["choices"]] == [False, True]
    assert question["answer"] == [{"kind": "text", "runs": [["It is.", ""]]}, {"kind": "view", "view": 0}]
    assert [block["kind"] for block in slides[1].blocks] == ["heading", "list", "code", "view", "view"]
    assert slides[1].blocks[2]["text"] == "# no slide\n! no answer"
    assert [slides[1].blocks[3]["view"], slides[1].blocks[4]["view"]] == [0, 1]


def test_markup_is_text():
    slides, _ = parse_lesson("# <b>a</b>\n<script>alert(1)</script> ![x](y.png) [z](javascript:1)")
    assert slides[0].title == "<b>a</b>"
    assert slides[0].blocks[0]["runs"] == [["<script>alert(1)</script> ![x](y.png) [z](javascript:1)", ""]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a lesson needs at least one slide"),
        ("# A\n{gate}", "a lesson has no view {gate}; did you mean 'gates'?"),
        ("# A\n{cell units=3}", "{cell} has no option units=; it takes at, layer, unit, step"),
        ("# A\n- [x] choice", "a choice stands below its question, got '- [x] choice'; put '? ...' above it"),
        ("# A\n{cell unit=1 unit=2}", "{cell} takes unit= once, got 'unit=1 unit=2'; leave one of them out"),
        ("# A\n{cell unit=}", "a view is a name and option=value in braces, alone on its line, got '{cell unit=}'"),
        ("# A\n{ gates at=3", "a view is a name and option=value in braces, alone on its line, got '{ gates at=3'"),
        ("# A\n! answer", "an answer stands below its question, got '! answer'"),
    ],
)
def test_mistakes_are_one_line(text, words):
    with pytest.raises(OptionError) as mistake:
        parse_lesson(text)
    assert words in str(mistake.value)
    assert "\n" not in str(mistake.value)


@pytest.fixture(scope="module")
def run():
    days = pd.date_range("2021-01-01", periods=120, freq="D", name="date")
    frame = pd.DataFrame({"a `*name*`": np.sin(np.arange(120) / 3)}, index=days)
    return lab.train(frame, transform="none", lookback=8, units=[3], dense=[], epochs=1, seed=0)


def test_the_default_lesson_asks_about_this_run(run):
    lesson = run.lesson()
    assert next(slide.title for slide in lesson.slides) == "What does the gate do here?"
    assert ["a '*name*'", "code"] in lesson.slides[0].blocks[0]["runs"]
    layer = run.gates().layers[0]
    unit = int(np.argmax(layer.half_life))
    mean = layer.forget[:, unit].mean()
    how_open = lesson.slides[1].questions[0]
    right = next(choice["runs"][0][0] for choice in how_open["choices"] if choice["right"])
    assert right.startswith("below" if mean < 1 / 3 else "0.33" if mean < 2 / 3 else "above")
    assert f"{mean:.2f}" in str(how_open["answer"])
    reveal = next(result for result, view in zip(lesson.results, lesson.views, strict=True) if view.view == "reveal")
    assert list(reveal.forecast.index) == list(run.frame.index[-len(reveal.actual) :])
    np.testing.assert_array_equal(reveal.actual, run.frame.iloc[-len(reveal.actual) :, 0])
    inside = int(reveal.frame["inside"].sum())
    assert f"{inside} of {len(reveal.actual)}" in str(lesson.slides[-1].questions[0]["answer"])


def test_the_text_has_the_answers_last(run):
    text = repr(run.lesson(LESSON))
    assert text.index("? Is it open? (no / yes)") < text.index("answer 1  yes It is. [cell]")
    assert len(run.lesson(LESSON).plot().axes) == 2


def test_a_file_is_read_and_what_is_no_file_is_one_line(run, tmp_path):
    path = tmp_path / "lesson.md"
    path.write_text("# From a file\n{fan horizon=3 paths=50}\n{reveal horizon=2}", encoding="utf-8")
    lesson = run.lesson(path)
    assert lesson.title == "From a file"
    assert [
        result.horizon if view.view == "fan" else len(result.actual)
        for result, view in zip(lesson.results, lesson.views, strict=True)
    ] == [3, 2]
    with pytest.raises(OptionError, match=r"the lesson 'nowhere.md' cannot be read; name a Markdown file"):
        run.lesson("nowhere.md")
    with pytest.raises(ForecastError, match="choose a smaller horizon"):
        run.lesson("# A\n{reveal horizon=118}")
    with pytest.raises(OptionError) as refused:
        run.lesson("# A\n{reveal horizon=0}")
    words = "horizon should be greater than or equal to 1, got 0; mend it there"
    assert str(refused.value) == f"{{reveal horizon=0}} in the lesson: {words}"
