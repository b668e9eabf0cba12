"""Feedback as files for other programs: JSON lines, CSV, Langfuse scores; from the rows of `FeedbackLog.list`."""

import csv
import io
import json
from typing import Any


def to_jsonl(rows: list[dict[str, Any]]) -> str:
    """Return feedback as one JSON object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def to_csv(rows: list[dict[str, Any]]) -> str:
    """Return feedback as CSV; cells that a spreadsheet would run as a formula are quoted with '."""
    names = [name for name in (rows[0] if rows else {}) if name != "snapshot"]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in names])
    return out.getvalue()


def to_langfuse(rows: list[dict[str, Any]]) -> str:
    """Return feedback as Langfuse scores, one JSON object a line."""
    scores = [
        {
            "id": row["id"],
            "traceId": row["trace_id"],
            "name": "user_feedback",
            "dataType": "CATEGORICAL",
            "value": row["verdict"],
            "comment": row["comment"] or None,
            "metadata": {
                "category": row["category"],
                "answer_id": row["answer_id"],
                "target": row["target"],
                "target_ref": row["target_ref"],
                "source": row["source"],
            },
            "timestamp": row["created_at"],
        }
        for row in rows
    ]
    return to_jsonl(scores)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    # https://owasp.org/www-community/attacks/CSV_Injection
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
