"""The names of everything that lint of service levels can say, each with its meaning in one sentence.

docs/slo.md has a row and tests/data/invalid_slo/ a file for each; tests hold the three together.
"""

from __future__ import annotations

#: The SLO cannot be counted as it is written.
ERRORS: dict[str, str] = {
    # --- the file
    "file-not-found": "A path that was named does not exist.",
    "file-not-readable": "The file cannot be opened.",
    "file-too-large": "The file has more than 5 MB; it is refused before it is read.",
    "no-slos": "The file holds nothing, or the folder no `slo.yaml` and no `*.slo.yaml`.",
    "yaml-syntax": "The file is not YAML: indentation, tabs, quotes, brackets, an alias without anchor.",
    "yaml-encoding": "The file is not UTF-8, starts with a byte order mark, or holds control characters.",
    "yaml-key": "A key is a list, a mapping, an alias or a merge key (`<<`).",
    "yaml-duplicate-key": "A mapping has the same key twice.",
    "yaml-tag": "A value has a tag (`!!python/object`, `!Ref`).",
    "yaml-number": "A number is infinite, not a number, or has hundreds of digits.",
    "yaml-too-deep": "More than 60 levels of nesting.",
    "yaml-too-many-values": "More than 250,000 values, aliases expanded (a YAML bomb).",
    # --- the form that OpenSLO asks for
    "not-openslo": "A document, or an entry of a list, is no OpenSLO object.",
    "api-version": "`apiVersion` is not `openslo/v1`.",
    "object-kind": "`kind` is none of the seven of OpenSLO v1.",
    "unknown-key": "OpenSLO, or the kind of indicator, does not know the key at this place.",
    "missing-key": "A key that is needed is missing, or its list is empty.",
    "wrong-type": "A value has the wrong type.",
    "wrong-value": "A value is none of those that are allowed.",
    "name": "A name is no RFC 1123 label: at most 63 small letters, digits and `-`.",
    "duration": "A duration is not a whole number with a unit, is zero, or is longer than ten years.",
    "duplicate-object": "Two objects of one kind have the same name.",
    "unknown-reference": "A reference, or the `service` of an SLO, names an object that is not there.",
    # --- the SLO
    "indicator": "An SLO has both `indicator` and `indicatorRef`, or neither.",
    "time-window": "Not exactly one timeWindow, or one that is neither rolling nor of a calendar.",
    "calendar": "The `startTime` or `timeZone` of a calendar window cannot be understood.",
    "several-objectives": "Not exactly one objective.",
    "composite": "An objective with an indicator or a weight of its own (a composite SLO).",
    "objective-operator": "`op` or `value` on the objective of a ratio.",
    "target": "Not exactly one of `target` and `targetPercent`, or one outside of what it can be.",
    "time-slice": "Fields of time slices that the budgetingMethod does not have, or lacks, or that make no slice.",
    "window-too-short": "The window is not longer than the deadline, or than the longest window of the burn alerts.",
    # --- the SLI
    "threshold-metric": "`thresholdMetric`: nothing is counted.",
    "ratio-metric": "`bad`, `raw` or `counter: true`, or two metrics: what is counted is `good` out of `total`.",
    "total-differs": "`total` has another spec than `good`.",
    "metric-source": "A metricSource or DataSource of another type than `crm-observer`.",
    "connection-details": "A DataSource says how to connect; the settings say that.",
    "indicator-kind": "`kind` in the spec is none of the kinds of indicator.",
    "unknown-contract": "There is no contract with this id.",
    "unknown-field": "The contract has no such object or property.",
    "unknown-check": "The contract has no such check, or the field no such rule.",
    "check-named-twice": "A check is named by its id and by field and rule.",
    "check-kind": "The check is not of the sort that this kind of indicator counts.",
    "no-primary-key": "The object has no primary key, so that its rows cannot be known again.",
    "no-event-time": "The object has no eventTime, so that no deadline can be counted.",
    "event-time-type": "The eventTime is not a timestamp.",
    "poll-interval": "The poll interval is longer than half the deadline, and there is no history.",
    "history-key": "A history table for an object whose key has several columns.",
    "history-rule": "A history that does not tell everything that a rule looks at.",
    "history-time": "The time of a history is not a timestamp.",
    "unknown-limit": "`unknownLimit` is no share between 0 and 1.",
    # --- alerts
    "several-policies": "An SLO has more than one AlertPolicy.",
    "several-conditions": "An AlertPolicy has more than one condition.",
    "condition-kind": "An AlertCondition of another kind than `burnrate`.",
    "burn-rule": "An AlertCondition states none of the pairs of windows that are built in.",
    "burn-threshold": "The threshold is not the burn rate at which the pair fires over the window of the SLO.",
    "burn-never-fires": "A burn rule can never fire for this objective: not even with every record bad.",
    "no-budget": "Burn alerts on an objective of 100 %, which has no budget.",
    "alert-never": "An AlertPolicy whose `alertWhenBreaching` is not true.",
    "alert-flag": "`alertWhenNoData: true` or `alertWhenResolved: false`.",
}

#: The SLO is counted, but is weaker than it looks.
WARNINGS: dict[str, str] = {
    "unused-object": "No SLO leads to the object.",
    "low-target": "The objective is below 50 %.",
    "no-update-time": "Time-to-fill on an object without updateTime and without history: more rows will be unknown.",
    "empty-is-good": "None of the rules of a time-to-fill asks that the field is filled.",
}
