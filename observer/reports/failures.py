"""Keys of failing rows → one CSV file per broken check, for the person who mends them. Keys and links, no other value.

Cells that a spreadsheet would take for a formula (they start with = + - @, their full-width twins, tab or return)
get a leading apostrophe, as OWASP advises; every cell is quoted. Numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import re

from observer.checks.audit import Audit
from observer.checks.file_names import PATTERN, file_name
from observer.checks.measure import Evidence
from observer.checks.score import is_broken
from observer.contracts.model import Scalar
from observer.reports.disclosure import showable

FOLDER = "failures"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
FILE_NAME = re.compile(rf"{PATTERN}\.csv")


def failure_files(audit: Audit) -> dict[str, str]:
    """Check id → file name, for every broken check that has keys to list, in the order of the plan."""
    return {e.check_id: file_name(e.check_id, ".csv") for e in _listed(showable(audit))}


def render_failures(audit: Audit) -> dict[str, str]:
    """File name → CSV text (comma, CRLF, UTF-8 when written), header first."""
    return {file_name(e.check_id, ".csv"): _csv(e) for e in _listed(showable(audit))}


def _listed(audit: Audit) -> list[Evidence]:
    found = []
    for part in audit.contracts:
        evidence = {e.check_id: e for e in part.evidence}
        broken = (evidence.get(r.spec.id) for r in part.results if is_broken(r))
        found += [e for e in broken if e is not None and e.keys]
    return found


def _csv(evidence: Evidence) -> str:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    with_urls = len(evidence.urls) == len(evidence.keys)
    columns = list(evidence.key_columns)
    url_column = "record_url"
    while url_column in columns:
        url_column += "_"
    writer.writerow([_cell(name) for name in (*columns, *([url_column] if with_urls else []))])
    for n, key in enumerate(evidence.keys):
        writer.writerow([_cell(value) for value in (*key, *([evidence.urls[n]] if with_urls else []))])
    return out.getvalue()


def _cell(value: Scalar) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = str(value).replace("\x00", "\\x00")
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
