"""`observer.toml` and `OBSERVER_*` in, Settings out; every mistake of both at once, with its place and remedy.

A setting is `[ticks] freshness` in the file and `OBSERVER_TICKS_FRESHNESS` in the environment, which comes first.
Secrets may stand in files of their own: `source_file`, `OBSERVER_SOURCE_FILE`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from observer.config.known_settings import READERS, SECRETS, SECTIONS, Name
from observer.config.setting_combinations import misfits
from observer.config.setting_values import BadSetting, quoted, text
from observer.config.toml_places import Place, key_places, syntax_problem
from observer.contracts.problems import Problem
from observer.errors import InputError
from observer.settings import Settings

CONFIG_VARIABLE = "OBSERVER_CONFIG"
#: Says who types a command; no setting of the observer.
ACTOR_VARIABLE = "OBSERVER_ACTOR"
DEFAULT_FILE = Path("observer.toml")
_PREFIX = "OBSERVER_"

Say = Callable[[Name], str]

#: `source_file` → `source`.
_FILES: Mapping[Name, Name] = {(*name[:-1], f"{name[-1]}_file"): name for name in SECRETS}
_KNOWN: tuple[Name, ...] = (*READERS, *_FILES)
#: What Kubernetes sets for a Service named `observer…` in the same namespace.
_OF_KUBERNETES = re.compile(r"OBSERVER_(.+_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)")


@dataclass(frozen=True, kw_only=True)
class _Given:
    """One value as it was written."""

    value: object
    #: Where, as a Problem says it.
    file: str
    name: Name
    place: Place = (0, 0)

    def problem(self, rule: str, message: str, fix: str) -> Problem:
        return Problem(
            rule=rule,
            message=message,
            fix=fix,
            file=self.file,
            line=self.place[0],
            column=self.place[1],
            path=self.name,
        )


def load_settings(file: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read `file`, else what `OBSERVER_CONFIG` names, else `./observer.toml` if it is there; then the environment.

    Raises:
        InputError: anything in them is unknown, unreadable or out of range. `problems` holds all of it, no secret.
    """
    problems: list[Problem] = []
    chosen = _chosen(file, environment)
    given = {**_of_file(chosen, problems), **_of_environment(environment, problems)}
    values = {name: _read(name, entry, problems) for name, entry in given.items()}
    problems += _misfits(given, {problem.path for problem in problems})
    if problems:
        count = len(problems)
        raise InputError(
            f"the settings have {count} problem{'' if count == 1 else 's'}",
            fix="correct the lines above",
            problems=tuple(problems),
        )
    tables: dict[str, Any] = {
        section: kind(**{name[1]: value for name, value in values.items() if name[0] == section})
        for section, kind in SECTIONS.items()
    }
    plain: dict[str, Any] = {name[0]: value for name, value in values.items() if len(name) == 1}
    return Settings(**plain, **tables, file=chosen, digest=_digest(values))


def environment_name(name: Name) -> str:
    """`("ticks", "freshness")` → `OBSERVER_TICKS_FRESHNESS`."""
    return _PREFIX + "_".join(name).upper()


def _chosen(file: Path | None, environment: Mapping[str, str]) -> Path | None:
    if file is not None:
        return file
    if named := environment.get(CONFIG_VARIABLE):
        return Path(named)
    return DEFAULT_FILE if DEFAULT_FILE.is_file() else None


# --- observer.toml


def _of_file(file: Path | None, problems: list[Problem]) -> dict[Name, _Given]:
    if file is None:
        return {}
    try:
        content = file.read_text(encoding="utf-8")
        document = tomllib.loads(content)
    except OSError as error:
        message, fix = f"the file cannot be read: {error.strerror}", "name a readable file, or none"
        problems.append(Problem(rule="setting-file", message=message, fix=fix, file=str(file)))
        return {}
    except UnicodeDecodeError:
        message, fix = "the file is not UTF-8", "save it as UTF-8"
        problems.append(Problem(rule="setting-file", message=message, fix=fix, file=str(file)))
        return {}
    except (ValueError, RecursionError) as error:  # tomllib has limits beside its own error: digits, nesting
        message, (line, column) = syntax_problem(str(error))
        fix = "correct this line; texts stand in quotes, tables in [brackets]"
        problems.append(
            Problem(
                rule="setting-toml", message=f"not TOML: {message}", fix=fix, file=str(file), line=line, column=column
            )
        )
        return {}
    places = key_places(content)
    found = (
        _Given(value=value, file=str(file), name=name, place=places.get(name, (0, 0)))
        for name, value in _entries(document)
    )
    return _layer({entry.name: entry for entry in found}, problems, _say_key)


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[Name, object]]:
    """Every entry, those of our tables one by one."""
    for name, value in document.items():
        if name in SECTIONS and isinstance(value, dict):
            for inner, content in value.items():
                yield (name, inner), content
        else:
            yield (name,), value


def _say_key(name: Name) -> str:
    return ".".join(name)


# --- the environment


def _of_environment(environment: Mapping[str, str], problems: list[Problem]) -> dict[Name, _Given]:
    names = {environment_name(name): name for name in _KNOWN}
    in_kubernetes = "KUBERNETES_SERVICE_HOST" in environment
    found: dict[Name, _Given] = {}
    for variable in sorted(environment):
        if not variable.startswith(_PREFIX) or variable in (CONFIG_VARIABLE, ACTOR_VARIABLE):
            continue
        if not environment[variable]:
            continue
        name = names.get(variable)
        if name is None and in_kubernetes and _OF_KUBERNETES.fullmatch(variable):
            continue
        entry = _Given(value=environment[variable], file="environment", name=(variable,))
        found[name or (variable,)] = entry
    return _layer(found, problems, environment_name)


# --- both


def _layer(found: dict[Name, _Given], problems: list[Problem], say: Say) -> dict[Name, _Given]:
    """What is known of one place, the contents of named files in place of their names."""
    known: dict[Name, _Given] = {}
    for name, entry in found.items():
        if name in READERS:
            known[name] = entry
        elif name not in _FILES:
            problems.append(entry.problem("setting-unknown", *_unknown(name, say)))
    for name, entry in found.items():
        target = _FILES.get(name)
        if target is None:
            continue
        if target in found:
            message = f"`{say(target)}` is given too"
            problems.append(entry.problem("setting-twice", message, "keep one of the two"))
            continue
        try:
            content = Path(text(entry.value)).expanduser().read_text(encoding="utf-8").strip()
        except BadSetting as bad:
            problems.append(entry.problem("setting-value", str(bad), bad.fix))
        except (OSError, UnicodeDecodeError, ValueError):
            message = f"it names {quoted(entry.value)}, which cannot be read"
            problems.append(entry.problem("setting-file", message, "name a readable text file"))
        else:
            known[target] = _Given(value=content, file=entry.file, name=entry.name, place=entry.place)
    return known


def _unknown(name: Name, say: Say) -> tuple[str, str]:
    """Message and remedy. A table is known by its name alone when it is not written as one."""
    if len(name) == 1 and name[0] in SECTIONS:
        return f"`{name[0]}` is no table", f"write [{name[0]}] with its settings below"
    in_file = not name[0].startswith(_PREFIX)
    known = {say(other).casefold(): say(other) for other in _KNOWN}
    if in_file:
        known |= {section: f"[{section}]" for section in SECTIONS}
    near = get_close_matches((say(name) if in_file else name[0]).casefold(), known, 1, 0.6)
    near = near or [say(other) for other in _KNOWN if in_file and other[-1] == name[-1]]  # right name, wrong table
    fix = f"write `{known[near[0]]}`" if near else "remove it, or look its name up in docs/operations.md"
    return "there is no such setting", fix


def _read(name: Name, entry: _Given, problems: list[Problem]) -> object:
    try:
        return READERS[name](entry.value)
    except BadSetting as bad:
        problems.append(entry.problem("setting-value", str(bad), bad.fix))
        return None


def _misfits(given: Mapping[Name, _Given], broken: Collection[tuple[str | int, ...]]) -> list[Problem]:
    """What lacks another setting. One whose file could not be read is there all the same, and told elsewhere."""
    named = {f for f in _FILES if f in broken or (environment_name(f),) in broken}
    mentioned = {*given, *(_FILES[f] for f in named)}
    found = (misfit for misfit in misfits(mentioned) if misfit.name in given)
    return [given[misfit.name].problem("setting-combination", misfit.message, misfit.fix) for misfit in found]


def _digest(values: Mapping[Name, object]) -> str:
    """Over names and values, secrets as digests of their own."""
    told = {".".join(name): _sha256(str(value)) if name in SECRETS else str(value) for name, value in values.items()}
    return _sha256(json.dumps(told, sort_keys=True))


def _sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()
