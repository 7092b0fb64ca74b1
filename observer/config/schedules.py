"""When a contract is looked at and which hours count: `schedule`, `calendar` and the cron lines of rules, as written →
Schedule and Calendar. What cannot be read becomes a problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from observer.config.custom_properties import CustomValues
from observer.config.odcs_schema import nearest, shown
from observer.config.open_hours import BadHours, hours_of, weekdays_of
from observer.config.reading import Findings, as_list, entries, text_of
from observer.config.setting_values import known_zone
from observer.contracts.durations import BadDuration, parse_span
from observer.contracts.model import Path, Sla, SlaKind
from observer.contracts.schedules import Calendar, Schedule, weekday_names

_SCHEDULE_KEYS = ("cron", "every", "zone", "jitter", "catchUp")
_CALENDAR_KEYS = ("zone", "weekdays", "hours", "holidays")
_LONGEST = timedelta(days=366)
_MOST_LATE_SLOTS = 1_000


def read_schedule(
    document: Mapping[str, Any], custom: CustomValues, slas: Sequence[Sla], findings: Findings
) -> Schedule:
    """Its own `schedule`; for what that does not say, the cron lines of its rules, else its frequency."""
    own = _own(custom, findings)
    of_rules = tuple(dict.fromkeys(_lines_of_rules(document, findings)))
    if own.crons or own.every:
        return own
    often = min((sla.limit for sla in slas if sla.kind is SlaKind.FREQUENCY), default=None)
    found = Schedule(
        crons=of_rules,
        every=None if of_rules else often,
        zone=own.zone,
        jitter=own.jitter,
        catch_up=own.catch_up,
    )
    given = custom.get("schedule")
    if given is not None and not found.crons and not found.every and "zone" in as_mapping(given[0]):
        message, fix = "the zone has no times to be the zone of", "add `cron` or `every`"
        findings.error("schedule", (*given[1], "zone"), message, fix)
    return found


def as_mapping(value: object) -> Mapping[str, Any]:
    """Empty for anything else."""
    return value if isinstance(value, dict) else {}


def _own(custom: CustomValues, findings: Findings) -> Schedule:
    given = custom.get("schedule")
    if given is None:
        return Schedule()
    value, path = given
    form = "write {cron: '0 6 * * *'} or {every: 15min}, with zone, jitter and catchUp where wanted"
    if not _is_form("schedule", value, _SCHEDULE_KEYS, path, form, findings):
        return Schedule()
    if "cron" in value and "every" in value:
        findings.error("schedule", (*path, "every"), "`cron` and `every` are both given", "keep one of the two")
    crons: list[str] = []
    for index, line in enumerate(as_list(value.get("cron", []))):
        at = (*path, "cron", index) if isinstance(value["cron"], list) else (*path, "cron")
        if _check_cron(line, at, findings):
            crons.append(line)
    if value.get("cron", None) == []:
        findings.error("schedule", (*path, "cron"), "the list of cron lines is empty", "write one, e.g. '0 6 * * *'")
    late = value.get("catchUp")
    if late is not None and (isinstance(late, bool) or not isinstance(late, int) or not 0 <= late <= _MOST_LATE_SLOTS):
        fix = f"write a whole number from 0 to {_MOST_LATE_SLOTS}: the missed slots that are run late"
        findings.error("schedule", (*path, "catchUp"), f"catchUp is {shown(late)}", fix)
        late = None
    return Schedule(
        crons=tuple(dict.fromkeys(crons)),
        every=_span(value, "every", timedelta(seconds=1), _LONGEST, path, findings),
        zone=_zone(value, path, findings) or Schedule.zone,
        jitter=_span(value, "jitter", timedelta(), timedelta(days=1), path, findings),
        catch_up=late,
    )


def read_calendar(custom: CustomValues, findings: Findings) -> Calendar | None:
    """`{zone, weekdays, hours, holidays}`; without weekdays every day, without hours the whole day."""
    given = custom.get("calendar")
    if given is None:
        return None
    value, path = given
    form = "write {zone: Europe/Berlin, weekdays: mon-fri, hours: '08:00-18:00', holidays: [2026-12-25]}"
    if not _is_form("calendar", value, _CALENDAR_KEYS, path, form, findings):
        return None
    if "zone" not in value:
        findings.error("calendar", path, "the calendar has no zone", "add `zone`, an IANA name like Europe/Berlin")
        return None
    zone = _zone(value, path, findings)
    weekdays = _weekdays(value.get("weekdays", "mon-sun"), (*path, "weekdays"), findings)
    hours = _hours(value.get("hours", "00:00-24:00"), (*path, "hours"), findings)
    holidays = _holidays(value.get("holidays", []), (*path, "holidays"), findings)
    if zone is None or not weekdays or hours is None:
        return None
    return Calendar(zone=zone, weekdays=weekdays, opens=hours[0], closes=hours[1], holidays=holidays)


def _is_form(rule: str, value: object, keys: Sequence[str], path: Path, form: str, findings: Findings) -> bool:
    """False when it is no mapping; unknown keys are told and left out."""
    if not isinstance(value, dict) or not value:
        findings.error("custom-property-value", path, f"the value of {rule} cannot be read", form)
        return False
    for key in value:
        if key not in keys:
            near = nearest(key, keys)
            fix = f"write `{near}`" if near else form
            if rule == "schedule":
                findings.error("schedule", (*path, key), f"schedule knows no `{key}`", fix)
            else:
                findings.error("calendar", (*path, key), f"calendar knows no `{key}`", fix)
    return True


# --- schedule


def _lines_of_rules(document: Mapping[str, Any], findings: Findings) -> Iterator[str]:
    """`quality[].schedule` of all objects and properties."""
    for at_object, obj in entries(document, "schema", ()):
        places = [(at_object, obj), *entries(obj, "properties", at_object)]
        for at, element in places:
            for at_rule, rule in entries(element, "quality", at):
                line, scheduler = rule.get("schedule"), text_of(rule, "scheduler")
                if line is None:
                    continue
                if scheduler.strip().lower() not in ("", "cron"):
                    message = f"the schedule is one of {shown(scheduler)}, which is not understood"
                    fix = "write `scheduler: cron` with a cron line, or remove both"
                    findings.error("cron", (*at_rule, "scheduler"), message, fix)
                elif _check_cron(line, (*at_rule, "schedule"), findings):
                    yield line


def _check_cron(line: object, path: Path, findings: Findings) -> bool:
    wrong = wrong_with_cron(line)
    if wrong:
        fix = "write minute, hour, day, month and weekday, e.g. '0 6 * * mon-fri'"
        findings.error("cron", path, f"{shown(line)} is no cron line: {wrong}", fix)
    return not wrong


def wrong_with_cron(line: object) -> str:
    """What a person would have to mend; "" for a line of five fields that comes at least every few years."""
    if not isinstance(line, str):
        return "it is no text"
    fields = line.split()
    if len(fields) != 5:
        return f"it has {len(fields)} field{'' if len(fields) == 1 else 's'} instead of five"
    from apscheduler.triggers.cron import CronTrigger  # a third of a second, for contracts that have a cron line

    minute, hour, day, month, weekday = fields
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    try:
        # Day and weekday are alternatives, so each has to be right alone.
        days = CronTrigger(
            minute=minute, hour=hour, day=day, month=month, start_date=begin, end_date=_years_after(begin), timezone=UTC
        )
        CronTrigger(day_of_week=weekday_names(weekday), timezone=UTC)
    except ValueError as error:
        return str(error)
    either = day != "*" and weekday != "*"
    return "" if either or days.get_next_fire_time(None, begin) else "no such day ever comes"


def _years_after(begin: datetime) -> datetime:
    return begin.replace(year=begin.year + 12)


def _span(
    value: Mapping[str, Any], key: str, low: timedelta, high: timedelta, path: Path, findings: Findings
) -> timedelta | None:
    if key not in value:
        return None
    given, at, fix = value[key], (*path, key), "write a time span like 90s, 15min, 1h or 7d"
    try:
        found = parse_span(given) if isinstance(given, str) else None
    except BadDuration as bad:
        findings.error("schedule", at, f"{key} is {shown(given)}: {bad}", fix)
        return None
    if found is None or not low <= found <= high:
        limit = f"at most {high // timedelta(days=1)}d"
        findings.error("schedule", at, f"{key} is {shown(given)}", f"{fix}, {limit}")
        return None
    return found


def _zone(value: Mapping[str, Any], path: Path, findings: Findings) -> str | None:
    zone = value.get("zone")
    if zone is None and "zone" not in value:
        return None
    if isinstance(zone, str) and known_zone(zone):
        return zone
    message = f"zone is {shown(zone)}, which is no time zone"
    findings.error("zone", (*path, "zone"), message, "write an IANA name like Europe/Berlin")
    return None


# --- calendar


def _weekdays(value: object, path: Path, findings: Findings) -> frozenset[int]:
    """ "mon-fri", or a list of days and such spans."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
    try:
        found = weekdays_of([str(part) for part in parts])
    except BadHours as bad:
        findings.error("calendar", path, str(bad), bad.fix)
        return frozenset()
    if not found:
        findings.error("calendar", path, "the calendar is never open: it has no weekdays", "write e.g. mon-fri")
    return found


def _hours(value: object, path: Path, findings: Findings) -> tuple[time, time] | None:
    try:
        return hours_of(value if isinstance(value, str) else "")
    except BadHours as bad:
        findings.error("calendar", path, f"hours are {shown(value)}", bad.fix)
        return None


def _holidays(value: object, path: Path, findings: Findings) -> frozenset[date]:
    found: set[date] = set()
    for index, given in enumerate(as_list(value)):
        try:
            # Python reads 20261225 too, which YAML holds for a number.
            found.add(date.fromisoformat(given if isinstance(given, str) and len(given) == 10 else ""))
        except ValueError:
            at = (*path, index) if isinstance(value, list) else path
            findings.error("calendar", at, f"the holiday {shown(given)} is no date", "write it like 2026-12-25")
    return frozenset(found)
