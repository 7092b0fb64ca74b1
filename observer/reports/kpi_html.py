"""How a span went → one HTML page that holds all it needs, asks the network for nothing and runs no script."""

from __future__ import annotations

import base64
import hashlib
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from observer import __version__
from observer.checks.score import SCORE_FORMULA
from observer.checks.words import number_text
from observer.errors import ReportError
from observer.incidents.findings import Grade
from observer.incidents.kpis import Review
from observer.incidents.response import Kept
from observer.incidents.words import place_text
from observer.reports import kpi_words as words
from observer.reports.kpi_tiles import tiles
from observer.reports.sentences import count_text
from observer.reports.visible import visible

_TEMPLATES = Path(__file__).parent / "templates"
#: Incidents that the page lists; JSON has all of them.
MOST_LISTED = 200


def render_review(review: Review) -> str:
    """The page as text."""
    return _template().render(
        review=review,
        now=review.now,
        tiles=tiles(review),
        headline=words.headline(review),
        limits=tuple(words.limits(review.now)),
        changes=tuple(words.changes(review)),
        broken=[case for case in review.now.cases if case.broken],
        version=__version__,
    )


def write_review(review: Review, file: Path) -> None:
    """Write the page, wholly or not at all. Raises ReportError."""
    text, aside = render_review(review), file.with_name(f".{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
        aside.chmod(0o640)
        aside.replace(file)
    except OSError as error:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise ReportError(
            f"the review could not be written to {file}: {error.strerror or error}",
            fix="give a file in a folder that can be written and has space left, with --out",
        ) from error


@cache
def _template() -> Template:
    style = "".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "kpi.css"))
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
        "number": number_text,
        "counted": count_text,
        "moment": words.moment_text,
        "minute": _minute,
        "time": words.time_text,
        "contract": words.contract_text,
        "place": place_text,
        "promise": words.promise_text,
        "clause": words.clause_text,
        "worst": words.worst_text,
        "end": words.end_text,
        "share": words.share_text,
        "elements": words.elements_text,
    }
    environment.globals |= {
        "Kept": Kept,
        "written_of": words.written_of,
        "grade_tones": _GRADE_TONES,
        "changed_since": words.CHANGED_SINCE,
        "part_names": words.PARTS,
        "formula": SCORE_FORMULA,
        "not_known": words.NOT_KNOWN,
        "nobody": words.NOBODY,
        "most_listed": MOST_LISTED,
        "style": Markup(style),  # noqa: S704  # our own files, no data in them
        "style_hash": Markup(f"sha256-{digest}"),  # noqa: S704  # a digest, no data in it
    }
    return environment.get_template("kpi.html")


_GRADE_TONES = {Grade.URGENT: "failed", Grade.ERROR: "failed", Grade.WARNING: "warned", Grade.INFO: "skipped"}


def _shown(value: object) -> object:
    """Every text that is put into the page, unless it is markup already."""
    if value is None:
        raise TypeError("nothing to show: a template must say what None means")
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
