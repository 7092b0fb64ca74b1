"""`slo.yaml` → Slos: find, read, check each object's form, resolve references and names, hold the parts together.

Every problem of every file is reported at once, with its place. An SLO with an error, or built on an object with one,
gives no Slo.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from observer.config.files import find_files, read_file
from observer.config.openslo.alerts import Policies, attached, check_burning
from observer.config.openslo.contract_names import ContractNames
from observer.config.openslo.indicators import ReadIndicator, deadline_of, read_indicator, refuse_source
from observer.config.openslo.kinds import SOURCE_TYPE
from observer.config.openslo.objectives import check_slices, objective_of, window_of
from observer.config.openslo.objects import Objects
from observer.config.openslo.page import Element, Page
from observer.config.openslo.revision import counted_of, revision_of
from observer.config.yaml_text import read_yaml_documents
from observer.contracts.model import Contract
from observer.contracts.problems import Problem, ProblemReport, sort_problems
from observer.slo.burn import short_span
from observer.slo.model import Method, Slo, TimeToFill

#: Files that are read in a folder; others have to be named.
NAMES = ("slo.yaml", "slo.yml")
_NO_SLOS = Problem(
    rule="no-slos",
    message="the folder holds no service levels",
    fix="add a file `slo.yaml`, or one whose name ends in .slo.yaml",
)


@dataclass(frozen=True, kw_only=True)
class LoadedSlos(ProblemReport):
    """What a set of paths holds."""

    #: Those without an error, in the order of their files.
    slos: tuple[Slo, ...]


def load_slos(paths: Path | Sequence[Path], contracts: Sequence[Contract]) -> LoadedSlos:
    """Load files, and folders with their `slo.yaml` and `*.slo.yaml` at any depth. Bad content never raises.

    `contracts` are those that indicators may name, without errors (`jobs/lint_contracts.load_for_run`).
    """
    problems: list[Problem] = []
    files = find_files([paths] if isinstance(paths, Path) else paths, _is_wanted, _NO_SLOS, problems)
    objects = Objects()
    for file in files:
        for page in _pages(file, problems):
            for element in page.items if isinstance(page.value, list) else (page,):
                objects.add(element)
    slos = _Slos(objects, ContractNames(contracts), contracts)
    found = tuple(slos.build())
    objects.say_unused()
    return LoadedSlos(slos=found, problems=sort_problems(problems), files=tuple(str(file) for file in files))


class _Slos:
    """Everything that SLOs are made of; SLIs and policies are read once."""

    def __init__(self, objects: Objects, names: ContractNames, contracts: Sequence[Contract]) -> None:
        self._objects = objects
        self._names = names
        self._contracts = {contract.id: contract for contract in contracts}
        self._policies = Policies(objects)
        self._indicators: dict[Element, ReadIndicator | None] = {}

    def build(self) -> Iterator[Slo]:
        """The SLOs, after what they are made of: an object that no SLO uses is looked at too."""
        for source in self._objects.of("DataSource"):
            _data_source(source)
        for sli in self._objects.of("SLI"):
            self._indicator(sli)
        for condition in self._objects.of("AlertCondition"):
            self._policies.condition(condition)
        for policy in self._objects.of("AlertPolicy"):
            self._policies.policy(policy)
        for element in self._objects.of("SLO"):
            slo = self._slo(element)
            if slo is not None:
                yield slo

    def _indicator(self, sli: Element) -> ReadIndicator | None:
        if sli not in self._indicators:
            self._indicators[sli] = read_indicator(sli.at("spec"), self._objects, self._names)
        return self._indicators[sli]

    def _indicator_of(self, slo: Element) -> ReadIndicator | None:
        spec = slo.at("spec")
        if spec.has("indicator") == spec.has("indicatorRef"):
            composite = any(o.has("indicator") or o.has("indicatorRef") for o in spec.at("objectives").items)
            if isinstance(spec.value, dict) and not composite:
                said = "two indicators" if spec.has("indicator") else "no indicator"
                fix = "write one of `indicator` and `indicatorRef`"
                spec.error("indicator", f"the SLO has {said}", fix)
            return None
        if spec.has("indicator"):
            return self._indicator(spec.at("indicator"))
        sli = self._objects.find("SLI", spec.at("indicatorRef"))
        return self._indicator(sli) if sli is not None else None

    def _slo(self, element: Element) -> Slo | None:
        spec = element.at("spec")
        service = self._objects.find("Service", spec.at("service"))
        indicator = self._indicator_of(element)
        window, objective = window_of(spec.at("timeWindow")), objective_of(spec)
        policy = attached(element, self._policies, self._objects)
        if window is not None and objective is not None:
            check_slices(element, objective, window.span)
            if policy is not None:
                check_burning(element, policy, period=window.span, objective=objective)
        if window is not None and indicator is not None:
            _check_window(element, window.span, indicator)
        if service is None or indicator is None or window is None or objective is None:
            return None
        parts = (element, service, indicator.spec, *(policy.parts if policy else ()))
        if any(part.is_broken for part in parts) or (policy is None and spec.at("alertPolicies").items):
            return None
        slo = Slo(
            name=element.name,
            display_name=element.at("metadata").at("displayName").text or element.name,
            service=service.name,
            description=spec.at("description").text or "",
            indicator=indicator.indicator,
            window=window,
            method=Method(spec.at("budgetingMethod").value),
            target=objective.target,
            slice_target=objective.slice_target,
            slice_span=objective.slice_span,
            alerts=policy is not None,
            burn_rules=policy.rules if policy else (),
            targets=policy.targets if policy else (),
            unknown_limit=indicator.unknown_limit,
            path=element.path,
        )
        return self._known_by(self._about(slo, indicator), indicator)

    def _about(self, slo: Slo, read: ReadIndicator) -> Slo:
        """With what it is about, and who owns that."""
        contract = self._contracts[read.indicator.contract]
        subject = read.checks[0] if read.checks else read.indicator
        obj = contract.object(getattr(subject, "object", None) or "")
        prop = obj.property(getattr(subject, "property", None) or "") if obj else None
        name, field = (obj.name if obj else None), (prop.name if prop else None)
        return replace(slo, object=name, property=field, owner=contract.owner_of(prop) or contract.steward)

    def _known_by(self, slo: Slo, read: ReadIndicator) -> Slo:
        dated = None
        if isinstance(read.indicator, TimeToFill):
            dated = self._contracts[read.indicator.contract].object(read.indicator.object)
        counted = counted_of(slo, read.checks, dated)
        return replace(slo, counted=counted, revision=revision_of(slo, counted))


def _data_source(source: Element) -> None:
    spec = source.at("spec")
    kind = spec.at("type").text
    if kind is not None and kind != SOURCE_TYPE:
        refuse_source(spec.at("type"), kind)
    elif spec.at("connectionDetails").value not in ({}, [], None):
        message = "where the CRM is reached stands in the settings, not here"
        spec.at("connectionDetails").error("connection-details", message, "write `connectionDetails: {}`")


def _check_window(slo: Element, period: timedelta, read: ReadIndicator) -> None:
    deadline = deadline_of(read.indicator)
    if deadline is not None and deadline >= period:
        message = f"records are decided after {short_span(deadline)}, and the window is {short_span(period)}"
        slo.at("spec").at("timeWindow").error("window-too-short", message, "write a longer timeWindow")


def _is_wanted(name: str) -> bool:
    return name in NAMES or name.endswith(tuple(f".{each}" for each in NAMES))


def _pages(file: Path, problems: list[Problem]) -> Iterator[Element]:
    """The documents of one file."""
    name, content = str(file), read_file(file, problems)
    if content is None:
        return
    documents = read_yaml_documents(content, name)
    problems += (problem for document in documents for problem in document.problems)
    if any(document.problems for document in documents):
        return
    held = [document for document in documents if document.value is not None]
    if not held:
        message, fix = "the file holds nothing", "start with `apiVersion: openslo/v1`"
        problems.append(Problem(rule="no-slos", message=message, fix=fix, file=name, line=1, column=1))
    for document in held:
        yield Element(Page(name, document.places, problems), (), document.value)
