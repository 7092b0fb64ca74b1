"""What rules say of some rows, of rows of another table, and queries of the whole table."""

from __future__ import annotations

import pyarrow as pa

from observer.checks import rules
from observer.checks.spec import LiveRows
from tests.doors.gx.rule_cases import TEXT, WHOLE, Case, is_not, is_one

_STAGES = ["Won", "Lost", None, "Open"]

TABLE_CASES = (
    Case(
        name="conditions",
        columns={"stage": (TEXT, _STAGES), "n": (WHOLE, [1, 2, 3, None]), "v": (TEXT, [None] * 4)},
        says=[
            ("won", rules.Present(column="v"), (1, 1)),
            ("not_won", rules.Present(column="v"), (3, 3)),
            ("not_won_or_null", rules.Present(column="v"), (2, 2)),
            ("null", rules.Present(column="v"), (1, 1)),
            ("not_null", rules.Present(column="v"), (3, 3)),
            ("not_two", rules.Present(column="v"), (3, 3)),
            ("both", rules.Present(column="v"), (1, 1)),
            ("values", rules.InSet(column="stage", values=("Won",)), (2, 2)),
            ("repeated", rules.Unique(columns=("stage",)), (2, 0)),
            ("rows", rules.RowCount(), 3),
            ("no_row", rules.RowCount(), 0),
        ],
        when={
            "won": is_one("stage", "Won"),
            "not_won": is_not("stage", "Won"),
            "not_won_or_null": is_not("stage", "Won", None),
            "null": is_one("stage", None),
            "not_null": is_not("stage", None),
            "not_two": is_not("n", 2),
            "both": (*is_not("stage", "Won"), *is_not("n", 2, None)),
            "values": is_not("stage", "Won"),
            "repeated": is_not("stage", "Won"),
            "rows": is_not("stage", "Won"),
            "no_row": is_one("stage", "Gone"),
        },
    ),
    Case(
        name="users",
        columns={
            "id": (WHOLE, [1, 2, None, 4]),
            "code": (TEXT, ["a", None, "c", "d"]),
            "gone": (pa.bool_(), [None, False, False, True]),
        },
        says=[("rows", rules.RowCount(), 3)],
        more={"live_rows": LiveRows(column="gone", deleted_values=(True,))},
    ),
    Case(
        name="references",
        columns={
            "owner": (WHOLE, [1, 2, 3, 4, None, 1]),
            "code": (TEXT, ["a", None, "c", "d", "a", "A"]),
            "as_text": (TEXT, ["1", "2", "01", "4", None, "x"]),
        },
        says=[
            ("single", rules.References(columns=("owner",), to_table="users", to_columns=("id",)), (5, 2)),
            ("text", rules.References(columns=("as_text",), to_table="users", to_columns=("id",)), (5, 3)),
            ("pair", rules.References(columns=("owner", "code"), to_table="users", to_columns=("id", "code")), (4, 3)),
            ("compound", rules.Unique(columns=("owner", "code")), (6, 0)),
        ],
    ),
    Case(
        name="queries",
        columns={"n": (WHOLE, [1, 2, None])},
        says=[
            ("count", rules.SqlValue(query="SELECT count(*) FROM queries"), 3),
            ("none", rules.SqlValue(query="SELECT max(n) FROM queries WHERE n > 5"), "no value (null)"),
            ("many", rules.SqlValue(query="SELECT n FROM queries"), "3 rows"),
            ("colon", rules.SqlValue(query="SELECT count(*) FROM queries WHERE ':n' = ':n' AND '%' = '%'"), 3),
            ("text", rules.SqlValue(query="SELECT 'x'"), "text, not a number"),
            ("broken", rules.SqlValue(query="SELECT nothing_here FROM queries"), "column"),
        ],
    ),
)
