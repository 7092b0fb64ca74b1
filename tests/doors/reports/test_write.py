"""The report folder is written whole or not at all."""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from observer.errors import ReportError
from observer.reports.write import write_reports
from tests.fakes import audits


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_new_folder_holds_every_report_and_nothing_else(tmp_path: Path) -> None:
    written = write_reports(audits.sales_audit(), tmp_path / "deep" / "out")
    assert files_in(tmp_path / "deep" / "out") == {
        "report.html",
        "report.json",
        "junit.xml",
        *(str(path.relative_to(written.folder)) for path in written.failures),
    }
    assert len(written.failures) == 9
    assert all(path.is_file() for path in (written.html, written.json, written.junit, *written.failures))
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_reports_are_for_the_owner_and_the_group_only(tmp_path: Path) -> None:
    written = write_reports(audits.sales_audit(), tmp_path / "out")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (written.html, written.json, *written.failures)}
    assert modes == {0o640}
    assert stat.S_IMODE(written.folder.stat().st_mode) == 0o750


def test_reports_of_an_earlier_run_are_replaced_and_other_files_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_reports(audits.sales_audit(), folder)
    (folder / "notes.txt").write_text("mine")
    (folder / "failures" / "mine.csv").write_text("mine")
    written = write_reports(audits.green_audit(), folder)
    assert files_in(folder) == {"report.html", "report.json", "junit.xml", "notes.txt", "failures/mine.csv"}
    assert json.loads(written.json.read_text())["run"]["id"] == "run-green"


def test_no_empty_failures_folder_is_left(tmp_path: Path) -> None:
    write_reports(audits.sales_audit(), tmp_path)
    write_reports(audits.green_audit(), tmp_path)
    assert not (tmp_path / "failures").exists()


@pytest.mark.parametrize("earlier", ["", "[]", "{}", '{"checks": [{"failures_file": {"path": "../precious.csv"}}]}'])
def test_a_strange_earlier_report_deletes_nothing_of_others(tmp_path: Path, earlier: str) -> None:
    (tmp_path / "precious.csv").write_text("mine")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "report.json").write_text(earlier)
    write_reports(audits.green_audit(), folder)
    assert (tmp_path / "precious.csv").read_text() == "mine"
    assert json.loads((folder / "report.json").read_text())["run"]["id"] == "run-green"


def test_a_file_in_the_way_is_a_report_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ReportError, match=r"out: .*Fix: give a folder"):
        write_reports(audits.green_audit(), tmp_path / "out")
    assert (tmp_path / "out").read_text() == "a file"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_link_to_a_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_reports(audits.green_audit(), tmp_path / "link")
    assert (tmp_path / "real" / "report.html").is_file()
    assert (tmp_path / "link").is_symlink()


def test_text_that_utf8_lacks_is_written_as_its_escape(tmp_path: Path) -> None:
    written = write_reports(replace(audits.green_audit(), source="lone \ud800"), tmp_path)
    assert json.loads(written.json.read_text(encoding="utf-8"))["run"]["source"] == "lone \ud800"
    assert r"lone \ud800" in written.html.read_text(encoding="utf-8")


def _no_space_beyond(limit: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


@pytest.mark.parametrize("limit", [0, 20_000])
@pytest.mark.parametrize("exists", [False, True])
def test_when_there_is_no_space_nothing_half_written_is_left(tmp_path: Path, limit: int, exists: bool) -> None:
    folder = tmp_path / "out"
    if exists:
        write_reports(audits.green_audit(), folder)
    before = {name: (folder / name).read_bytes() for name in files_in(folder)} if exists else {}
    program = (
        "import sys; from pathlib import Path; from observer.errors import ReportError;"
        "from observer.reports.write import write_reports; from tests.fakes import audits\n"
        "try: write_reports(audits.sales_audit(), Path(sys.argv[1]))\n"
        "except ReportError as error: sys.exit(f'{error}')"
    )
    run = subprocess.run(
        [sys.executable, "-B", "-c", program, str(folder)],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: _no_space_beyond(limit),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert "the reports could not be written" in run.stderr
    assert {name: (folder / name).read_bytes() for name in files_in(folder)} == before
    assert {path.name for path in tmp_path.iterdir()} == ({"out"} if exists else set())
