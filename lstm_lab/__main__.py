"""``python -m lstm_lab`` is ``lstm-lab``."""

from __future__ import annotations

import sys

from lstm_lab.cli.main import main

sys.exit(main())
