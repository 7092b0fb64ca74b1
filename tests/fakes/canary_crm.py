"""A small CRM with a canary in every restricted field, and a look for them wherever they may have got to."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

CONTRACT = """
apiVersion: v3.2.0
kind: DataContract
id: canary
name: Canary
version: 1.0.0
status: active
team: {name: RevOps, members: [{username: ana@example.com, role: owner}]}
schema:
  - name: leads
    customProperties:
      - {property: eventTime, value: born_at}
      - {property: updateTime, value: born_at}
      - {property: recordUrl, value: 'https://crm.example.com/leads/{id}'}
    properties:
      - {name: id, logicalType: integer, primaryKey: true, required: true}
      - name: email
        logicalType: string
        required: true
        unique: true
        classification: restricted
        logicalTypeOptions: {format: email, maxLength: 10}
        enum: [{value: nobody@example.org}]
        quality:
          - {id: known, metric: invalidValues, arguments: {pattern: '^nobody'}, mustBe: 0}
          - id: gx
            type: custom
            engine: greatExpectations
            implementation: {type: expect_column_values_to_be_in_set, kwargs: {value_set: [x]}}
          - id: gx_top
            type: custom
            engine: greatExpectations
            implementation: {type: expect_column_distinct_values_to_be_in_set, kwargs: {value_set: [x]}}
          - id: gx_max
            type: custom
            engine: greatExpectations
            implementation: {type: expect_column_most_common_value_to_be_in_set, kwargs: {value_set: [x]}}
      - {name: phone, logicalType: integer, classification: Confidential, logicalTypeOptions: {maximum: 5}}
      - name: full_name
        logicalType: string
        classification: restricted
        relationships: [{id: exists, to: people.name}]
      - {name: city, logicalType: string, required: true, enum: [{value: Bonn}]}
      - {name: created_at, logicalType: timestamp, logicalTypeOptions: {defaultTimezone: Etc/UTC}}
      - name: born_at
        logicalType: timestamp
        classification: restricted
        logicalTypeOptions: {defaultTimezone: Etc/UTC}
      - {name: person, logicalType: string, relationships: [{id: is_known, to: people.name}]}
    quality:
      - id: pair
        type: custom
        engine: greatExpectations
        implementation:
          type: expect_column_pair_values_to_be_equal
          kwargs: {column_A: email, column_B: full_name}
      - {id: phones, type: sql, query: 'SELECT count(distinct phone) FROM leads WHERE phone > 5', mustBe: 0}
      - {id: twins, metric: duplicateValues, arguments: {properties: [email, full_name]}, mustBe: 0}
  - name: people
    properties:
      - {name: name, logicalType: string, primaryKey: true, required: true, classification: restricted}
slaProperties:
  - {property: freshness, value: 1, unit: d, element: leads.created_at}
  - {property: frequency, value: 1, unit: d, element: leads.born_at}
  - {property: retention, value: 1, unit: d, element: leads.born_at}
"""
#: `4915550` begins every phone number, `1931-07` every time of birth.
CANARIES = ("canary.mail", "Xanthippe", "4915550", "1931-07")


def canary_crm(folder: Path) -> Path:
    """`canary.odcs.yaml` and `crm.db` in the folder: every restricted field breaks rules, with a canary in it."""
    (folder / "canary.odcs.yaml").write_text(CONTRACT, encoding="utf-8")
    db = sqlite3.connect(folder / "crm.db")
    db.execute(
        "create table leads"
        " (id integer primary key, email text, phone integer, full_name text, city text, created_at text,"
        " born_at text, person text)"
    )
    db.execute("create table people (name text)")
    rows = [
        (
            i,
            f"canary.mail{i % 7}@example.org",
            49155501234567 + i,
            f"Xanthippe {i}",
            "Bonn" if i % 3 else "Köln",
            f"2024-01-{i % 27 + 1:02} 10:00:00",
            f"1931-07-{i % 27 + 1:02} 10:00:00",
            f"Xanthippe {i % 5}",
        )
        for i in range(1, 60)
    ]
    db.executemany("insert into leads values (?,?,?,?,?,?,?,?)", rows)
    db.executemany("insert into people values (?)", [("Xanthippe 1",), ("Xanthippe 1",), (None,)])
    db.commit()
    db.close()
    return folder


def leaks(folder: Path, *texts: str) -> list[str]:
    """Canaries that are in the texts, or in any file of the folder but the CRM itself."""
    found = [canary for text in texts for canary in CANARIES if canary in _told(text)]
    for file in folder.rglob("*"):
        if file.is_file() and file.name != "crm.db":
            held = _told(file.read_bytes().decode("latin-1"))
            found += [f"{file.name}: {canary}" for canary in CANARIES if canary in held]
    return found


def _told(text: str) -> str:
    """The text, and once more without what is written between the digits of a number."""
    return text + re.sub(r"(?<=\d)[,_ .\u00a0\u202f\u2009](?=\d)", "", text)
