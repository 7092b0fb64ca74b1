"""`observer` as a person meets it: help, mistakes, and errors that are sentences."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from observer import __version__
from observer.cli import main as face
from observer.errors import InputError
from tests.fakes.terminal import observer


def test_help_names_every_command_and_the_exit_codes(tmp_path):
    ran = observer("--help", cwd=tmp_path)
    assert ran.code == 0
    for name in face.COMMANDS:
        assert f"\n  {name} " in ran.out
    assert "3 could not run" in ran.out


@pytest.mark.parametrize("command", list(face.COMMANDS))
def test_every_command_has_help_of_its_own(command, tmp_path):
    ran = observer(command, "--help", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: observer {command}")


def test_the_version_is_said(tmp_path):
    assert __version__ in observer("--version", cwd=tmp_path).out


@pytest.mark.parametrize("words", [("audti",), ("audit", "--sorce", "x"), ("audit", "--execution", "moon")])
def test_a_mistyped_word_is_a_sentence_and_exit_code_3(words, tmp_path):
    ran = observer(*words, cwd=tmp_path)
    assert ran.code == 3
    assert "Error: " in ran.err
    assert "Traceback" not in ran.err


def test_an_audit_without_a_source_says_what_to_give(tmp_path):
    ran = observer("audit", cwd=tmp_path)
    assert ran.code == 3
    assert "Fix: name the database with --source URL or OBSERVER_SOURCE" in ran.err


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (InputError("the file is odd", fix="mend it"), 3, "observer: the file is odd. Fix: mend it."),
        (RuntimeError("secret@example.com"), 3, "observer: unexpected RuntimeError. Fix: run again with --debug"),
        (click.exceptions.Abort(), 130, "observer: interrupted"),
        (KeyboardInterrupt(), 130, "observer: interrupted"),
    ],
)
def test_every_error_is_a_sentence_without_a_traceback_or_a_value(error, code, says, tmp_path, monkeypatch):
    @click.command()
    def broken():
        raise error

    monkeypatch.setattr(face.LazyCommands, "get_command", lambda *_: broken)
    ran = observer("runs", cwd=tmp_path)
    assert ran.code == code
    assert ran.err.strip().startswith(says)
    assert "Traceback" not in ran.err
    assert "secret@example.com" not in ran.err
    if code == 3:
        assert "Traceback" in observer("runs", "--debug", cwd=tmp_path).err


@pytest.mark.parametrize("words", [("runs",), ("show", "01a2")])
def test_what_ran_is_asked_of_the_state_that_the_named_settings_have(words, tmp_path):
    (tmp_path / "other.toml").write_text('state = "sqlite:///there.db"\n')
    ran = observer(*words, "--config", "other.toml", cwd=tmp_path)
    assert "Traceback" not in ran.err
    assert (tmp_path / "there.db").exists()


def test_help_and_lint_do_not_wait_for_heavy_libraries(tmp_path):
    heavy = "{'great_expectations', 'pandas', 'sqlalchemy', 'pyarrow', 'pydantic'}"
    for words in (["--help"], ["lint", "--help"], ["lint", str(tmp_path)]):
        code = f"""
import sys
from observer.cli.main import main
try:
    main({words!r})
except SystemExit:
    pass
print("heavy:", sorted({heavy} & set(sys.modules)))
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
        assert done.stdout.endswith("heavy: []\n")


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    done = subprocess.run(
        f"{sys.executable} -c 'from observer.cli.main import main; main([\"--help\"])' | true",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert "Traceback" not in done.stderr
