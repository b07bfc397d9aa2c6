"""The dashboard's style sheet, and HTML fragments with escaped texts."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets

if TYPE_CHECKING:
    from lstm_lab.results import Summary

__all__ = ["STYLE", "box", "discard", "note", "paragraph", "summary", "title"]

STYLE = """<style>
.lstm-board { container-type: inline-size; padding: 4px 2px 10px; overflow: hidden; max-width: 116em;
  --text: var(--jp-ui-font-color1, currentColor); --muted: var(--jp-ui-font-color2, #6b6b6b);
  --line: var(--jp-border-color2, #c4c4c4); --wrong: #b3261e; --blue: #0072b2; --orange: #cc8400; --purple: #a8507f;
  color: var(--text); font-size: calc(var(--jp-content-font-size1, 0.875rem) * 13 / 14);
  --jp-widgets-font-size: 1em; --jp-widgets-inline-height: 2.15em;
  --jp-widgets-horizontal-tab-height: 2em; font-variant-numeric: tabular-nums; }
body[data-jp-theme-light=false] .lstm-board { --wrong: #ff8a80; --blue: #56b4e9; --orange: #e69f00;
  --purple: #e79ac5; }
.lstm-board .widget-html, .lstm-board .widget-html-content { line-height: 1.45; margin: 0; height: auto;
  font-size: inherit; min-width: 0; overflow-wrap: anywhere; white-space: normal; color: var(--text); }
.lstm-board .widget-html { width: 100%; overflow: visible; }
.lstm-board .widget-html > .widget-label { display: none; }
.lstm-board .widget-box { overflow: visible; margin: 0; min-width: 0; }
.lstm-board .head { display: flex; flex-flow: row wrap; align-items: center; gap: 6px 18px; padding: 0 2px 6px;
  border-bottom: 1px solid var(--line); }
.lstm-board .head > .widget-html { width: auto; flex: 1 1 16.92em; }
.lstm-board .halves { display: flex; flex-flow: row wrap; align-items: flex-start; gap: 14px 22px; padding-top: 8px; }
.lstm-board .settings { flex: 1 1 26.15em; max-width: 100%; }
.lstm-board .results { flex: 2.4 1 37em; max-width: 100%; min-width: min(37em, 100%); }
.lstm-board .section { padding-bottom: 8px; }
.lstm-board .section-head { display: flex; flex-flow: row wrap; justify-content: space-between; align-items: center;
  min-height: 2.15em; }
.lstm-board .section-head > .widget-html { width: auto; flex: 1 1 auto; }
.lstm-board .section-title { font-weight: 600; font-size: 1.08em; }
.lstm-board .grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(9.85em, 100%), 1fr));
  gap: 4px 14px;
  align-items: start; width: 100%; }
.lstm-board .wide { grid-column: 1 / -1; }
.lstm-board .cell { position: relative; }
.lstm-board .cell > *, .lstm-board .cell .widget-inline-hbox { width: 100%; margin: 0; }
.lstm-board .cell .widget-inline-hbox { flex-flow: row wrap; height: auto; gap: 0; align-items: center; }
.lstm-board .cell .widget-inline-hbox > .widget-label,
.lstm-board .cell .widget-toggle-buttons > .widget-label { flex: 1 0 100%; width: 100%; margin: 0; text-align: left;
  font-size: 0.92em; line-height: 1.5em; height: 1.5em; color: var(--muted); overflow: hidden;
  text-overflow: ellipsis; }
.lstm-board .cell .widget-inline-hbox > input, .lstm-board .cell .widget-inline-hbox > select {
  flex: 1 1 100%; width: 100%; min-width: 0; height: 2.15em; margin: 0; }
.lstm-board .cell .widget-inline-hbox > select[multiple] { height: auto; min-height: 5.2em; }
.lstm-board .runs td:last-child, .lstm-board .runs th:last-child { text-align: left !important; min-width: 18em; }
.lstm-board .cell .widget-toggle-buttons { display: flex; flex-flow: row wrap; height: auto; }
.lstm-board .cell .widget-toggle-buttons .widget-toggle-button { flex: 1 1 auto; width: auto;
  min-width: max-content; height: 2.15em; margin: 0 2px 2px 0; padding: 0 4px; overflow: visible; }
.lstm-board .cell .widget-toggle-buttons > div:not(.widget-label) { display: flex; flex-wrap: wrap; width: 100%; }
.lstm-board .cell .widget-checkbox { min-height: 3.54em; align-items: end; }
.lstm-board .cell .widget-checkbox > .widget-label { display: none; }
.lstm-board .cell .other { display: flex; flex-flow: column; gap: 4px; }
.lstm-board .cell .other > * { width: 100%; margin: 0; }
.lstm-board .lab-wrong { color: var(--wrong); font-size: 0.92em; line-height: 1.35; }
.lstm-board .cell > .widget-html { font-size: 0.92em; }
.lstm-board .lab-more { display: none; padding-top: 4px; }
.lstm-board .section:has(.lab-switch input:checked) .lab-more { display: grid; }
.lstm-board .lab-switch { width: auto; margin: 0; flex: none; }
.lstm-board .widget-checkbox > .widget-label-basic { display: flex; align-items: center; gap: 6px; }
.lstm-board .widget-checkbox input { margin: 0; width: 1em; height: 1em; }
.lstm-board .lab-switch .widget-label-basic { color: var(--muted); font-size: 0.92em; }
.lstm-board .widget-button, .lstm-board .widget-toggle-button { margin: 0; }
.lstm-board .bar { display: flex; flex-flow: row wrap; gap: 6px 8px; align-items: flex-end; padding: 6px 0; }
.lstm-board .head .cell { width: 10.77em; }
.lstm-board .bar > .cell { flex: 1 1 9.23em; width: auto; max-width: 20em; }
.lstm-board .bar > .cell.wide { flex: 1 0 100%; max-width: none; }
.lstm-board .page > .bar { align-items: center; }
.lstm-board .bar > .widget-button { width: auto; min-width: 6.46em; padding: 0 14px; font-weight: 600; }
.lstm-board .bar > .widget-html { align-self: center; flex: 1 1 18.46em; width: auto; min-height: 2.92em; display: flex;
  align-items: center; }
.lstm-board .bar > .widget-html > .widget-html-content { flex: 1 1 0; }
.lstm-board .bar progress { width: 100%; height: 6px; display: block; accent-color: var(--blue); }
.lstm-board :is(button, input, select, [tabindex], summary):focus-visible { outline: 2px solid var(--blue);
  outline-offset: 1px; }
.lstm-board .widget-tab > .widget-tab-contents { padding: 8px 10px; min-height: 560px; overflow: visible; }
.lstm-board .widget-tab { overflow: visible; width: 100%; margin: 0; }
.lstm-board .widget-tab > .lm-TabBar { overflow: visible; min-height: 0; }
.lstm-board .widget-tab > .lm-TabBar .lm-TabBar-content { flex-wrap: wrap; min-width: 0; }
.lstm-board .widget-tab > .lm-TabBar .lm-TabBar-tab { flex: 0 0 auto; min-width: 0; max-width: none; height: auto;
  padding: 0.3em 0.9em; line-height: 1.5; font-size: inherit; }
.lstm-board .widget-tab > .lm-TabBar .lm-TabBar-tabLabel { overflow: visible; line-height: 1.5; }
.lstm-board .stage { min-height: 300px; }
.lstm-board .quiet { color: var(--muted); }
.lstm-board .empty { color: var(--muted); border: 1px dashed var(--line); border-radius: 4px; padding: 22px 20px;
  min-height: 9.23em; }
.lstm-board svg { display: block; width: 100%; overflow: hidden; }
.lstm-board .ends { display: flex; justify-content: space-between; color: var(--muted); font-size: 0.92em; }
.lstm-board .swatches { display: flex; flex-wrap: wrap; gap: 2px 14px; color: var(--muted); font-size: 0.92em; }
.lstm-board .swatches i { display: inline-block; width: 12px; height: 10px; margin-right: 5px; }
.lstm-board .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17.69em, 100%), 1fr));
  gap: 12px 24px; }
.lstm-board h4 { margin: 8px 0 4px; font-size: 1em; font-weight: 600; color: var(--text); }
.lstm-board p { margin: 2px 0; }
.lstm-board table { border-collapse: collapse; font-size: 0.92em; margin: 6px 0 0; }
.lstm-board .scroll { overflow-x: auto; }
.lstm-board table caption { caption-side: top; color: var(--text); padding: 4px 0; }
.lstm-board td, .lstm-board th { padding: 2px 10px 2px 0; vertical-align: top; line-height: 1.4;
  white-space: normal; color: var(--text); background: transparent; border: 0; font-weight: 400; }
.lstm-board th { color: var(--muted); white-space: nowrap; }
.lstm-board tr { background: transparent !important; }
.lstm-board img { max-width: 100%; height: auto; }
.lstm-board pre { margin: 0; padding: 10px 12px; overflow-x: auto; white-space: pre; font-size: 0.96em;
  line-height: 1.5; background: var(--jp-layout-color1, transparent); border: 1px solid var(--line);
  border-radius: 4px; color: var(--text); font-family: var(--jp-code-font-family, monospace); }
.lstm-board pre.trouble { white-space: pre-wrap; max-height: 300px; overflow-y: auto; border-color: var(--wrong); }
.lstm-board .code-head { display: flex; justify-content: space-between; align-items: center; margin: 10px 0 4px; }
.lstm-board .code-head button { font: inherit; font-size: 0.92em; color: var(--text); background: transparent;
  border: 1px solid var(--line); border-radius: 3px; padding: 3px 12px; min-width: 74px; cursor: pointer; }
.lstm-board details { margin-top: 3px; }
.lstm-board details summary { cursor: pointer; color: var(--muted); font-size: 0.92em; }
.lstm-board details dl { margin: 4px 0; font-size: 0.92em; }
.lstm-board details dt { font-weight: 600; }
.lstm-board details dd { margin: 0 0 4px 14px; color: var(--muted); }
</style>"""


def box(*children: Any, look: str = "") -> Any:
    """Put widgets into a box of the style sheet's classes."""
    widget = ipywidgets.Box(children)
    for name in look.split():
        widget.add_class(name)
    return widget


def discard(widget: Any) -> None:
    """Close a widget with the layout and style that ipywidgets opened for it."""
    for part in ("layout", "style"):
        held = getattr(widget, part, None)
        if held is not None:
            held.close()
    widget.close()


def title(text: str) -> Any:
    """Head a section."""
    return ipywidgets.HTML(f'<div class="section-title" role="heading" aria-level="3">{html.escape(text)}</div>')


def paragraph(text: str, look: str = "") -> str:
    """Write a paragraph."""
    return f'<p class="{look}">{html.escape(text)}</p>'


def note(text: str) -> str:
    """Return the text of a part of the page that is still empty."""
    return f'<div class="empty">{html.escape(text)}</div>'


def summary(shown: Summary) -> str:
    """Write a result's table, which may be wider than the page."""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{html.escape(shown.title)}">{shown.html()}</div>'
    )
