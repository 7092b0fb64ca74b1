"""Leads of the demo CRM and the story of their dirt. In: a World. Out: their facts as arrays, and Arrow chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from observer.demo import words as w
from observer.demo.draws import (
    DAY,
    HOUR,
    Dirtier,
    Ints,
    Mask,
    World,
    created_times,
    instants,
    joined,
    later,
    numbers_text,
    spread,
    uneven,
    uuids,
    where,
    whole,
    words,
)
from observer.demo.people import (
    LEFT_USERS,
    Accounts,
    Users,
    addresses,
    company_domains,
    company_names,
    countries,
    first_names,
    last_names,
    phones,
    slices,
)

PARTNER, EVENT = w.SOURCES.index("partner"), w.SOURCES.index("event")
NEW, CONTACTED, QUALIFIED, DISQUALIFIED = range(4)
_IDS = 4


@dataclass(kw_only=True)
class Leads:
    """People who showed interest; a lead is known here by its row number, outside by its UUID."""

    world: World
    created: Ints
    updated: Ints
    source: Ints
    status: Ints
    score: Ints
    owners: Ints
    company: Ints
    deleted: Mask
    #: Row number of the lead it was merged into, or -1.
    merged_into: Ints
    #: Row whose person this row repeats: itself, but for the double import.
    person: Ints
    dirt: dict[str, Mask]

    @property
    def rows(self) -> int:
        return len(self.created)

    @property
    def live(self) -> Ints:
        """Row numbers of those that exist."""
        return np.flatnonzero(~self.deleted)

    def ids(self, index: Ints) -> pa.Array:
        """The ids of these rows as other tables know them."""
        legacy = joined("LEAD-", pc.utf8_lpad(numbers_text(index), 6, padding="0"))
        return where(self.dirt["id"][index], legacy, uuids(self.world.seed, _IDS, index))

    def chunks(self) -> Iterator[pa.Table]:
        for part, index, dirt in slices(self.rows, self.dirt):
            person, company = self.person[part], self.company[part]
            country = countries(company)
            emails = addresses(person, _IDS, company_domains(company))
            emails = where(dirt["email_malformed"], pc.replace_substring(emails, "@", " at "), emails)
            emails = where(dirt["email_placeholder"], "n/a", where(dirt["email_missing"], None, emails))
            phone = where(spread(person, 10, 53) < 3, None, phones(person, country))
            created = np.where(dirt["created_at"], self.created[part] + 73 * 365 * DAY, self.created[part])
            status = words(w.STATUSES, self.status[part])
            merged = self.merged_into[part]
            yield pa.table(
                {
                    "id": self.ids(index),
                    "email": emails,
                    "first_name": first_names(person, _IDS),
                    "last_name": last_names(person, _IDS),
                    "company": where(dirt["company"], None, company_names(company)),
                    "phone": where(dirt["phone"], words(w.PHONE_PLACEHOLDERS, index), phone),
                    "country": where(dirt["country"], words(w.COUNTRY_SLIPS, index), words(w.COUNTRIES, country)),
                    "source": where(
                        dirt["source"], words(w.SOURCE_SLIPS, self.source[part]), words(w.SOURCES, self.source[part])
                    ),
                    "status": where(dirt["status"], words(w.STATUS_SLIPS, index), status),
                    "score": whole(self.score[part]),
                    "owner_id": whole(self.owners[part], null=dirt["owner_missing"]),
                    "merged_into_id": where(merged < 0, None, self.ids(np.maximum(merged, 0))),
                    "created_at": instants(created),
                    "updated_at": instants(self.updated[part]),
                    "is_deleted": pa.array(self.deleted[part]),
                }
            )


def draw_leads(world: World, users: Users, accounts: Accounts) -> Leads:
    rng = world.rng(_IDS)
    rows, now = world.leads, world.now
    created = created_times(rng, rows, now)
    source = rng.choice(4, rows, p=[0.45, 0.2, 0.2, 0.15])
    deleted = rng.random(rows) < 0.02
    live = ~deleted
    owners = uneven(rng, users.sellers, rows)
    company = (accounts.rows * rng.random(rows) ** 1.5).astype(np.int64)
    status = _statuses(rng, (now - created) / DAY)
    score = np.clip(rng.normal(np.array([35, 45, 70, 25])[status], 14), 0, 100).astype(np.int64)
    merged_into = np.full(rows, -1, dtype=np.int64)
    merged = np.flatnonzero(deleted & (rng.random(rows) < 0.3))
    merged_into[merged] = rng.choice(np.flatnonzero(live), len(merged))

    dirty = Dirtier(world, "leads", rng, live.copy())
    silent = np.flatnonzero(live & (source == PARTNER) & (created > now - 30 * DAY))
    no_email = dirty.take("email", "missing", silent, "the partner integration stopped sending emails a month ago")
    person = _import_twice(dirty, rng, source, created, company, now)
    no_email |= dirty.pick("email", "missing", 0.004, "entered by phone")
    dirt = {
        "email_missing": no_email,
        "email_placeholder": dirty.pick("email", "placeholder", 0.002, "a form that insists on an email"),
        "email_malformed": dirty.pick("email", "malformed", 0.005, "typed from a business card"),
        "company": dirty.pick("company", "missing", 0.008, "private people"),
        "phone": dirty.pick("phone", "placeholder", 0.015, "a form that insists on a phone number"),
        "country": dirty.pick("country", "malformed", 0.004, "names of countries where codes belong"),
        "source": dirty.pick("source", "not_allowed", 0.004, "typed by hand instead of chosen"),
        "status": dirty.pick("status", "not_allowed", 0.003, "labels of another tool, brought in by an import"),
        "owner_missing": dirty.pick("owner_id", "missing", 0.004, "routing found nobody"),
        "created_at": dirty.pick("created_at", "out_of_range", 0.002, "a device whose clock is 73 years ahead"),
        "id": dirty.pick("id", "malformed", 0.002, "ids of the old CRM, kept by the migration"),
    }
    score[dirty.pick("score", "out_of_range", 0.003, "the scoring model adds a bonus and forgets the cap")] = 101
    score[dirty.pick("score", "out_of_range", 0.001, "-1 stands for: not scored")] = -1
    left = dirty.pick(
        "owner_id", "orphan", 0.012, "owned by users who left and were deleted", among=created < now - 90 * DAY
    )
    owners[left] = rng.choice(LEFT_USERS, int(left.sum()))
    return Leads(
        world=world,
        created=created,
        updated=later(rng, created, now),
        source=source,
        status=status,
        score=score,
        owners=owners,
        company=company,
        deleted=deleted,
        merged_into=merged_into,
        person=person,
        dirt=dirt,
    )


def _statuses(rng: np.random.Generator, age_days: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Ints:
    """Young leads are new, older ones have been worked on."""
    chance = rng.random(len(age_days))
    new = 0.03 + 0.9 * np.exp(-age_days / 4)
    contacted = new + 0.1 + 0.5 * np.exp(-age_days / 40)
    qualified = contacted + (1 - contacted).clip(0) * 0.4
    return np.select([chance < new, chance < contacted, chance < qualified], [NEW, CONTACTED, QUALIFIED], DISQUALIFIED)


def _import_twice(
    dirty: Dirtier, rng: np.random.Generator, source: Ints, created: Ints, company: Ints, now: int
) -> Ints:
    """A visitor list of a fair is loaded at 9:00 and again at 9:20, forty days ago. Returns each row's person."""
    person = np.arange(len(created))
    day = (now // DAY - 40) * DAY
    visitors = np.flatnonzero(dirty.free & (source == EVENT))
    nearest = visitors[np.argsort(np.abs(created[visitors] - day), kind="stable")]
    pairs = min(len(nearest) // 2, max(3, len(created) // 200))
    rows = np.sort(nearest[: 2 * pairs])
    if not dirty.take("email", "duplicate", rows, "a visitor list imported twice on one day").any():
        return person
    first, again = rows[:pairs], rows[pairs:]
    created[first] = day + 9 * HOUR + np.arange(pairs) % 600
    created[again] = created[first] + 20 * 60
    person[again], company[again] = first, company[first]
    return person
