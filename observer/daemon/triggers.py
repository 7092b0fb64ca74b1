"""A contract's schedule → the function that names its next slot. Clocks and zones are APScheduler's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from observer.contracts.schedules import Schedule, weekday_names
from observer.settings import ScheduleSettings

#: A midnight of long ago: slots of an interval are counted from it, so that every daemon counts alike.
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class SlotTimes:
    """Names the first slot after an instant, None when there is none. Two of the same schedule are equal."""

    crons: tuple[str, ...]
    #: Counts where there are no crontab lines.
    every: timedelta
    #: IANA name.
    zone: str
    _triggers: tuple[BaseTrigger, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Raises ValueError when a crontab line is none."""
        zone = ZoneInfo(self.zone)
        triggers: list[BaseTrigger] = [trigger for line in self.crons for trigger in cron_triggers(line, zone)]
        if not triggers:
            start = _BEGINNING.replace(tzinfo=zone)
            triggers = [IntervalTrigger(seconds=self.every.total_seconds(), start_date=start, timezone=zone)]
        object.__setattr__(self, "_triggers", tuple(triggers))

    def __call__(self, at: datetime) -> datetime | None:
        now = (at + _MOMENT).astimezone(ZoneInfo(self.zone))
        times = (trigger.get_next_fire_time(None, now) for trigger in self._triggers)
        return min((time.astimezone(UTC) for time in times if time), default=None)


def next_slot(schedule: Schedule, default: ScheduleSettings) -> SlotTimes:
    """The contract's own times; the daemon's default interval when it says nothing of its own."""
    zone = schedule.zone if schedule.crons or schedule.every else default.zone
    return SlotTimes(crons=schedule.crons, every=schedule.every or default.every, zone=zone)


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
