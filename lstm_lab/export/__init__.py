"""One step of a trained network as a LiteRT file, with its C source, its description and its measured error."""
