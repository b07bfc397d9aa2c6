"""`ExportView`: how far an exported file is off its network, beside its own errors, and the size of each part."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import traitlets

from lstm_lab.export.exporter import Export
from lstm_lab.results import views
from lstm_lab.widgets.axes import axis
from lstm_lab.widgets.base import LabWidget

__all__ = ["ExportView"]


@views.register(Export)
class ExportView(LabWidget):
    """The live view of an export.

    Parameters
    ----------
    result
        The export.
    """

    _view = traitlets.Unicode("export").tag(sync=True)
    density = 1.5
    small_picture = MappingProxyType({})

    def __init__(self, result: Export, **traits: Any) -> None:
        self._export = result
        super().__init__(result, **{"label": result.heading, "height": 220, **traits})

    def fill(self) -> None:
        """Put errors by time, sizes and facts on the wire."""
        export, comparison = self._export, self._export.comparison
        self.wire.set(
            title=export.heading,
            target=str(export.about["target"]),
            words=list(export.verdict),
            sizes=[[name, size] for name, size in export.sizes.items()],
            facts=[list(row) for row in export.summary_table().rows],
        )
        if comparison is None:
            return
        places = axis(comparison.times)
        self.wire.put("times", places.positions)
        off = (comparison.keras_values - comparison.actual, comparison.file_values - comparison.keras_values)
        self.wire.put("off", np.stack(off).astype(np.float32))
        self.wire.set(is_time=places.is_time, step=places.step)
