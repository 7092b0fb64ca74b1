"""Alerts of service levels. In: those that are to be open now. Out: which began, which ended, which are open.

Guarantee: of one name of an SLO no more than one is open; what is said twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from sqlalchemy import Connection, Select, insert, select, update

from observer.runs.leading import Term
from observer.slo.alerts import Alert, AlertKind
from observer.slo.burn import RULES, Urgency
from observer.slo.standing import OpenAlert
from observer.store import slo_tables as t
from observer.store.database import Database
from observer.store.given import among
from observer.store.rows import AnyRow

_RULES = {f"{AlertKind.BURN}-{rule.name}": rule for rule in RULES}


class SloAlerts:
    """Which alerts are open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_alerts(self, slo: str) -> tuple[OpenAlert, ...]:
        """Those of one SLO, in the order in which they began."""
        with self._database.transaction() as connection:
            return open_alerts_of(connection, [slo]).get(slo, ())

    def all_open(self) -> Mapping[str, tuple[OpenAlert, ...]]:
        """SLO → its open alerts; of SLOs that are no longer configured too."""
        with self._database.transaction() as connection:
            return _grouped(connection, _open())

    def set_alerts(
        self, slo: str, revision: str, alerts: Sequence[Alert], *, now: datetime, term: Term
    ) -> tuple[tuple[OpenAlert, ...], tuple[OpenAlert, ...]]:
        """Let just these be open: those that begin, those that ended. Those that go on get the numbers of now.

        Reads only, when nothing changes. Raises NotLeading.
        """
        wanted = {alert.name: alert for alert in alerts}
        with self._database.transaction() as connection:
            if _is_so(_rows(connection, slo), wanted, revision):
                return (), ()
        a = t.slo_alerts
        with self._database.transaction(writes=True, term=term) as connection:
            there = {row.name: row for row in _rows(connection, slo)}
            ended = [row for name, row in there.items() if name not in wanted]
            begun = [alert for name, alert in wanted.items() if name not in there]
            if ended:
                gone = update(a).where(a.c.id.in_([row.id for row in ended]))
                connection.execute(gone.values(ended_at=now))
            if begun:
                new = [_values(alert, revision) | {"slo": slo, "began_at": now} for alert in begun]
                connection.execute(insert(a), new)
            for name in wanted.keys() & there.keys():
                same = update(a).where(a.c.id == there[name].id)
                connection.execute(same.values(_values(wanted[name], revision)))
        return tuple(OpenAlert(alert=alert, since=now) for alert in begun), tuple(_open_alert(row) for row in ended)


def open_alerts_of(connection: Connection, slos: Sequence[str]) -> dict[str, tuple[OpenAlert, ...]]:
    """SLO → its open alerts; SLOs without any are not in it."""
    if not slos:
        return {}
    return _grouped(connection, _open().where(among(connection, t.slo_alerts.c.slo, slos)))


def _open() -> Select[tuple[object, ...]]:
    a = t.slo_alerts
    return select(a).where(a.c.ended_at.is_(None)).order_by(a.c.began_at, a.c.id)


def _rows(connection: Connection, slo: str) -> Sequence[AnyRow]:
    return connection.execute(_open().where(t.slo_alerts.c.slo == slo)).all()


def _grouped(connection: Connection, query: Select[tuple[object, ...]]) -> dict[str, tuple[OpenAlert, ...]]:
    found: dict[str, tuple[OpenAlert, ...]] = {}
    for row in connection.execute(query):
        found[row.slo] = (*found.get(row.slo, ()), _open_alert(row))
    return found


def _is_so(rows: Sequence[AnyRow], wanted: Mapping[str, Alert], revision: str) -> bool:
    there = {row.name: {name: row._mapping[name] for name in _values_of_row} for row in rows}
    return there == {name: _values(alert, revision) for name, alert in wanted.items()}


def _values(alert: Alert, revision: str) -> dict[str, object]:
    return {
        "revision": revision,
        "name": alert.name,
        "kind": alert.kind.value,
        "urgency": alert.urgency.value,
        "burn": None if alert.burn is None else str(alert.burn),
        "bad": str(alert.bad),
        "eligible": str(alert.eligible),
        "budget_left": alert.left,
    }


_values_of_row = ("revision", "name", "kind", "urgency", "burn", "bad", "eligible", "budget_left")


def _open_alert(row: AnyRow) -> OpenAlert:
    alert = Alert(
        slo=row.slo,
        kind=AlertKind(row.kind),
        urgency=Urgency(row.urgency),
        rule=_RULES.get(row.name),
        burn=None if row.burn is None else Fraction(row.burn),
        bad=_number(row.bad),
        eligible=_number(row.eligible),
        left=row.budget_left,
    )
    return OpenAlert(alert=alert, since=row.began_at)


def _number(text: str) -> int | Fraction:
    exact = Fraction(text)
    return int(exact) if exact.denominator == 1 else exact
