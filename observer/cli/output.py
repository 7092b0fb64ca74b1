"""Where results are printed: the terminal as wide as it is, a pipe at a width that tables can live with."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

#: Columns of output that goes into a file or a pipe, unless COLUMNS says otherwise.
PIPE_WIDTH = 140


def console() -> Console:
    """Standard output, with colour only on a terminal."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(width=width, highlight=False)
