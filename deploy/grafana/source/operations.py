"""The observer itself: is somebody watching, in time, and is what it finds delivered?"""

from __future__ import annotations

from deploy.grafana.source import operations_daemons as daemons
from deploy.grafana.source import shared
from deploy.grafana.source.page import Page
from deploy.grafana.source.panels import Column, Line, Panel, lines, number, rows
from deploy.grafana.source.queries import age
from deploy.grafana.source.shared import BLUE, GREEN, ORANGE, PLAIN, PURPLE, RED, YELLOW, absent_as, steps, words

_JOB = '{job="$job"}'
_MINE = '{job="$job",contract=~"$contract"}'
_SILENT = "no daemon answers"
_OUTCOME_COLOURS = {"passed": GREEN, "warned": YELLOW, "failed": RED, "errored": PURPLE, "skipped": BLUE}


def page() -> Page:
    found = Page(
        uid=shared.OPERATIONS,
        title=shared.TITLES[shared.OPERATIONS],
        about="The observer itself: is somebody watching, in time, and is what it finds delivered? "
        "docs/operations.md says what to do about each.",
        variables=[
            shared.picks_datasource(),
            shared.picks_job(),
            shared.picks_some(
                "contract",
                "Contract",
                'label_values(observer_contract_info{job="$job"}, contract)',
                about="Of runs, slots and glances; what is counted for the whole daemon stays.",
            ),
        ],
    )
    found.line(4, *_now())
    found.heading("Runs")
    found.line(8, (24, _contracts()))
    found.line(8, (8, _runs()), (8, _durations()), (8, _run_time()))
    found.line(8, (8, _lateness()), (8, _slots()), (8, _workers()))
    found.heading("Glances")
    found.line(8, (12, daemons.ticks()), (12, daemons.tick_durations()))
    found.heading("Deliveries")
    found.line(8, (8, daemons.outbox()), (8, daemons.oldest()), (8, daemons.deliveries()))
    found.heading("The daemons")
    found.line(5, (24, daemons.table()))
    found.line(8, (8, daemons.leaders()), (8, daemons.scrapes()), (8, daemons.series()))
    found.line(8, (8, daemons.cpu()), (8, daemons.memory()), (8, daemons.reloads()))
    return found


def _now() -> list[tuple[int, Panel]]:
    return [
        (
            3,
            number(
                "Daemons that answer",
                "By Prometheus' own scrapes. None: nothing is watched.",
                f"sum(up{_JOB})",
                absent="none is scraped",
                thresholds=steps(RED, (1, GREEN)),
            ),
        ),
        (
            3,
            number(
                "Leaders",
                "Exactly one daemon should lead. None: no contract is run. More: they may be on different states.",
                f"sum(observer_leader{_JOB})",
                absent=_SILENT,
                mappings=words(
                    {0: ("nobody leads", RED), 1: ("one leads", GREEN), 2: ("two lead", RED)}, absent=_SILENT
                ),
                thresholds=steps(RED),
            ),
        ),
        (
            3,
            number(
                "State",
                "Whether every daemon can read it. When not, nothing is run, and figures of the state are left out.",
                f"min(observer_store_up{_JOB})",
                mappings=words({0: ("cannot be read", RED), 1: ("is read", GREEN)}, absent=_SILENT),
                absent=_SILENT,
            ),
        ),
        (
            3,
            number(
                "Last heartbeat",
                "Of the daemon whose scheduler beat longest ago. More than a minute: it hangs.",
                f"max(time() - observer_heartbeat_timestamp_seconds{_JOB})",
                unit="s",
                decimals=0,
                absent="none yet, or unknown",
                thresholds=steps(GREEN, (30, YELLOW), (60, RED)),
            ),
        ),
        (
            3,
            number(
                "Configuration",
                "Refused: the latest one has mistakes, which the log names; the one before it stays in force.",
                f"min(observer_configuration_last_reload_successful{_JOB})",
                mappings=words({0: ("refused", RED), 1: ("in force", GREEN)}, absent=_SILENT),
                absent=_SILENT,
            ),
        ),
        (
            3,
            number(
                "Slots that wait",
                "Runs that are due and wait for a worker. A few are normal for a moment.",
                f"sum(max by (contract) (observer_contract_due_slots{_MINE}))",
                thresholds=steps(PLAIN, (10, YELLOW), (50, RED)),
            ),
        ),
        (
            3,
            number(
                "Missed slots, 24 h",
                "Slots of the last day that never had a run, about.",
                f"sum(max by (contract) (increase(observer_contract_missed_slots_total{_MINE}[24h])))",
                decimals=0,
                thresholds=steps(GREEN, (0.5, ORANGE)),
            ),
        ),
        (
            3,
            number(
                "Dead deliveries",
                "Given up after three days. `observer outbox` lists them and drives them again.",
                f"sum(max by (receiver) (observer_outbox_dead{_JOB}))",
                thresholds=steps(GREEN, (1, RED)),
            ),
        ),
    ]


def _of_contract(name: str) -> str:
    return f"max by (contract) ({name}{_MINE})"


def _contracts() -> Panel:
    never = [absent_as("never, or unknown")]
    return rows(
        "Contracts",
        "How each stands after its latest full run. A last success long before the last run: it can no longer look at "
        "everything, and `observer show` on that run says why.",
        f"max by (contract, version, owner) (observer_contract_info{_MINE})",
        [
            Column(
                title="Contract",
                label="contract",
                link=shared.to_page(shared.TABLE_VIEW, "Open its tables", contract="${__data.fields.Contract}"),
            ),
            Column(
                title="Last run",
                expr=_of_contract("observer_contract_last_run_outcome"),
                mappings=words(shared.OUTCOMES),
            ),
            Column(title="Trust", expr=_of_contract("observer_contract_trust_score"), mappings=never),
            Column(
                title="Ended",
                expr=age(_of_contract("observer_contract_last_run_timestamp_seconds")),
                unit="s",
                decimals=0,
                mappings=never,
            ),
            Column(
                title="Last success",
                expr=age(_of_contract("observer_contract_last_success_timestamp_seconds")),
                unit="s",
                decimals=0,
                mappings=never,
            ),
            Column(
                title="Snapshot", expr=_of_contract("observer_contract_snapshot_bytes"), unit="bytes", mappings=never
            ),
            Column(
                title="took",
                expr=_of_contract("observer_contract_snapshot_duration_seconds"),
                unit="s",
                decimals=1,
                mappings=never,
            ),
            Column(
                title="Waiting", expr=_of_contract("observer_contract_due_slots"), thresholds=steps(PLAIN, (2, YELLOW))
            ),
            Column(title="Missed ever", expr=_of_contract("observer_contract_missed_slots_total"), unit="locale"),
            Column(title="Version", label="version"),
            Column(title="Owner", label="owner"),
        ],
        key="contract",
        absent="no contract is watched, or unknown",
        sorted_by=("Last run", True),
    )


def _runs() -> Panel:
    return lines(
        "Full runs of the last hour, by outcome",
        "Failed: the data is bad. Errored: it could not be looked at. At each moment, those that ended in the hour "
        "before it.",
        [
            Line(
                expr=f'sum(increase(observer_runs_total{{job="$job",contract=~"$contract",outcome="{outcome}"}}[1h]))',
                called=outcome,
                colour=colour,
            )
            for outcome, colour in _OUTCOME_COLOURS.items()
        ],
        filled=True,
        soft=(0, None),
    )


def _durations() -> Panel:
    return lines(
        "How long runs take",
        "Half, nine of ten and 99 of 100 runs of the last hour took at most so long, all contracts together. They end "
        "at their time limit, 30 minutes unless set otherwise.",
        daemons.quantiles("observer_run_duration_seconds"),
        unit="s",
        absent="no run ended, or unknown",
        soft=(0, None),
    )


def _run_time() -> Panel:
    return lines(
        "Mean run, by contract",
        "Which contract is slow: time spent in runs divided by their number, over the last hour.",
        [
            Line(
                expr=f"sum by (contract) (increase(observer_run_seconds_total{_MINE}[1h]))"
                f" / (sum by (contract) (increase(observer_runs_total{_MINE}[1h])) > 0)",
                called="{{contract}}",
            )
        ],
        unit="s",
        absent="no run ended, or unknown",
        soft=(0, None),
    )


def _lateness() -> Panel:
    return lines(
        "How late runs begin",
        "After they were due, over the last hour. When it grows, all workers are busy: allow more, or run less often.",
        daemons.quantiles("observer_scheduler_lateness_seconds"),
        unit="s",
        absent="no run began, or unknown",
        soft=(0, None),
    )


def _slots() -> Panel:
    return lines(
        "Slots: waiting, and missed in the last hour",
        "Missed ones will never have a run: the daemon was down or too busy for longer than a slot.",
        [
            Line(expr=f"sum({_of_contract('observer_contract_due_slots')})", called="waiting", colour=BLUE),
            Line(
                expr=f"sum(max by (contract) (increase(observer_contract_missed_slots_total{_MINE}[1h])))",
                called="missed, by the state",
                colour=RED,
            ),
            Line(
                expr=f"sum(increase(observer_scheduler_missed_slots_total{_MINE}[1h]))",
                called="missed, recorded by these daemons",
                colour=ORANGE,
                dashed=True,
            ),
        ],
        soft=(0, None),
    )


def _workers() -> Panel:
    return lines(
        "Workers that ended in the last hour",
        "Recycled and stopped are as they should be. Killed, out of memory and timed out each cost a run.",
        [
            Line(
                expr=f"sum by (reason) (increase(observer_worker_ends_total{_JOB}[1h]))",
                called="{{reason}}",
            )
        ],
        absent=_SILENT,
        filled=True,
        soft=(0, None),
    )
