"""Events of the demo CRM: an immutable envelope with JSON in text. In: a World. Out: Arrow chunks to load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from observer.demo import words as w
from observer.demo.draws import (
    DAY,
    HOUR,
    Dirtier,
    Ints,
    Mask,
    World,
    instants,
    joined,
    numbers_text,
    spread,
    uuids,
    where,
    whole,
    words,
)
from observer.demo.leads import Leads
from observer.demo.people import slices

_IDS = 6
CREATED, TOUCH = w.EVENT_TYPES.index("lead_created"), w.EVENT_TYPES.index("campaign_touch")
SCORED = [w.EVENT_TYPES.index(name) for name in ("manual_label", "model_score_computed")]
MOBILE = w.SYSTEMS.index("mobile")


@dataclass(kw_only=True)
class Events:
    """What happened to leads. The events of a deleted lead are deleted with it."""

    world: World
    leads: Leads
    #: Row numbers of leads.
    lead: Ints
    type: Ints
    system: Ints
    occurred: Ints
    ingested: Ints
    dirt: dict[str, Mask]

    @property
    def rows(self) -> int:
        return len(self.lead)

    def chunks(self) -> Iterator[pa.Table]:
        for part, index, dirt in slices(self.rows, self.dirt):
            lead = self.leads.ids(self.lead[part])
            lost = uuids(self.world.seed, _IDS + 100, index)
            ids = uuids(self.world.seed, _IDS, index)
            version = 1 + (self.occurred[part] > self.world.now - 300 * DAY).astype(np.int64)
            score = numbers_text(spread(index, 101, 73))
            channel = words(w.CHANNELS, spread(index, len(w.CHANNELS), 79))
            campaign = joined('{"campaign_id": ', numbers_text(1 + spread(index, 40, 83)))
            touch = joined(campaign, ', "channel": "', channel, '"}')
            kind = self.type[part]
            actor = joined('{"actor_id": ', numbers_text(1 + spread(index, 12, 97)), "}")
            attributes = where(np.isin(kind, SCORED), joined('{"score": ', score, "}"), actor)
            attributes = where(kind == TOUCH, touch, attributes)
            attributes = where(dirt["channel"], joined(campaign, "}"), attributes)
            system = words(w.SYSTEMS, self.system[part])
            types = where(dirt["type"], words(w.EVENT_TYPE_SLIPS, index), words(w.EVENT_TYPES, kind))
            yield pa.table(
                {
                    "event_id": where(dirt["id"], joined("evt_", numbers_text(index)), ids),
                    "schema_version": whole(np.where(dirt["version"], 0, version)),
                    "event_type": types,
                    "occurred_at": instants(self.occurred[part]),
                    "ingested_at": instants(self.ingested[part]),
                    "lead_id": where(dirt["lead"], lost, lead),
                    "attributes": where(dirt["attributes"], None, attributes),
                    "context": joined('{"system": "', system, '"}'),
                }
            )


def draw_events(world: World, leads: Leads) -> Events:
    rng = world.rng(_IDS)
    live, now = leads.live, world.now
    more = world.leads // 2
    lead = np.concatenate([live, rng.choice(live, more)])
    kind = np.concatenate([np.full(len(live), CREATED), rng.integers(CREATED + 1, len(w.EVENT_TYPES), more)])
    since = leads.created[lead]
    occurred = np.where(
        kind == CREATED, since, since + ((now - 90 - since) * rng.random(len(lead)) ** 2).astype(np.int64)
    )
    ingested = np.minimum(occurred + rng.integers(1, 240, len(lead)), now - 30)
    system = rng.choice(4, len(lead), p=[0.4, 0.35, 0.2, 0.05])

    dirty = Dirtier(world, "crm_events", rng, np.ones(len(lead), dtype=bool))
    late = dirty.pick("ingested_at", "late", 0.006, "the mobile app keeps events until it is online")
    ingested[late] = np.minimum(occurred[late] + rng.integers(2 * HOUR, 96 * HOUR, int(late.sum())), now)
    occurred[late] = np.minimum(occurred[late], ingested[late] - 2 * HOUR)
    system[late] = MOBILE
    skewed = dirty.pick("ingested_at", "contradiction", 0.001, "a server whose clock is slow")
    ingested[skewed] = occurred[skewed] - rng.integers(60, 600, int(skewed.sum()))
    old = dirty.pick("occurred_at", "expired", 0.002, "kept longer than agreed", among=kind != CREATED)
    occurred[old] = now - rng.integers(900, 1_000, int(old.sum())) * DAY
    ingested[old] = occurred[old] + 60
    dirt = {
        "id": dirty.pick("event_id", "malformed", 0.001, "ids of the old event bus"),
        "type": dirty.pick("event_type", "not_allowed", 0.003, "a release with a typo"),
        "version": dirty.pick("schema_version", "out_of_range", 0.001, "sent without a version"),
        "lead": dirty.pick("lead_id", "orphan", 0.003, "leads that never reached the CRM"),
        "attributes": dirty.pick("attributes", "missing", 0.002, "cut off by the queue's size limit"),
        "channel": dirty.pick(
            "attributes", "malformed", 0.002, "touches without a channel: no attribution", among=kind == TOUCH
        ),
    }
    return Events(
        world=world,
        leads=leads,
        lead=lead,
        type=kind,
        system=system,
        occurred=occurred,
        ingested=ingested,
        dirt=dirt,
    )
