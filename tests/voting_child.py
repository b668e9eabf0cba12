"""A process that says one thing after another of an answer and prints what was stored, until somebody kills it."""

import sys
from pathlib import Path

from votes import answer_of, vote

from app.feedback_log import FeedbackLog
from core.settings import load_settings
from index.factory import open_catalogue
from index.permissions import caller_named


def main() -> None:
    settings = load_settings(data_dir=Path(sys.argv[1]))
    log = FeedbackLog(open_catalogue(settings).engine, settings.data_dir)
    caller = caller_named("child@x.org", [])
    for number in range(1_000_000):
        answer, trace = answer_of(f"answer-{number % 5}")
        stored = log.add(answer, trace, caller, vote(number), "slack")
        # What is printed was acknowledged: nothing may lose it any more.
        print(number, stored.feedback_id, flush=True)


if __name__ == "__main__":
    main()
