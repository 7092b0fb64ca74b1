"""The objects of all files by kind and name: what references find, what is there twice, what nobody uses."""

from __future__ import annotations

from collections.abc import Iterator

from observer.config.odcs_schema import nearest, shown
from observer.config.openslo.contract_names import one_of
from observer.config.openslo.kinds import API_VERSION, OBJECTS
from observer.config.openslo.page import Element
from observer.config.openslo.shapes import check


class Objects:
    """What stands in the files. `find` remembers what was asked for."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Element] = {}
        self._all: list[tuple[str, Element]] = []
        self._used: set[tuple[str, str]] = set()

    def add(self, element: Element) -> None:
        """Take in one object of a file, and say everything that its form has against it."""
        if not isinstance(element.value, dict):
            fix = "start each document with `apiVersion: openslo/v1`, or each entry of a list with `- apiVersion: …`"
            element.error("not-openslo", "this is no OpenSLO object", fix)
            return
        version, kind = element.at("apiVersion"), element.at("kind").text
        if version.value != API_VERSION:
            at, said = (version, shown(version.value)) if element.has("apiVersion") else (element, "missing")
            at.error("api-version", f"apiVersion is {said}, and only {API_VERSION} is read", f"write `{API_VERSION}`")
            return
        if kind not in OBJECTS:
            near = nearest(kind or "", OBJECTS)
            fix = f"write `kind: {near}`" if near else f"write one of {', '.join(OBJECTS)}"
            at = element.at("kind") if element.has("kind") else element
            at.error("object-kind", f"{shown(kind)} is no kind of OpenSLO v1" if kind else "`kind` is missing", fix)
            return
        check(element, OBJECTS[kind])
        self._all.append((kind, element))
        first = self._known.setdefault((kind, element.name), element) if element.name else element
        if first is not element:
            place = f"{first.page.file}:{first.page.places.of((*first.path, 'metadata', 'name'))[0]}"
            message = f"{kind} `{element.name}` stands at {place} already"
            element.at("metadata").at("name").error("duplicate-object", message, f"give each {kind} its own name")

    def of(self, kind: str) -> Iterator[Element]:
        """Every object of the kind, in the order of the files."""
        return (element for its_kind, element in self._all if its_kind == kind)

    def find(self, kind: str, reference: Element) -> Element | None:
        """The object that the reference names."""
        name = reference.text
        if name is None:
            return None
        self._used.add((kind, name))
        found = self._known.get((kind, name))
        if found is None:
            known = [its_name for its_kind, its_name in self._known if its_kind == kind]
            fix = one_of(name, known, f"add the {kind}")
            reference.error("unknown-reference", f"there is no {kind} `{name}`", fix)
        return found

    def say_unused(self) -> None:
        """Warn of what no SLO leads to."""
        for (kind, name), element in self._known.items():
            if kind != "SLO" and (kind, name) not in self._used:
                message = f"nothing refers to {kind} `{name}`"
                element.at("metadata").at("name").warning("unused-object", message, "refer to it, or remove it")
