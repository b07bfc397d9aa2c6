"""The command `lstm-lab`: its commands, their flags and help, and what each of them calls."""
