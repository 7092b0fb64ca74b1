"""A whole process, its start and its imports included: `whole EXIT_CODES COMMAND…`, the codes separated by commas.

This process stays small on purpose: the kernel counts the memory of whoever starts a process as the new one's own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from benchmarks.rounds import Facts, serve


def main(exit_codes: str, command: Sequence[str]) -> None:
    expected = {int(code) for code in exit_codes.split(",")}

    def work() -> Facts:
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode not in expected:
                said.seek(0)
                lines = said.read().strip().splitlines() or ["nothing said"]
                raise RuntimeError(f"exit code {process.returncode}: {lines[-1]}")
        return {"exit_code": process.returncode, "peak_mb": usage.ru_maxrss * 1024 / 1e6}

    serve(work)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
