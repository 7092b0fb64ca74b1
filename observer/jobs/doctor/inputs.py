"""What is read before any door is opened: settings, contracts, service levels. In: what was read. Out: findings."""

from __future__ import annotations

from collections.abc import Sequence

from observer.checks.spec import ContractPlan
from observer.errors import InputError
from observer.jobs.doctor.findings import Finding, bad, counted, good, none, warning
from observer.jobs.lint_contracts import LintReport
from observer.jobs.load_slos import slos_for_run
from observer.settings import Settings
from observer.slo.model import TimeToFill

GIVE_A_KEY = "set OBSERVER_TOKEN_KEY (or OBSERVER_TOKEN_KEY_FILE) to at least 32 random characters"


def look_at_settings(settings: Settings) -> Finding:
    """Where they come from."""
    place = f"{settings.file} and the environment" if settings.file else "the environment (there is no observer.toml)"
    return good("settings", f"read from {place}, digest {settings.digest[:12]}")


def look_at_contracts(linted: LintReport) -> Finding:
    """Whether they can be used."""
    found = f"{counted(len(linted.files), 'contract')}, {counted(len(linted.errors), 'error')}"
    found += f", {counted(len(linted.warnings), 'warning')}"
    if linted.errors or not linted.files:
        return bad("contracts", found, "run `observer lint` and correct what it says")
    if linted.warnings:
        return warning("contracts", found, "run `observer lint` and see what it says")
    return good("contracts", found)


def look_at_service_levels(
    settings: Settings, linted: LintReport, plans: Sequence[ContractPlan]
) -> tuple[tuple[TimeToFill, ...], Finding]:
    """Those that look at rows, and what is to be said of all of them."""
    door = "service levels"
    if linted.errors:
        return (), none(door, "not tried: the contracts have errors")
    try:
        slos = slos_for_run(settings.slos, linted.contracts)
    except InputError as error:
        return (), bad(door, error.message, "run `observer slo lint` and correct what it says")
    if not slos:
        return (), none(door, "none: there is no slo.yaml")
    fills = tuple(slo.indicator for slo in slos if isinstance(slo.indicator, TimeToFill))
    tables = {plan.contract: plan for plan in plans}
    hidden = {
        f"{fill.contract}.{fill.object}"
        for fill in fills
        if not (table := tables[fill.contract].table(fill.object)).restricted.isdisjoint(table.key)
    }
    if hidden and settings.token_key is None:
        found = (
            f"the key of {', '.join(sorted(hidden)[:5])} is restricted and only kept as digests, which need a secret"
        )
        return fills, bad(door, found, GIVE_A_KEY)
    return fills, good(door, counted(len(slos), "service level"))
