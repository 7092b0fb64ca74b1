"""What is wrong now (Finding), and what a look at it could tell at all (Look).

Flows in: results of checks, alerts of levels, broken promises, troubles of the daemon's own; `looks.py` and
`response.py` make findings of them. Flows out: findings, told apart by fingerprints of stable ids alone, without any
value of a record.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum


class Source(StrEnum):
    """Where a finding comes from."""

    #: A check of a run or of a glance did not pass.
    CHECK = "check"
    #: A check of what changed between two snapshots did not pass.
    CHANGE = "change"
    #: We could not look: a check, or a table as a whole.
    BLIND = "blind"
    #: An alert of a service level is open.
    LEVEL = "level"
    #: A promise of the contract about incidents (`timeToRepair`) is broken by one that is open.
    RESPONSE = "response"
    #: The daemon's own trouble: a door that does not work.
    TROUBLE = "trouble"


class Grade(StrEnum):
    """How much a finding weighs: the severity of its check, or the urgency of its alert."""

    #: Somebody is paged: a budget burns fast.
    URGENT = "urgent"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def weight(self) -> int:
        """3 for the heaviest, 0 for the lightest."""
        return _WEIGHTS[self]


#: Asked for every finding that is held, every other second.
_WEIGHTS = {grade: 3 - place for place, grade in enumerate(Grade)}


class Hides(StrEnum):
    """Which other findings say nothing while this one is open."""

    NONE = ""
    #: A field of the table is broken: what only sums up its fields says nothing new.
    SUMS = "sums"
    #: The table is stale: what is seen of its fields is old.
    FIELDS = "fields"
    #: The table, or with no table the whole contract, cannot be reached: that nothing could be looked at follows.
    ALL = "all"
    #: The source cannot be asked: the same of every contract.
    EVERYTHING = "everything"


@dataclass(frozen=True, kw_only=True)
class Answerable:
    """Who answers for a finding, as far as the contract says: usernames (email addresses as a rule)."""

    #: Of the property.
    owner: str | None = None
    #: Of the property.
    steward: str | None = None
    contract_owner: str | None = None
    contract_steward: str | None = None
    consumers: tuple[str, ...] = ()

    @property
    def second(self) -> str | None:
        """Who is asked when the first says nothing: the steward of the property, else of the contract."""
        return self.steward or self.contract_steward


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong. Holds no value of a record; every number is a count."""

    #: `check:crm.leads.email.required`: the same for the same thing in every run, process and year.
    fingerprint: str
    source: Source
    grade: Grade
    #: None for a trouble that is of no contract.
    contract: str | None = None
    #: Name of the schema object; None when it is about a whole contract.
    table: str | None = None
    property: str | None = None
    #: Id of the check, name of the level, or the door.
    subject: str
    #: What ought to hold, in the present tense: "email is present".
    statement: str
    observed: str = ""
    expected: str = ""
    rows_failed: int | None = None
    rows_tested: int | None = None
    #: Bad records that a level still allows; negative when overspent. None: it is no level.
    budget_left: int | None = None
    #: Since when it is wrong, where that is known to be earlier than when it was seen; aware, UTC.
    since: datetime | None = None
    #: It went wrong after that: a look began then that found it well, with none in between that found otherwise; of a
    #: level, no bad record that its alert counts is older. Of how it is found, not of what is: a finding that differs
    #: in nothing else is the same.
    good_at: datetime | None = field(default=None, compare=False)
    #: No value of the field may be shown; none is in here.
    restricted: bool = False
    hides: Hides = Hides.NONE
    #: It only sums up what fields of its table show (writes that break any rule).
    sums: bool = False
    answerable: Answerable = Answerable()

    # `property` is a field here.
    @builtins.property
    def is_blind(self) -> bool:
        """Of what we could not see or do ourselves: nothing that the owner of a field could mend."""
        return self.source in (Source.BLIND, Source.TROUBLE)

    @builtins.property
    def about(self) -> str:
        """`crm.leads.email`, `crm.leads`, `crm`, or the door."""
        return ".".join(part for part in (self.contract, self.table, self.property) if part) or self.subject

    @builtins.property
    def hides_fields(self) -> bool:
        """Whether what is seen of fields, or of anything, says nothing while this one is open."""
        return self.hides in (Hides.FIELDS, Hides.ALL, Hides.EVERYTHING)

    def is_as(self, other: Finding) -> bool:
        """Whether it is as it was, but for its words, and for the counts of a level, which every record moves."""
        was = replace(other, observed=self.observed)
        if self.source is Source.LEVEL:
            was = replace(was, rows_failed=self.rows_failed, rows_tested=self.rows_tested, budget_left=self.budget_left)
        return self == was

    def is_hidden_by(self, other: Finding) -> bool:
        """Whether this one only follows from the other, which is open."""
        if other.hides is Hides.NONE or self.hides is other.hides or self.contract is None:
            return False
        if other.contract != self.contract and other.hides is not Hides.EVERYTHING:
            return False
        if other.table is not None and other.table != self.table:
            return False
        # A level tells of its own window, a promise of incidents, whatever can be seen now; a warning hides no error.
        if self.source in (Source.LEVEL, Source.RESPONSE) or self.grade.weight > other.grade.weight:
            return False
        if other.hides is Hides.SUMS:
            return self.sums
        if other.hides in (Hides.ALL, Hides.EVERYTHING):
            return True
        return self.property is not None and not self.is_blind


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look (a run, a glance, an evaluation) at some of the world: what it found, and of what else it could tell."""

    #: As of when it is true: start of the run, time of the glance; aware, UTC.
    at: datetime
    findings: tuple[Finding, ...] = ()
    #: Fingerprints that it could have found: those it did not find are mended.
    covered: frozenset[str] = frozenset()
    #: Fingerprints of what is no longer looked at: the check, the level is in no contract any more.
    withdrawn: frozenset[str] = frozenset()

    def distinct(self) -> tuple[Finding, ...]:
        """Each fingerprint once, its gravest telling, in the order of fingerprints: however they were handed in."""
        found: dict[str, Finding] = {}
        for finding in self.findings:
            rival = found.get(finding.fingerprint)
            if rival is None or _gravity(finding) > _gravity(rival):
                found[finding.fingerprint] = finding
        return tuple(found[fingerprint] for fingerprint in sorted(found))


def _gravity(finding: Finding) -> tuple[int, int, int, str]:
    # The last part only decides between tellings that are as grave: it must not depend on their order.
    return finding.grade.weight, finding.rows_failed or 0, finding.rows_tested or 0, repr(finding)
