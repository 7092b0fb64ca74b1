"""The limit: what the 21 checks of the leads contract count, as a person would write it for speed.

Two queries: one aggregate over one scan, and one for the uniqueness of `uuid`. The uniqueness of `id` is not counted:
the primary key proves it. Keys of the answers are `property.rule`, as in the ids of the product's checks.
"""

from __future__ import annotations

#: Checks that any tool has to answer, in the order of the contract.
CHECKS = (
    "id.required",
    "id.unique",
    "uuid.required",
    "uuid.unique",
    "uuid.length",
    "email.missing",
    "email.pattern",
    "email.length",
    "last_name.required",
    "last_name.length",
    "status.required",
    "status.known",
    "source.known",
    "score.required",
    "score.range",
    "amount.range",
    "amount.of_qualified",
    "owner_id.user",
    "owner_id.assigned",
    "created_at.required",
    "rows",
)
PROVEN_BY_KEY = "id.unique"

EMAIL_PATTERN = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
STATUSES = ("new", "contacted", "working", "qualified", "disqualified")
SOURCES = ("web", "demo_request", "partner", "event")
IN_WORK = ("working", "qualified")


def _in(values: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"


def _failed(dialect: str, users: str) -> dict[str, str]:
    """Check → what is true of a row that breaks it."""

    def differs(column: str, pattern: str) -> str:
        return f"NOT regexp_matches({column}, '{pattern}')" if dialect == "duckdb" else f"{column} !~ '{pattern}'"

    return {
        "id.required": "id IS NULL",
        "uuid.required": "uuid IS NULL",
        "uuid.length": "length(uuid) <> 36",
        "email.missing": "email IS NULL OR email IN ('', 'n/a')",
        "email.pattern": differs("email", EMAIL_PATTERN),
        "email.length": "length(email) > 320",
        "last_name.required": "last_name IS NULL",
        "last_name.length": "length(last_name) NOT BETWEEN 1 AND 80",
        "status.required": "status IS NULL",
        "status.known": f"status NOT IN {_in(STATUSES)}",
        "source.known": f"source NOT IN {_in(SOURCES)}",
        "score.required": "score IS NULL",
        "score.range": "score NOT BETWEEN 0 AND 100",
        "amount.range": "amount < 0",
        "amount.of_qualified": "status = 'qualified' AND amount IS NULL",
        "owner_id.user": f"owner_id IS NOT NULL AND owner_id NOT IN (SELECT id FROM {users})",
        "owner_id.assigned": f"status IN {_in(IN_WORK)} AND owner_id IS NULL",
        "created_at.required": "created_at IS NULL",
    }


def aggregate_query(dialect: str, leads: str, users: str) -> tuple[str, tuple[str, ...]]:
    """The one scan, and the names of its columns; `rows` is the last."""
    failed = _failed(dialect, users)
    counts = ",\n  ".join(f"count(*) FILTER (WHERE {condition})" for condition in failed.values())
    return f"SELECT\n  {counts},\n  count(*)\nFROM {leads}", (*failed, "rows")


def unique_query(leads: str) -> str:
    """Rows whose uuid is not theirs alone."""
    groups = f"SELECT count(*) AS n FROM {leads} WHERE uuid IS NOT NULL GROUP BY uuid HAVING count(*) > 1"
    return f"SELECT coalesce(sum(n), 0) FROM ({groups}) AS repeated"
