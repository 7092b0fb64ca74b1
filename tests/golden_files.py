"""Golden files: what an output was when somebody last looked at it and found it good.

`golden("reports/sales.json", text)` compares; a missing golden fails. `pytest --update-golden` writes them anew: look
at the diff before committing it. To use it, a conftest imports both names of this module.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "golden"
Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text with the golden file of that name (below tests/golden/), or write it with --update-golden."""
    update = bool(request.config.getoption("--update-golden", default=False))

    def compare(name: str, text: str) -> None:
        path = FOLDER / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
            return
        if not path.exists():
            pytest.fail(f"there is no golden file {name}: look at the output, then run pytest --update-golden")
        with path.open(encoding="utf-8", newline="") as file:
            assert text == file.read(), f"{name} differs: run pytest --update-golden and look at its diff"

    return compare
