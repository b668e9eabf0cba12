"""Questions that people at a company ask, by topic, stored as answered rows for tests of drift and live comparisons."""

import json
import random
from collections.abc import Sequence

from sqlalchemy import insert

from index.catalogue import Catalogue
from index.database import writing
from index.schema import answers, conversations, documents

TOPICS: dict[str, tuple[str, ...]] = {
    "leave": (
        "How many days of annual leave do I have?",
        "Can I carry vacation over into next year?",
        "Who approves my holiday request?",
        "Do I need a doctor's note when I am sick?",
        "How do I report that I am ill?",
        "How long is parental leave?",
        "What happens to my leave when I change to part time?",
        "Is 24 December a working day?",
    ),
    "travel": (
        "Which hotel may I book for a business trip?",
        "How do I claim travel expenses?",
        "What is the daily allowance for meals abroad?",
        "May I fly business class?",
        "How much is paid for a kilometre in my own car?",
        "By when must I hand in receipts?",
        "Do I need approval before I book a train?",
        "Can I extend a business trip privately?",
    ),
    "computer": (
        "How do I reset my password?",
        "How do I connect to the VPN from home?",
        "Which laptop can I order?",
        "My screen stays black, whom do I call?",
        "May I install software on my notebook?",
        "How do I set up two factor authentication?",
        "Where do I report a phishing mail?",
        "How do I encrypt a USB stick?",
    ),
    "purchasing": (
        "From which amount do I need three offers?",
        "Who signs a contract with a supplier?",
        "How do I create a purchase order?",
        "When is an invoice paid?",
        "How do I register a new vendor?",
        "What is the limit of a credit card?",
        "Who checks delivered goods?",
        "Can I buy from a shop on the internet?",
    ),
    "machines": (
        "How often is the filter of the press changed?",
        "At which temperature does the pump switch off?",
        "What does error E-417 of the controller mean?",
        "How do I calibrate the pressure sensor?",
        "Which oil belongs into the gearbox?",
        "When is the compressor due for maintenance?",
        "How is the emergency stop tested?",
        "What torque do the flange bolts need?",
    ),
    "pay": (
        "When are salaries transferred?",
        "How is overtime paid?",
        "Is there a bonus for referrals?",
        "Where do I find my payslip?",
        "How do I change my bank account?",
        "Who is entitled to the company pension?",
        "When are performance ratings decided?",
        "What does the company pay towards lunch?",
    ),
}
NEW_TOPIC = (
    "How do I export a chart from the new reporting dashboard?",
    "Why does the dashboard show no revenue for March?",
    "Who can give me access to the sales dashboard?",
    "How often is the data of the reporting dashboard refreshed?",
    "Can I share a dashboard with a customer?",
    "What does the red bar in the revenue chart mean?",
    "How do I filter the dashboard by region?",
    "Which figures does the quarterly dashboard contain?",
)
HANDBOOK = "handbook"
PEOPLE = tuple(f"person-{number}@example.org" for number in range(40))


def everyday_questions(count: int, seed: int) -> list[tuple[str, str]]:
    """Return (owner, question) pairs, none twice, of all topics alike."""
    every = [(owner, text) for owner in PEOPLE for texts in TOPICS.values() for text in texts]
    return random.Random(seed).sample(every, count)


def store_handbook(catalogue: Catalogue, access: Sequence[str]) -> None:
    """Store the document that all answers are made from."""
    texts = dict.fromkeys(("source", "uri", "title", "version", "seen_version"), HANDBOOK)
    times = dict.fromkeys(("updated_at", "seen_stamp"), "2026-01-01T00:00:00.000+00:00")
    with writing(catalogue.engine) as connection:
        connection.execute(
            insert(documents).values(
                doc_id=HANDBOOK,
                access=json.dumps(list(access)),
                seen_access=json.dumps(list(access)),
                text="",
                elements="[]",
                status="active",
                seen_size=0,
                **texts,
                **times,
            )
        )


def store_asked(
    catalogue: Catalogue,
    asked: Sequence[tuple[str, str]],
    times: Sequence[str],
    seed: int,
    *,
    first: int = 0,
    abstained_share: float = 0.15,
    variants: Sequence[str] = (),
) -> list[str]:
    """Store an answer for each question, written as the application writes them; returns their ids."""
    rng = random.Random(seed)
    ids, rows = [], []
    for number, ((owner, question), at) in enumerate(zip(asked, times, strict=True), first):
        is_abstained = rng.random() < abstained_share
        ids.append(f"asked-{number}")
        content: dict[str, object] = {
            "answer_id": ids[-1],
            "question": question,
            "text": "x" * int(rng.gauss(80 if is_abstained else 400, 30)),
            "status": "abstained" if is_abstained else "answered",
            "claims": [],
            "citations": [],
            "timings_ms": {"total": 100.0},
        }
        trace = {
            "hits": [{"doc_id": HANDBOOK, "score": min(1.0, max(0.0, rng.gauss(0.6, 0.12)))}],
            "passages": [],
            "history": [],
        }
        rows.append(
            {
                "answer_id": ids[-1],
                "conversation_id": f"of-{ids[-1]}",
                "position": 0,
                "owner": owner,
                "status": "abstained" if is_abstained else "answered",
                "created_at": at,
                "trace_id": "t",
                "answer": json.dumps(content),
                "trace": json.dumps(trace),
                "channel": "streamlit",
                "model": "extractive",
                "total_ms": rng.lognormvariate(5, 0.4),
                "cost_usd": 0.001,
                "variant": variants[number - first] if variants else "",
            }
        )
    with writing(catalogue.engine) as connection:
        connection.execute(
            insert(conversations),
            [
                {
                    "conversation_id": row["conversation_id"],
                    "owner": row["owner"],
                    "title": "t",
                    "created_at": row["created_at"],
                    "updated_at": row["created_at"],
                }
                for row in rows
            ],
        )
        connection.execute(insert(answers), rows)
    return ids
