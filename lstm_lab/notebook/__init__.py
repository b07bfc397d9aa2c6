"""IPython magics and what they share: flags, completion, the user's variables, live output."""
