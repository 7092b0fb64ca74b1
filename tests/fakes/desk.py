"""A project folder with a contract and a dump of two tables, and a person who types `observer` in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests import real_parts
from tests.fakes.terminal import Ran, observer

HEAD = """
apiVersion: v3.2.0
kind: DataContract
id: crm
name: CRM
version: 1.0.0
status: active
team: {name: RevOps, members: [{username: ana@example.com, role: owner}]}
"""
CONTRACT = f"""{HEAD}schema:
  - name: leads
    customProperties: [{{property: recordUrl, value: 'https://crm.example.com/leads/{{id}}'}}]
    properties:
      - {{name: id, logicalType: integer, primaryKey: true, required: true}}
      - name: email
        logicalType: string
        required: true
        logicalTypeOptions: {{format: email}}
        classification: restricted
      - {{name: status, logicalType: string, enum: [{{value: new}}, {{value: won}}]}}
      - {{name: owner_id, logicalType: integer, relationships: [{{id: owner_exists, to: users.id}}]}}
  - name: users
    properties:
      - {{name: id, logicalType: integer, primaryKey: true, required: true}}
      - {{name: name, logicalType: string, required: true}}
"""
#: A value of the restricted column; wherever a row is bad, this one is bad too.
CANARY = "canary-mail"
LEADS = f"id,email,status,owner_id\n1,a@example.com,new,1\n2,{CANARY},wno,2\n"
USERS = "id,name\n1,Ada\n"
#: Every character that means something in a URL.
PASSWORD = "p@ss:w/rd#%?&"
ENCODED = "p%40ss%3Aw%2Frd%23%25%3F%26"
REPORTS = {"report.html", "report.json", "junit.xml"}


class Desk:
    """A project folder with a contract and a dump, and a person who types `observer audit` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dump = folder / "dump"
        self.dump.mkdir()
        (self.dump / "leads.csv").write_text(LEADS, encoding="utf-8")
        (self.dump / "users.csv").write_text(USERS, encoding="utf-8")
        (folder / "workspace").mkdir()
        self.contract(CONTRACT)
        self.given = self.files()

    def contract(self, text: str) -> None:
        (self.folder / "crm.odcs.yaml").write_text(text, encoding="utf-8")

    def audit(self, source: str = "file:dump", *words: str, out: str = "out") -> Ran:
        given = ("audit", "-c", "crm.odcs.yaml", "-s", source, "--workspace", "workspace", "-o", out, *words)
        return self.typed(*given)

    def typed(self, *words: str) -> Ran:
        """Whatever is typed: no traceback, and neither the password nor the restricted value anywhere."""
        ran = observer(*words, cwd=self.folder)
        assert "Traceback" not in ran.err or "--debug" in words
        assert list((self.folder / "workspace").iterdir()) == []
        given = {"dump", "crm.db", "crm.odcs.yaml"}
        texts = [p.read_bytes() for p in self.folder.rglob("*") if p.is_file() and not given & set(p.parts)]
        for text in (*texts, ran.out.encode(), ran.err.encode()):
            for secret in (CANARY, PASSWORD, ENCODED, real_parts.PASSWORD, real_parts.QUOTED_PASSWORD, "ss:w/rd"):
                assert secret.encode() not in text
        return ran

    def files(self) -> set[str]:
        return {str(p.relative_to(self.folder)) for p in self.folder.rglob("*")}

    def made(self) -> set[str]:
        """What is there that was not there before, the state aside."""
        return {name for name in self.files() - self.given if not name.startswith(".observer")}

    def report(self, out: str = "out") -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / out / "report.json").read_text(encoding="utf-8"))
        return found

    def outcomes(self, table: str) -> set[str]:
        return {check["outcome"] for check in self.report()["checks"] if check["object"] == table}


def told(text: str) -> str:
    """As it was said, however the terminal broke its lines."""
    return " ".join(text.split())


def refused(ran: Ran, desk: Desk, *texts: str) -> None:
    """Nothing could be looked at: exit code 3, the reason with its remedy, and not a file more than before."""
    assert (ran.code, ran.out) == (3, "")
    for text in (*texts, "Fix: "):
        assert text in told(ran.err)
    assert desk.made() == set()
