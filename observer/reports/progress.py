"""What a job tells about its progress, and a live display of it. The display changes nothing but the terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TaskID, TextColumn, TimeRemainingColumn

from observer.reports.visible import visible


class ProgressEvents(Protocol):
    """Told by a job, in this order or interleaved, from any thread. None of these ever raises."""

    def phase(self, text: str) -> None:
        """A new part of the work begins ("reading", "checking")."""

    def table_started(self, object_name: str, rows_estimate: int | None) -> None:
        """A table is being read; the estimate may be far off."""

    def rows_read(self, object_name: str, rows: int) -> None:
        """That many *more* rows of the table were read."""

    def checks_planned(self, count: int) -> None:
        """That many *more* checks will be looked at."""

    def check_done(self, check_id: str) -> None:
        """One check was looked at, whatever came of it."""


class SilentProgress:
    """Says nothing: for pipes, schedulers and tests."""

    def phase(self, text: str) -> None:
        pass

    def table_started(self, object_name: str, rows_estimate: int | None) -> None:
        pass

    def rows_read(self, object_name: str, rows: int) -> None:
        pass

    def checks_planned(self, count: int) -> None:
        pass

    def check_done(self, check_id: str) -> None:
        pass


class AuditProgress:
    """Live lines on a terminal: the table being read with its rows, the checks, the time left. Gone at the end.

    Use as a context manager. On a console that is no terminal it stays silent.
    """

    def __init__(self, console: Console) -> None:
        self._display = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[counted]}", markup=False),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._phase: TaskID | None = None
        self._checks: TaskID | None = None
        self._tables: dict[str, TaskID] = {}
        self._tables_done = 0

    def __enter__(self) -> AuditProgress:
        self._display.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.stop()

    def phase(self, text: str) -> None:
        for task in self._tables.values():
            self._display.remove_task(task)
        self._tables_done += len(self._tables)
        self._tables.clear()
        if self._phase is None:
            self._phase = self._display.add_task("", total=None, counted="")
        counted = f"{self._tables_done:,} tables read" if self._tables_done else ""
        self._display.update(self._phase, description=visible(text), counted=counted)

    def table_started(self, object_name: str, rows_estimate: int | None) -> None:
        self._tables[object_name] = self._display.add_task(
            f"  {visible(object_name)}", total=rows_estimate or None, counted="0 rows"
        )

    def rows_read(self, object_name: str, rows: int) -> None:
        task_id = self._tables.get(object_name)
        if task_id is None:
            return
        self._display.advance(task_id, rows)
        task = self._task(task_id)
        total = None if task.total is None else max(task.total, task.completed)
        of_total = "" if total is None else f" of ~{int(total):,}"
        self._display.update(task_id, total=total, counted=f"{int(task.completed):,}{of_total} rows")

    def checks_planned(self, count: int) -> None:
        if self._checks is None:
            self._checks = self._display.add_task("  checks", total=0, counted="")
        task = self._task(self._checks)
        self._display.update(self._checks, total=(task.total or 0) + count, counted=self._checks_text(count))

    def check_done(self, check_id: str) -> None:
        if self._checks is None:
            return
        self._display.advance(self._checks)
        self._display.update(self._checks, counted=self._checks_text())

    def _task(self, task_id: TaskID) -> Task:
        return next(task for task in self._display.tasks if task.id == task_id)

    def _checks_text(self, more: int = 0) -> str:
        assert self._checks is not None
        task = self._task(self._checks)
        return f"{int(task.completed):,} of {int(task.total or 0) + more:,} checks"
