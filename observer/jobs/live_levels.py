"""What a living demo tells of its service levels. In: state and levels. Out: alerts as they come and go, bad keys."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from observer.checks.words import list_text, number_text
from observer.demo.found import LevelSeen
from observer.jobs.slo_standing import standings
from observer.reports import slo_words as words
from observer.slo.alerts import Alert, AlertKind
from observer.slo.burn import BurnRule
from observer.slo.model import Slo
from observer.slo.standing import SloStanding
from observer.slo.verdicts import State
from observer.store import Store

#: More bad records than the faults of an hour make.
_MOST_BAD = 1_000


@dataclass(frozen=True, kw_only=True)
class BurnNews:
    """Burn alerts of one level that began, or that ended, at once."""

    ended: bool
    text: str


class LiveLevels:
    """Watches what the daemon counts. For one thread."""

    def __init__(self, store: Store, slos: Sequence[Slo]) -> None:
        self._store = store
        self._slos = {slo.name: slo for slo in slos}
        #: SLO → its open burn alerts, as of the last look.
        self._open: dict[str, dict[str, Alert]] = {}

    def seen(self, names: Collection[str], *, at: datetime) -> Iterator[LevelSeen]:
        """What is known of those among these names that are levels which anybody has counted. Raises StoreError."""
        slos = [self._slos[name] for name in sorted(names) if name in self._slos]
        if not slos:
            return
        for name, ledger in self._store.ledgers.standings(slos).items():
            bad = self._store.ledgers.records(ledger.id, states=[State.BAD], limit=_MOST_BAD)
            yield LevelSeen(
                slo=name,
                at=at,
                bad=frozenset((record.key,) for record in bad),
                burns=any(each.alert.kind is AlertKind.BURN for each in ledger.alerts),
            )

    def news(self, *, at: datetime) -> Iterator[BurnNews]:
        """Burn alerts that began or ended since the last look. Raises StoreError."""
        now = {
            name: {each.alert.name: each.alert for each in alerts if each.alert.kind is AlertKind.BURN}
            for name, alerts in self._store.slo_alerts.all_open().items()
        }
        for name, slo in self._slos.items():
            before, after = self._open.get(name, {}), now.get(name, {})
            begun, ended = _not_in(after, before), _not_in(before, after)
            if begun or ended:
                standing = next(iter(standings(self._store, [slo], at=at)), None)
                left = "" if standing is None else f"; {_budget(standing)}"
                if begun:
                    yield BurnNews(ended=False, text=f"{name}: {_begun(slo, begun)}{left}")
                if ended:
                    yield BurnNews(ended=True, text=f"{name}: {_ended(ended, standing)}{left}")
        self._open = now


def _not_in(some: Mapping[str, Alert], others: Mapping[str, Alert]) -> list[Alert]:
    """Most urgent first."""
    found = [alert for name, alert in some.items() if name not in others]
    return sorted(found, key=lambda alert: _rule(alert).long)


def _rule(alert: Alert) -> BurnRule:
    assert alert.rule is not None, "a burn alert is that of a rule"
    return alert.rule


def _begun(slo: Slo, alerts: Sequence[Alert]) -> str:
    """ "page: burns 40.0× over 1 h and 5 min, 6 of 30 leads bad; over 6h/30m and 1d/2h as well"."""
    first, *others = alerts
    said = words.alert_text(first, words.counted_noun(slo))
    return f"{said}; over {_windows(others)} as well" if others else said


def _ended(alerts: Sequence[Alert], standing: SloStanding | None) -> str:
    """ "burns too fast no longer over 1 h and 5 min: 0.0× over 5 min, 0 of 120 leads bad"."""
    said = f"burns too fast no longer over {_windows(alerts)}"
    if standing is None:
        return said
    rule = _rule(alerts[0])
    counts, noun = standing.spans[rule.short], words.counted_noun(standing.slo)
    now = f"{words.factor_text(standing.burns[rule.short])} over {words.span_words(rule.short)}"
    return f"{said}: {now}, {number_text(counts.bad)} of {number_text(counts.eligible)} {noun} bad"


def _windows(alerts: Sequence[Alert]) -> str:
    if len(alerts) == 1:
        return words.rule_text(_rule(alerts[0]))
    return list_text([_rule(alert).name for alert in alerts], word="and")


def _budget(standing: SloStanding) -> str:
    return words.budget_text(standing.budget, words.counted_noun(standing.slo))
