"""The formats of ODCS: which values they accept, and that dates are read as Java reads them."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from observer.contracts.formats import INTEGER_FORMATS, STRING_FORMATS, strptime_format

GOOD = {
    "email": ["ana@example.com", "a.b+c@sub.example.co", "o'neil@example.org", "jürgen@exämple.de"],
    "uuid": ["123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000"],
    "uri": ["https://example.com/a?b=c#d", "mailto:ana@example.com", "urn:isbn:0451450523"],
    "hostname": ["example.com", "a", "a-b.c1"],
    "ipv4": ["0.0.0.0", "255.255.255.255", "10.1.20.199"],
    "ipv6": ["::1", "2001:db8::8a2e:370:7334", "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "::ffff:10.0.0.1", "fe80::"],
    "byte": ["", "QQ==", "QUI=", "QUJD"],
    "date": ["2024-02-29", "1969-12-31"],
    "date-time": ["2024-02-29T10:00:00Z", "2024-02-29T10:00:00.123+02:00"],
    "time": ["23:59:59", "10:00:00.5Z"],
}
BAD = {
    "email": [
        "ana",
        "ana@",
        "@example.com",
        "ana@example",
        "a b@example.com",
        "a..b@example.com",
        "a@b@c.com",
        "a@.com",
    ],
    "uuid": ["123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g", ""],
    "uri": ["example.com", "http://a b", "://x"],
    "hostname": ["-a.com", "a_b.com", "a..b", ""],
    "ipv4": ["256.1.1.1", "1.2.3", "1.2.3.4.5", "a.b.c.d"],
    "ipv6": [":::", "12345::", "1:2:3:4:5:6:7", "::1::", "g::1"],
    "byte": ["QQ=", "Q", "QQ!="],
    "date": ["2024-13-01", "2024-00-10", "24-01-01", "2024-01-32"],
    "date-time": ["2024-02-29", "2024-02-29T25:00:00Z", "2024-02-29T10:00:00"],
    "time": ["24:00:00", "10:00"],
}


@pytest.mark.parametrize("name", STRING_FORMATS)
def test_each_format_accepts_the_good_and_refuses_the_bad(name):
    pattern = re.compile(STRING_FORMATS[name])
    assert [v for v in GOOD[name] if not pattern.search(v)] == []
    assert [v for v in BAD[name] if pattern.search(v)] == []


def test_integer_formats_are_rusts():
    assert INTEGER_FORMATS["i8"] == (-128, 127)
    assert INTEGER_FORMATS["u16"] == (0, 65535)


@pytest.mark.parametrize(
    ("jdk", "text"),
    [
        ("yyyy-MM-dd", "2024-02-29"),
        ("dd/MM/yyyy HH:mm:ss", "29/02/2024 00:00:00"),
        ("yyyy-MM-dd'T'HH:mm:ss", "2024-02-29T00:00:00"),
        ("dd MMM yyyy", "29 Feb 2024"),
    ],
)
def test_java_date_formats_are_read_by_strptime(jdk, text):
    directives = strptime_format(jdk)
    assert directives is not None
    assert datetime.strptime(text, directives) == datetime(2024, 2, 29)


@pytest.mark.parametrize("jdk", ["QQQ", "yyyy-MM-dd'T", "EEE", "", "d/M/yyyy"])
def test_formats_that_mean_something_else_are_refused(jdk):
    assert strptime_format(jdk) is None


def test_a_percent_sign_and_a_quote_stay_themselves():
    assert strptime_format("yyyy'%'") == "%Y%%"
    assert strptime_format("yyyy''") == "%Y'"
