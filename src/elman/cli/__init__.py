"""The command line: one file per verb. Results go to stdout, progress and errors to stderr.

Exit codes: 0 done, 1 failed, 2 misused, 130 interrupted, 143 terminated with its state saved.
"""

from __future__ import annotations

import sys
import traceback
import warnings

from elman.cli.exits import failed
from elman.errors import ElmanError
from elman.printable import printable

__all__ = ["main"]


def main() -> None:
    """Entry point of the command `elman`."""
    _show_only_printable()
    try:
        # Here, because the kernels look for their instruction set when they are imported, and the
        # environment may ask for one that is not there.
        from elman.cli.verbs import app
    except ElmanError as error:
        sys.exit(failed(error))
    try:
        app()
    except Exception:
        sys.stderr.write(printable(traceback.format_exc()))
        sys.exit(1)


def _show_only_printable() -> None:
    """What the terminal's encoding lacks is written out; so is what it would obey in warnings."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # pyright: ignore
    plain = warnings.formatwarning
    warnings.formatwarning = lambda *told, **more: printable(plain(*told, **more))
