"""Our own writing of series against the library's: the same families give the same text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_open

from observer.metrics.families import Family, Kind, labels_text, text_of

FIRST, SECOND = 'back\\slash, "quotes"', "two\nlines, {braces} = é 😀"


class _Theirs:
    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> list[Metric]:
        return [self._metric]


def _gauge(first: str, second: str, value: float) -> Metric:
    theirs = GaugeMetricFamily("x_rows", "How many.", labels=("a", "b"))
    theirs.add_metric([first, second], value)
    return theirs


def _counter(first: str, second: str, value: float) -> Metric:
    theirs = CounterMetricFamily("x_rows", "How many.", labels=("a", "b"))
    theirs.add_metric([first, second], value)
    return theirs


def _info(first: str, second: str, value: float) -> Metric:
    theirs = InfoMetricFamily("x_rows", "How many.", labels=("a",))
    theirs.add_metric([first], {"b": second})
    return theirs


@pytest.mark.parametrize("open_format", [False, True])
@pytest.mark.parametrize(
    ("name", "kind", "theirs"),
    [
        ("x_rows", Kind.GAUGE, _gauge),
        ("x_rows_total", Kind.COUNTER, _counter),
        ("x_rows_info", Kind.INFO, _info),
    ],
    ids=["gauge", "counter", "info"],
)
def test_every_kind_is_written_as_the_library_writes_it(
    name: str, kind: Kind, theirs: object, open_format: bool
) -> None:
    ours = Family(name, "How many.", kind)
    ours.add(labels_text(a=FIRST, b=SECOND), 1.0)
    assert callable(theirs)
    generate = generate_open if open_format else generate_latest
    expected = generate(_Theirs(theirs(FIRST, SECOND, 1.0))).removesuffix(b"# EOF\n")
    assert text_of([ours], open_format=open_format) == expected


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_labels_are_escaped_as_the_library_escapes_them(value: str) -> None:
    ours = Family("x_rows", "How many.")
    ours.add(labels_text(a=value, b="2"), 1.0)
    assert text_of([ours], open_format=False) == generate_latest(_Theirs(_gauge(value, "2", 1.0)))


@given(st.floats() | st.integers(-(2**70), 2**70))
def test_a_number_is_written_whole(value: float) -> None:
    ours = Family("x_rows", "How many.")
    ours.add("", value)
    written = text_of([ours], open_format=False).split()[-1]
    assert float(written) == float(value) or (math.isnan(value) and written == b"NaN")


def test_half_a_surrogate_pair_breaks_no_scrape() -> None:
    family = Family("x_rows", "How many.")
    family.add(labels_text(contract="a\ud800b"), 1)
    assert rb'contract="a\\ud800b"' in text_of([family], open_format=False)


def test_nothing_measured_is_no_sample() -> None:
    family = Family("x_rows", "How many.")
    family.add("", None)
    assert text_of([family], open_format=False) == b"# HELP x_rows How many.\n# TYPE x_rows gauge\n"
