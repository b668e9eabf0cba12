"""Extractive answers on XQuAD English, and questions that its paragraphs do not answer.

Usage: FOOTNOTE_BENCH_DATA=… python -m benchmarks.answers [--questions N] [--language en]

Every paragraph is a document. Reported: the share of questions whose quoted sentences contain a gold answer,
the median number of words quoted, false refusals, the share of foreign questions (a handbook's, from
handbook_questions.txt) that are refused, and that every quote equals its slice of the canonical text. The
sentence weights and the abstention model were chosen on the even paragraphs: `odd` is the part to report.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from app.bootstrap import open_service
from benchmarks.corpora import AnswerQuestion, data_folder, write_xquad
from benchmarks.retrieval import ingest, interval
from core.answers import Answer
from core.log import configure
from core.settings import load_settings
from index.permissions import administrator

FOREIGN = Path(__file__).with_name("handbook_questions.txt")


def quotes_are_exact(answer: Answer, texts: dict[str, str]) -> bool:
    return all(
        texts[citation.document.uri][citation.start : citation.end] == citation.quote
        for citation in answer.citations
    )


def holds_gold(answer: Answer, question: AnswerQuestion) -> bool:
    quoted = "\n".join(citation.quote for citation in answer.citations)
    return any(gold in quoted for gold in question.answers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=500, help="of the odd paragraphs")
    parser.add_argument("--language", default="en")
    parser.add_argument("--all", action="store_true", help="take the even paragraphs too")
    options = parser.parse_args()
    configure("warning")
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        questions = write_xquad(data_folder(), work / "docs", options.language)
        ingest(work / "docs", work / "data")
        service = open_service(load_settings(data_dir=work / "data"), "cli")
        texts = {path.name: path.read_text("utf-8") for path in (work / "docs").iterdir()}
        chosen = [q for q in questions if options.all or int(q.uri[1:4]) % 2]
        step = max(1, len(chosen) // options.questions)
        chosen = chosen[::step][: options.questions]
        answers = [service.ask(question.question, administrator()) for question in chosen]
        foreign = [service.ask(line, administrator()) for line in FOREIGN.read_text().splitlines()]
    pairs = list(zip(answers, chosen, strict=True))
    words = [
        sum(len(citation.quote.split()) for citation in answer.citations)
        for answer in answers
        if answer.status == "answered"
    ]
    print(f"{len(chosen)} questions of XQuAD {options.language}")
    print(f"  gold answer quoted   {interval([float(holds_gold(a, q)) for a, q in pairs])}")
    print(f"  words quoted, median {statistics.median(words):.0f}")
    print(f"  false refusals       {interval([float(a.status == 'abstained') for a in answers])}")
    print(
        f"  quotes exact         {sum(quotes_are_exact(a, texts) for a in answers)} of {len(answers)}"
    )
    refused = [float(answer.status == "abstained") for answer in foreign]
    print(f"{len(foreign)} foreign questions refused: {interval(refused)}")


if __name__ == "__main__":
    main()
