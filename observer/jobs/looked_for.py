"""What a configuration looks for, so that what nothing looks for any more is withdrawn from its incidents."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from observer.checks.spec import CheckSpec
from observer.contracts.model import Contract
from observer.incidents.incident import Incident
from observer.incidents.looks import blind_fingerprint, check_fingerprint, trouble_fingerprint, unreachable_fingerprint
from observer.incidents.response import response_fingerprint
from observer.jobs.looks import contract_of, glance_fingerprint, level_fingerprints
from observer.jobs.receivers import LINEAGE, RECEIVERS
from observer.slo.model import Slo

_TROUBLE = trouble_fingerprint("")
#: A door for each channel that took no message.
_CHANNEL = "slack channel "


@dataclass(frozen=True, kw_only=True)
class LookedFor:
    """Everything that a look of this configuration can find."""

    #: All but those of doors.
    fingerprints: frozenset[str]
    #: Ids of the contracts that are watched.
    contracts: frozenset[str]
    #: Receivers that are configured, of incidents and of runs.
    receivers: frozenset[str]
    #: Where messages go; None: wherever.
    channels: frozenset[str] | None = None

    def tells_of(self, door: str) -> bool:
        """Whether it is any business of this configuration that the door does not work."""
        return self._is_a_door(trouble_fingerprint(door))

    def withdrawn(self, incidents: Iterable[Incident]) -> frozenset[str]:
        """Fingerprints that go on in these incidents, and that no look can tell of any more."""
        held = {name for incident in incidents for name, held in incident.held.items() if held.ended is None}
        return frozenset(name for name in held - self.fingerprints if not self._is_a_door(name))

    def _is_a_door(self, fingerprint: str) -> bool:
        """Doors come and go, and say themselves when they work; but for those of contracts, receivers and channels."""
        if not fingerprint.startswith(_TROUBLE):
            return False
        door = fingerprint.removeprefix(_TROUBLE)
        if self.channels is not None and door.startswith(_CHANNEL) and door.removeprefix(_CHANNEL) not in self.channels:
            return False
        if " of " in door:
            return contract_of(door, self.contracts) is not None
        return not any(receiver in door.split() for receiver in {*RECEIVERS, LINEAGE} - self.receivers)


def looked_for(
    contracts: Mapping[str, Contract],
    checks: Iterable[CheckSpec],
    slos: Iterable[Slo],
    receivers: Collection[str],
    channels: Collection[str] | None = None,
) -> LookedFor:
    """`contracts` by id, with all of their `checks`; `channels` in which anybody is told, None: not known."""
    kinds = (check_fingerprint, blind_fingerprint, glance_fingerprint)
    found = {make(spec.id) for spec in checks for make in kinds}
    for name, contract in contracts.items():
        places = (None, *(obj.name for obj in contract.objects))
        found |= {response_fingerprint(name, response.kind) for response in contract.responses}
        found |= {glance_fingerprint(name), *(unreachable_fingerprint(name, place) for place in places)}
    return LookedFor(
        fingerprints=frozenset(found).union(*(level_fingerprints(slo.name) for slo in slos)),
        contracts=frozenset(contracts),
        receivers=frozenset(receivers),
        channels=None if channels is None else frozenset(channels),
    )
