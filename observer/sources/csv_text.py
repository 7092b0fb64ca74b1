"""What a CSV file is before it is read: encoding, separator, header. A path in, a CsvForm or a SourceError out."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from observer.errors import SourceError

_SEPARATORS = {",": "','", ";": "';'", "\t": "tab", "|": "'|'"}
_CHUNK_BYTES = 1 << 20
_SAMPLE_CHARACTERS = 1 << 16
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
#: Bytes that Windows' code page 1252 leaves undefined.
_NOT_IN_CP1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")


@dataclass(frozen=True, kw_only=True)
class CsvForm:
    """How a CSV file is to be read."""

    encoding: str
    separator: str
    #: As the file has it, surrounding blanks removed.
    header: tuple[str, ...]
    #: What was assumed, in words; empty for UTF-8 with commas.
    notes: tuple[str, ...]


def open_bytes(path: Path) -> BinaryIO:
    """The file's bytes, unpacked when its name ends in .gz."""
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix.lower() == ".gz" else path.open("rb")


def examine(path: Path, wanted: Collection[str]) -> CsvForm:
    """Read the whole file once for its encoding, its head for the rest. `wanted` columns help to tell the separator.

    Raises SourceError: empty, of mixed encodings, or with two wanted columns of one name. OSError when unreadable.
    """
    encoding, notes = _encoding(path)
    with open_bytes(path) as raw, io.TextIOWrapper(raw, encoding=encoding, newline="") as text:
        sample = text.read(_SAMPLE_CHARACTERS)
    if not sample.strip():
        raise SourceError(f"{path} is empty: it has not even a header", fix="export it again, with a header line")
    separator = _separator(sample, wanted)
    header = tuple(name.strip() for name in next(_records(sample, separator)))
    twice = [name for name, times in Counter(header).items() if times > 1 and name in wanted]
    if twice:
        raise SourceError(
            f"{path} has more than one column named {', '.join(map(repr, twice))}", fix="rename or drop all but one"
        )
    if separator != ",":
        notes = (*notes, f"separated by {_SEPARATORS[separator]}")
    return CsvForm(encoding=encoding, separator=separator, header=header, notes=notes)


def _encoding(path: Path) -> tuple[str, tuple[str, ...]]:
    with open_bytes(path) as raw:
        start = raw.read(4096)
        for mark, encoding in _BYTE_ORDER_MARKS:
            if start.startswith(mark):
                return encoding, (() if encoding == "utf-8-sig" else ("read as UTF-16",))
        if start[1::2].count(0) > len(start) // 4:
            return "utf-16-le", ("read as UTF-16 (little-endian)",)
        if start[0::2].count(0) > len(start) // 4:
            return "utf-16-be", ("read as UTF-16 (big-endian)",)
        raw.seek(0)
        return _eight_bit_encoding(raw, path)


def _eight_bit_encoding(raw: BinaryIO, path: Path) -> tuple[str, tuple[str, ...]]:
    """UTF-8 when every line is; else an 8-bit encoding, provided that no line looks like UTF-8 beyond ASCII."""
    first_utf8 = first_other = 0
    undefined = False
    for number, line in enumerate(_lines(raw), start=1):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            first_utf8 = first_utf8 or number
        except UnicodeDecodeError:
            first_other = first_other or number
            undefined = undefined or not _NOT_IN_CP1252.isdisjoint(line)
        if first_utf8 and first_other:
            raise SourceError(
                f"{path} mixes encodings: line {first_utf8} is UTF-8, line {first_other} is not",
                fix="export it again as UTF-8",
            )
    if not first_other:
        return "utf-8", ()
    if undefined:
        return "latin-1", (f"line {first_other} is not UTF-8: read as Latin-1",)
    return "cp1252", (f"line {first_other} is not UTF-8: read as Windows-1252",)


def _lines(raw: BinaryIO) -> Iterator[bytes]:
    """Lines in pieces of at most a chunk, so that a file without line ends needs no more memory."""
    while line := raw.readline(_CHUNK_BYTES):
        yield line


def _records(sample: str, separator: str) -> Iterator[list[str]]:
    return (record for record in csv.reader(io.StringIO(sample, newline=""), delimiter=separator) if record)


def _separator(sample: str, wanted: Collection[str]) -> str:
    """The one whose header holds most of the wanted columns; then the one that cuts the most rows alike."""

    def merit(separator: str) -> tuple[int, int, int]:
        records: list[list[str]] = []
        with suppress(csv.Error):  # the sample may end inside a field
            records.extend(_records(sample, separator))
        header = {name.strip() for name in records[0]} if records else set()
        width = len(records[0]) if records else 0
        alike = sum(1 for record in records[1:] if len(record) == width)
        return len(header & set(wanted)), alike if width > 1 else 0, width

    return max(_SEPARATORS, key=merit)
