"""What all dashboards have in common: names, colours, words for numbers, variables, links.

Green is for what was looked at and is good. What is not known is purple and says so; it is never green and never zero.
"""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

#: As provisioned in deploy/grafana/provisioning/datasources.
DATASOURCE_UID = "crm-observer-prometheus"
#: `job_name` in deploy/prometheus/prometheus.yml.
JOB = "crm-observer"
TAG = "crm-observer"

SLO_OVERVIEW = "crm-observer-slo-overview"
SLO_DETAIL = "crm-observer-slo-detail"
TABLE_VIEW = "crm-observer-table"
OPERATIONS = "crm-observer-operations"
#: Uid → title.
TITLES = {
    SLO_OVERVIEW: "Service levels",
    SLO_DETAIL: "One service level",
    TABLE_VIEW: "One table",
    OPERATIONS: "The observer itself",
}

GREEN, YELLOW, ORANGE, RED = "green", "yellow", "orange", "red"
BLUE, PURPLE, PLAIN = "blue", "purple", "text"

#: What `observer_slo_condition` says.
CONDITIONS = {-1: ("no data", PURPLE), 0: ("met", GREEN), 1: ("burning", ORANGE), 2: ("missed", RED)}
#: What `observer_check_outcome` and `observer_contract_last_run_outcome` say; 2.5 is ours, for what has no outcome.
OUTCOMES = {
    -1: ("skipped", BLUE),
    0: ("passed", GREEN),
    1: ("warned", YELLOW),
    2: ("errored: could not look", PURPLE),
    2.5: ("not known", PURPLE),
    3: ("failed", RED),
}
BLIND = {0: ("looking", GREEN), 1: ("blind", PURPLE)}
NOT_KNOWN = "unknown"
#: Grafana takes the first step as minus infinity, which JSON lacks: it writes null, and its schema wants a number.
LOWEST = -1e9


def words(
    meaning: Mapping[int, tuple[str, str]] | Mapping[float, tuple[str, str]], *, absent: str = NOT_KNOWN
) -> list[models.ValueMapping]:
    """Number → (text, colour), and a text for what has no number."""
    return [
        models.ValueMap(
            options={
                str(value): models.ValueMappingResult(text=text, color=colour, index=index)
                for index, (value, (text, colour)) in enumerate(meaning.items())
            }
        ),
        absent_as(absent),
    ]


def absent_as(text: str, colour: str = PURPLE) -> models.SpecialValueMap:
    """What stands where there is no number; in another colour than that of the unknown only where none belongs."""
    return models.SpecialValueMap(
        options=models.DashboardSpecialValueMapOptions(
            match=models.SpecialValueMatch.NULL_AND_NAN,
            result=models.ValueMappingResult(text=text, color=colour, index=99),
        )
    )


def steps(base: str, *above: tuple[float, str]) -> builders.ThresholdsConfig:
    """A colour for small numbers, and others from each bound on."""
    found = [models.Threshold(value=LOWEST, color=base), *(models.Threshold(value=v, color=c) for v, c in above)]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(found)


def datasource() -> models.DataSourceRef:
    """The datasource that the variable names."""
    return models.DataSourceRef(type_val="prometheus", uid="${datasource}")


def picks_datasource() -> builders.DatasourceVariable:
    return (
        builders.DatasourceVariable("datasource")
        .label("Prometheus")
        .type("prometheus")
        .current(models.VariableOption(selected=True, text="Prometheus", value=DATASOURCE_UID))
    )


def _picks(name: str, label: str, query: str, about: str) -> builders.QueryVariable:
    return (
        builders.QueryVariable(name)
        .label(label)
        .description(about)
        .datasource(datasource())
        .query(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
    )


def picks_one(name: str, label: str, query: str, *, about: str, current: str | None = None) -> builders.QueryVariable:
    """Exactly one value. `query` is `label_values(…)`."""
    variable = _picks(name, label, query, about)
    return variable if current is None else variable.current(_option(current, current))


def picks_some(name: str, label: str, query: str, *, about: str) -> builders.QueryVariable:
    """Some values or all, also those without the label."""
    return (
        _picks(name, label, query, about)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(_option("All", "$__all"))
    )


def _option(text: str, value: str) -> models.VariableOption:
    return models.VariableOption(selected=True, text=text, value=value)


def picks_job() -> builders.QueryVariable:
    """Which observer: one Prometheus may scrape several (test and production)."""
    return picks_one(
        "job",
        "Observer",
        "label_values(observer_build_info, job)",
        about="Which observer, by the name of its scrape job: one Prometheus may scrape several.",
        current=JOB,
    )


#: Matchers of the service levels that the variables leave.
SLO_PICKS = 'job="$job",contract=~"$contract",object=~"$table",owner=~"$owner"'


def picks_of_slos() -> list[builders.QueryVariable]:
    """Contract, table and owner, each of what the ones before it leave."""
    return [
        picks_some(
            "contract",
            "Contract",
            'label_values(observer_slo_info{job="$job"}, contract)',
            about="Contracts that service levels are about.",
        ),
        picks_some(
            "table",
            "Table",
            'label_values(observer_slo_info{job="$job",contract=~"$contract"}, object)',
            about="Tables of the picked contracts.",
        ),
        picks_some(
            "owner",
            "Owner",
            'label_values(observer_slo_info{job="$job",contract=~"$contract",object=~"$table"}, owner)',
            about="Who answers for the fields.",
        ),
    ]


def links(here: str) -> list[Builder[models.DashboardLink]]:
    """To the other dashboards, on the same observer and time."""
    return [
        builders.DashboardLink(title)
        .type(models.DashboardLinkType.LINK)
        .url(f"/d/{uid}?${{datasource:queryparam}}&${{job:queryparam}}")
        .icon("dashboard")
        .keep_time(True)
        for uid, title in TITLES.items()
        if uid != here
    ]


def to_page(uid: str, title: str, **picks: str) -> dict[str, object]:
    """A link in a cell. `picks`: variable → what it is set to there, `${__data.fields.…}`."""
    chosen = "".join(f"&var-{name}={value}" for name, value in picks.items())
    return {
        "title": title,
        "url": f"/d/{uid}?${{datasource:queryparam}}&${{job:queryparam}}{chosen}&${{__url_time_range}}",
    }
