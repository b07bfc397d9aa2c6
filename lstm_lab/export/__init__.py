"""What leaves the process: a run in one file; one step of a network as a LiteRT file with its measured error."""
