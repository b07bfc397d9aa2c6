"""The site's views, opened from a disk: each is drawn, in the page's colours, and nothing is asked of a network."""

import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>gallery</title>
<link rel="stylesheet" href="site.css"></head><body data-theme="{theme}">{views}
<article><img id="still" src="still.png" alt=""></article><script src="views.js"></script>
</body></html>"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Write a page with every kind of view, and the files that the build gives it."""
    sys.path.insert(0, str(DOCS))
    try:
        from pages import gallery
        from pages.views import holder, write_scripts
    finally:
        sys.path.remove(str(DOCS))
    folder = tmp_path_factory.mktemp("gallery")
    views = "".join(holder({**gallery.kept(name), "key": name}, name) for name in gallery.names())
    for theme in ("light", "dark"):
        (folder / f"{theme}.html").write_text(PAGE.format(theme=theme, views=views), encoding="utf-8")
    write_scripts(folder)
    (folder / "site.css").write_text((DOCS / "style" / "site.css").read_text(encoding="utf-8"), encoding="utf-8")
    return folder, gallery.names()


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_view_of_the_gallery_is_drawn_from_a_disk(browser, made, theme):
    folder, kinds = made
    other = "dark" if theme == "light" else "light"
    page = browser.new_page(color_scheme=other, viewport={"width": 500, "height": 900})
    asked, wrong = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto((folder / f"{theme}.html").as_uri())
    for kind in kinds:
        view = page.locator(f"#{kind}")
        if kind == "lesson":  # its first slide is words until the answer's view
            view.get_by_role("button", name="Reveal").click()
        view.locator("canvas, svg").first.wait_for()
        assert view.bounding_box()["height"] > 200, kind
        assert "cannot be drawn" not in view.inner_text()
    assert wrong == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 500
    colour = page.locator("#fan").get_by_text("observed").first.evaluate("(text) => getComputedStyle(text).color")
    bright = sum(int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(",")) > 3 * 128
    assert bright == (theme == "dark")
    inverted = page.locator("#still").evaluate("(picture) => getComputedStyle(picture).filter")
    assert inverted == ("invert(0.93) hue-rotate(180deg)" if theme == "dark" else "none")
    page.close()
