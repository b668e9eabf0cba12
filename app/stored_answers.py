"""Answers as JSON in the database, and back."""

import json
from typing import Any

from core.answers import Answer, Citation, Claim, DocumentRef, Note


def answer_from_json(stored: str) -> Answer:
    """Return the answer that `json.dumps(asdict(answer))` stored."""
    fields = json.loads(stored)
    fields["claims"] = tuple(_claim(claim) for claim in fields["claims"])
    fields["citations"] = tuple(_citation(entry) for entry in fields["citations"])
    fields["notes"] = tuple(Note(**note) for note in fields["notes"])
    return Answer(**fields)


def _claim(entry: dict[str, Any]) -> Claim:
    lists = {name: tuple(entry.get(name) or ()) for name in ("citations", "reasons")}
    return Claim(**{**entry, **lists})


def _citation(entry: dict[str, Any]) -> Citation:
    document = DocumentRef(**entry["document"])
    return Citation(**{**entry, "document": document, "section": tuple(entry["section"])})
