"""Paths → service levels that may be counted. In: paths and contracts. Out: SLOs, or every problem at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from observer.config.openslo import load_slos
from observer.contracts.model import Contract
from observer.errors import InputError
from observer.settings import Settings
from observer.slo.model import Slo


def slos_for_run(paths: Sequence[Path], contracts: Sequence[Contract]) -> tuple[Slo, ...]:
    """The SLOs in these paths; none when only the default file is asked for and is not there.

    Raises InputError with every problem when one of them has an error.
    """
    if tuple(paths) == Settings.slos and not any(path.exists() for path in paths):
        return ()
    loaded = load_slos(paths, contracts)
    if loaded.errors:
        count = len(loaded.errors)
        raise InputError(
            f"the service levels have {count} error{'s' if count != 1 else ''}",
            fix="correct the lines above; `observer slo lint` shows warnings too",
            problems=loaded.errors,
        )
    return loaded.slos
