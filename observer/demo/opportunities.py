"""Opportunities of the demo CRM and the story of their dirt. In: a World. Out: Arrow chunks to load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from observer.demo import words as w
from observer.demo.draws import (
    DAY,
    Dirtier,
    Ints,
    Mask,
    World,
    created_times,
    dates,
    instants,
    joined,
    later,
    spread,
    uneven,
    where,
    whole,
    words,
)
from observer.demo.leads import QUALIFIED, Leads
from observer.demo.people import LEFT_USERS, Contacts, Users, company_names, slices

PROPOSAL, WON, LOST = w.STAGES.index("proposal"), w.STAGES.index("closed_won"), w.STAGES.index("closed_lost")
_PROBABILITY = np.array([10, 25, 50, 75, 100, 0])


@dataclass(kw_only=True)
class Opportunities:
    """Deals; ids are 1 … `rows`."""

    world: World
    leads: Leads
    created: Ints
    updated: Ints
    #: Row numbers of accounts, contacts and leads; -1 is none.
    account: Ints
    contact: Ints
    lead: Ints
    stage: Ints
    #: In cents; -1 is none.
    cents: Ints
    #: Days since 1970; -1 is none.
    closed_on: Ints
    owners: Ints
    probability: Ints
    deleted: Mask
    dirt: dict[str, Mask]

    @property
    def rows(self) -> int:
        return len(self.created)

    def chunks(self) -> Iterator[pa.Table]:
        for part, index, dirt in slices(self.rows, self.dirt):
            account, contact, lead, closed_on = (
                values[part] for values in (self.account, self.contact, self.lead, self.closed_on)
            )
            stage = where(dirt["stage"], words(w.STAGE_SLIPS, index), words(w.STAGES, self.stage[part]))
            cents = self.cents[part]
            amount = np.where(dirt["amount_negative"], -cents, cents) / 100
            currency = words(w.CURRENCIES, spread(account, 3, 71))
            yield pa.table(
                {
                    "id": whole(index + 1),
                    "name": joined(
                        company_names(account), " – ", words(w.PRODUCTS, spread(index, len(w.PRODUCTS), 89))
                    ),
                    "account_id": whole(account + 1),
                    "primary_contact_id": whole(contact + 1, null=contact < 0),
                    "lead_id": where(lead < 0, None, self.leads.ids(np.maximum(lead, 0))),
                    "stage": where(dirt["renamed"], "Closed Won", stage),
                    "amount": pa.array(amount, pa.float64(), mask=cents < 0),
                    "currency": where(dirt["currency"], words(w.CURRENCY_SLIPS, index), currency),
                    "probability": whole(self.probability[part]),
                    "close_date": dates(closed_on, null=closed_on < 0),
                    "owner_id": whole(self.owners[part]),
                    "created_at": instants(self.created[part]),
                    "updated_at": instants(self.updated[part]),
                    "is_deleted": pa.array(self.deleted[part]),
                }
            )


def draw_opportunities(world: World, users: Users, contacts: Contacts, leads: Leads) -> Opportunities:
    rng = world.rng(5)
    rows, now = max(80, world.leads // 5), world.now
    created = created_times(rng, rows, now)
    deleted = rng.random(rows) < 0.01
    contact = rng.choice(np.flatnonzero(contacts.clean), rows)
    account = contacts.account[contact]
    contact = np.where(rng.random(rows) < 0.2, -1, contact)
    qualified = leads.live[leads.status[leads.live] == QUALIFIED]
    lead = np.where(rng.random(rows) < 0.6, rng.choice(qualified, rows), -1)
    stage, closed_on = _progress(rng, created, now)
    closed = closed_on >= 0
    cents = (rng.lognormal(9.2, 0.9, rows) * 100).astype(np.int64)
    cents[(stage < PROPOSAL) & (rng.random(rows) < 0.3)] = -1
    owners = uneven(rng, users.closers, rows)
    updated = np.where(closed, np.minimum(closed_on * DAY + DAY // 2, now - 60), later(rng, created, now))

    dirty = Dirtier(world, "opportunities", rng, ~deleted)
    renamed = _rename_stage(dirty, rng, users, owners, (stage == WON) & (closed_on > now // DAY - 35))
    dirt = {
        "renamed": renamed,
        "stage": dirty.pick("stage", "not_allowed", 0.003, "typed by hand instead of chosen", among=stage < WON),
        "amount_negative": dirty.pick("amount", "out_of_range", 0.003, "refunds booked as deals", among=cents > 0),
        "currency": dirty.pick("currency", "not_allowed", 0.004, "written as the seller is used to"),
    }
    owed = (stage >= PROPOSAL) & (stage != LOST)
    cents[dirty.pick("amount", "missing", 0.008, "moved on without an amount", among=owed)] = -1
    undated = dirty.pick("close_date", "missing", 0.007, "closed by a workflow that sets no date", among=closed)
    closed_on[undated] = -1
    early = dirty.pick(
        "close_date", "contradiction", 0.005, "last year's date, typed in January", among=closed & ~undated
    )
    closed_on[early] = created[early] // DAY - rng.integers(100, 400, int(early.sum()))
    probability = _PROBABILITY[stage]
    probability[dirty.pick("probability", "out_of_range", 0.004, "guessed by hand: 33 %", among=stage < WON)] = 33
    lost = dirty.pick("account_id", "orphan", 0.005, "accounts deleted in the ERP, not here")
    account[lost] = contacts.accounts.rows + 5_000 + np.arange(int(lost.sum()))
    contact[lost] = -1
    elsewhere = dirty.pick(
        "primary_contact_id", "orphan", 0.004, "the contact changed company, the deal did not", among=contact >= 0
    )
    contact[elsewhere] = _contacts_elsewhere(contacts, account[elsewhere], contact[elsewhere])
    left = dirty.pick("owner_id", "orphan", 0.01, "owned by users who left and were deleted")
    owners[left] = rng.choice(LEFT_USERS, int(left.sum()))
    return Opportunities(
        world=world,
        leads=leads,
        created=created,
        updated=updated,
        account=account,
        contact=contact,
        lead=lead,
        stage=stage,
        cents=cents,
        closed_on=closed_on,
        owners=owners,
        probability=probability,
        deleted=deleted,
        dirt=dirt,
    )


def _progress(rng: np.random.Generator, created: Ints, now: int) -> tuple[Ints, Ints]:
    """Stage and closing day (or -1): deals close 5 to 120 days after they begin, a third of them won."""
    closes = created // DAY + rng.integers(5, 121, len(created))
    closed = (closes <= now // DAY) & (rng.random(len(created)) < 0.93)
    won = rng.random(len(created)) < 0.35
    stage = np.where(closed, np.where(won, WON, LOST), rng.integers(0, WON, len(created)))
    return stage, np.where(closed, closes, -1)


def _rename_stage(dirty: Dirtier, rng: np.random.Generator, users: Users, owners: Ints, recent_wins: Mask) -> Mask:
    """One seller calls what was won lately `Closed Won`; billing waits for `closed_won` and never sees it."""
    seller = users.closers[0]
    fitting = np.flatnonzero(dirty.free & recent_wins)
    wanted = max(4, round(0.6 * len(fitting)))
    chosen = rng.choice(fitting, min(len(fitting), wanted), replace=False)
    renamed = dirty.take("stage", "not_allowed", chosen, "one seller renamed the stage for the last weeks' wins")
    owners[renamed] = seller
    return renamed


def _contacts_elsewhere(contacts: Contacts, account: Ints, contact: Ints) -> Ints:
    """For each deal a contact of another account: the next clean one that fits."""
    clean = np.flatnonzero(contacts.clean)
    place = np.searchsorted(clean, contact)
    for step in range(1, len(clean)):
        other = clean[(place + step) % len(clean)]
        clash = contacts.account[other] == account
        if not clash.any():
            return other
    raise ValueError("all contacts belong to one account")
