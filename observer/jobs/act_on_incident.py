"""What a person asks for, by button, page or command line → the state: whether they may, what follows, who is told."""

from __future__ import annotations

from observer.errors import NotAllowed
from observer.incidents.acting import Action, Answer
from observer.incidents.permission import may_act
from observer.jobs.receivers import deliveries_to, receivers_of
from observer.settings import Settings
from observer.store import Store


def act_on(store: Store, settings: Settings, incident_id: str, action: Action) -> Answer:
    """Do it, once, however often it is asked for; `Answer.sentence` says what became of it.

    Raises NotAllowed: who asks may not act. NoSuchIncident, AmbiguousIncident, StoreError.
    """
    if not may_act(action.by, settings.incidents.may_act):
        raise NotAllowed(
            f"{action.by.strip() or 'somebody without a name'} may not act on incidents",
            fix="ask whoever runs the observer to name them in [incidents] may_act",
        )
    # Whoever asks may know of fewer receivers than the daemon: a shell has no tokens.
    receivers = dict.fromkeys((*receivers_of(settings), *store.outbox.receivers_of(incident_id)))
    return store.incidents.act(incident_id, action, deliveries_to(receivers))
