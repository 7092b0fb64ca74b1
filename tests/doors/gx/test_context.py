"""Great Expectations comes in once, quietly, and without what few need."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import logging, sys, warnings
from observer.gx.context import context
first = context()
assert context() is first
assert "scipy.stats._stats_py" not in sys.modules, "scipy.stats was loaded although nobody used it"
assert not getattr(logging, "_warnings_showwarning", None), "warnings were rerouted into logging"
from scipy import stats
assert round(stats.norm.cdf(0), 3) == 0.5
print("good")
"""


def test_gx_is_imported_once_without_noise_and_scipy_only_when_used():
    done = subprocess.run([sys.executable, "-W", "error", "-c", CODE], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("good\n", "")
