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


_AS_WRITTEN = {}


def _keep(app, what, name, thing, options, lines):  # noqa: PLR0917, ARG001 - Sphinx's signature
    if what in {"attribute", "property"}:
        _AS_WRITTEN[name] = list(lines)


def _restore(app, what, name, thing, options, lines):  # noqa: PLR0917, ARG001 - Sphinx's signature
    # Napoleon takes what stands before a colon in an attribute's first line for its type.
    written = _AS_WRITTEN.pop(name, lines)
    if not any(line.startswith("---") for line in written):
        lines[:] = written


def setup(app):
    """Write formulas as MathML, and descriptions of attributes as they stand."""
    app.connect("autodoc-process-docstring", _keep, priority=400)
    app.connect("autodoc-process-docstring", _restore, priority=600)
    app.add_html_math_renderer("mathml", (_formula, None), (_formula, None))
