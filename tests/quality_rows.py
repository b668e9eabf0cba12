"""Rows of answers, flags and runs for tests of figures, written as the application writes them."""

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

from sqlalchemy import insert

from index.catalogue import Catalogue
from index.database import writing
from index.schema import answers, conversations, eval_results, eval_runs, feedback, review_items

_numbers = count(1)


class Rows:
    """Writes rows into one catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._engine = catalogue.engine

    def answer(
        self,
        at: str,
        status: str = "answered",
        *,
        owner: str = "ada@example.org",
        question: str = "What?",
        total_ms: float = 100.0,
        channel: str = "streamlit",
        cost_usd: float = 0.0,
        verdicts: Sequence[str] = (),
        documents: Sequence[str] = (),
        replaced_by: str = "",
    ) -> str:
        """Store one answer and return its id."""
        answer_id = f"answer-{next(_numbers)}"
        content = {
            "answer_id": answer_id,
            "question": question,
            "claims": [{"verdict": verdict} for verdict in verdicts],
            "timings_ms": {"retrieve": total_ms / 4, "generate": total_ms / 2, "total": total_ms},
        }
        trace = {"hits": [{"doc_id": doc_id} for doc_id in documents]}
        self._insert(
            conversations,
            conversation_id=f"of-{answer_id}",
            owner=owner,
            title="t",
            created_at=at,
            updated_at=at,
        )
        self._insert(
            answers,
            answer_id=answer_id,
            conversation_id=f"of-{answer_id}",
            position=0,
            owner=owner,
            status=status,
            created_at=at,
            trace_id="t",
            answer=json.dumps(content),
            trace=json.dumps(trace),
            replaced_by=replaced_by,
            channel=channel,
            model="extractive",
            total_ms=total_ms,
            cost_usd=cost_usd,
        )
        return answer_id

    def flag(
        self,
        answer_id: str,
        at: str,
        category: str = "wrong_fact",
        *,
        verdict: str = "bad",
        superseded_by: str | None = None,
        state: str = "",
        decided_at: str = "",
    ) -> None:
        """Store what somebody says of an answer, and where its review stands."""
        feedback_id = f"feedback-{next(_numbers)}"
        self._insert(
            feedback,
            feedback_id=feedback_id,
            idem_key=feedback_id,
            answer_id=answer_id,
            author="ada@example.org",
            verdict=verdict,
            category=category if verdict == "bad" else None,
            comment="",
            selected_text="",
            status="new",
            channel="streamlit",
            created_at=at,
            superseded_by=superseded_by,
            snapshot="{}",
        )
        if state:
            self._insert(
                review_items,
                feedback_id=feedback_id,
                state=state,
                priority=1,
                decided_at=decided_at,
            )

    def run(
        self,
        run_id: str,
        values: dict[str, Sequence[float | None]],
        *,
        summary: object = None,
        started_at: str = "2026-03-01T10:00:00.000+00:00",
    ) -> None:
        """Store an evaluation run; `values` are those of cases 0, 1, … for each metric."""
        self._insert(
            eval_runs,
            run_id=run_id,
            variant="baseline",
            dataset="handbook",
            started_at=started_at,
            finished_at=started_at,
            manifest=json.dumps({"code": "1.0"}),
            summary=json.dumps(summary or {}),
        )
        for metric, of_cases in values.items():
            for case, value in enumerate(of_cases):
                self._insert(
                    eval_results,
                    run_id=run_id,
                    case_id=f"case-{case}",
                    repeat=0,
                    metric=metric,
                    value=value,
                )

    def _insert(self, table: Any, **values: Any) -> None:
        with writing(self._engine) as connection:
            connection.execute(insert(table).values(**values))
