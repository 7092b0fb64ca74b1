"""Incidents, on the page of service levels: what is open, what is broken that was promised, and how fast they are."""

from __future__ import annotations

from deploy.grafana.source import shared
from deploy.grafana.source.page import Page
from deploy.grafana.source.panels import Column, Line, Panel, lines, number, rows
from deploy.grafana.source.shared import ORANGE, PLAIN, PURPLE, RED, absent_as, steps

_PICKED = 'job="$job",contract=~"$contract"'
#: What is of no contract is the observer's own, and shown on its page.
_CONTRACTS = f"max by (contract, owner) (observer_contract_info{{{_PICKED}}})"
_NOTHING = "unknown: no contract is watched"


def add_incidents(page: Page) -> None:
    """A row of the page."""
    page.heading("Incidents")
    page.line(4, *_tiles())
    page.line(8, (14, _contracts()), (10, _course()))


def _of(name: str, *labels: str, by: str = "contract") -> str:
    matchers = ",".join((_PICKED, *labels))
    return f"max by ({by}) ({name}{{{matchers}}})"


def _open(*labels: str) -> str:
    return _of("observer_incidents_open", *labels, by="contract, grade, status")


def _tiles() -> list[tuple[int, Panel]]:
    any_of, both = (_of("observer_critical_elements", f'with="{name}"') for name in ("any", "owner_and_slo"))
    unheard = _open('status="open"')
    broken = _of("observer_response_sla_broken", by="contract, kind")
    return [
        (
            6,
            number(
                "Open incidents",
                "Of the picked contracts. `observer incidents` lists them, and the observer's own pages have each with "
                "its findings.",
                f"sum({_open()})",
                absent=_NOTHING,
                thresholds=steps(PLAIN, (1, ORANGE)),
            ),
        ),
        (
            6,
            number(
                "Nobody acknowledged",
                "Open incidents that no person has taken on. When they stay, their owners are not reached: see "
                "`observer route` and the outbox.",
                f"sum({unheard})",
                absent=_NOTHING,
                thresholds=steps(PLAIN, (1, RED)),
            ),
        ),
        (
            6,
            number(
                "Broken promises",
                "Open incidents that break a timeToDetect, timeToNotify or timeToRepair of their contract, each "
                "promise counted. `observer kpi` names them.",
                f"sum({broken})",
                absent="no promise, or unknown",
                thresholds=steps(PLAIN, (1, RED)),
            ),
        ),
        (
            6,
            number(
                "Critical, not cared for",
                "Critical elements without an owner or without a service level. `observer kpi` lists them; name an "
                "owner in the contract, or write a level.",
                f"sum({any_of}) - sum({both})",
                absent=_NOTHING,
                thresholds=steps(PLAIN, (1, PURPLE)),
            ),
        ),
    ]


def _contracts() -> Panel:
    none = [absent_as("–", PLAIN)]

    def time(title: str, name: str, statistic: str) -> Column:
        return Column(
            title=title,
            expr=_of(f"observer_incident_time_to_{name}_seconds", f'statistic="{statistic}"'),
            unit="s",
            decimals=1,
            mappings=none,
        )

    return rows(
        "Incidents by contract",
        "Open: now. The others are of incidents opened in the last 28 days: half were detected, told, acknowledged "
        "and over within such a time, nine of ten within the last column. Detected: at most, where only the last look "
        "that found all well is known. A dash: no incident has that time.",
        _CONTRACTS,
        [
            Column(
                title="Contract",
                label="contract",
                link=shared.to_page(shared.TABLE_VIEW, "Open its tables", contract="${__data.fields.Contract}"),
            ),
            Column(title="Open", expr=f"sum by (contract) ({_open()})", width=60, thresholds=steps(PLAIN, (1, ORANGE))),
            Column(title="28 days", expr=_of("observer_incidents_opened_lately"), width=75),
            time("Detected", "detect", "median"),
            time("Told", "notify", "median"),
            time("Acknowledged", "acknowledge", "median"),
            time("Over", "resolve", "median"),
            time("Over, 9 of 10", "resolve", "p90"),
            Column(title="Owner", label="owner"),
        ],
        key="contract",
        absent=_NOTHING,
        sorted_by=("Open", True),
    )


def _course() -> Panel:
    return lines(
        "Open incidents over time",
        "A line that only rises: more comes than is mended.",
        [Line(expr=f"sum by (contract) ({_open()})", called="{{contract}}")],
        absent=_NOTHING,
        soft=(0, None),
    )
