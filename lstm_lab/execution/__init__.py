"""How work runs: tasks on any executor, a guarded main script, and Ctrl-C held back where it would harm."""
