"""The C files of an export, compiled and run: what a program reads from them is what was exported."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lstm_lab.export.c_source import c_files

CONTENT = np.random.default_rng(0).integers(0, 256, 1003, dtype=np.uint8).tobytes()
ABOUT = {
    "lstm_lab": "1.0",
    "target": "price in $ */ int evil; /*",
    "columns": ["log_return(close)", "a\nb \\", "??/ *", "Größe"],
    "meaning": ["log(y_t / y_{t-1})", "*/", "x", "y"],
    "mean": [0.1, -2.5e-30, 0.0, 1e6],
    "scale": [1.0, 3.0, 1 / 3, 12345.678],
    "states": {"lstm_1_h": [1, 32], "lstm_1_c": [1, 32], "2. GRU_h": [1, 7]},
    "lookback": 48,
    "inverse": "y = y[-1] * exp(z)",
    "quantize": "int8",
    "operators": {"ADD": 2, "FULLY_CONNECTED": 1},
    "measured": {"mean_absolute_error": {"keras": 1.0, "file": 1.01, "onward": 1.02}},
}
PROGRAM = """
#include <stdio.h>
#include "model_2_prices.h"
int main(void) {
    int k;
    printf("%d %d %d %d\\n", MODEL_2_PRICES_COLUMNS, MODEL_2_PRICES_STATES, MODEL_2_PRICES_LOOKBACK,
           MODEL_2_PRICES_MODEL_SIZE);
    printf("%d %d %d %d\\n", MODEL_2_PRICES_INPUT_ROW, MODEL_2_PRICES_OUTPUT_FORECAST, MODEL_2_PRICES_INPUT_LSTM_1_C,
           MODEL_2_PRICES_OUTPUT_MODEL_2_GRU_H);
    for (k = 0; k < MODEL_2_PRICES_COLUMNS; ++k) printf("%.9g %.9g ", model_2_prices_mean[k], model_2_prices_scale[k]);
    for (k = 0; k < MODEL_2_PRICES_STATES; ++k) printf("%d ", model_2_prices_state_sizes[k]);
    printf("\\n%d\\n", (int)((unsigned long)model_2_prices_model % 16));
    for (k = 0; k < MODEL_2_PRICES_MODEL_SIZE; ++k) printf("%02x", model_2_prices_model[k]);
    return 0;
}
"""


def compiler(name):
    found = shutil.which(name)
    if found is None and not os.environ.get("LSTM_LAB_REQUIRE_CC"):
        pytest.skip(f"there is no {name} here")
    assert found is not None, f"LSTM_LAB_REQUIRE_CC is set, and there is no {name}"
    return found


@pytest.mark.parametrize(("name", "standard"), [("cc", "c99"), ("cc", "c11"), ("c++", "c++17")])
def test_a_program_reads_what_was_exported(tmp_path, name, standard):
    compiles = compiler(name)
    files = c_files(Path("2-Prices.tflite"), CONTENT, ABOUT)
    assert list(files) == ["2-Prices.h", "2-Prices.c"]
    for file, text in files.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    shutil.copy(tmp_path / "2-Prices.h", tmp_path / "model_2_prices.h")
    (tmp_path / "main.c").write_text(PROGRAM)
    language = ["-x", "c++"] if name == "c++" else []
    strict = [f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Wtrigraphs", "-Werror"]
    command = [compiles, *strict, *language, "main.c", "2-Prices.c", "-o", "program"]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    out = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True).stdout.splitlines()
    assert out[0].split() == ["4", "3", "48", "1003"]
    assert out[1].split() == ["0", "0", "2", "3"]
    pairs = np.array([float(word) for word in out[2].split()[:8]], np.float32).reshape(-1, 2)
    np.testing.assert_array_equal(pairs, np.stack([ABOUT["mean"], ABOUT["scale"]], axis=1).astype(np.float32))
    assert out[2].split()[8:] == ["32", "32", "7"]
    assert out[3] == "0"
    assert bytes.fromhex(out[4]) == CONTENT


def test_two_sources_may_include_the_header_and_the_model_is_linked_once(tmp_path):
    compiles = compiler("cc")
    for file, text in c_files(Path("m.tflite"), CONTENT, ABOUT).items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    (tmp_path / "a.c").write_text('#include "m.h"\n#include "m.h"\nint main(void) { return m_model[0] == 999; }\n')
    (tmp_path / "b.c").write_text('#include "m.h"\nint size(void) { return M_MODEL_SIZE + m_state_sizes[0]; }\n')
    subprocess.run([compiles, "-Wall", "-Werror", "a.c", "b.c", "m.c"], cwd=tmp_path, check=True)


def test_a_name_stays_in_its_comment_and_on_its_line():
    header = c_files(Path("m.tflite"), CONTENT, ABOUT)["m.h"]
    assert "0: log_return(close) is log(y_t / y_{t-1})\n" in header
    comment, rest = header.split("*/", 1)
    assert "#define" not in comment
    assert "evil" not in rest


def test_what_was_not_measured_is_not_claimed():
    header = c_files(Path("m.tflite"), CONTENT, {key: value for key, value in ABOUT.items() if key != "measured"})
    assert "(not measured)" in header["m.h"]
    assert "1.02 instead of 1.01" in c_files(Path("m.tflite"), CONTENT, ABOUT)["m.h"]
