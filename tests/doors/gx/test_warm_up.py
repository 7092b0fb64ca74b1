"""GX is imported ahead of its use; where that fails, nobody sees a traceback and the next import works."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys, threading
from observer.gx.context import context, warm_up

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name == "great_expectations.checkpoint":
            raise RuntimeError("half-way")

sys.meta_path.insert(0, Refusing())
warm_up()
for thread in threading.enumerate():
    if thread.name == "import-gx":
        thread.join()
sys.meta_path.pop(0)
print(type(context()).__name__)
"""


def test_an_import_ahead_that_fails_is_silent_and_does_no_harm() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("EphemeralDataContext\n", "")
