"""Fills a data folder with answers over the sample documents and with flags on them, as people make them.

`python tests/e2e/review_seed.py DATA_DIR` does it for a folder that was ingested before.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from app.bootstrap import open_service
from app.feedback_log import Remark
from core.answers import Caller
from core.settings import Settings, load_settings
from index.permissions import caller_named

LEAVE = "How many days of annual leave do I have?"
RESTORE = "How do I restore the database?"
SALARY = "What is the salary band for level 4 engineers?"
HOSTILE = '<img src=x onerror="alert(1)"> :red[x] **bold** $x$ [a](https://evil.example/a)'


@dataclass(frozen=True, slots=True)
class Seeded:
    """Ids of flags by what they are about."""

    leave: str
    leave_again: str
    restore: str
    parking: str
    salary: str


def seed(data_dir: Path, groups: tuple[str, ...] = ("people-team",)) -> Seeded:
    """Ask and flag; the salary question is answered from documents that only the group may read."""
    settings: Settings = load_settings(data_dir=data_dir)
    service = open_service(settings)
    ada, bo = caller_named("ada@x.org", []), caller_named("bo@x.org", [])
    ines = caller_named("ines@x.org", list(groups))

    def flag(question: str, caller: Caller, remark: Remark, words: str = "") -> str:
        answer = service.ask(question, caller)
        start = answer.text.find(words) if words else -1
        if start >= 0:
            remark = replace(remark, span=(start, start + len(words)))
        return service.feedback_desk.add(answer.answer_id, caller, remark).feedback_id

    return Seeded(
        leave=flag(
            LEAVE,
            ada,
            Remark(
                "bad",
                "wrong_fact",
                "HR told me that it is 30 days since January.",
                severity="unwanted",
                correction="Everyone has 30 days of paid annual leave.",
                correction_source="handbook/leave-and-holidays.md",
            ),
            "27 days of paid annual leave",
        ),
        leave_again=flag(
            "How many days of annual leave do we have?",
            bo,
            Remark("bad", "outdated", HOSTILE),
            "27 days of paid annual leave",
        ),
        restore=flag(RESTORE, bo, Remark("bad", "incomplete", "The last step is missing.")),
        parking=flag(
            "How many parking spaces does the office in Lisbon have?",
            ada,
            Remark("bad", "should_have_answered", "It is on the intranet."),
        ),
        salary=flag(SALARY, ines, Remark("bad", "wrong_fact", "Band four starts higher.")),
    )


if __name__ == "__main__":
    print(seed(Path(sys.argv[1])))
