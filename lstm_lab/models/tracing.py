"""Functions that TensorFlow compiles before they are called, so that a call never compiles in passing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstm_lab.models.backend import refuse_forked, tf

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CompiledFunction"]


class CompiledFunction:
    """A function of arrays, (*arrays, **settings) -> outputs, compiled for each kind of its arguments.

    TensorFlow counts the calls of a `tf.function` that compile in passing by the code of the function, over all
    networks of a process, and warns after a few. Here what is called is always concrete.

    Parameters
    ----------
    function
        Takes nested arrays and settings.
    open_rows
        Compile for any length of the arrays' first axes at once, not only from a second shape on.
    autograph
        Whether Python's ``if`` and ``for`` over tensors are translated, which takes several times as long as the rest
        of the compilation. Inside Keras's layers, a user's too, TensorFlow translates none either way.
    """

    def __init__(self, function: Callable[..., Any], *, open_rows: bool = False, autograph: bool = True) -> None:
        self._function = function
        self._autograph = autograph
        self._open_rows = open_rows
        self._functions: dict[Any, Any] = {}
        self._concrete: dict[Any, Any] = {}

    @property
    def count(self) -> int:
        """Count how often the function was compiled."""
        return sum(function.experimental_get_tracing_count() for function in self._functions.values())

    def __call__(self, *arrays: Any, **settings: Any) -> Any:
        """Run the function, and compile it first for a new kind of arguments.

        Parameters
        ----------
        arrays
            Nested arrays. For a second shape the sizes that differ are left open, and later ones need no compiling.
        settings
            Numbers and flags; each combination is compiled for itself.
        """
        refuse_forked()
        chosen = tuple(sorted(settings.items()))
        specs = tf.nest.map_structure(self._spec, arrays)
        key = chosen, tuple(tf.nest.flatten(specs))
        if key not in self._concrete:
            if chosen not in self._functions:
                self._functions[chosen] = tf.function(
                    self._with(settings), reduce_retracing=True, autograph=self._autograph
                )
            self._concrete[key] = self._functions[chosen].get_concrete_function(*specs)
        return self._concrete[key](*tf.nest.map_structure(tf.convert_to_tensor, arrays))

    def _spec(self, array: Any) -> Any:
        shape = tuple(array.shape)
        return tf.TensorSpec((None, *shape[1:]) if self._open_rows and shape else shape, array.dtype)

    def _with(self, settings: dict[str, Any]) -> Callable[..., Any]:
        # No functools.partial: TensorFlow would ask for the settings again at each call.
        def run(*arrays: Any) -> Any:
            return self._function(*arrays, **settings)

        return run
