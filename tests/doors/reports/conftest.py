"""What the tests of the reports share."""

from __future__ import annotations

from tests.golden_files import golden

__all__ = ["golden"]
