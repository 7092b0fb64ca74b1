"""`observer`: one command per job. Commands are loaded when called, so that `--help` and `lint` answer at once."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import click

from observer import __version__
from observer.errors import ExitCode, InputError, ObserverError

#: Command → (module:attribute, one line for `observer --help`), in the order in which a newcomer meets them.
COMMANDS = {
    "demo": ("observer.cli.demo:demo", "Build a demo CRM that lives, and watch it: audit, daemon, faults."),
    "lint": ("observer.cli.lint:lint", "Find every problem in data contracts, with line, column and remedy."),
    "generate": ("observer.cli.generate:generate", "Write the Great Expectations suites of the contracts."),
    "audit": ("observer.cli.audit:audit", "Check a CRM database against its contracts and report the truth."),
    "serve": ("observer.cli.serve:serve", "Watch always: run, glance and tell on schedule, until stopped."),
    "run": ("observer.cli.run:run", "Run one contract now, as the daemon does."),
    "incidents": ("observer.cli.incidents:incidents", "List what is wrong now, since when, and who has it."),
    "incident": ("observer.cli.incidents:incident", "Show one incident, acknowledge or judge it."),
    "owners": ("observer.cli.owners:owners", "Print who owns which field, and what nobody owns."),
    "route": ("observer.cli.route:route", "Say who would be told of a check, and why."),
    "silence": ("observer.cli.silence:silence", "Tell nobody of some findings for a time."),
    "slo": ("observer.cli.slo:slo", "Service levels: how they stand, why, and what slo.yaml says."),
    "kpi": ("observer.cli.kpi:kpi", "How a month went: incidents, promises, trust, what is missing."),
    "doctor": ("observer.cli.doctor:doctor", "Try every door that a daemon needs, and say what to do."),
    "migrate": ("observer.cli.migrate:migrate", "Bring the state to the newest schema."),
    "outbox": ("observer.cli.outbox:outbox", "Show what waits to be told to others, and try again what was given up."),
    "runs": ("observer.cli.runs:runs", "List what ran, newest first."),
    "show": ("observer.cli.runs:show", "Print one run."),
}


class LazyCommands(click.Group):
    """A group that imports a command's module only to run it or to print its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyCommands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 all good, 1 checks failed, 2 warnings only, 3 could not run, 4 delivery failed.",
)
@click.version_option(__version__, prog_name="observer")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Data-quality observability for CRM data: contracts in, the truth about your tables out."""


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: every error as a sentence with its remedy, never as a traceback."""
    words = list(sys.argv[1:] if args is None else args)
    debug = "--debug" in words
    # So that `--debug` is understood wherever a hurried person types it.
    words = [word for word in words if word != "--debug"]
    try:
        code = cli.main(args=words, prog_name="observer", standalone_mode=False)
    except click.exceptions.Abort:
        code = _say("interrupted", 130)
    except click.ClickException as error:
        error.show()
        code = ExitCode.COULD_NOT_RUN
    except ObserverError as error:
        code = _report(error, debug)
    except BrokenPipeError:
        # The reader of our output went away (`observer runs | head`): that is no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.OK
    except Exception as error:  # noqa: BLE001 - the last resort: no traceback reaches a user
        if debug:
            traceback.print_exc()
        # The text of an unexpected error may hold a value of a row, so only its kind is said.
        code = _say(f"unexpected {type(error).__name__}. Fix: run again with --debug and report the traceback.", 3)
    sys.exit(code if isinstance(code, int) else ExitCode.OK)


def _report(error: ObserverError, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    if isinstance(error, InputError):
        for problem in error.problems:
            click.echo(str(problem), err=True)
    return _say(str(error), ExitCode.COULD_NOT_RUN)


def _say(text: str, code: int) -> int:
    click.echo(f"observer: {text}", err=True)
    return code
