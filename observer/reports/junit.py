"""Audit → JUnit XML for CI: one suite per table, one case per check.

FAILED is a failure, ERRORED an error, SKIPPED a skip. WARNED is a passed case that speaks in its `system-out`, since
JUnit knows no warning.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from observer.checks.audit import Audit, ContractAudit
from observer.checks.measure import CheckResult, Outcome
from observer.checks.score import trust_score
from observer.reports.disclosure import showable
from observer.reports.sentences import reason_text

#: Characters that XML 1.0 cannot carry, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(audit: Audit) -> str:
    """The XML text, declaration first."""
    audit = showable(audit)
    root = Element("testsuites", _attributes(name="observer audit", time=f"{audit.seconds:.3f}"))
    _count(root, list(audit.results))
    for part in audit.contracts:
        objects = dict.fromkeys([*(t.object for t in part.tables), *(r.spec.object for r in part.results)])
        for name in objects:
            _suite(root, audit, part, name)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, audit: Audit, part: ContractAudit, object_name: str) -> None:
    results = [r for r in part.results if r.spec.object == object_name]
    suite = SubElement(
        root,
        "testsuite",
        _attributes(name=f"{part.contract.id}.{object_name}", timestamp=audit.started_at.strftime("%Y-%m-%dT%H:%M:%S")),
    )
    _count(suite, results)
    score = trust_score(results)
    facts = {"contract_version": part.contract.version, "source": audit.source, "run": audit.run_id}
    if score is not None:
        facts["trust_score"] = str(score)
    properties = SubElement(suite, "properties")
    for name, value in facts.items():
        SubElement(properties, "property", _attributes(name=name, value=value))
    for result in results:
        _case(suite, part, result)


def _case(suite: Element, part: ContractAudit, result: CheckResult) -> None:
    spec = result.spec
    case = SubElement(
        suite,
        "testcase",
        _attributes(
            classname=f"{part.contract.id}.{spec.object}",
            name=f"{spec.property}.{spec.rule_name}" if spec.property else spec.rule_name,
        ),
    )
    told = f"{spec.statement}: observed {result.observed}; expected: {result.expected}"
    told += f"; owner {spec.owner}" if spec.owner else ""
    match result.outcome:
        case Outcome.FAILED:
            SubElement(case, "failure", _attributes(message=told, type=spec.dimension)).text = _xml(spec.id)
        case Outcome.ERRORED:
            message = f"{spec.statement}: could not be looked at: {reason_text(result)}"
            SubElement(case, "error", _attributes(message=message, type="not measured")).text = _xml(spec.id)
        case Outcome.SKIPPED:
            SubElement(case, "skipped", _attributes(message=reason_text(result)))
        case Outcome.WARNED:
            SubElement(case, "system-out").text = _xml(f"warning: {told}")
        case Outcome.PASSED:
            pass


def _count(element: Element, results: list[CheckResult]) -> None:
    for name, outcome in (("failures", Outcome.FAILED), ("errors", Outcome.ERRORED), ("skipped", Outcome.SKIPPED)):
        element.set(name, str(sum(r.outcome is outcome for r in results)))
    element.set("tests", str(len(results)))


def _attributes(**texts: str) -> dict[str, str]:
    return {name: _xml(text) for name, text in texts.items()}


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
