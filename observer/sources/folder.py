"""A folder of CSV or Parquet files, e.g. a production dump: one file per table, `leads.csv`, `sales.leads.parquet`.

CSV holds text: every column is read as text and cast by the contract. A field of nothing, quoted or not, is null, for
exporters that quote every field write nulls as "". A row with too many or too few fields stops its table.
"""

from __future__ import annotations

import codecs
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from observer.checks.measure import TableShape
from observer.checks.spec import TablePlan
from observer.errors import SourceError
from observer.sources.csv_text import CsvForm, examine, open_bytes
from observer.sources.duck import arrow_batches
from observer.sources.duck_types import expression, literal, quoted
from observer.sources.faults import Faults
from observer.sources.naming import TableName, find_table
from observer.sources.shapes import FoundColumns, contracted, shape_of, unreadable
from observer.sources.source import SourceSession

_ENDINGS = (".csv", ".csv.gz", ".parquet")
#: A field may be as long as a document; a lost quote must still be noticed before memory runs out.
_LONGEST_LINE_BYTES = 16 << 20
_SECONDS_PER_FILE = 24 * 3600.0
_LINE = re.compile(r"CSV Error on Line: (\d+)")
_COUNTS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")


class FolderSource:
    """A folder of files. Implements `Source`; it has no engine."""

    kind = "file"
    dialect = "duckdb"
    engine = None

    def __init__(self, folder: Path) -> None:
        if folder.is_file():
            raise SourceError(f"{folder} is a file, not a folder", fix=f"name the folder: file:{folder.parent}")
        if not folder.is_dir():
            raise SourceError(f"there is no folder {folder}", fix="correct the path after file:")
        self.display_url = f"file:{folder}"
        self._folder = folder

    @contextmanager
    def session(self) -> Iterator[SourceSession]:
        files = self._files()
        if not files:
            raise SourceError(
                f"{self._folder} holds no table", fix=f"put one file per table there, ending in {', '.join(_ENDINGS)}"
            )
        with ExitStack() as stack:
            reader = stack.enter_context(duckdb.connect(":memory:", config={"threads": 2}))
            reader.execute("SET TimeZone = 'UTC'")
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="observer-")))
            yield FolderSession(self.display_url, files, datetime.now(UTC), reader, scratch)

    def ping(self) -> None:
        self._files()

    def close(self) -> None:
        """There is nothing to let go of."""

    def _files(self) -> dict[str, list[Path]]:
        """Table name, in lower case → its files."""
        found: dict[str, list[Path]] = {}
        try:
            for path in sorted(self._folder.iterdir()):
                ending = next((e for e in _ENDINGS if path.name.lower().endswith(e)), None)
                if ending and path.is_file():
                    found.setdefault(path.name[: -len(ending)].lower(), []).append(path)
        except OSError as error:
            raise SourceError(
                f"the folder {self._folder} cannot be read ({error.strerror})", fix="make it readable for this user"
            ) from None
        return found


class FolderSession:
    """Implements `SourceSession`. Files are written one after the other, so they show no single instant."""

    one_instant = False

    def __init__(
        self,
        place: str,
        files: dict[str, list[Path]],
        now: datetime,
        reader: duckdb.DuckDBPyConnection,
        scratch: Path,
    ) -> None:
        self._faults = Faults(place)
        self._files = files
        self._reader = reader
        self._scratch = scratch
        self._forms: dict[Path, CsvForm] = {}
        self.source_time = now

    def shape(self, table: TablePlan) -> TableShape:
        try:
            path = self._path(table)
            columns = self._columns(table, path)
        except (SourceError, duckdb.Error, OSError, EOFError, UnicodeError, zlib.error) as error:
            return unreadable(table, self._explained(error, table), self.source_time)
        notes = self._forms[path].notes if path in self._forms else ()
        return shape_of(table, columns, (), self.source_time, notes=notes)

    def stream(self, table: TablePlan, shape: TableShape) -> Iterator[pa.RecordBatch]:
        try:
            path = self._path(table)
            columns, _ = self._columns(table, path)
            if path in self._forms:
                form = self._forms[path]
                selected = ", ".join(
                    f"{quoted(f'c{form.header.index(c.source_name)}')} AS {quoted(c.name)}" for c in columns
                )
                statement = f"SELECT {selected} FROM {self._read_csv(path, form)}"
            else:
                selected = ", ".join(f"{expression(c.source_name, c.type)} AS {quoted(c.name)}" for c in columns)
                statement = f"SELECT {selected} FROM read_parquet({literal(str(path))})"
            yield from arrow_batches(self._reader, statement, _SECONDS_PER_FILE)
        except (SourceError, duckdb.Error, pa.ArrowException, OSError, EOFError, UnicodeError, zlib.error) as error:
            raise self._explained(error, table) from None

    def _path(self, table: TablePlan) -> Path:
        names = [TableName(None, name) for name in self._files]
        wanted = table.physical_name.lower()
        # A contract written for `sales.leads` finds leads.csv too.
        short = wanted.rpartition(".")[2]
        name = wanted if wanted in self._files or short not in self._files else short
        paths = self._files[find_table(name, names, ()).name]
        if len(paths) > 1:
            raise SourceError(
                f"{' and '.join(str(path) for path in paths)} both hold the table {name!r}", fix="remove or move one"
            )
        return paths[0]

    def _columns(self, table: TablePlan, path: Path) -> FoundColumns:
        if path.suffix.lower() == ".parquet":
            self._reader.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(str(path))})")
            described = [(row[0], row[1], True) for row in self._reader.fetchall()]
        else:
            if path not in self._forms:
                self._forms[path] = examine(path, table.columns)
            described = [(name, "", True) for name in self._forms[path].header]
        return contracted(table, described, str(path))

    def _read_csv(self, path: Path, form: CsvForm) -> str:
        """A table function call that reads every column as text, by position."""
        if form.encoding not in ("utf-8", "utf-8-sig"):
            path = self._as_utf8(path, form.encoding)
        columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(form.header)))
        return (
            f"read_csv({literal(str(path))}, auto_detect = false, header = true, delim = {literal(form.separator)}, "
            "quote = '\"', escape = '\"', nullstr = '', strict_mode = true, null_padding = false, "
            f"max_line_size = {_LONGEST_LINE_BYTES}, columns = {{{columns}}})"
        )

    def _as_utf8(self, path: Path, encoding: str) -> Path:
        """A copy that DuckDB can read; it is gone when the session ends."""
        copy = self._scratch / f"{len(list(self._scratch.iterdir()))}.csv"
        with open_bytes(path) as raw, copy.open("wb") as out:
            reader = codecs.getreader(encoding)(raw)
            writer = codecs.getwriter("utf-8")(out)
            shutil.copyfileobj(reader, writer, 1 << 20)
        return copy

    def _explained(self, error: BaseException, table: TablePlan) -> SourceError:
        """What is wrong with the file; the reader's own words are left out, for they quote rows."""
        if isinstance(error, SourceError):
            return error
        name = table.physical_name
        path = str(self._path(table))
        text = str(error)
        line, counts = _LINE.search(text), _COUNTS.search(text)
        if line and counts:
            return SourceError(
                f"{path}, line {line[1]}: {counts[2]} fields where the header has {counts[1]}",
                fix="repair that line (an unquoted separator or line break shifts columns), or export the file again",
            )
        if line:
            what = "a quote is opened and not closed" if "unterminated quote" in text else "the line is no valid CSV"
            return SourceError(f"{path}, line {line[1]}: {what}", fix="repair that line, or export the file again")
        if path.endswith(".parquet") and isinstance(error, duckdb.Error):
            return SourceError(
                f"{path} is no whole Parquet file (cut off, or of another format)", fix="export or copy it again"
            )
        if isinstance(error, EOFError | UnicodeError | zlib.error):
            return SourceError(f"{path} is cut off or damaged", fix="export or copy it again")
        if isinstance(error, OSError):
            return SourceError(f"{path} cannot be read ({error.strerror or 'damaged'})", fix="make it readable")
        return self._faults.explain(error, table=name)
