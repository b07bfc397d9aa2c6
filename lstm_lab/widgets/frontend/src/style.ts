/** One style sheet for all views, shared by their shadow roots; constructed, so that no content policy forbids it. */
import uplotCss from "uplot/dist/uPlot.min.css";
import labCss from "./lab.css";

let sheet: CSSStyleSheet | null = null;

export function styles(): CSSStyleSheet {
  if (sheet === null) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(uplotCss + labCss);
  }
  return sheet;
}
