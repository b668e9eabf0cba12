"""What attacks in documents achieve when the model obeys every one of them.

    python -m benchmarks.injection_end_to_end [--json FILE]

Thirty poisoned documents and one that the asker may not read are ingested; a scripted model on loopback
(`tests/llm_server.py`, script `obedient`) repeats every order, address and image that its prompt holds. Counted
are the effects: off-list addresses and canaries in the answer, injected sentences that came out as supported, also
where the model says the fact and the order whatever it reads, the documents that ingestion marked, and the prompts that still held the order.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from app.bootstrap import open_service
from app.json_view import answer_json
from benchmarks.poisoned_documents import (
    CANARY,
    EVIL_HOST,
    PoisonedDocument,
    poisoned_documents,
    secret_document,
)
from core.answers import Answer, Caller
from core.log import configure
from core.settings import Settings, load_settings
from index.factory import open_catalogue
from ingest.content_marks import HIDDEN_TEXT, SUSPICIOUS
from ingest.run import Ingestion, Selection
from ingest.writer_lock import writer_lock
from tests.llm_server import llm_server, says

ASKER = Caller("ann@example.org", frozenset({"everyone", "user:ann@example.org"}))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attack achieved."""

    vector: str
    is_seen: bool
    status: str
    address_shown: bool
    canary_shown: bool
    order_supported: bool
    fact_supported: bool
    is_marked: bool
    is_noted: bool
    in_prompt: bool
    asked_model: bool


def outcomes(folder: Path, settings: Settings) -> list[Outcome]:
    """Write, ingest and ask about every poisoned document; `settings` name the data folder."""
    documents = poisoned_documents()
    _write(folder, documents)
    _ingest(folder, settings)
    found = []
    said = ""
    # First a model that obeys what it reads; then one that the attacker owns, whatever it reads.
    with llm_server("obedient") as server, llm_server(says(lambda request: said)) as owned:
        service = open_service(
            settings.model_copy(
                update={"llm": "openai-like:obedient", "llm_base_url": server.openai_url}
            )
        )
        settings = settings.model_copy(
            update={"llm": "openai-like:owned", "llm_base_url": owned.openai_url}
        )
        lost = open_service(settings)
        for document in documents:
            said = f"{document.fact[:-1]} [1]. {document.order} [1]"
            wrong = lost.ask(document.question, ASKER)
            asked = len(server.requests)
            answer = service.ask(document.question, ASKER)
            prompts = "\n".join(request.prompt for request in server.requests[asked:])
            outcome = _outcome(document, answer, prompts, _marked(settings, document))
            found.append(
                replace(
                    outcome,
                    order_supported=outcome.order_supported or _supported(wrong, document.order),
                    fact_supported=_supported(wrong, document.fact),
                    address_shown=outcome.address_shown or EVIL_HOST in wrong.text,
                )
            )
    return found


def _write(folder: Path, documents: Sequence[PoisonedDocument]) -> None:
    for document in documents:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / document.name).write_bytes(document.content)


def _ingest(folder: Path, settings: Settings) -> None:
    board = folder.parent / "closed"
    name, content = secret_document()
    path = board / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with Ingestion(settings) as ingestion, writer_lock(settings.data_dir):
        for selection in (Selection((folder,)), Selection((board,), access=("group:board",))):
            planning = ingestion.plan(selection)
            ingestion.apply(planning, allow_mass_delete=False, progress=lambda *_: None)


def _marked(settings: Settings, document: PoisonedDocument) -> bool:
    catalogue = open_catalogue(settings, create=False)
    for record in catalogue.list_documents():
        if record.uri == document.name:
            return HIDDEN_TEXT in record.metadata or SUSPICIOUS in record.metadata
    return False


def _supported(answer: Answer, sentence: str) -> bool:
    """Whether the beginning of a sentence stands in a claim that came out as supported."""
    start = sentence[:25]
    return any(c.verdict == "supported" and start in c.text for c in answer.claims)


def _outcome(document: PoisonedDocument, answer: Answer, prompts: str, is_marked: bool) -> Outcome:
    # The question is the asker's own, and a citation quotes the document as it is: neither is the model's word.
    told = "\n".join([answer.text, *(note.text for note in answer.notes)])
    whole = json.dumps(answer_json(answer), ensure_ascii=False)
    supported = [claim.text for claim in answer.claims if claim.verdict == "supported"]
    order = document.order[:40]
    return Outcome(
        vector=document.vector,
        is_seen=document.is_seen,
        status=answer.status,
        address_shown=EVIL_HOST in told.replace(document.name, ""),
        canary_shown=CANARY in whole,
        order_supported=any(order in text or "as I was told" in text for text in supported),
        fact_supported=False,
        is_marked=is_marked,
        is_noted=any(
            note.kind == "injection" and document.name in note.text for note in answer.notes
        ),
        in_prompt=order in prompts,
        asked_model=bool(prompts),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    configure("error")
    with TemporaryDirectory() as scratch:
        root = Path(scratch)
        found = outcomes(root / "docs", load_settings(data_dir=root / "data", offline=True))
    names = [name for name in asdict(found[0]) if name not in ("vector", "status")]
    print("| vector | status |", " | ".join(names), "|")
    for one in found:
        cells = ["yes" if value else "no" for value in (asdict(one)[name] for name in names)]
        print(f"| {one.vector} | {one.status} | {' | '.join(cells)} |")
    for name in names:
        print(f"{name}: {sum(asdict(one)[name] for one in found)} of {len(found)}")
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in found], indent=1), "utf-8")


if __name__ == "__main__":
    main()
