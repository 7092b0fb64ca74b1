"""An OpenLineage receiver of our own: listens on loopback, checks every event against the specification, remembers it.

It can be told to misbehave: `receiver.answers(500)`, `.answers(429, {"Retry-After": "7"})`, `.hangs()`,
`.drips()`, `.talks_garbage()`, `.answers(201)` again.
"""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from tests import real_parts

SPEC = real_parts.SHARED_DATA.parent / "spec" / "openlineage" / "spec"
CORE = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
#: RFC 3986, as far as a character goes.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:([A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")

Document = Mapping[str, Any]


class Specification:
    """The core schema and every facet's own, formats included: uri, uuid, date-time."""

    def __init__(self) -> None:
        if not SPEC.is_dir():
            real_parts.missing("the folder ../shared/spec/openlineage is not here")
        files = [SPEC / "OpenLineage.json", *sorted((SPEC / "facets").glob("*.json"))]
        schemas = [json.loads(file.read_text()) for file in files]
        self._registry = Registry().with_resources((s["$id"], Resource.from_contents(s)) for s in schemas)
        self._names = {s["$id"]: set(s.get("properties", ())) for s in schemas}
        self._formats = FormatChecker()
        self._formats.checks("uri")(lambda text: not isinstance(text, str) or _URI.fullmatch(text) is not None)
        assert {"uuid", "date-time", "uri"} <= set(self._formats.checkers), "install rfc3339-validator"
        self._validators: dict[str, Draft202012Validator] = {}

    def problems(self, event: Document) -> list[str]:
        """What is wrong with a run event; empty when nothing is."""
        found = self._wrong(f"{CORE}#/$defs/RunEvent", event)
        if found:
            return found
        if event["schemaURL"] != f"{CORE}#/$defs/RunEvent":
            found.append(f"schemaURL is {event['schemaURL']}")
        for name, facet in facets_of(event):
            schema = facet["_schemaURL"]
            if name not in self._names.get(schema.partition("#")[0], ()):
                found.append(f"{schema} is no facet of the name {name}")
            else:
                found += [f"{name}: {wrong}" for wrong in self._wrong(schema, facet)]
        return found

    def _wrong(self, schema: str, document: object) -> list[str]:
        if schema not in self._validators:
            self._validators[schema] = Draft202012Validator(
                {"$ref": schema}, registry=self._registry, format_checker=self._formats
            )
        return [f"{e.json_path}: {e.message}" for e in self._validators[schema].iter_errors(document)]


def facets_of(event: Document) -> Iterator[tuple[str, Document]]:
    """Every facet of the event under its name, whatever it hangs on."""
    yield from event["run"].get("facets", {}).items()
    yield from event["job"].get("facets", {}).items()
    for dataset in (*event.get("inputs", ()), *event.get("outputs", ())):
        for kind in ("facets", "inputFacets", "outputFacets"):
            yield from dataset.get(kind, {}).items()


@dataclass
class Receiver:
    """What arrived, and what is answered."""

    url: str = ""
    #: Those that were answered with success, in order.
    events: list[dict[str, Any]] = field(default_factory=list)
    #: What the specification says against them.
    problems: list[str] = field(default_factory=list)
    #: Headers of every request, refused ones too; names in lower case.
    headers: list[dict[str, str]] = field(default_factory=list)
    #: Bodies of every request, as they came.
    bodies: list[bytes] = field(default_factory=list)
    specification: Specification | None = None
    _status: int = 201
    _more: Mapping[str, str] = field(default_factory=dict)
    _garbage: bytes | None = None
    _drips: bool = False
    _may_answer: threading.Event = field(default_factory=threading.Event)

    def answers(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        """From now on; below 300 it takes the event."""
        self._status, self._more, self._garbage, self._drips = status, headers or {}, None, False
        self._may_answer.set()

    def hangs(self) -> None:
        """It reads, and says nothing until it is told what to answer."""
        self._may_answer.clear()

    def drips(self) -> None:
        """It begins an answer, byte by byte, and comes to no end until it is told what to answer."""
        self._drips = True

    def talks_garbage(self, garbage: bytes = b"SSH-2.0-OpenSSH_9.2\r\n\x00\xff\r\n") -> None:
        self._garbage = garbage
        self._may_answer.set()

    def states(self) -> dict[tuple[str, str], list[str]]:
        """(job, run id) → its event types in order of arrival."""
        states: dict[tuple[str, str], list[str]] = defaultdict(list)
        for event in self.events:
            states[event["job"]["name"], event["run"]["runId"]].append(event["eventType"])
        return dict(states)

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        """One request."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        self.bodies.append(body)
        self.headers.append({name.lower(): value for name, value in handler.headers.items()})
        self._may_answer.wait(30)
        while self._drips:
            handler.wfile.write(b"H")
            threading.Event().wait(0.02)
        if self._garbage is not None:
            handler.wfile.write(self._garbage)
            handler.close_connection = True
            return
        if self._status < 300 and handler.command == "POST":
            event = json.loads(body)
            if self.specification is not None:
                self.problems += self.specification.problems(event)
            self.events.append(event)
        handler.send_response(self._status)
        for name, value in {**self._more, "Content-Length": "0"}.items():
            handler.send_header(name, value)
        handler.end_headers()


@contextmanager
def lineage_receiver(specification: Specification | None = None, port: int = 0) -> Iterator[Receiver]:
    """A receiver on a loopback port; with a specification it checks what it takes."""
    receiver = Receiver(specification=specification)
    receiver.answers(201)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5

        def do_POST(self) -> None:
            receiver.take(self)

        do_GET = do_OPTIONS = do_POST

        def log_message(self, format: str, *args: object) -> None:
            """A test says itself what it saw."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        receiver.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        try:
            yield receiver
        finally:
            receiver.answers(201)
            server.shutdown()
            serving.join()


def written_to(file: Path) -> list[dict[str, Any]]:
    """The events that the transport `file` appended."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def http_config(url: str, **more: Any) -> dict[str, Any]:
    """The client's configuration for a receiver at this URL."""
    return {"transport": {"type": "http", "url": url, **more}}
