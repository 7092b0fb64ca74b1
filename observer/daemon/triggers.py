"""A contract's schedule → the function that names its next slot. Clocks and zones are APScheduler's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from observer.contracts.schedules import Schedule, weekday_names
from observer.runs.slots import NextAfter
from observer.settings import ScheduleSettings

#: A midnight of long ago: slots of an interval are counted from it, so that every daemon counts alike.
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_MOMENT = timedelta(microseconds=1)


def next_slot(schedule: Schedule, default: ScheduleSettings) -> NextAfter:
    """The first slot after an instant; the daemon's default interval when the contract says nothing of its own."""
    zone = ZoneInfo(schedule.zone if schedule.crons or schedule.every else default.zone)
    triggers: list[BaseTrigger] = [trigger for line in schedule.crons for trigger in cron_triggers(line, zone)]
    if not triggers:
        span = schedule.every or default.every
        start = _BEGINNING.replace(tzinfo=zone)
        triggers = [IntervalTrigger(seconds=span.total_seconds(), start_date=start, timezone=zone)]

    def next_after(at: datetime) -> datetime | None:
        now = (at + _MOMENT).astimezone(zone)
        times = [time.astimezone(UTC) for trigger in triggers if (time := trigger.get_next_fire_time(None, now))]
        return min(times, default=None)

    return next_after


def cron_triggers(line: str, zone: ZoneInfo) -> list[CronTrigger]:
    """A crontab line of five fields. Where both days are restricted either is enough, as in every cron.

    Raises ValueError when it is none.
    """
    fields = line.split()
    if len(fields) != 5:
        raise ValueError(f"a crontab line has five fields, this has {len(fields)}")
    minute, hour, day, month, weekday = fields
    names = weekday_names(weekday)
    days = [(day, names)] if "*" in (day, names) else [(day, "*"), ("*", names)]
    return [CronTrigger(minute=minute, hour=hour, day=d, month=month, day_of_week=w, timezone=zone) for d, w in days]
