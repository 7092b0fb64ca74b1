"""One table: can it be trusted, and if not, which field and whose?"""

from __future__ import annotations

from deploy.grafana.source import shared
from deploy.grafana.source.page import Page
from deploy.grafana.source.panels import Column, Line, Panel, lines, number, numbers, rows, timeline
from deploy.grafana.source.queries import (
    CHECK_INFO,
    OUTCOME_OR_NOT_KNOWN,
    TABLE,
    age,
    count_checks,
    of_checks,
    of_contract,
    of_table,
)
from deploy.grafana.source.shared import BLUE, GREEN, ORANGE, PLAIN, PURPLE, RED, YELLOW, absent_as, steps, words

_CHECK = 'job="$job",contract="$contract",object="$table",owner=~"$owner"'
_TESTED, _FAILED = of_checks("observer_check_rows_tested"), of_checks("observer_check_rows_failed")
#: Completeness checks with the field that they look at.
_FIELD_OF = f'max by (check, property) (observer_check_info{{{_CHECK},dimension="completeness",property!=""}})'
_PRESENT = f"min by (property) ((1 - ({_FAILED}) / (({_TESTED}) > 0)) * on (check) group_left (property) {_FIELD_OF})"
_WRITES = f'{TABLE},check="$contract.$table.invalid_writes"'
_NEVER = "never looked at, or unknown"


def page() -> Page:
    found = Page(
        uid=shared.TABLE_VIEW,
        title=shared.TITLES[shared.TABLE_VIEW],
        about="One table of one contract: can it be trusted, and if not, which field and whose?",
        variables=[
            shared.picks_datasource(),
            shared.picks_job(),
            shared.picks_one(
                "contract",
                "Contract",
                'label_values(observer_contract_info{job="$job"}, contract)',
                about="A contract that is watched now.",
            ),
            shared.picks_one(
                "table",
                "Table",
                'label_values(observer_check_info{job="$job",contract="$contract"}, object)',
                about="A table of the contract.",
            ),
            shared.picks_some(
                "owner",
                "Owner",
                f"label_values(observer_check_info{{{TABLE}}}, owner)",
                about="Only checks of fields for which they answer; the table's own figures stay.",
            ),
        ],
    )
    found.line(4, *_now())
    found.line(4, (24, _by_outcome()))
    found.line(12, (24, _checks()))
    found.line(10, (12, _completeness()), (12, _completeness_over_time()))
    found.line(8, (8, _freshness()), (8, _volume()), (8, _writes()))
    found.line(8, (12, _outcomes()), (12, _trust()))
    found.line(7, (24, _service_levels()))
    return found


def _now() -> list[tuple[int, Panel]]:
    return [
        (
            4,
            number(
                "Worst outcome",
                "Of all its checks. Failed or errored: read the list below before you build on this table.",
                f"max({OUTCOME_OR_NOT_KNOWN})",
                mappings=words(shared.OUTCOMES),
            ),
        ),
        (
            4,
            number(
                "Trust score of the contract",
                "0 to 100 for all tables of the contract together, by its latest full run: 100 when everything that "
                "could be tested holds. Checks that could not look lower it.",
                of_contract("observer_contract_trust_score"),
                absent="no full run yet, or unknown",
                thresholds=steps(RED, (60, ORANGE), (80, YELLOW), (95, GREEN)),
            ),
        ),
        (
            4,
            number(
                "Age of the newest row",
                "By the source's clock, when the table was last looked at. Whether that is too old, its freshness "
                "check says.",
                of_table("observer_table_freshness_seconds"),
                unit="s",
                decimals=1,
                absent="no time to tell it by, or unknown",
            ),
        ),
        (
            4,
            number(
                "Rows",
                "Live rows when they were last counted.",
                of_table("observer_table_rows"),
                unit="locale",
                absent=_NEVER,
            ),
        ),
        (
            4,
            number(
                "Last look",
                "How long ago a run or a glance looked at the table. All figures here are as old as that.",
                age(of_table("observer_table_last_look_timestamp_seconds")),
                unit="s",
                decimals=0,
                absent=_NEVER,
                thresholds=steps(PLAIN, (7_200, YELLOW), (86_400, RED)),
            ),
        ),
        (
            4,
            number(
                "Invalid writes",
                "Share of the rows written between the last two snapshots that fail a check of severity error. Above "
                "zero, something writes bad records now: find it before mending old ones.",
                f"max(observer_check_rows_failed{{{_WRITES}}} / (observer_check_rows_tested{{{_WRITES}}} > 0))",
                unit="percentunit",
                decimals=2,
                absent="nothing was written, or unknown",
                thresholds=steps(GREEN, (0.000001, RED)),
            ),
        ),
    ]


def _by_outcome() -> Panel:
    def line(outcome: int, colour: str) -> Line:
        word = shared.OUTCOMES[outcome][0]
        return Line(expr=count_checks(outcome), called=word, thresholds=steps(PLAIN, (1, colour)))

    not_known = (
        f"count({CHECK_INFO} unless on (check) ({of_checks('observer_check_outcome')})) or 0 * count({CHECK_INFO})"
    )
    return numbers(
        "Checks by outcome",
        "How many checks came out how at their latest look. Errored and not known are neither good nor bad: nobody "
        "knows. Skipped: there was nothing to test.",
        [
            line(3, RED),
            line(2, PURPLE),
            Line(expr=not_known, called="not known", thresholds=steps(PLAIN, (1, PURPLE))),
            line(1, YELLOW),
            line(0, GREEN),
            line(-1, BLUE),
        ],
        absent="unknown: no check is told of",
    )


def _checks() -> Panel:
    uncounted = [absent_as("not counted", PLAIN)]
    return rows(
        "Checks, worst first",
        "Every check of the table with its latest outcome. `observer show` on the latest run names the records; the "
        "owner answers for the field.",
        f"max by (check, property, dimension, severity, owner) (observer_check_info{{{_CHECK}}})",
        [
            Column(title="Outcome", expr=OUTCOME_OR_NOT_KNOWN, width=185, mappings=words(shared.OUTCOMES)),
            Column(title="Check", label="check"),
            Column(title="Field", label="property", width=170),
            Column(title="Dimension", label="dimension", width=120),
            Column(title="Severity", label="severity", width=90),
            Column(title="Rows failed", expr=_FAILED, unit="locale", width=105, mappings=uncounted),
            Column(title="Rows tested", expr=_TESTED, unit="locale", width=105, mappings=uncounted),
            Column(
                title="Share failed",
                expr=f"({_FAILED}) / (({_TESTED}) > 0)",
                unit="percentunit",
                decimals=2,
                width=110,
                mappings=uncounted,
            ),
            Column(title="Owner", label="owner", width=240),
        ],
        key="check",
        absent="no such table is watched, or unknown",
        sorted_by=("Outcome", True),
    )


def _completeness() -> Panel:
    worst = f"max by (property) (({OUTCOME_OR_NOT_KNOWN}) * on (check) group_left (property) {_FIELD_OF})"
    counted = [absent_as("not counted")]
    return rows(
        "Completeness per field",
        "Share of rows in which the field is there: neither null nor a placeholder of the contract. Of several checks "
        "on a field the strictest is shown. Whether it is enough, the outcome says: the contract has the limit.",
        f"max by (property) ({_FIELD_OF})",
        [
            Column(title="Field", label="property"),
            Column(
                title="Present",
                expr=_PRESENT,
                unit="percentunit",
                decimals=2,
                width=230,
                mappings=counted,
                thresholds=steps(BLUE),
                bar=(0, 1),
            ),
            Column(
                title="Rows without",
                expr=f"max by (property) (({_FAILED}) * on (check) group_left (property) {_FIELD_OF})",
                unit="locale",
                width=115,
                mappings=counted,
            ),
            Column(title="Outcome", expr=worst, width=185, mappings=words(shared.OUTCOMES)),
        ],
        key="property",
        absent="no field has to be there, or unknown",
        sorted_by=("Present", False),
    )


def _completeness_over_time() -> Panel:
    return lines(
        "Completeness over time",
        "A step down is an integration or a form that stopped filling a field: look at what was released then.",
        [Line(expr=_PRESENT, called="{{property}}")],
        unit="percentunit",
        absent="no field has to be there, or unknown",
        soft=(None, 1),
    )


def _freshness() -> Panel:
    return lines(
        "Freshness",
        "Age of the newest row. A line that only climbs is a sync that stopped.",
        [Line(expr=of_table("observer_table_freshness_seconds"), called="age of the newest row", colour=BLUE)],
        unit="s",
        absent="no time to tell it by, or unknown",
        soft=(0, None),
        legend=False,
    )


def _volume() -> Panel:
    return lines(
        "Volume",
        "Live rows. A sudden step is an import, or a deletion.",
        [Line(expr=of_table("observer_table_rows"), called="rows", colour=BLUE)],
        unit="locale",
        absent=_NEVER,
        legend=False,
    )


def _writes() -> Panel:
    return lines(
        "Rows written between snapshots",
        "New and changed rows, and those of them that fail a check of severity error.",
        [
            Line(expr=f"max(observer_check_rows_tested{{{_WRITES}}})", called="written", colour=BLUE),
            Line(expr=f"max(observer_check_rows_failed{{{_WRITES}}})", called="invalid", colour=RED),
        ],
        unit="locale",
        absent="no two snapshots of a table with a key, or unknown",
        soft=(0, None),
    )


def _outcomes() -> Panel:
    dimensions = f"max by (check, dimension) (observer_check_info{{{_CHECK}}})"
    return timeline(
        "Worst outcome per dimension",
        "When it began. A gap is a time of which nothing is known.",
        [
            Line(
                expr=f"max by (dimension) (({OUTCOME_OR_NOT_KNOWN}) * on (check) group_left (dimension) {dimensions})",
                called="{{dimension}}",
            )
        ],
        mappings=words(shared.OUTCOMES),
        absent=shared.NOT_KNOWN,
    )


def _trust() -> Panel:
    return lines(
        "Trust score of the contract",
        "After each full run, 0 to 100.",
        [Line(expr=of_contract("observer_contract_trust_score"), called="trust score", colour=BLUE)],
        absent="no full run yet, or unknown",
        soft=(0, 100),
        legend=False,
    )


def _service_levels() -> Panel:
    info = f"max by (slo, property, window) (observer_slo_info{{{TABLE}}})"
    mine = f"and on (slo) observer_slo_info{{{TABLE}}}"

    def of(name: str) -> str:
        return f'max by (slo) ({name}{{job="$job"}}) {mine}'

    none = [absent_as("–")]
    return rows(
        "Service levels of this table",
        "What was promised about it. Click one for its detail.",
        info,
        [
            Column(
                title="SLO",
                label="slo",
                link=shared.to_page(shared.SLO_DETAIL, "Open this service level", slo="${__data.fields.SLO}"),
            ),
            Column(title="Condition", expr=of("observer_slo_condition"), mappings=words(shared.CONDITIONS)),
            Column(title="SLI", expr=of("observer_slo_sli_ratio"), unit="percentunit", decimals=2, mappings=none),
            Column(title="Objective", expr=of("observer_slo_objective_ratio"), unit="percentunit", decimals=2),
            Column(
                title="Budget left",
                expr=of("observer_slo_budget_remaining_ratio"),
                unit="percentunit",
                decimals=0,
                mappings=none,
                thresholds=steps(RED, (0.000001, ORANGE), (0.25, YELLOW), (0.5, GREEN)),
                bar=(0, 1),
            ),
            Column(title="Field", label="property"),
            Column(title="Window", label="window"),
        ],
        key="slo",
        absent="no service level is about it, or unknown",
        sorted_by=("Budget left", False),
    )
