"""One service level: how it stands, how it came to that, and what is still undecided."""

from __future__ import annotations

from deploy.grafana.source import shared
from deploy.grafana.source.page import Page
from deploy.grafana.source.panels import Column, Line, Panel, lines, number, rows, timeline
from deploy.grafana.source.queries import SLO_LABELS, age, of_slo
from deploy.grafana.source.shared import GREEN, ORANGE, PLAIN, PURPLE, RED, YELLOW, steps, words

CONDITION = of_slo("observer_slo_condition")
#: Days of the SLO's window: a recording rule of deploy/prometheus, for no gauge tells it.
DAYS = 'max(slo:time_period:days{sloth_slo="$slo"})'
_INFO = f'max by ({SLO_LABELS}) (observer_slo_info{{job="$job",slo="$slo"}})'
_NO_DATA = "no data, or unknown"


def page() -> Page:
    found = Page(
        uid=shared.SLO_DETAIL,
        title=shared.TITLES[shared.SLO_DETAIL],
        about="One service level: how it stands, how it came to that, and what is still undecided.",
        variables=[
            shared.picks_datasource(),
            shared.picks_job(),
            *shared.picks_of_slos(),
            shared.picks_one(
                "slo",
                "SLO",
                f"label_values(observer_slo_info{{{shared.SLO_PICKS}}}, slo)",
                about="One service level of the picked contracts, tables and owners.",
            ),
        ],
        since="now-28d",
    )
    found.line(4, *_now())
    found.line(4, *_counts())
    found.line(9, (12, _sli()), (12, _burns()))
    found.line(9, (12, _burndown()), (12, _bad()))
    found.line(8, (12, _decided()), (12, _undecided()))
    found.line(6, (12, _states()), (12, _looks()))
    found.line(4, (24, _what()))
    return found


def _now() -> list[tuple[int, Panel]]:
    return [
        (
            4,
            number(
                "Condition",
                "Met; burning: met so far, and an alert is open; missed: more bad records than the objective allows; "
                "no data: nothing counted in the window, so it is neither.",
                CONDITION,
                mappings=words(shared.CONDITIONS),
            ),
        ),
        (
            4,
            number(
                "SLI",
                "Share of good ones among the records (or slices) that count in the window. Compare it with the "
                "objective beside it.",
                of_slo("observer_slo_sli_ratio"),
                unit="percentunit",
                decimals=3,
                absent=_NO_DATA,
            ),
        ),
        (
            4,
            number(
                "Objective",
                "The share that was promised, as slo.yaml has it.",
                of_slo("observer_slo_objective_ratio"),
                unit="percentunit",
                decimals=3,
            ),
        ),
        (
            4,
            number(
                "Budget left",
                "Part of the allowed bad records that is left. 0 % or less: missed. Below a quarter: put what mends "
                "it before what is new.",
                of_slo("observer_slo_budget_remaining_ratio"),
                unit="percentunit",
                decimals=1,
                absent="no data, no budget (100 %), or unknown",
                thresholds=steps(RED, (0.000001, ORANGE), (0.25, YELLOW), (0.5, GREEN)),
            ),
        ),
        (
            4,
            number(
                "Bad records left",
                "How many more may be bad before the objective is missed. Below zero: so many too many.",
                of_slo("observer_slo_budget_remaining_records"),
                unit="locale",
                decimals=0,
                absent=_NO_DATA,
                thresholds=steps(RED, (1, PLAIN)),
            ),
        ),
        (
            4,
            number(
                "Runs out in",
                "How long the rest of the budget lasts at the burn rate of the last day.",
                f"{of_slo('observer_slo_exhausted_in_seconds')} or ({CONDITION} >= 0) * 0 - 1",
                unit="s",
                decimals=1,
                absent=_NO_DATA,
                mappings=words({-1: ("not at this rate", PLAIN), 0: ("spent", RED)}, absent=_NO_DATA),
                thresholds=steps(RED, (86_400, ORANGE), (604_800, YELLOW)),
            ),
        ),
    ]


def _counts() -> list[tuple[int, Panel]]:
    return [
        (
            3,
            number(
                "Bad",
                "Bad ones in the window. `observer slo explain` names the records, and why.",
                of_slo("observer_slo_bad"),
                unit="locale",
                absent=_NO_DATA,
            ),
        ),
        (
            3,
            number(
                "Counted",
                "Good and bad ones in the window: what the SLI is a share of.",
                of_slo("observer_slo_eligible"),
                unit="locale",
                absent=_NO_DATA,
            ),
        ),
        (
            3,
            number(
                "Unknown",
                "Records of the window that no evidence can judge any more, for instance because the observer was "
                "down over their deadline. Neither good nor bad; when many, the SLI speaks for the rest only.",
                of_slo("observer_slo_unknown"),
                unit="locale",
                thresholds=steps(PLAIN, (1, PURPLE)),
            ),
        ),
        (
            3,
            number(
                "Pending",
                "Records whose deadline has not come, or whose judgement waits while the table is stale. They count "
                "nowhere yet.",
                of_slo("observer_slo_pending"),
                unit="locale",
            ),
        ),
        (
            3,
            number(
                "Undatable",
                "Rows whose event time is empty, unreadable or in the future. They can never be judged: mend the "
                "field.",
                of_slo("observer_slo_undatable"),
                unit="locale",
                absent="not counted, or unknown",
                thresholds=steps(PLAIN, (1, PURPLE)),
            ),
        ),
        (
            3,
            number(
                "Open alerts",
                "Burn alerts that are open, pages and tickets together.",
                f"sum({of_slo('observer_slo_alerts_open', by='urgency')})",
                thresholds=steps(PLAIN, (1, RED)),
            ),
        ),
        (
            3,
            number(
                "Last evaluated",
                "How long ago it was last looked at. Much longer than its poll interval: look at the observer itself.",
                age(of_slo("observer_slo_last_evaluation_timestamp_seconds")),
                unit="s",
                decimals=0,
                absent="never, or unknown",
                thresholds=steps(PLAIN, (900, YELLOW), (3600, RED)),
            ),
        ),
        (
            3,
            number(
                "Looks",
                "Blind: nothing can be counted now, because a column is gone or the source does not answer. The "
                "budget stays as it was. `observer slo status` says why.",
                of_slo("observer_slo_blind"),
                mappings=words(shared.BLIND),
            ),
        ),
    ]


def _sli() -> Panel:
    return lines(
        "SLI and objective",
        "Share of good ones in the window, as it moved. Below the dashed line the objective is missed.",
        [
            Line(expr=of_slo("observer_slo_sli_ratio"), called="SLI", colour=shared.BLUE),
            Line(expr=of_slo("observer_slo_objective_ratio"), called="objective", colour=RED, dashed=True),
        ],
        unit="percentunit",
        decimals=2,
        absent=_NO_DATA,
        soft=(None, 1),
    )


def _burns() -> Panel:
    pairs = (
        ("1h", 0.02 * 24, RED, "page"),
        ("6h", 0.05 * 4, ORANGE, "page"),
        ("1d", 0.1, YELLOW, "ticket"),
        ("3d", 0.1 / 3, shared.BLUE, "ticket"),
    )
    return lines(
        "Burn rates and where they alert",
        "How many times faster than evenly the budget was spent over the last hour, 6 hours, day and 3 days. An alert "
        "opens when a line is above its dashed threshold of the same colour and its short window (5m, 30m, 2h, 6h) is "
        "too. The thresholds come from the recording rules in deploy/prometheus.",
        [
            *(
                Line(expr=of_slo("observer_slo_burn_rate", f'window="{span}"'), called=f"{span}", colour=colour)
                for span, _, colour, _ in pairs
            ),
            *(
                Line(expr=f"{share:.6g} * {DAYS}", called=f"{urgency} at ({span})", colour=colour, dashed=True)
                for span, share, colour, urgency in pairs
            ),
        ],
        unit="suffix:×",
        decimals=1,
        absent=_NO_DATA,
        soft=(0, None),
        wide=True,
    )


def _burndown() -> Panel:
    return lines(
        "Budget burndown",
        "Bad records that may still come, and those that came in the window. At zero left the objective is missed; a "
        "step down has its cause at that moment.",
        [
            Line(expr=of_slo("observer_slo_budget_remaining_records"), called="may still come", colour=shared.BLUE),
            Line(expr=of_slo("observer_slo_bad"), called="bad in the window", colour=RED),
        ],
        unit="locale",
        absent=_NO_DATA,
        thresholds=steps(RED, (0, "transparent")),
        soft=(0, None),
    )


def _total(state: str) -> str:
    return f'max(increase(observer_slo_records_total{{job="$job",slo="$slo",state="{state}"}}[1h]))'


def _in_the_last_hour(title: str, about: str, *shown: tuple[str, str]) -> Panel:
    """Records of these states, each in its colour."""
    drawn = [Line(expr=_total(state), called=state, colour=colour) for state, colour in shown]
    return lines(title, about, drawn, filled=True, soft=(0, None))


def _bad() -> Panel:
    return _in_the_last_hour(
        "Bad and unknown records in the last hour",
        "At each moment, what was decided in the hour before it. About right: PromQL estimates what happened between "
        "two scrapes; `observer slo explain` counts and names the records.",
        ("unknown", PURPLE),
        ("bad", RED),
    )


def _decided() -> Panel:
    return _in_the_last_hour(
        "Good and withdrawn records in the last hour",
        "The traffic that the ratio stands on; withdrawn ones were gone when they were due and count nowhere. No "
        "bars: no traffic, or nobody counted.",
        ("withdrawn", shared.BLUE),
        ("good", GREEN),
    )


def _undecided() -> Panel:
    return lines(
        "Pending, unknown, undatable",
        "Pending ones wait for their deadline, or for a table that is stale: it should go up and down. Unknown ones "
        "of the window can never be judged. Undatable ones have no usable event time: mend that field.",
        [
            Line(expr=of_slo("observer_slo_pending"), called="pending", colour=shared.BLUE),
            Line(expr=of_slo("observer_slo_unknown"), called="unknown", colour=PURPLE),
            Line(expr=of_slo("observer_slo_undatable"), called="undatable", colour=ORANGE),
        ],
        unit="locale",
        soft=(0, None),
    )


def _states() -> Panel:
    return timeline(
        "Condition over time",
        "Met, burning, missed or no data. A gap is a time of which nothing is known.",
        [Line(expr=CONDITION, called="condition")],
        mappings=words(shared.CONDITIONS),
        absent=shared.NOT_KNOWN,
    )


def _looks() -> Panel:
    return lines(
        "Since the last evaluation",
        "A saw of the poll interval. When it only climbs, nobody looks any more, and all of the above is old.",
        [
            Line(
                expr=age(of_slo("observer_slo_last_evaluation_timestamp_seconds")),
                called="seconds since",
                colour=shared.BLUE,
            )
        ],
        unit="s",
        absent="never, or unknown",
        soft=(0, None),
        legend=False,
    )


def _what() -> Panel:
    to_table = shared.to_page(
        shared.TABLE_VIEW, "Open this table", contract="${__data.fields.Contract}", table="${__data.fields.Table}"
    )
    return rows(
        "What it is about",
        "As slo.yaml and the contract say. The owner answers for the field.",
        _INFO,
        [
            Column(title="SLO", label="slo"),
            Column(title="Kind", label="kind"),
            Column(title="Contract", label="contract"),
            Column(title="Table", label="object", link=to_table),
            Column(title="Field", label="property"),
            Column(title="Owner", label="owner"),
            Column(title="Method", label="method"),
            Column(title="Window", label="window"),
        ],
        key="slo",
        absent="no such service level, or unknown",
        sorted_by=("SLO", False),
    )
