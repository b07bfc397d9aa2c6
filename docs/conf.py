"""Sphinx's settings; `docs/build.py` says how the site is built."""

from docutils import nodes
from latex2mathml.converter import convert

from lstm_lab.version import __version__

project = "lstm_lab"
author = project_copyright = "The lstm_lab developers"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

html_theme = "furo"
html_title = "lstm_lab"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [("views.js", {"defer": "defer"})]
html_copy_source = False
html_show_sphinx = False

myst_enable_extensions = ["attrs_inline", "dollarmath"]
myst_heading_anchors = 4
default_role = "code"
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {"exclude-members": "summary_table"}
napoleon_google_docstring = False
suppress_warnings = ["myst.header", "misc.highlighting_failure"]

html_math_renderer = "mathml"


def _formula(translator, node):
    # Browsers draw MathML themselves; MathJax would be fetched from elsewhere.
    translator.body.append(convert(node.astext(), display="inline" if isinstance(node, nodes.math) else "block"))
    raise nodes.SkipNode


def setup(app):
    """Write formulas as MathML."""
    app.add_html_math_renderer("mathml", (_formula, None), (_formula, None))
