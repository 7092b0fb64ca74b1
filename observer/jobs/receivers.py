"""Which receivers are told of incidents, and what a notice becomes for each of them."""

from __future__ import annotations

from collections.abc import Callable, Collection

from observer.incidents.telling import Notice
from observer.runs.deliveries import NewDelivery
from observer.settings import Settings

SLACK, WEBHOOK, ALERTMANAGER = "slack", "webhook", "alertmanager"
#: Every receiver of incidents that there can be.
RECEIVERS = (SLACK, WEBHOOK, ALERTMANAGER)
#: The receiver of runs.
LINEAGE = "lineage"

DeliveriesOf = Callable[[Notice], tuple[NewDelivery, ...]]


def receivers_of(settings: Settings) -> tuple[str, ...]:
    """Those that are configured."""
    configured = {
        SLACK: settings.slack.token is not None,
        WEBHOOK: settings.webhook.url is not None,
        ALERTMANAGER: settings.alertmanager.url is not None,
    }
    return tuple(name for name in RECEIVERS if configured[name])


def deliveries_to(receivers: Collection[str]) -> DeliveriesOf:
    """What makes one delivery per receiver of a notice. It only points: what is sent is read when it is sent."""

    def deliveries_of(notice: Notice) -> tuple[NewDelivery, ...]:
        seq = int(notice.key.rpartition(":")[2])
        return tuple(
            NewDelivery(
                receiver=receiver,
                key=notice.key,
                line=notice.line,
                payload={"incident": notice.line, "seq": seq},
                not_before=notice.told.not_before,
            )
            for receiver in receivers
        )

    return deliveries_of
