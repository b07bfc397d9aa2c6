"""From any source to one validated frame: `load`, bundled examples, tables of many series."""
