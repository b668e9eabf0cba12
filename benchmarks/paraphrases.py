"""Short notes and questions that say the same in other words, other spellings and other notations.

Usage: python -m benchmarks.paraphrases [--work DIR] [--peer] [--json FILE]

Kinds: synonyms, half of them beside a note that has the question's words and another subject; acronyms, defined
in one note (which is not the answer) and used in questions where the answering note has the long form, or the
other way round; misspelt questions; quoted phrases among notes with the same words in another order; identifiers
among ones that differ by a letter or two; numbers and dates in another notation. Every note has neighbours that
share the question's common words. Measures: the right note first, and among the first three.
"""

import argparse
import datetime
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.baselines import documents, open_systems
from benchmarks.intervals import Part, Result, run_of
from benchmarks.paraphrase_words import WORDS, Words

SEEDS: dict[Part, int] = {"development": 31, "report": 32}
SMALL_TALK = (
    "Ask the office if anything is unclear.", "This note replaces what was said before.",
    "It holds for all sites.",
    "Exceptions need a good reason.", "The list is looked through once a year.", "Thank you for reading this.",
    "Please pass this on to the people beside you.", "Older versions of this note are kept for two years.",
    "What is not mentioned here stays as it was.", "The wording was agreed with everybody concerned.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Note:
    """What a note says, and the question that it answers, '' for a note that only stands beside others."""

    kind: str
    text: str
    question: str = ""


@dataclass(frozen=True, slots=True)
class NoteQuestion:
    """A question with the one note that answers it."""

    kind: str
    part: Part
    question: str
    uri: str


def write_notes(target: Path) -> list[NoteQuestion]:
    """Write all notes in one folder; return the questions, the same on every run."""
    target.mkdir(parents=True, exist_ok=True)
    asked = []
    for part, seed in SEEDS.items():
        rng = random.Random(seed)
        found = list(notes(WORDS[part], rng))
        rng.shuffle(found)
        for number, note in enumerate(found):
            # Neither the name nor the title says what a note is about.
            uri = f"{part[:3]}-note-{number:03d}.md"
            around = rng.sample(SMALL_TALK, 4)
            body = " ".join([*around[:2], note.text, *around[2:]])
            (target / uri).write_text(f"# Note {number}\n\n{body}\n", encoding="utf-8")
            if note.question:
                asked.append(NoteQuestion(note.kind, part, note.question, uri))
    return sorted(asked, key=lambda question: (question.kind, question.part, question.uri))


def notes(words: Words, rng: random.Random) -> Iterator[Note]:
    """Yield one part's notes."""
    for number, (answer, question, beside) in enumerate(words.synonyms):
        if number % 2:
            yield Note("synonym", answer, question)
        else:
            yield Note("synonym, its words elsewhere", answer, question)
            yield Note("", beside)
    yield from _acronyms(words, rng)
    yield from _misspelt(words, rng)
    yield from _phrases(words, rng)
    yield from _identifiers(words, rng)
    yield from _numbers(words, rng)


def _acronyms(words: Words, rng: random.Random) -> Iterator[Note]:
    for number, (short, long) in enumerate(words.acronyms):
        yield Note("", f"In our papers {long} ({short}) is a term with a fixed meaning.")
        weeks, rooms = rng.randrange(2, 40), rng.randrange(100, 900)
        used, said = (short, long) if number % 2 else (long, short)
        yield Note(
            "acronym",
            f"Everything about the {used} is decided every {weeks} weeks in room {rooms}.",
            f"In which room are things about the {said} decided?",
        )


def _misspelt(words: Words, rng: random.Random) -> Iterator[Note]:
    for number, thing in enumerate(words.things):
        company = words.companies[number % len(words.companies)]
        months = rng.randrange(2, 30)
        yield Note(
            "misspelt",
            f"The {thing} is maintained by {company} every {months} months.",
            f"How often is the {_misspell(thing, rng)} maintained?",
        )


def _misspell(word: str, rng: random.Random) -> str:
    """Return a word with one slip behind its first letter: two swapped, one missing or one doubled."""
    while True:
        at = rng.randrange(1, len(word) - 1)
        swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        slip = rng.choice((swapped, word[:at] + word[at + 1 :], word[: at + 1] + word[at:]))
        if slip != word:
            return slip


def _phrases(words: Words, rng: random.Random) -> Iterator[Note]:
    for first, second, third in words.phrases:
        phrase, floor = f"{first} {second} {third}", rng.randrange(2, 30)
        yield Note("quoted phrase", f"The {phrase} is signed on floor {floor}.",
                   f'On which floor is the "{phrase}" signed?')  # fmt: skip
        yield Note("", f"The {third} of the {second} is signed on the {first} floor.")
        yield Note(
            "",
            f"The {second} {third}, which is {first}, is signed on any floor: ask for the {third}.",
        )


def _identifiers(words: Words, rng: random.Random) -> Iterator[Note]:
    for number, code in enumerate(words.errors):
        said = code if number % 2 else code.replace("-", " ").lower()
        yield Note("identifier", f"After {code} the service waits {rng.randrange(2, 90)} seconds.",
                   f"How long does the service wait after {said}?")  # fmt: skip
    for number, name in enumerate(words.settings):
        said = name if number % 2 else name.upper()
        yield Note("identifier", f"The value of `{name}` is {rng.randrange(2, 90)} unless set.",
                   f"What is the value of {said} unless it is set?")  # fmt: skip
    for number, name in enumerate(words.releases):
        said = name if number % 2 else f"version {name[1:]}"
        yield Note("identifier", f"With {name} came {rng.randrange(2, 90)} repairs to the import.",
                   f"How many repairs to the import came with {said}?")  # fmt: skip
    for number, name in enumerate(words.articles):
        said = name if number % 2 else name.replace("-", "")
        yield Note("identifier", f"Part {name} is kept on shelf {rng.randrange(2, 90)}.",
                   f"On which shelf is {said} kept?")  # fmt: skip


def _numbers(words: Words, rng: random.Random) -> Iterator[Note]:
    amounts = rng.sample(words.numbers, 8)
    for number, thousands in enumerate(amounts):
        plain, grouped = f"{thousands}000", f"{thousands},000"
        written, said = (plain, grouped) if number % 2 else (grouped, plain)
        yield Note("number", f"Orders of {written} euros need {rng.randrange(2, 9)} signatures.",
                   f"How many signatures does an order of {said} euros need?")  # fmt: skip
    days = rng.sample(range(360), 8)
    for number, offset in enumerate(days):
        day = datetime.date(words.year, 1, 1) + datetime.timedelta(offset)
        iso, long = day.isoformat(), f"{day:%B} {day.day}, {day.year}"
        written, said = (iso, long) if number % 2 else (long, iso)
        yield Note("number", f"The closing on {written} is done by {rng.choice(words.companies)}.",
                   f"Who does the closing on {said}?")  # fmt: skip
    for millions in rng.sample(words.numbers, 4):
        whole = f"{millions // 10},{millions % 10}00,000"
        yield Note("number", f"A credit of {millions / 10} million euros runs for {rng.randrange(2, 30)} years.",
                   f"How many years does a credit of {whole} euros run?")  # fmt: skip


def main() -> None:
    with run_of(argparse.ArgumentParser(description=__doc__)) as (options, results):
        folder = options.work / "paraphrases-docs"
        asked = write_notes(folder)
        systems = open_systems("paraphrases", folder, options.work, peer=options.peer)
        found = {
            name: [documents(search(question.question, 10)) for question in asked]
            for name, search in systems.items()
        }
        for kind in ("all kinds", *dict.fromkeys(question.kind for question in asked)):
            rows = [at for at, q in enumerate(asked) if kind in (q.kind, "all kinds")]
            parts = tuple(asked[at].part for at in rows)
            for measure, depth in (("right document first", 1), ("in the first 3", 3)):
                values = {
                    name: [float(asked[at].uri in ranked[at][:depth]) for at in rows]
                    for name, ranked in found.items()
                }
                results.append(Result(f"paraphrases: {kind}", measure, parts, values))


if __name__ == "__main__":
    main()
