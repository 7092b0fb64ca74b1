"""`python -m benchmarks`: build the tables, measure everything in turn, print the table and the verdicts.

Exit code 0 when every limit that was measured holds, 1 when one is broken, 3 when one could not be measured.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import click
import psutil

from benchmarks import limits
from benchmarks.leads import fill_postgres, write_parquet
from benchmarks.limits import Section
from benchmarks.peers import HOME, PEERS, Peer
from benchmarks.rounds import ROOT, Subject, Timing, interleave, python_subject
from tests.real_parts import new_postgres_database, postgres_server

#: Sections in the order in which they are measured.
SECTIONS = ("suite", "pushdown", "snapshot", "uniqueness", "process", "commands")
#: The whole audit is promised for this many rows.
AUDIT_ROWS = 1_000_000
#: Quick things are repeated until their median stands still.
COMMAND_ROUNDS = 15
#: The tables fit into memory, as the measurements that the limits come from did; loading them writes no log.
SERVER = ("shared_buffers=4GB", "max_wal_size=8GB", "wal_level=minimal", "max_wal_senders=0", "autovacuum=off")
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def say(text: str) -> None:
    click.echo(text, err=True)


@dataclass(kw_only=True)
class Stage:
    """The places where the subjects work: made when the first section asks for them."""

    rows: int
    server: str
    folder: Path
    _urls: dict[int, str] = field(default_factory=dict)

    def url(self, rows: int) -> str:
        """A PostgreSQL database with that many leads."""
        if rows not in self._urls:
            say(f"filling PostgreSQL with {rows:,} leads")
            self._urls[rows] = new_postgres_database(self.server)
            fill_postgres(self._urls[rows], rows=rows)
        return self._urls[rows]

    def files(self) -> Path:
        """A folder with the same rows in Parquet."""
        folder = self.folder / "parquet"
        if not folder.exists():
            url = self.url(self.rows)
            say(f"writing {self.rows:,} leads to Parquet")
            write_parquet(url, folder)
        return folder


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run was asked for."""

    stage: Stage
    rounds: int
    peers: Sequence[Peer]

    def section(self, name: str) -> Section:
        section: Section = getattr(self, name)()
        return section

    def suite(self) -> Section:
        place = str(self.stage.files())
        subjects = [
            python_subject(limits.HAND_DUCKDB, sys.executable, "hand", ("duckdb", place)),
            python_subject(limits.OURS_SUITE, sys.executable, "ours", ("suite", place)),
            *self._peers("duckdb", place),
        ]
        notes = ("datacontract-cli and soda-core bring the DuckDB of their own choice.",) if self.peers else ()
        return self._measured(
            "suite", "21 checks on the Parquet files", self.stage.rows, limits.HAND_DUCKDB, subjects, notes
        )

    def pushdown(self) -> Section:
        url = self.stage.url(self.stage.rows)
        subjects = [
            python_subject(limits.HAND_POSTGRES, sys.executable, "hand", ("postgres", url)),
            python_subject(limits.OURS_PUSHDOWN, sys.executable, "ours", ("pushdown", url)),
            *self._peers("postgres", url),
        ]
        return self._measured("pushdown", "21 checks in PostgreSQL", self.stage.rows, limits.HAND_POSTGRES, subjects)

    def snapshot(self) -> Section:
        url = self.stage.url(self.stage.rows)
        subjects = [
            python_subject(limits.COPY, sys.executable, "copy_null", (url,)),
            python_subject(limits.OURS_SNAPSHOT, sys.executable, "ours", ("snapshot", url)),
        ]
        return self._measured("snapshot", "PostgreSQL to Parquet", self.stage.rows, limits.COPY, subjects)

    def uniqueness(self) -> Section:
        place = str(self.stage.files())
        subjects = [
            python_subject(limits.WITHOUT_KEY, sys.executable, "ours", ("suite-without-key", place)),
            python_subject(limits.WITH_KEY, sys.executable, "ours", ("suite", place)),
        ]
        return self._measured("uniqueness", "Uniqueness proven by a key", self.stage.rows, limits.WITHOUT_KEY, subjects)

    def process(self) -> Section:
        rows = min(self.stage.rows, AUDIT_ROWS)
        env = {"OBSERVER_SOURCE": self.stage.url(rows), "OBSERVER_STATE": f"sqlite:///{self.stage.folder}/state.db"}
        contract = str(ROOT / "benchmarks" / "leads.odcs.yaml")
        command = ("audit", "--contract", contract, "--out", str(self.stage.folder / "report"))
        # It says 1: the data is bad, as it should be.
        subjects = [
            _whole(limits.AUDIT, command, exit_codes="1", **env),
            _whole(
                f"{limits.AUDIT} --execution pushdown", (*command, "--execution", "pushdown"), exit_codes="1", **env
            ),
        ]
        title = "The whole process, from start to report, imports included"
        return self._measured("process", title, rows, None, subjects)

    def commands(self) -> Section:
        contract = str(ROOT / "benchmarks" / "leads.odcs.yaml")
        subjects = [
            _whole(limits.HELP, ("--help",), exit_codes="0"),
            # 2: it warns.
            _whole(limits.LINT, ("lint", contract), exit_codes="0,2"),
        ]
        say("commands")
        timings = interleave(subjects, COMMAND_ROUNDS, _quiet)
        title = f"Commands that answer at once, {COMMAND_ROUNDS} runs each"
        return Section(name="commands", title=title, rows=0, base=None, timings=timings)

    def _peers(self, engine: str, place: str) -> Iterator[Subject]:
        for peer in self.peers:
            yield python_subject(peer.name, peer.python, peer.module, (engine, place))

    def _measured(
        self, name: str, title: str, rows: int, base: str | None, subjects: list[Subject], notes: Sequence[str] = ()
    ) -> Section:
        say(f"{name}: {title.lower()}, {rows:,} rows")
        timings: list[Timing] = interleave(subjects, self.rounds, say)
        return Section(name=name, title=title, rows=rows, base=base, timings=timings, notes=notes)


def _quiet(text: str) -> None:
    """Thirty lines of a tenth of a second each tell nobody anything."""


def _whole(name: str, arguments: Sequence[str], *, exit_codes: str, **env: str) -> Subject:
    """The `observer` that is installed beside this Python, as a process."""
    command = str(Path(sys.executable).parent / "observer")
    return python_subject(name, sys.executable, "whole", (exit_codes, command, *arguments), **env)


def machine() -> str:
    """What it ran on, in one line."""
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in ("great-expectations", "duckdb", "psycopg", "pyarrow"))
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {memory:.0f} GiB of memory, Python {platform.python_version()}, {versions}."


def replace_figures(page: Path, figures: str) -> None:
    """Put the figures between the markers of a page.

    Raises:
        click.ClickException: the page has no such markers.
    """
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise click.ClickException(f"{page} lacks the lines {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n{figures}\n{END}{after}", encoding="utf-8")


@click.command()
@click.option("--rows", type=click.IntRange(1_000), default=10_000_000, show_default=True, help="Size of leads.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Rounds after the warm-up.")
@click.option("--only", default=",".join(SECTIONS), show_default=True, help="Sections, separated by commas.")
@click.option("--no-peers", is_flag=True, help="Leave the other tools out.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all figures here too."
)
@click.option(
    "--write", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="Fill in the page's figures."
)
def main(rows: int, rounds: int, only: str, no_peers: bool, json_file: Path | None, write: Path | None) -> None:
    """Measure crm-observer beside hand-written SQL and beside its peers, every ratio in one run."""
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    if unknown := set(wanted) - set(SECTIONS):
        raise click.BadParameter(
            f"no section {sorted(unknown)[0]}; choose from {', '.join(SECTIONS)}", param_hint="--only"
        )
    peers = _installed(no_peers or not {"suite", "pushdown"} & set(wanted))
    sections: list[Section] = []
    with ExitStack() as ends:
        HOME.mkdir(exist_ok=True)
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(dir=HOME)))
        server = ends.enter_context(postgres_server(*SERVER))
        run = Run(stage=Stage(rows=rows, server=server, folder=folder), rounds=rounds, peers=peers)
        sections = [run.section(name) for name in SECTIONS if name in wanted]
    figures = limits.markdown(sections, machine())
    click.echo(figures)
    verdicts = limits.verdicts(sections)
    if json_file is not None:
        found = {
            "machine": machine(),
            "rows": rows,
            "rounds": rounds,
            "limits": [verdict.as_json() for verdict in verdicts],
            "sections": [
                {"name": s.name, "rows": s.rows, "timings": [t.as_json() for t in s.timings]} for s in sections
            ],
        }
        json_file.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if write is not None:
        replace_figures(write, figures)
    outcomes = {verdict.holds for verdict in verdicts}
    differ = any(limits.disagreements(section) for section in sections)
    sys.exit(1 if False in outcomes or differ else 3 if None in outcomes else 0)


def _installed(none: bool) -> list[Peer]:
    there: list[Peer] = []
    for peer in () if none else PEERS:
        reason = peer.install(say)
        if reason is None:
            there.append(peer)
        else:
            raise click.ClickException(f"{peer.name} cannot be installed: {reason}. Go on without: --no-peers")
    return there


if __name__ == "__main__":
    main()
