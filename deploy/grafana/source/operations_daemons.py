"""Panels of the observer itself: glances, deliveries, and the daemons as processes."""

from __future__ import annotations

from deploy.grafana.source.panels import Column, Line, Panel, lines, rows
from deploy.grafana.source.queries import age, quantile
from deploy.grafana.source.shared import BLUE, GREEN, ORANGE, PLAIN, PURPLE, RED, absent_as, steps, words

_JOB = '{job="$job"}'
_SILENT = "no daemon answers"


def quantiles(histogram: str) -> list[Line]:
    return [
        Line(expr=quantile(of, histogram, "1h"), called=called, colour=colour)
        for of, called, colour in ((0.5, "half", BLUE), (0.9, "9 of 10", ORANGE), (0.99, "99 of 100", RED))
    ]


def ticks() -> Panel:
    return lines(
        "Glances per minute",
        "Looks at freshness between runs. Errors: a table could not be looked at.",
        [
            Line(
                expr='60 * sum(rate(observer_ticks_total{job="$job",contract=~"$contract",'
                f'result="{result}"}}[$__rate_interval]))',
                called=called,
                colour=colour,
            )
            for result, called, colour in (("ok", "looked", BLUE), ("error", "could not look", PURPLE))
        ],
        absent=_SILENT,
        soft=(0, None),
    )


def tick_durations() -> Panel:
    return lines(
        "How long glances take",
        "Over the last hour. More than a second: the event or update time has no index.",
        quantiles("observer_tick_duration_seconds"),
        unit="s",
        absent="no glance, or unknown",
        soft=(0, None),
    )


def outbox() -> Panel:
    return lines(
        "Outbox",
        "Deliveries that wait, and those that were given up. Nothing is lost while it waits.",
        [
            Line(expr=f"max by (receiver) (observer_outbox_waiting{_JOB})", called="{{receiver}}: waiting"),
            Line(expr=f"max by (receiver) (observer_outbox_dead{_JOB})", called="{{receiver}}: dead"),
        ],
        soft=(0, None),
    )


def oldest() -> Panel:
    return lines(
        "Age of the oldest delivery that waits",
        "0 when none waits. Above 15 minutes an alert opens: the receiver is down, or refuses.",
        [Line(expr=f"max by (receiver) (observer_outbox_oldest_age_seconds{_JOB})", called="{{receiver}}")],
        unit="s",
        thresholds=steps("transparent", (900, ORANGE)),
        soft=(0, None),
    )


def deliveries() -> Panel:
    return lines(
        "Attempts to deliver in the last hour",
        "By what came of them. Unreachable, timeout and server error are tried again; refused needs a person.",
        [
            Line(
                expr=f"sum by (receiver, result, reason) (increase(observer_deliveries_total{_JOB}[1h])) > 0",
                called="{{receiver}}: {{result}} ({{reason}})",
            )
        ],
        absent="nothing was sent, or unknown",
        filled=True,
        soft=(0, None),
    )


def _of_instance(name: str) -> str:
    return f"max by (instance) ({name}{_JOB})"


def table() -> Panel:
    return rows(
        "Daemons",
        "Different configurations: one of them was not restarted or reloaded. Clock steps: ages and schedules are "
        "only as right as the clock.",
        f"max by (instance, version, python) (observer_build_info{_JOB})",
        [
            Column(title="Daemon", label="instance"),
            Column(
                title="Role",
                expr=_of_instance("observer_leader"),
                mappings=words({0: ("follows", BLUE), 1: ("leads", GREEN)}),
            ),
            Column(
                title="State",
                expr=_of_instance("observer_store_up"),
                mappings=words({0: ("cannot be read", RED), 1: ("is read", GREEN)}),
            ),
            Column(
                title="Heartbeat",
                expr=age(_of_instance("observer_heartbeat_timestamp_seconds")),
                unit="s",
                decimals=0,
                mappings=[absent_as("none yet")],
                thresholds=steps(PLAIN, (60, RED)),
            ),
            Column(title="Up for", expr=age(_of_instance("process_start_time_seconds")), unit="s", decimals=1),
            Column(
                title="Configuration",
                expr=_of_instance("observer_configuration_last_reload_successful"),
                mappings=words({0: ("refused", RED), 1: ("in force", GREEN)}),
            ),
            Column(
                title="read",
                expr=age(_of_instance("observer_configuration_last_reload_success_timestamp_seconds")),
                unit="s",
                decimals=1,
                mappings=[absent_as("never")],
            ),
            Column(
                title="Clock steps",
                expr=f"sum by (instance) (observer_clock_steps_total{_JOB})",
                thresholds=steps(PLAIN, (1, ORANGE)),
            ),
            Column(
                title="Open files",
                expr=f"{_of_instance('process_open_fds')} / {_of_instance('process_max_fds')}",
                unit="percentunit",
                decimals=1,
                thresholds=steps(PLAIN, (0.8, RED)),
            ),
            Column(title="Version", label="version"),
            Column(title="Python", label="python"),
        ],
        key="instance",
        absent=_SILENT,
        sorted_by=("Daemon", False),
    )


def leaders() -> Panel:
    return lines(
        "Leaders and terms",
        "The sum of leaders is 1, but for moments. A term that climbs often: leaders lose their lease, look at the "
        "state.",
        [
            Line(expr=f"sum(observer_leader{_JOB})", called="leaders", colour=BLUE),
            Line(expr=f"max(observer_leader_epoch{_JOB})", called="term", colour=ORANGE, right_in="none"),
        ],
        absent=_SILENT,
        soft=(0, 2),
    )


def scrapes() -> Panel:
    return lines(
        "How long scrapes take",
        "Prometheus gives up after ten seconds. More than three: the state is slow to read.",
        [Line(expr=f"max by (instance) (scrape_duration_seconds{_JOB})", called="{{instance}}")],
        unit="s",
        absent=_SILENT,
        soft=(0, None),
    )


def series() -> Panel:
    return lines(
        "Series",
        "That one scrape shows. It is bounded by what is watched; docs/metrics.md has the formula.",
        [Line(expr=f"max by (instance) (scrape_samples_scraped{_JOB})", called="{{instance}}")],
        unit="locale",
        absent=_SILENT,
        soft=(0, None),
    )


def cpu() -> Panel:
    return lines(
        "Processor",
        "Cores that the daemon itself uses; its workers are processes of their own.",
        [
            Line(
                expr=f"sum by (instance) (rate(process_cpu_seconds_total{_JOB}[$__rate_interval]))",
                called="{{instance}}",
            )
        ],
        absent=_SILENT,
        soft=(0, None),
    )


def memory() -> Panel:
    return lines(
        "Memory",
        "Of the daemon itself. A line that climbs for days is a mistake: tell us.",
        [Line(expr=_of_instance("process_resident_memory_bytes"), called="{{instance}}")],
        unit="bytes",
        absent=_SILENT,
        soft=(0, None),
    )


def reloads() -> Panel:
    return lines(
        "Configuration read in the last hour",
        "Refused ones leave the configuration before them in force.",
        [
            Line(
                expr=f'sum(increase(observer_configuration_reloads_total{{job="$job",result="{result}"}}[1h]))',
                called=called,
                colour=colour,
            )
            for result, called, colour in (("success", "taken", GREEN), ("failure", "refused", RED))
        ],
        absent=_SILENT,
        filled=True,
        soft=(0, None),
    )
