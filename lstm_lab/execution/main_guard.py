"""Whether the main script may be run again by new processes, which a script without a guard must not be."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from lstm_lab.errors import RunError

__all__ = ["refuse_unguarded"]


def refuse_unguarded(workers: int) -> None:
    """Refuse to start processes from a script that would start them again in each of them.

    A new process runs the main script once more, up to ``if __name__ == "__main__":``. In a script without that line it
    would load, train and come to the same call; Python then ends it with pages of tracebacks.

    Parameters
    ----------
    workers
        Processes that were asked for.

    Raises
    ------
    RunError
        One line with the guard to write.
    """
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    name = getattr(getattr(main, "__spec__", None), "name", "")
    if file is None or name.endswith("__main__"):  # python -c, a notebook, python -m of a package: not run again
        return
    if file == "<stdin>":
        raise RunError(
            f"workers={workers} starts processes, which cannot run a script from a pipe again; save it to a file with a"
            " line if __name__ == '__main__': or leave workers= out"
        )
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):  # what cannot be read is left to Python
        return
    names = {
        node.id
        for statement in tree.body
        if isinstance(statement, ast.If)
        for node in ast.walk(statement.test)
        if isinstance(node, ast.Name)
    }
    if "__name__" not in names:
        raise RunError(
            f"workers={workers} starts processes, each of which runs {Path(file).name} again; put what it does under a"
            " line if __name__ == '__main__': or leave workers= out"
        )
