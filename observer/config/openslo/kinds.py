"""The seven kinds of OpenSLO v1, and the indicators of `metricSource.type: crm-observer`, as forms.

The rules are those of https://github.com/OpenSLO/OpenSLO and of its reference SDK, github.com/OpenSLO/go-sdk.
"""

from __future__ import annotations

from observer.config.openslo.shapes import (
    Anything,
    Choice,
    Each,
    Flag,
    Form,
    Keys,
    Name,
    Named,
    Number,
    ReferenceOr,
    Span,
    Text,
)
from observer.config.openslo.spans import OWN
from observer.slo.model import Kind, Method

API_VERSION = "openslo/v1"
#: `metricSource.type` of what this observer counts itself.
SOURCE_TYPE = "crm-observer"

_DESCRIPTION = Text(longest=1050)
_ANNOTATION = r"([a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?/)?[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?"
METADATA = Keys(
    known={
        "name": Name(),
        "displayName": Text(longest=63),
        "labels": Named(pattern=r"[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?", lists=True),
        "annotations": Named(pattern=_ANNOTATION),
    },
    needed=("name",),
)


def _inline(kind: str, spec: Keys) -> Keys:
    known: dict[str, Form] = {"kind": Choice(words=(kind,)), "metadata": METADATA, "spec": spec}
    return Keys(known=known, needed=("kind", "metadata", "spec"))


_METRIC = Keys(
    known={
        "metricSource": Keys(
            known={"metricSourceRef": Name(), "type": Text(filled=True), "spec": Anything()}, needed=("spec",)
        )
    },
    needed=("metricSource",),
)
_SLI = Keys(
    known={
        "description": _DESCRIPTION,
        "thresholdMetric": _METRIC,
        "ratioMetric": Keys(
            known={
                "counter": Flag(),
                "good": _METRIC,
                "bad": _METRIC,
                "total": _METRIC,
                "rawType": Choice(words=("success", "failure")),
                "raw": _METRIC,
            }
        ),
    }
)
_INDICATOR = Keys(known={"metadata": METADATA, "spec": _SLI}, needed=("metadata", "spec"))
_CONDITION = Keys(
    known={
        "description": _DESCRIPTION,
        "severity": Text(filled=True),
        "condition": Keys(
            known={
                "kind": Text(filled=True),
                "op": Choice(words=("gt", "gte", "lt", "lte")),
                "threshold": Number(),
                "lookbackWindow": Span(),
                "alertAfter": Span(),
            },
            needed=("kind", "op", "threshold", "lookbackWindow"),
        ),
    },
    needed=("severity", "condition"),
)
_TARGET = Keys(known={"description": _DESCRIPTION, "target": Text(filled=True)}, needed=("target",))
_POLICY = Keys(
    known={
        "description": _DESCRIPTION,
        "alertWhenNoData": Flag(),
        "alertWhenBreaching": Flag(),
        "alertWhenResolved": Flag(),
        "conditions": Each(form=ReferenceOr(reference="conditionRef", inline=_inline("AlertCondition", _CONDITION))),
        "notificationTargets": Each(
            form=ReferenceOr(reference="targetRef", inline=_inline("AlertNotificationTarget", _TARGET))
        ),
    },
    needed=("conditions", "notificationTargets"),
)
_SLO = Keys(
    known={
        "description": _DESCRIPTION,
        "service": Text(filled=True),
        "indicator": _INDICATOR,
        "indicatorRef": Name(),
        "budgetingMethod": Choice(words=tuple(Method)),
        "timeWindow": Each(
            form=Keys(
                known={
                    "duration": Span(),
                    "isRolling": Flag(),
                    "calendar": Keys(
                        known={"startTime": Text(filled=True), "timeZone": Text(filled=True)},
                        needed=("startTime", "timeZone"),
                    ),
                },
                needed=("duration",),
            )
        ),
        "objectives": Each(
            form=Keys(
                known={
                    "displayName": Text(longest=63),
                    "op": Choice(words=("gt", "gte", "lt", "lte")),
                    "value": Number(),
                    "target": Number(),
                    "targetPercent": Number(),
                    "timeSliceTarget": Number(),
                    "timeSliceWindow": Span(),
                    "indicator": Anything(),
                    "indicatorRef": Name(),
                    "compositeWeight": Number(),
                }
            )
        ),
        "alertPolicies": Each(form=ReferenceOr(reference="alertPolicyRef", inline=_inline("AlertPolicy", _POLICY))),
    },
    needed=("service", "budgetingMethod", "timeWindow", "objectives"),
)
_SPECS = {
    "Service": Keys(known={"description": _DESCRIPTION}),
    "SLO": _SLO,
    "SLI": _SLI,
    "AlertPolicy": _POLICY,
    "AlertCondition": _CONDITION,
    "AlertNotificationTarget": _TARGET,
    "DataSource": Keys(
        known={"description": _DESCRIPTION, "type": Text(filled=True), "connectionDetails": Anything()},
        needed=("type", "connectionDetails"),
    ),
}
#: Kind → the whole object.
OBJECTS = {
    kind: Keys(
        known={
            "apiVersion": Choice(words=(API_VERSION,)),
            "kind": Choice(words=(kind,)),
            "metadata": METADATA,
            "spec": spec,
        },
        needed=("metadata", "spec"),
    )
    for kind, spec in _SPECS.items()
}

_CHECK: dict[str, Form] = {"check": Text(filled=True), "field": Text(filled=True), "rule": Text(filled=True)}
_HISTORY_COLUMN = {"filledAt": Text(filled=True)}
_HISTORY_TABLE = {
    "table": Text(filled=True),
    "key": Text(filled=True),
    "field": Text(filled=True),
    "fieldName": Text(filled=True),
    "value": Text(filled=True),
    "changedAt": Text(filled=True),
}
HISTORY_COLUMN = Keys(known=_HISTORY_COLUMN, needed=("filledAt",), by=SOURCE_TYPE)
HISTORY_TABLE = Keys(
    known=_HISTORY_TABLE, needed=tuple(key for key in _HISTORY_TABLE if key != "fieldName"), by=SOURCE_TYPE
)
#: Kind of indicator → its own keys and those of them that are needed; `kind` and `contract` stand in all.
_INDICATORS: dict[Kind, tuple[dict[str, Form], tuple[str, ...]]] = {
    Kind.TIME_TO_FILL: (
        {
            "field": Text(filled=True),
            "within": Span(units=OWN),
            "rules": Each(form=Text(filled=True)),
            "pollInterval": Span(units=OWN),
            "history": Anything(),  # its form depends on what stands in it
            "lookBack": Span(units=OWN),
            "grace": Span(units=OWN),
            "asOf": Text(filled=True),
            "unknownLimit": Number(),
        },
        ("field", "within"),
    ),
    Kind.COMPLETENESS: (_CHECK, ()),
    Kind.VALIDITY: (_CHECK, ()),
    Kind.FRESHNESS: (_CHECK, ()),
    Kind.INVALID_WRITE_RATE: ({"object": Text(filled=True)}, ("object",)),
    Kind.RUN_SUCCESS: ({}, ()),
}
INDICATORS = {
    kind: Keys(
        known={"kind": Choice(words=(kind,)), "contract": Text(filled=True), **own},
        needed=("contract", *needed),
        by=f"{SOURCE_TYPE} ({kind})",
    )
    for kind, (own, needed) in _INDICATORS.items()
}
