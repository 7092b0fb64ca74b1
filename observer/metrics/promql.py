"""What rules for Prometheus are made of, and the words of its language. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction

from observer.slo.burn import short_span
from observer.slo.model import CalendarWindow, RollingWindow


@dataclass(frozen=True, kw_only=True)
class RecordingRule:
    """A series that Prometheus makes of others."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AlertRule:
    """An alert for every series that `expr` gives."""

    alert: str
    expr: str
    #: How long it has to be so.
    holds: timedelta
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RuleGroup:
    """Rules that are evaluated one after another, every `interval`."""

    name: str
    interval: timedelta
    rules: tuple[RecordingRule | AlertRule, ...]


def window_text(window: RollingWindow | CalendarWindow) -> str:
    """As OpenSLO writes it: `28d`, `1M`."""
    return short_span(window.span) if isinstance(window, RollingWindow) else f"{window.count}{window.unit}"


def number_text(value: Fraction | int) -> str:
    """The nearest float, which is what Prometheus counts in: `0.005`, `28`."""
    return str(value.numerator) if value.denominator == 1 else repr(float(value))


def series(name: str, **labels: str) -> str:
    """`name{a="1",b="2"}`."""
    matchers = ",".join(f"{label}={json.dumps(value, ensure_ascii=False)}" for label, value in labels.items())
    return f"{name}{{{matchers}}}"


def plain(text: str) -> str:
    """A text of a person for an annotation, in which nothing is a template, on one line."""
    return " ".join(text.split()).replace("{{", '{{"{{"}}')
