"""Settings → doors, in one straight line. Whoever opens a door here closes it: everything is a context manager."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from observer.settings import Settings

if TYPE_CHECKING:
    from observer.jobs.briefs import Briefs
    from observer.jobs.deliver import Sender
    from observer.jobs.know_people import Directory
    from observer.slack.buttons import Buttons
    from observer.slack.ports import OnTrouble
    from observer.sources.source import Source
    from observer.store import Store


@contextmanager
def opened_source(url: str, settings: Settings) -> Iterator[Source]:
    """The source behind the URL, closed at the end."""
    from observer.sources.opening import open_source

    source = open_source(url, statement_timeout=settings.statement_timeout, connect_timeout=settings.connect_timeout)
    try:
        yield source
    finally:
        source.close()


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """The state, migrated, closed at the end."""
    from observer.store import Store

    with Store.open(settings.state) as store:
        yield store


def receivers_of_incidents(
    settings: Settings, store: Store, briefs: Briefs, *, on_trouble: OnTrouble, patience: float
) -> dict[str, Sender]:
    """Whoever is configured to be told of incidents. `patience`, in seconds, is for one attempt to reach them.

    What a receiver needs is imported only for one that is configured.
    """
    from observer.jobs.receivers import ALERTMANAGER, SLACK, WEBHOOK, receivers_of

    senders: dict[str, Sender] = {}
    configured = receivers_of(settings)
    if SLACK in configured:
        from observer.slack.sender import SlackSender

        senders[SLACK] = SlackSender(
            settings.slack,
            incidents=settings.incidents,
            posts=store.incidents,
            briefs=briefs,
            on_trouble=on_trouble,
            patience=patience,
        )
    if WEBHOOK in configured:
        from observer.receivers.webhook import WebhookSender

        senders[WEBHOOK] = WebhookSender(settings.webhook, briefs, patience=patience)
    if ALERTMANAGER in configured:
        from observer.receivers.alertmanager import AlertmanagerSender

        senders[ALERTMANAGER] = AlertmanagerSender(settings.alertmanager, briefs, patience=patience)
    return senders


def people_directory(settings: Settings, store: Store) -> Directory | None:
    """Who is who in Slack; None: it is not configured. For one thread, which is not that of messages."""
    if settings.slack.token is None:
        return None
    from observer.slack.calls import SlackCalls
    from observer.slack.people import Directory as SlackDirectory

    return SlackDirectory(SlackCalls(settings.slack), store.incidents, now=lambda: datetime.now(UTC))


def slack_buttons(
    settings: Settings, store: Store, current: Callable[[], Settings], *, on_trouble: OnTrouble
) -> Buttons | None:
    """Presses of buttons, not started; None: nobody could press any. `current`: the settings in force."""
    slack = settings.slack
    if slack.token is None or (slack.app_token is None and slack.signing_secret is None):
        return None
    from observer.incidents.permission import may_act
    from observer.jobs.act_on_incident import act_on
    from observer.slack.buttons import Buttons

    return Buttons(
        slack,
        lambda incident, action: act_on(store, current(), incident, action),
        store.incidents.get,
        may_act=lambda person: may_act(person, current().incidents.may_act),
        on_trouble=on_trouble,
        zone=settings.incidents.zone,
        morning=settings.incidents.digest_at,
    )
