"""`junit.xml`, as CI servers read it."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from observer.checks.measure import Outcome
from observer.reports.junit import render_junit
from tests.fakes import audits
from tests.golden_files import Golden

#: Element → (attributes it must have, attributes it may have, children it may have), as the Jenkins XSD has it.
STRUCTURE = {
    "testsuites": ({"name", "tests", "failures", "errors", "skipped", "time"}, set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "timestamp"},
        set(),
        {"properties", "testcase"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": ({"classname", "name"}, set(), {"failure", "error", "skipped", "system-out"}),
    "failure": ({"message", "type"}, set(), set()),
    "error": ({"message", "type"}, set(), set()),
    "skipped": ({"message"}, set(), set()),
    "system-out": (set(), set(), set()),
}


def test_the_xml_is_what_was_agreed(golden: Golden) -> None:
    golden("reports/sales.junit.xml", render_junit(audits.sales_audit()))


def test_the_structure_is_that_of_junit() -> None:
    root = ElementTree.fromstring(render_junit(audits.sales_audit()))
    for element in root.iter():
        needed, optional, children = STRUCTURE[element.tag]
        assert needed <= set(element.attrib) <= needed | optional
        assert {child.tag for child in element} <= children
        if element.tag == "testcase":
            assert len(element) <= 1


def test_counts_are_those_of_the_cases() -> None:
    audit = audits.sales_audit()
    root = ElementTree.fromstring(render_junit(audit))
    for scope in (root, *root.iter("testsuite")):
        assert int(scope.attrib["tests"]) == len(list(scope.iter("testcase")))
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(scope.attrib[name]) == len(list(scope.iter(tag)))
    assert int(root.attrib["failures"]) == sum(r.outcome is Outcome.FAILED for r in audit.results)


def test_there_is_a_suite_for_every_table_even_an_unread_one() -> None:
    root = ElementTree.fromstring(render_junit(audits.sales_audit()))
    assert [s.attrib["name"] for s in root] == [
        f"sales-crm.{t}" for t in ("accounts", "products", "sales_pipeline", "sales_teams")
    ]


def test_a_warning_passes_and_speaks() -> None:
    root = ElementTree.fromstring(render_junit(audits.sales_audit()))
    spoken = [e.text or "" for e in root.iter("system-out")]
    assert len(spoken) == 3
    assert all(text.startswith("warning: ") for text in spoken)


def test_characters_that_xml_lacks_are_replaced() -> None:
    audit = replace(audits.green_audit(), source="a\x00b\x1bc\ud800d\uffff")
    root = ElementTree.fromstring(render_junit(audit))
    assert {p.attrib["value"] for p in root.iter("property") if p.attrib["name"] == "source"} == {
        "a\ufffdb\ufffdc\ufffdd\ufffd"
    }
