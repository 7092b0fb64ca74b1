"""All service levels on one page, the worst budget first: which one needs somebody now?"""

from __future__ import annotations

from deploy.grafana.source import shared
from deploy.grafana.source.incidents import add_incidents
from deploy.grafana.source.page import Page
from deploy.grafana.source.panels import Column, Line, Panel, lines, number, rows, timeline
from deploy.grafana.source.queries import SLO_INFO, age, count_slos, of_slos
from deploy.grafana.source.shared import GREEN, ORANGE, PLAIN, PURPLE, RED, YELLOW, absent_as, steps, words

CONDITION = of_slos("observer_slo_condition")
LEFT = of_slos("observer_slo_budget_remaining_ratio")
#: No condition, nothing counted in the window, or nothing that can be counted now.
NOT_KNOWN = (
    f"(({CONDITION}) == -1) or on (slo) (({of_slos('observer_slo_blind')}) == 1)"
    f" or on (slo) ({SLO_INFO} unless on (slo) ({CONDITION}))"
)
#: -1 where the budget does not run out at this rate; absent where nothing is known.
RUNS_OUT = f"({of_slos('observer_slo_exhausted_in_seconds')}) or on (slo) (({CONDITION}) >= 0) * 0 - 1"
_NOTHING = "unknown: no service level is told of"


def page() -> Page:
    """Tiles, the table of all, and how they came to stand so."""
    found = Page(
        uid=shared.SLO_OVERVIEW,
        title=shared.TITLES[shared.SLO_OVERVIEW],
        about="Every service level, the worst budget first. What is not known is purple, never green.",
        variables=[
            shared.picks_datasource(),
            shared.picks_job(),
            *shared.picks_of_slos(),
            shared.picks_some(
                "slo",
                "SLO",
                f"label_values(observer_slo_info{{{shared.SLO_PICKS}}}, slo)",
                about="Service levels of the picked contracts, tables and owners.",
            ),
        ],
    )
    found.line(4, *_tiles())
    found.line(9, (24, _all()))
    found.line(9, (12, _conditions()), (12, _budgets()))
    found.line(9, (12, _burns()), (12, _unknown()))
    add_incidents(found)
    return found


def _count(title: str, about: str, expr: str, colour: str) -> Panel:
    """How many there are, in this colour from one on."""
    return number(title, about, expr, absent=_NOTHING, thresholds=steps(PLAIN, (1, colour)))


def _tiles() -> list[tuple[int, Panel]]:
    pages = of_slos("observer_slo_alerts_open", 'urgency="page"')
    tickets = of_slos("observer_slo_alerts_open", 'urgency="ticket"')
    return [
        (
            3,
            _count(
                "Missed",
                "Service levels with more bad records than their objective allows. Open one, and agree on what is "
                "mended first; its budget comes back only as bad records leave its window.",
                count_slos(f"({CONDITION}) == 2"),
                RED,
            ),
        ),
        (
            3,
            _count(
                "Burning",
                "Met so far, but a burn alert is open: at this rate the budget will not last. Open one and look at "
                "what happens now.",
                count_slos(f"({CONDITION}) == 1"),
                ORANGE,
            ),
        ),
        (
            3,
            _count(
                "Met",
                "Service levels that are met and have no open alert. Nothing to do.",
                count_slos(f"({CONDITION}) == 0"),
                GREEN,
            ),
        ),
        (
            3,
            _count(
                "Not known",
                "No data in the window, blind (nothing can be counted now), or never evaluated: neither met nor "
                "missed. The table says which; `observer slo status` says why.",
                f"count({NOT_KNOWN}) or 0 * count({SLO_INFO})",
                PURPLE,
            ),
        ),
        (
            3,
            _count(
                "Open pages",
                "Burn alerts that need somebody now: 2 % of a budget within its fast windows, or 5 % within the next.",
                f"sum({pages})",
                RED,
            ),
        ),
        (
            3,
            _count(
                "Open tickets",
                "Burn alerts that need somebody within a working day: 10 % of a budget spent slowly.",
                f"sum({tickets})",
                ORANGE,
            ),
        ),
        (
            3,
            number(
                "Last evaluated",
                "How long ago any of them was last looked at. When it grows, this page is old news: look at the "
                "observer itself.",
                age(f"max({of_slos('observer_slo_last_evaluation_timestamp_seconds')})"),
                unit="s",
                decimals=0,
                absent="never, or unknown",
                thresholds=steps(PLAIN, (900, YELLOW), (3600, RED)),
            ),
        ),
        (
            3,
            number(
                "The observer",
                "Whether every daemon that answers can read the state that these numbers come from. When not, nothing "
                "on this page is known.",
                'min(observer_store_up{job="$job"})',
                absent="does not answer",
                mappings=words({0: ("cannot read its state", RED), 1: ("answers", GREEN)}, absent="does not answer"),
            ),
        ),
    ]


def _all() -> Panel:
    none = [absent_as("–")]
    to_detail = shared.to_page(shared.SLO_DETAIL, "Open this service level", slo="${__data.fields.SLO}")
    to_table = shared.to_page(
        shared.TABLE_VIEW, "Open this table", contract="${__data.fields.Contract}", table="${__data.fields.Table}"
    )

    def burn(span: str) -> Column:
        return Column(
            title=f"Burn {span}",
            expr=of_slos("observer_slo_burn_rate", f'window="{span}"'),
            unit="suffix:×",
            decimals=1,
            width=75,
            mappings=none,
            thresholds=steps(PLAIN, (1, YELLOW), (6, ORANGE), (14, RED)),
        )

    return rows(
        "All service levels, worst budget first",
        "SLI: share of good records in the window. Budget left: of the bad records that the objective allows, in "
        "percent and in records; below zero it is overspent. Burn: how many times faster than evenly the budget was "
        "spent over the last hour, 6 hours, 3 days; 1× spends it exactly over the window. Runs out in: at the rate of "
        "the last day. Unknown: records that nobody can judge any more; they count neither as good nor as bad. Click "
        "a name for its detail, a table for its checks.",
        SLO_INFO,
        [
            Column(title="SLO", label="slo", width=190, link=to_detail),
            Column(title="Condition", expr=CONDITION, width=90, mappings=words(shared.CONDITIONS)),
            Column(
                title="SLI",
                expr=of_slos("observer_slo_sli_ratio"),
                unit="percentunit",
                decimals=2,
                width=75,
                mappings=none,
            ),
            Column(
                title="Objective",
                expr=of_slos("observer_slo_objective_ratio"),
                unit="percentunit",
                decimals=2,
                width=80,
                mappings=none,
            ),
            Column(
                title="Budget left",
                expr=LEFT,
                unit="percentunit",
                decimals=0,
                width=120,
                mappings=none,
                thresholds=steps(RED, (0.000001, ORANGE), (0.25, YELLOW), (0.5, GREEN)),
                bar=(0, 1),
            ),
            Column(
                title="Records left",
                expr=of_slos("observer_slo_budget_remaining_records"),
                unit="locale",
                decimals=0,
                width=95,
                mappings=none,
            ),
            Column(title="Bad", expr=of_slos("observer_slo_bad"), unit="locale", width=75, mappings=none),
            Column(title="Counted", expr=of_slos("observer_slo_eligible"), unit="locale", width=90, mappings=none),
            Column(
                title="Unknown",
                expr=of_slos("observer_slo_unknown"),
                unit="locale",
                width=80,
                mappings=none,
                thresholds=steps(PLAIN, (1, PURPLE)),
            ),
            burn("1h"),
            burn("6h"),
            burn("3d"),
            Column(
                title="Runs out in",
                expr=RUNS_OUT,
                unit="s",
                decimals=1,
                width=115,
                mappings=words({-1: ("not at this rate", PLAIN), 0: ("spent", RED)}, absent="–"),
                thresholds=steps(RED, (86_400, ORANGE), (604_800, YELLOW)),
            ),
            Column(
                title="Pages",
                expr=of_slos("observer_slo_alerts_open", 'urgency="page"'),
                width=55,
                mappings=[absent_as(shared.NOT_KNOWN)],
                thresholds=steps(PLAIN, (1, RED)),
            ),
            Column(
                title="Tickets",
                expr=of_slos("observer_slo_alerts_open", 'urgency="ticket"'),
                width=60,
                mappings=[absent_as(shared.NOT_KNOWN)],
                thresholds=steps(PLAIN, (1, ORANGE)),
            ),
            Column(title="Looks", expr=of_slos("observer_slo_blind"), width=70, mappings=words(shared.BLIND)),
            Column(title="Contract", label="contract", width=125),
            Column(title="Table", label="object", width=115, link=to_table),
            Column(title="Owner", label="owner"),
        ],
        key="slo",
        absent=_NOTHING,
        sorted_by=("Budget left", False),
    )


def _conditions() -> Panel:
    return timeline(
        "Condition over time",
        "Met, burning (an alert is open), missed, or no data. A gap is a time of which nothing is known.",
        [Line(expr=CONDITION, called="{{slo}}")],
        mappings=words(shared.CONDITIONS),
        absent=_NOTHING,
    )


def _budgets() -> Panel:
    return lines(
        "Budget left",
        "Share of each budget that is left. A line that falls steeply is somebody's problem now; at 0 % the objective "
        "is missed. It rises when bad records leave a rolling window.",
        [Line(expr=LEFT, called="{{slo}}")],
        unit="percentunit",
        absent="no data, or unknown",
        thresholds=steps(RED, (0, "transparent")),
        soft=(0, 1),
    )


def _unknown() -> Panel:
    unknown, counted = of_slos("observer_slo_unknown"), of_slos("observer_slo_eligible")
    return lines(
        "Share that nobody can judge",
        "Unknown records of the window among all that were to be judged. Above the dashed line (10 %, unless slo.yaml "
        "says otherwise) a ticket opens: the SLI speaks for too few of them. The observer was down, or the table has "
        "no history.",
        [Line(expr=f"({unknown}) / ((({counted}) + ({unknown})) > 0)", called="{{slo}}")],
        unit="percentunit",
        absent="no data, or unknown",
        thresholds=steps("transparent", (0.1, PURPLE)),
        soft=(0, 0.12),
    )


def _burns() -> Panel:
    return lines(
        "Burn rate over the last hour",
        "How many times faster than evenly each budget is spent. Above 1× it does not last for its window; a gap "
        "means that nothing counted in that hour.",
        [Line(expr=of_slos("observer_slo_burn_rate", 'window="1h"'), called="{{slo}}")],
        unit="suffix:×",
        absent="no data, or unknown",
        thresholds=steps("transparent", (1, ORANGE)),
        soft=(0, 2),
        wide=True,
    )
