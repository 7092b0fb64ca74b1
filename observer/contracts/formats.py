"""What the `format`s of ODCS mean: patterns for text, bounds for integers, strptime directives for dates.

The patterns run alike on RE2 (DuckDB), PostgreSQL, PCRE (MariaDB), ICU (MySQL) and Python: no look-around, no
back-references.
"""

from __future__ import annotations

import re

_ATOM = r'[^\s@.,;:<>"()\[\]\\]'
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_H16 = r"[0-9A-Fa-f]{1,4}"
_DATE = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"

#: ODCS string format → pattern of a valid value.
STRING_FORMATS: dict[str, str] = {
    "email": rf"^{_ATOM}+(?:\.{_ATOM}+)*@(?:{_ATOM}+\.)+{_ATOM}{{2,}}$",
    "uuid": r"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$",
    "uri": r'^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]+$',
    "hostname": rf"^{_LABEL}(?:\.{_LABEL})*$",
    "ipv4": rf"^{_OCTET}(?:\.{_OCTET}){{3}}$",
    "ipv6": (
        rf"^(?:(?:{_H16}:){{7}}{_H16}|(?:{_H16}:){{1,7}}:|(?:{_H16}:){{1,6}}:{_H16}"
        rf"|(?:{_H16}:){{1,5}}(?::{_H16}){{1,2}}|(?:{_H16}:){{1,4}}(?::{_H16}){{1,3}}"
        rf"|(?:{_H16}:){{1,3}}(?::{_H16}){{1,4}}|(?:{_H16}:){{1,2}}(?::{_H16}){{1,5}}"
        rf"|{_H16}:(?::{_H16}){{1,6}}|:(?:(?::{_H16}){{1,7}}|:)"
        rf"|(?:{_H16}:){{6}}{_OCTET}(?:\.{_OCTET}){{3}}|::(?:[Ff]{{4}}:)?{_OCTET}(?:\.{_OCTET}){{3}})$"
    ),
    "byte": r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    "date": rf"^{_DATE}$",
    "date-time": rf"^{_DATE}[Tt ]{_TIME}(?:[Zz]|[+-][0-9]{{2}}:[0-9]{{2}})$",
    "time": rf"^{_TIME}(?:[Zz]|[+-][0-9]{{2}}:[0-9]{{2}})?$",
}

#: ODCS integer format (Rust's names) → smallest and largest value.
INTEGER_FORMATS: dict[str, tuple[int, int]] = {
    **{f"i{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64, 128)},
    **{f"u{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64, 128)},
}

#: java.time.DateTimeFormatter letters → strptime directives, for those that mean the same in both.
_DIRECTIVES = {
    "yyyy": "%Y",
    "uuuu": "%Y",
    "yy": "%y",
    "MM": "%m",
    "MMM": "%b",
    "MMMM": "%B",
    "dd": "%d",
    "HH": "%H",
    "hh": "%I",
    "mm": "%M",
    "ss": "%S",
    "SSS": "%g",
    "SSSSSS": "%f",
    "a": "%p",
    "XXX": "%z",
    "Z": "%z",
}

_TOKEN = re.compile(r"'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+")


def strptime_format(jdk: str) -> str | None:
    """`yyyy-MM-dd HH:mm:ss` → `%Y-%m-%d %H:%M:%S`, as DuckDB's strptime reads it (`%g` is milliseconds).

    None when the format holds letters that cannot be translated, or an unclosed quote.
    """
    parts, end = [], 0
    for token in _TOKEN.finditer(jdk):
        if token.start() != end:
            return None
        end, text = token.end(), token.group()
        if text.startswith("'"):
            parts.append(text[1:-1].replace("''", "'").replace("%", "%%") or "'")
        elif text[0].isalpha():
            if text not in _DIRECTIVES:
                return None
            parts.append(_DIRECTIVES[text])
        else:
            parts.append(text.replace("%", "%%"))
    return "".join(parts) if parts and end == len(jdk) else None
