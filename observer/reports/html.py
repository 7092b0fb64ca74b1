"""Audit → `report.html`: one file that holds all it needs, asks the network for nothing and runs no script.

Everything that comes from data or contract is made visible (no control or reordering characters) and escaped; a
Content-Security-Policy that allows nothing but this very style sheet stands behind that.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from observer.checks.audit import Audit
from observer.checks.measure import Outcome
from observer.checks.score import CRITICAL_FACTOR, SCORE_FORMULA
from observer.checks.words import percent_text
from observer.reports.disclosure import showable
from observer.reports.failures import FOLDER, failure_files
from observer.reports.page import FIRST_DISTRIBUTIONS, SCORECARD_ROWS, build_page
from observer.reports.sentences import SIGNS, count_text, score_text, seconds_text, segment_text, summary_line
from observer.reports.visible import shown_value, visible

_TEMPLATES = Path(__file__).parent / "templates"


def render_html(audit: Audit) -> str:
    """The page as text."""
    audit = showable(audit)
    files = {check_id: f"{FOLDER}/{name}" for check_id, name in failure_files(audit).items()}
    return _template().render(page=build_page(audit, files), summary=summary_line(audit))


@cache
def _template() -> Template:
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": lambda count: f"{count:,}",
        "counted": count_text,
        "percent": percent_text,
        "unbroken": lambda text: text.replace(" %", "\u00a0%"),
        "moment": _moment,
        "seconds": seconds_text,
        "value": shown_value,
    }
    environment.globals |= {
        "Outcome": Outcome,
        "signs": SIGNS,
        "segment_text": segment_text,
        "score_text": score_text,
        "formula": SCORE_FORMULA,
        "critical_factor": CRITICAL_FACTOR,
        "scorecard_rows": SCORECARD_ROWS,
        "distributions_shown": FIRST_DISTRIBUTIONS,
        "style": Markup(style),  # noqa: S704  # our own file, no data in it
        "style_hash": Markup(f"sha256-{digest}"),  # noqa: S704  # a digest, no data in it
    }
    return environment.get_template("report.html")


def _shown(value: object) -> object:
    """Every text that is put into the page, unless it is markup already."""
    if value is None:
        raise TypeError("nothing to show: a template must say what None means")
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
