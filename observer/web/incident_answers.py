"""What the API takes and answers of incidents, as frozen values; see `answers`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from observer.incidents.acting import LONGEST_REASON, Act, Action, Answer
from observer.incidents.events import Resolution
from observer.incidents.findings import Grade
from observer.incidents.incident import Status
from observer.incidents.permission import person_of
from observer.store import IncidentRow
from observer.web.problems import Refusal


@dataclass(frozen=True, kw_only=True)
class IncidentAnswer:
    """One incident. `begins` is when it was opened or last reopened; `reason` is what opened it; `findings` go on."""

    id: str
    contract: str | None
    table: str | None
    owner: str | None
    status: Status
    grade: Grade
    reason: str
    findings: int
    opened_at: datetime
    begins: datetime
    resolved_at: datetime | None
    resolution: Resolution | None
    acknowledged_by: str | None
    snoozed_until: datetime | None
    told: bool

    @classmethod
    def of(cls, row: IncidentRow) -> IncidentAnswer:
        return cls(
            id=row.id,
            contract=row.group.contract or None,
            table=row.group.table or None,
            owner=row.group.owner or None,
            status=row.status,
            grade=row.grade,
            reason=row.reason,
            findings=row.going_on,
            opened_at=row.opened_at,
            begins=row.begins,
            resolved_at=row.resolved_at,
            resolution=row.resolution,
            acknowledged_by=row.acknowledged_by or None,
            snoozed_until=row.snoozed_until,
            told=row.told,
        )


@dataclass(frozen=True, kw_only=True)
class ActionAsked:
    """What somebody does with an incident. `expected` and `false positive` need a reason; `snooze` needs `seconds`."""

    act: Act
    #: Who does it: a username, an email address as a rule.
    by: str
    reason: str = ""
    #: How long a snooze lasts.
    seconds: int | None = None

    def action(self, now: datetime) -> Action:
        """Raises Refusal: it cannot be meant so."""
        by = person_of(self.by)
        if by is None:
            raise Refusal(422, "`by` is no name of a person", fix="say who acts: an email address")
        if (self.act is Act.SNOOZE) != (self.seconds is not None):
            raise Refusal(422, "`seconds` says how long a snooze lasts, and nothing else", fix="give it with `snooze`")
        return Action(act=self.act, by=by, reason=written_reason(self.reason), until=_until(now, self.seconds))


@dataclass(frozen=True, kw_only=True)
class ActAnswer:
    """What became of it. `done` false: nothing changed, and the sentence says why."""

    done: bool
    sentence: str
    status: Status

    @classmethod
    def of(cls, answer: Answer) -> ActAnswer:
        return cls(done=answer.done, sentence=answer.sentence, status=answer.incident.status)


def written_reason(text: str) -> str:
    """What the state can hold of it. Raises Refusal: it is too long."""
    # JSON can name halves of characters, which are none.
    reason = text.replace("\0", "").encode("utf-8", "replace").decode().strip()
    if len(reason) > LONGEST_REASON:
        raise Refusal(422, f"a reason has at most {LONGEST_REASON} characters", fix="say it shorter")
    return reason


def _until(now: datetime, seconds: int | None) -> datetime | None:
    if seconds is None:
        return None
    try:
        return now + timedelta(seconds=seconds)
    except OverflowError:
        raise Refusal(422, "a snooze does not last so long", fix="give fewer `seconds`") from None
