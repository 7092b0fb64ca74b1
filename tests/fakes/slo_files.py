"""A small slo.yaml for tests, and how it is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from observer.config.openslo import LoadedSlos, load_slos
from observer.contracts.model import Contract
from observer.slo.model import Slo

#: The contract that it speaks of.
CONTRACTS = Path(__file__).resolve().parents[1] / "data" / "slo_contracts"
#: SPEC stands for the spec of its source.
SLO = """\
apiVersion: openslo/v1
kind: Service
metadata: {name: crm}
spec: {}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: emails}
spec:
  service: crm
  indicator:
    metadata: {name: emails}
    spec:
      ratioMetric:
        good: {metricSource: {type: crm-observer, spec: SPEC}}
        total: {metricSource: {type: crm-observer, spec: {of: good}}}
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.995}]
"""
#: The spec that stands for SPEC.
FILL = "{kind: time-to-fill, contract: crm, field: leads.email, within: 5m}"


def read(tmp_path: Path, contracts: Sequence[Contract], text: str = SLO, *, spec: str = FILL) -> LoadedSlos:
    """What a file with this text holds."""
    file = tmp_path / "slo.yaml"
    file.write_text(text.replace("SPEC", spec), encoding="utf-8")
    return load_slos(file, contracts)


def one(loaded: LoadedSlos) -> Slo:
    """The one SLO of a file without a problem."""
    assert [str(p) for p in loaded.problems] == []
    (slo,) = loaded.slos
    return slo


#: Goes after it: tickets alone, over 30 days.
POLICY = """\
  alertPolicies: [{alertPolicyRef: burning}]
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: burning}
spec:
  alertWhenBreaching: true
  conditions: [{conditionRef: slow}]
  notificationTargets: [{targetRef: mail}, {targetRef: mail}]
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: slow}
spec:
  severity: ticket
  condition: {kind: burnrate, op: gte, threshold: 3, lookbackWindow: 24h, alertAfter: 2h}
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: mail}
spec: {target: email}
"""
