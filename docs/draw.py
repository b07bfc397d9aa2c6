"""Draw the README's picture, in light and dark, and keep views of every kind for the gallery, from real runs.

``python docs/draw.py`` trains two small networks (a minute or two), and needs a Chromium for the picture.
"""

import io
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent))

from pages.views import boot, holder, module
from PIL import Image
from playwright.sync_api import sync_playwright

import lstm_lab as lab
from lstm_lab.widgets.saved import saved

DOCS = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><style>
body {{ margin: 0; width: 1180px; font: 13px system-ui, sans-serif; background: var(--jp-layout-color0); }}
@media (prefers-color-scheme: light) {{ body {{ --jp-layout-color0: #ffffff; }} }}
@media (prefers-color-scheme: dark) {{ body {{ --jp-layout-color0: #0d1117; }} }}
main {{ display: grid; grid-template-columns: 1fr 1fr; gap: 8px 20px; padding: 12px; }}
.wide {{ grid-column: 1 / -1; }}
.lab-view {{ overflow: clip; }}
</style><main>{views}</main><script>{script}</script></html>"""

# Of each view the README shows a part: from the first text, else from its top, to the second.
CUTS = [
    ["#cell", "", "What if"],
    ["#fan", "", "log scale"],
    ["#gates", "Gates, 0 shut", "pinned units"],
]


def oil_run():
    """Train the quickstart's network on the price of oil."""
    past = lab.example("oil").iloc[:-30]
    return lab.train(
        past,
        target="price",
        features=["log_return", "bollinger(20, 2)"],
        transform="log_return",
        lookback=20,
        units=[32, 32],
        dense=[16],
        epochs=8,
        seed=0,
    )


def panel_run():
    """Train one network on the unemployment of all industries."""
    return lab.train(lab.example("unemployment"), target="rate", lookback=24, units=[16], dense=[], epochs=10, seed=0)


def watched_run():
    """Train a small network on the temperature of hours, watched."""
    hours = lab.example("temperature")[["temperature"]].iloc[-1200:]
    return lab.train(hours, target="temperature", lookback=48, units=[16], dense=[], epochs=30, watch=True, seed=0)


def keep(name, widget, folder="."):
    """Keep what an output would keep of a view: of each kind one, and more for the gallery in a folder of their own."""
    path = DOCS / "views" / folder / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**saved(widget), "key": name}) + "\n")


def keep_more(run):
    """Keep what happened across two forecasts of the price of oil, and a search over options."""
    later = lab.example("oil")["price"].iloc[-30:]
    calibrated = run.forecast(30, paths=200)
    beside = {"without calibration": run.forecast(30, paths=200, calibrate=False)}
    keep("reveal", calibrated.reveal(later, beside=beside, shown=True).widget(), "more")
    hours = lab.example("temperature")[["temperature"]].iloc[-2500:]
    given = {"target": "temperature", "lookback": 24, "units": [8], "dense": [], "epochs": 4}
    search = lab.tune(
        hours,
        space="units=4|8|16; learning_rate=1e-3..3e-2:log; cell=lstm|gru",
        trials=10,
        folds=2,
        horizon=12,
        origins=20,
        paths=50,
        **given,
    )
    keep("search", search.widget(), "more")


def _cut(page, selector, first, last):
    place = page.locator(selector)
    top = place.bounding_box()["y"]
    start = place.get_by_text(first).first.bounding_box()["y"] - 4 if first else top
    end = place.get_by_text(last).first.bounding_box()["y"] - 6
    style = f"place.firstElementChild.style.marginTop = '{top - start}px'; place.style.height = '{end - start}px';"
    place.evaluate(f"(place) => {{ {style} }}")


def draw(cell, fan, gates):
    """Photograph three views as the README shows them."""
    views = holder(saved(cell), "cell", wide=True) + holder(saved(fan), "fan") + holder(saved(gates), "gates")
    page_text = PAGE.format(views=views, script="".join(module(kind) for kind in ("cell", "fan", "gates")) + boot())
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            page = browser.new_page(color_scheme=scheme, device_scale_factor=2, viewport={"width": 1180, "height": 900})
            page.set_content(page_text)
            for selector, _, last in CUTS:
                page.locator(selector).get_by_text(last).first.wait_for()
            page.wait_for_timeout(2000)  # the canvases draw after the text
            for cut in CUTS:
                _cut(page, *cut)
            shot = page.locator("main").screenshot()
            picture = Image.open(io.BytesIO(shot)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
            picture.save(DOCS / f"laboratory-{scheme}.png", optimize=True)
        browser.close()


def main():
    """Draw all."""
    run = oil_run()
    cell, fan, gates = run.cell(), run.forecast(30, paths=200), run.gates(at=-1)
    keep("cell", cell.widget())
    keep("learning", watched_run().learning.widget())
    keep("features", lab.features(lab.example("oil"), target="price", transform="log_return").widget())
    keep("memory", run.memory(recall=[10, 50], updates=150).widget())
    keep("panel", panel_run().forecast(12, paths=100).widget())
    keep("backtest", lab.backtest(run, horizon=10, origins=40, paths=100).widget())
    keep("recurrences", run.find(steps=range(10, 20)).widget())
    keep("lesson", run.lesson().widget())
    keep("spread", run.spread(30, paths=100).widget())
    oil = {"target": "price", "transform": "log_return", "lookback": 20, "dense": [], "seed": 0}
    small, large = (lab.train(lab.example("oil"), units=[units], epochs=4, **oil) for units in (4, 16))
    keep("runs", lab.compare_runs({"4 units": small, "16 units": large}, 30, paths=100).widget())
    kinds = ["lstm", "gru", "naive", "drift"]
    study = {"horizon": 10, "origins": 30, "paths": 100, "seeds": [0, 1, 2], "epochs": 3, "units": [8], "features": []}
    del oil["seed"]
    keep("study", lab.compare(lab.example("oil").iloc[-1500:], kinds=kinds, **study, **oil).widget())
    keep_more(run)
    with TemporaryDirectory() as folder:
        keep("export", run.export(Path(folder) / "oil.tflite", quantize="int8", c_array=True).widget())
    draw(cell.widget(), fan.widget(height=400), gates.widget())


if __name__ == "__main__":
    main()
