"""Users, accounts and contacts of the demo CRM. In: a World. Out: their facts as arrays, and Arrow chunks to load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from observer.demo import words as w
from observer.demo.draws import (
    DAY,
    HISTORY_DAYS,
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
    where,
    whole,
    words,
)

CHUNK_ROWS = 200_000
#: When accounts were synced last, in a dirty world and in a clean one.
_SYNCED_AGO = {False: 76 * HOUR, True: HOUR}
#: People whose user was deleted when they left; what they owned still names them.
LEFT_USERS = (3, 8)


def slices(rows: int, dirt: Mapping[str, Mask]) -> Iterator[tuple[slice, Ints, dict[str, Mask]]]:
    """The rows of a table in chunks of constant memory: where they are, their numbers, and the dirt among them."""
    for start in range(0, rows, CHUNK_ROWS):
        part = slice(start, min(start + CHUNK_ROWS, rows))
        yield part, np.arange(part.start, part.stop), {name: mask[part] for name, mask in dirt.items()}


def first_names(index: Ints, stream: int) -> pa.Array:
    """First names by row number; another stream, other people."""
    return words([name for name, _ in w.FIRST_NAMES], spread(index, len(w.FIRST_NAMES), 100 + stream))


def last_names(index: Ints, stream: int) -> pa.Array:
    """Last names by row number."""
    return words([name for name, _ in w.LAST_NAMES], spread(index, len(w.LAST_NAMES), 200 + stream))


def addresses(index: Ints, stream: int, domains: pa.Array) -> pa.Array:
    """Email addresses that fit the names and occur once per table."""
    first = words([mail for _, mail in w.FIRST_NAMES], spread(index, len(w.FIRST_NAMES), 100 + stream))
    last = words([mail for _, mail in w.LAST_NAMES], spread(index, len(w.LAST_NAMES), 200 + stream))
    return joined(first, ".", last, numbers_text(index + 1), "@", domains)


def company_names(index: Ints) -> pa.Array:
    form = words(w.COMPANY_FORMS, spread(index, len(w.COMPANY_FORMS), 17))
    return joined(words(w.COMPANY_HEADS, index), " ", words(w.COMPANY_TAILS, index // 30 + index), " ", form)


def company_domains(index: Ints) -> pa.Array:
    head = pc.utf8_lower(words(w.COMPANY_HEADS, index))
    tail = pc.utf8_lower(words(w.COMPANY_TAILS, index // 30 + index))
    return joined(head, tail, numbers_text(index + 1), ".example.com")


def countries(index: Ints) -> Ints:
    """Numbers of countries: the first ones are the home markets."""
    return np.minimum(spread(index, 10, 19), spread(index, 10, 23))


def phones(index: Ints, country: Ints) -> pa.Array:
    """E.164 numbers from a range that nobody answers."""
    return joined(words(w.COUNTRY_PREFIXES, country), "555", numbers_text(spread(index, 9_000_000, 29) + 1_000_000))


@dataclass(kw_only=True)
class Users:
    """Ids are 1 … `rows`; those of LEFT_USERS have no row any more."""

    world: World
    ids: Ints
    sellers: Ints
    closers: Ints

    @property
    def rows(self) -> int:
        return len(self.ids)

    def chunks(self) -> Iterator[pa.Table]:
        ids, index = self.ids, self.ids - 1
        left = (ids % 11 == 0) & (ids > 10)
        start = self.world.now - (HISTORY_DAYS + 30) * DAY
        hired = start + index * ((HISTORY_DAYS + 20) * DAY // int(ids[-1]))
        yield pa.table(
            {
                "id": whole(ids),
                "name": joined(first_names(index, 1), " ", last_names(index, 1)),
                "email": addresses(index, 1, pa.array(["crm.example.com"] * len(ids))),
                "role": words(w.ROLES, _roles(ids)),
                "region": words(w.REGIONS, index),
                "is_active": pa.array(~left),
                "created_at": instants(hired),
                "left_at": instants((hired + self.world.now) // 2, null=~left),
            }
        )


def _roles(ids: Ints) -> Ints:
    """Of ten users four look for business, four close it, one leads, one keeps the system."""
    return np.array([0, 1, 0, 1, 0, 1, 0, 1, 2, 3])[(ids - 1) % 10]


def draw_users(world: World) -> Users:
    """A team that grows with the business."""
    ids = np.arange(1, min(400, 16 + world.leads // 1_500) + 1)
    present = ids[~np.isin(ids, LEFT_USERS)]
    roles = _roles(present)
    return Users(world=world, ids=present, sellers=present[roles == 0], closers=present[roles == 1])


@dataclass(kw_only=True)
class Accounts:
    """Companies; ids are 1 … `rows`."""

    world: World
    created: Ints
    updated: Ints
    owners: Ints
    deleted: Mask
    merged_into: Ints
    #: Row whose domain this row has: its own, but for duplicates.
    domain_of: Ints
    dirt: dict[str, Mask]

    @property
    def rows(self) -> int:
        return len(self.created)

    @property
    def live(self) -> Ints:
        """Row numbers of those that exist."""
        return np.flatnonzero(~self.deleted)

    def chunks(self) -> Iterator[pa.Table]:
        for part, index, dirt in slices(self.rows, self.dirt):
            domains = company_domains(self.domain_of[part])
            no_site = spread(index, 10, 31) == 0
            website = where(no_site, None, joined("https://www.", company_domains(index)))
            people = 5 + spread(index, 70, 37) ** 2
            staff = np.where(dirt["employees"], -(index % 3), people)
            revenue = people * (80 + spread(index, 90, 41)) * 1_000 + np.where(dirt["revenue"], 417, 0)
            updated = self.updated[part]
            yield pa.table(
                {
                    "id": whole(index + 1),
                    "name": company_names(index),
                    "domain": domains,
                    "website": where(dirt["website"], "n/a", website),
                    "industry": where(
                        dirt["industry"], words(w.INDUSTRY_SLIPS, index), words(w.INDUSTRIES, spread(index, 8, 43))
                    ),
                    "country": where(
                        dirt["country"], words(w.COUNTRY_SLIPS, index), words(w.COUNTRIES, countries(index))
                    ),
                    "employees": whole(staff),
                    "annual_revenue": whole(revenue, null=(spread(index, 16, 47) == 0) & ~dirt["revenue"]),
                    "owner_id": whole(self.owners[part]),
                    "merged_into_id": whole(self.merged_into[part], null=self.merged_into[part] < 0),
                    "created_at": instants(self.created[part]),
                    "updated_at": instants(updated),
                    "synced_at": instants(np.minimum(updated + HOUR, self.world.now - _SYNCED_AGO[self.world.clean])),
                    "deleted_at": instants(updated, null=~self.deleted[part]),
                }
            )


def draw_accounts(world: World, users: Users) -> Accounts:
    rng = world.rng(2)
    rows = max(50, world.leads // 5)
    created = created_times(rng, rows, world.now)
    deleted = rng.random(rows) < 0.03
    owners = uneven(rng, users.closers, rows)
    merged_into = np.full(rows, -1, dtype=np.int64)
    live = np.flatnonzero(~deleted)
    merged = np.flatnonzero(deleted & (rng.random(rows) < 0.4))
    merged_into[merged] = rng.choice(live, len(merged)) + 1

    dirty = Dirtier(world, "accounts", rng, ~deleted)
    if not world.clean:
        world.log("accounts", "synced_at", "stale", 1, "the nightly sync of accounts stopped three days ago")
    dirt = {
        "industry": dirty.pick("industry", "not_allowed", 0.006, "typed by hand instead of chosen"),
        "country": dirty.pick("country", "malformed", 0.005, "names of countries where codes belong"),
        "website": dirty.pick("website", "placeholder", 0.01, "a form that insists on a website"),
        "employees": dirty.pick("employees", "out_of_range", 0.004, "zero or less, from an enrichment service"),
        "revenue": dirty.pick("annual_revenue", "out_of_range", 0.004, "in units where thousands are agreed"),
    }
    left = dirty.pick("owner_id", "orphan", 0.015, "owned by users who left and were deleted")
    owners[left] = rng.choice(LEFT_USERS, int(left.sum()))
    half = dirty.pick("merged_into_id", "contradiction", 0.003, "merges that broke off: merged, but not deleted")
    merged_into[half] = rng.choice(np.flatnonzero(dirty.free), int(half.sum())) + 1
    domain_of = np.arange(rows)
    copies = rng.choice(np.flatnonzero(dirty.free), 2 * max(2, rows // 250), replace=False)
    twice = dirty.take("domain", "duplicate", copies, "the same company entered twice")
    if twice.any():
        domain_of[copies[1::2]] = copies[0::2]
    return Accounts(
        world=world,
        created=created,
        updated=later(rng, created, world.now),
        owners=owners,
        deleted=deleted,
        merged_into=merged_into,
        domain_of=domain_of,
        dirt=dirt,
    )


@dataclass(kw_only=True)
class Contacts:
    """People at accounts; ids are 1 … `rows`."""

    world: World
    accounts: Accounts
    #: Row numbers of accounts; beyond their number for orphans.
    account: Ints
    created: Ints
    updated: Ints
    deleted: Mask
    dirt: dict[str, Mask]
    #: Live and without dirt: fit to be somebody's primary contact.
    clean: Mask

    @property
    def rows(self) -> int:
        return len(self.created)

    def chunks(self) -> Iterator[pa.Table]:
        for part, index, dirt in slices(self.rows, self.dirt):
            emails = addresses(index, 3, company_domains(self.account[part] % self.accounts.rows))
            emails = where(dirt["email"], pc.replace_substring(emails, "@", "(at)"), emails)
            phone = phones(index, countries(self.account[part]))
            phone = where((spread(index, 4, 53) == 0) & ~dirt["phone"], None, phone)
            last = where(dirt["last_name"], words(w.LAST_NAME_PLACEHOLDERS, index), last_names(index, 3))
            consent = (spread(index, 5, 61) < 2) | dirt["consent"]
            yield pa.table(
                {
                    "id": whole(index + 1),
                    "account_id": whole(self.account[part] + 1),
                    "first_name": first_names(index, 3),
                    "last_name": last,
                    "email": where((spread(index, 33, 59) == 0) & ~dirt["email"], None, emails),
                    "phone": where(dirt["phone"], words(w.PHONE_PLACEHOLDERS, index), phone),
                    "title": words(w.TITLES, spread(index, len(w.TITLES), 67)),
                    "marketing_consent": pa.array(consent),
                    "consent_at": instants(self.created[part], null=~consent | dirt["consent"]),
                    "created_at": instants(self.created[part]),
                    "updated_at": instants(self.updated[part]),
                    "is_deleted": pa.array(self.deleted[part]),
                }
            )


def draw_contacts(world: World, accounts: Accounts) -> Contacts:
    rng = world.rng(3)
    rows = max(100, 2 * world.leads // 5)
    created = created_times(rng, rows, world.now)
    deleted = rng.random(rows) < 0.02
    account = rng.choice(accounts.live, rows)
    dirty = Dirtier(world, "contacts", rng, ~deleted)
    dirt = {
        "email": dirty.pick("email", "malformed", 0.005, "copied from web pages that hide addresses"),
        "phone": dirty.pick("phone", "placeholder", 0.008, "a form that insists on a phone number"),
        "last_name": dirty.pick("last_name", "placeholder", 0.005, "made from an email address alone"),
        "consent": dirty.pick("consent_at", "missing", 0.01, "consent ticked by hand, without its date"),
    }
    lost = dirty.pick("account_id", "orphan", 0.008, "accounts deleted in the ERP, not here")
    account[lost] = accounts.rows + 1_000 + np.arange(int(lost.sum()))
    return Contacts(
        world=world,
        accounts=accounts,
        account=account,
        created=created,
        updated=later(rng, created, world.now),
        deleted=deleted,
        dirt=dirt,
        clean=dirty.free,
    )
