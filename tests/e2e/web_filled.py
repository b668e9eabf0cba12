"""A data folder as it looks after weeks of use: the sample documents, conversations, flags, a file that fails."""

import json
import shutil
import sqlite3
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from review_seed import seed
from web_browser import ROOT
from web_real import footnote

from app.bootstrap import open_application
from app.feedback_log import Remark
from core.settings import load_settings
from index.permissions import caller_named

READER = "ada@brightwater.example"
SETTINGS = {"WEB__USER": READER, "WEB__ROLE": "admin", "OFFLINE": "1"}
LEAVE = "How many days of annual leave do I have?"
FIRE = "Who do I call when the gateway is down at night?"
PRICE = "What does the AquaSense 3 cost?"
LISBON = "How many parking spaces does the office in Lisbon have?"
_PEOPLE = ("bo", "cem", "dina", "eli", "fay", "gus")
_GAPS = (LISBON, "Is there a gym allowance?", "Are dogs allowed in the office?", LISBON)
_DECIDED = ("accepted", "fixed", "rejected")
_SOURCES = ("handbook", "meetings", "policies", "products", "runbooks", "people-private")


def fill(folder: Path) -> Path:
    """Make everything below an empty folder; returns the data folder."""
    folder.mkdir(parents=True, exist_ok=True)
    documents, data_dir = folder / "documents", folder / "data"
    shutil.copytree(ROOT / "samples" / "documents", documents)
    (documents / "handbook" / "canteen-menu.txt").write_text("")
    (folder / "sources.yaml").write_text("\n".join(map(_source, _SOURCES)))
    (folder / "groups.yaml").write_text(f"{READER}: [people-team]\n")
    footnote("ingest", "--yes", "--json", data_dir=data_dir)
    _use(data_dir)
    _remember_weeks(data_dir)
    return data_dir


def settings_of(data_dir: Path) -> dict[str, str]:
    """Return the FOOTNOTE_* variables, without the prefix, that the folder is served with."""
    return {**SETTINGS, "GROUPS_FILE": str(data_dir.parent / "groups.yaml")}


def _source(name: str) -> str:
    access = "group:people-team" if name == "people-private" else "everyone"
    return f"{name}:\n  path: ./documents/{name}\n  access: [{access}]\n"


def _use(data_dir: Path) -> None:
    """Ask as the reader, flag, and decide flags as a reviewer."""
    settings = load_settings(data_dir=data_dir)
    application = open_application(settings)
    reader = caller_named(READER, ["people-team"])
    service = application.service
    answers = {question: service.ask(question, reader) for question in (FIRE, PRICE, LISBON, LEAVE)}
    service.share_conversation(answers[PRICE].conversation_id, reader, is_shared=True)
    desk = service.feedback_desk
    cost = desk.add(
        answers[PRICE].answer_id, reader, Remark("bad", "outdated", "New prices came in May.")
    )
    desk.add(answers[LISBON].answer_id, reader, Remark("bad", "should_have_answered"))
    gateway = desk.add(
        answers[FIRE].answer_id, reader, Remark("bad", "incomplete", "Who is second?")
    )
    flags = seed(data_dir)
    rev = replace(caller_named("rev@brightwater.example", ["people-team"]), role="reviewer")
    review = application.review
    review.decide(
        cost.feedback_id,
        rev,
        "accept",
        root_cause="source_wrong",
        note="The list is from last year.",
    )
    review.decide(flags.leave_again, rev, "duplicate", dup_of=flags.leave)
    review.decide(
        gateway.feedback_id, rev, "reject", note="The runbook names one person on purpose."
    )
    review.decide(flags.restore, rev, "accept", root_cause="retrieval_miss")
    review.decide(flags.restore, rev, "fix", note="The runbook was split.")
    review.lock(flags.salary, rev)
    for name in _PEOPLE:
        application.people.check_in(f"{name}@brightwater.example", name.title(), ["staff"])
    application.people.check_in(READER, "Ada Lind", ["staff", "people-team"])
    admin = replace(reader, role="admin")
    application.people.deactivate(admin, "gus@brightwater.example")
    service.close()


def _remember_weeks(data_dir: Path) -> None:
    """Store answers, flags and evaluation runs of the last four weeks."""
    sys.path.append(str(ROOT / "tests"))  # there already under pytest
    from quality_rows import Rows

    from index.catalogue import Catalogue
    from index.database import open_database

    engine = open_database(data_dir)
    rows, random, now = Rows(Catalogue(engine, data_dir)), Random(7), datetime.now(UTC)
    with sqlite3.connect(data_dir / "footnote.db") as database:
        documents = [row[0] for row in database.execute("SELECT doc_id FROM documents")]
    for day in range(1, 28):
        then = now - timedelta(days=day)
        for hour in range(2 if then.weekday() > 4 else random.randint(5, 14)):
            at = (then - timedelta(minutes=11 * hour)).isoformat(timespec="milliseconds")
            owner = f"{random.choice(_PEOPLE)}@brightwater.example"
            if random.random() < 0.2:
                rows.answer(
                    at, "abstained", owner=owner, question=random.choice(_GAPS), total_ms=300.0
                )
                continue
            verdicts = random.choices(("supported", "partial", "unsupported"), (8, 1, 1), k=4)
            answer = rows.answer(
                at,
                owner=owner,
                verdicts=verdicts,
                documents=random.sample(documents, 3),
                channel=random.choice(("streamlit", "streamlit", "slack")),
                total_ms=random.uniform(350, 1900),
                cost_usd=random.uniform(0.0004, 0.002),
            )
            if random.random() < 0.07:
                category, state = random.choice(("outdated", "wrong_fact")), random.choice(_DECIDED)
                rows.flag(answer, at, category, state=state, decided_at=at)
    for number, right in ((1, 14), (2, 17)):
        share = right / 20
        rows.run(
            f"run-{number}",
            {"correct": [1.0] * right + [0.0] * (20 - right)},
            summary={
                "correct": {"value": share, "n": 20, "interval": [share - 0.15, share + 0.12]}
            },
            started_at=(now - timedelta(days=20 - 7 * number)).isoformat(timespec="milliseconds"),
        )
    engine.dispose()
    with sqlite3.connect(data_dir / "footnote.db") as database:
        # What a reviewer sees of a flag: any answer that was really made will do.
        database.execute(
            "UPDATE feedback SET snapshot = (SELECT snapshot FROM feedback WHERE snapshot != '{}') WHERE snapshot = '{}'"
        )


if __name__ == "__main__":
    made = fill(Path(sys.argv[1]))
    print(json.dumps({"data_dir": str(made), **settings_of(made)}))
