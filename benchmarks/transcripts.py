"""Long meeting transcripts whose evidence stands in a turn that does not name its topic.

Usage: python -m benchmarks.transcripts [--work DIR] [--peer] [--json FILE]

30 meetings of about 200 short turns `Speaker: text`. A topic is named once, by whoever opens it, and then spoken
about for 10 to 20 turns as "it",
"that one" and by its details. The same topics come up in several meetings with
other figures and decisions. A question names the meeting and the topic and asks for one of these facts; its gold
is the turn that states the fact, at least five turns behind the one that names the topic. Half of the topics,
teams, speakers and question wordings are for development, the other half for the report; one index has both.
"""

import argparse
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.baselines import Span, gold_share, open_systems
from benchmarks.intervals import Part, Result, run_of

SEEDS: dict[Part, int] = {"development": 21, "report": 22}
_MEETINGS, _TURNS, _QUESTIONS = 15, 200, 60
_BUDGET = 4000
_MONTHS = ("January", "February", "March", "April", "May", "June", "September", "October")
# fmt: off
# A topic and the words that talk about it is full of.
TOPICS: dict[Part, tuple[tuple[str, str], ...]] = {
    "development": (
        ("the parking garage", "barriers permits ramp levels"), ("the new canteen", "menu trays kitchen queue"),
        ("the customer portal", "login tickets screens forms"),
        ("the warehouse move", "pallets racks trucks docks"),
        ("the apprentice program", "mentors schools contracts exams"),
        ("the spring trade fair", "booth flyers visitors badges"),
        ("the payroll software", "payslips bookings exports taxes"),
        ("the roof repair", "tiles scaffold rain gutters"),
        ("the bicycle leasing", "helmets frames rates riders"),
        ("the water leak", "pipes pumps basement valves"),
        ("the returns desk", "parcels labels refunds scanners"),
        ("the night shift", "rota bonuses buses handover"),
        ("the supplier audit", "checklists samples visits findings"),
        ("the intranet", "pages editors search menus"),
    ),
    "report": (
        ("the delivery drones", "batteries routes rotors landings"),
        ("the reading room", "shelves lamps chairs noise"),
        ("the loyalty card", "points vouchers tills members"),
        ("the cold store", "freezers doors frost alarms"), ("the summer party", "tents band grill games"),
        ("the phone system", "extensions headsets calls voicemail"),
        ("the forklift training", "drivers tests lessons licences"),
        ("the solar panels", "inverters meters cables angles"),
        ("the visitor entrance", "turnstiles reception signs passes"),
        ("the uniform order", "sizes jackets logos washing"),
        ("the archive cleanup", "boxes folders shredders keys"),
        ("the charging stations", "plugs cars sockets tariffs"),
        ("the newsletter", "subscribers headlines photos links"),
        ("the printing plant", "rollers ink paper drums"),
    ),
}
TEAMS: dict[Part, tuple[str, ...]] = {
    "development": ("Facilities round", "Operations weekly", "Management meeting"),
    "report": ("Site committee", "Logistics monthly", "Steering group"),
}
SPEAKERS: dict[Part, tuple[str, ...]] = {
    "development": ("Ana", "Ben", "Carla", "Dmitri", "Eva"),
    "report": ("Femi", "Grace", "Hugo", "Ines", "Jonas"),
}
OPENERS: dict[Part, tuple[str, ...]] = {
    "development": ("Next on the list is {topic}.", "Let us turn to {topic}.",
                    "We still have {topic} to talk about."),
    "report": ("Then there is {topic}.", "Can we take {topic} now?", "I would like to bring up {topic}."),
}
# A kind of fact: how a turn states it without the topic, and how it is asked in either part.
FACTS: tuple[tuple[str, str, dict[Part, str]], ...] = (
    ("cost", "They want {n} thousand for it, everything included.",
     {"development": "What does {topic} cost according to the {meeting}?",
      "report": "{meeting}: how much money is needed for {topic}?"}),
    ("deadline", "If nobody objects we have it finished by the {day} of {month}.",
     {"development": "By when should {topic} be finished, {meeting}?",
      "report": "Which date was agreed in the {meeting} for {topic}?"}),
    ("owner", "Good, then {person} looks after that and reports back.",
     {"development": "Who is responsible for {topic} according to the {meeting}?",
      "report": "Who took over {topic} in the {meeting}?"}),
    ("decision", "So we {choice} and leave the rest as it is.",
     {"development": "What was decided about {topic} in the {meeting}?",
      "report": "{meeting}: what is the decision on {topic}?"}),
    ("problem", "What worries me is that {trouble}.",
     {"development": "What is the problem with {topic}, {meeting}?",
      "report": "Which worry was raised about {topic} in the {meeting}?"}),
)
PEOPLE = ("Mrs. Lindqvist", "Mr. Okafor", "Priya", "the younger Weber", "Tomasz", "Mrs. Moreau", "Kenji",
          "Aisha")
CHOICES = ("take the second offer", "wait until the autumn", "do half of it now",
           "start over with another partner", "stop it altogether", "double the number",
           "rent instead of buying", "ask the works council first")
TROUBLES = ("nobody answers the phone there", "the permit has run out", "two people have left",
            "it is too loud for the neighbours", "the parts come six weeks late",
            "the insurance does not cover it", "the numbers do not add up", "no one was asked")
FILLERS = (
    "I had another look at the {detail}.", "Are the {detail} part of that?",
    "Nobody told me about the {detail}.", "Last time it was the {detail} that took so long.",
    "We can do the {detail} ourselves.", "And the {detail}?",
    "I would rather not touch the {detail} again before the end of the quarter.",
    "They sent pictures of the {detail}.",
    "Somebody from the other building asked me about the {detail} this morning.",
    "The {detail} were a surprise to me.", "As long as the {detail} come first I can live with that.",
    "What about the {detail}, are they included?",
)
REMARKS = (
    "Yes, that is how I understood it too.", "Could you send that around afterwards?",
    "I am not sure about that.", "It looked different a month ago.", "They called me about it on Monday.",
    "That would be fine with me.", "One moment, I have it written down somewhere.", "Is that enough?",
    "It should be.", "Fair point.", "Let me check that and come back to you.",
    "We said the same thing before the holidays.", "The others see it the same way.",
    "It is not the first time that we talk about this one.", "I can only repeat what I was told.",
    "If that changes I will let you know.", "Somebody has to tell them, though.",
)
# fmt: on


@dataclass(frozen=True, slots=True)
class TurnQuestion:
    """A question with the turn that answers it."""

    part: Part
    fact: str
    question: str
    gold: Span


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting in the making: its name as people say it, and its turns so far."""

    name: str
    uri: str
    part: Part
    turns: list[str]
    asked: list[tuple[str, str, int]]
    """Kind of fact, question and number of the turn that answers it."""


def write_transcripts(target: Path) -> list[TurnQuestion]:
    """Write all transcripts; return the questions, the same on every run."""
    target.mkdir(parents=True, exist_ok=True)
    questions = []
    for part, seed in SEEDS.items():
        rng = random.Random(seed)
        found = []
        for number in range(_MEETINGS):
            meeting = _meeting(part, number, rng)
            text, starts = _text(meeting)
            (target / meeting.uri).write_text(text, encoding="utf-8")
            for fact, question, turn in meeting.asked:
                gold = Span(meeting.uri, starts[turn], starts[turn] + len(meeting.turns[turn]))
                found.append(TurnQuestion(part, fact, question, gold))
        questions += rng.sample(found, _QUESTIONS)
    return questions


def _meeting(part: Part, number: int, rng: random.Random) -> Meeting:
    day, month = rng.randrange(1, 29), _MONTHS[number // 3]
    team = TEAMS[part][number % 3]
    # Some are written by people as Markdown, some come as text from a recorder.
    ending = "md" if number % 2 else "txt"
    uri = f"{team.replace(' ', '-').lower()}-{number // 3 + 1:02d}-{part[:3]}.{ending}"
    meeting = Meeting(f"{team} of {month} {day}", uri, part, [], [])
    topics = list(TOPICS[part])
    rng.shuffle(topics)
    for topic, details in topics:
        if len(meeting.turns) < _TURNS - 10:
            _talk(meeting, topic, details.split(), rng)
    return meeting


def _talk(meeting: Meeting, topic: str, details: list[str], rng: random.Random) -> None:
    """Add a topic's turns: its name, some small talk about it, then facts between more of that."""
    opener = rng.choice(OPENERS[meeting.part]).format(topic=topic)
    lines: list[tuple[str, int | None]] = [(f"{opener} {rng.choice(REMARKS)}", None)]
    lines += [(_chat(details, rng), None) for _ in range(rng.randrange(5, 8))]
    for fact in rng.sample(range(len(FACTS)), 3):
        lines.append((f"{rng.choice(REMARKS)} {_stated(FACTS[fact][1], rng)}", fact))
        lines += [(_chat(details, rng), None) for _ in range(rng.randrange(1, 4))]
    speaker = ""
    for line, stated in lines:
        speaker = rng.choice([name for name in SPEAKERS[meeting.part] if name != speaker])
        if stated is not None:
            kind, _, ways = FACTS[stated]
            question = ways[meeting.part].format(topic=topic, meeting=meeting.name)
            meeting.asked.append((kind, question, len(meeting.turns)))
        meeting.turns.append(f"{speaker}: {line}")


def _chat(details: list[str], rng: random.Random) -> str:
    sentences = [rng.choice(FILLERS).format(detail=rng.choice(details)), rng.choice(REMARKS)]
    rng.shuffle(sentences)
    return " ".join(sentences[: rng.choice((1, 2, 2))])


def _stated(sentence: str, rng: random.Random) -> str:
    return sentence.format(
        n=rng.randrange(11, 190),
        day=f"{rng.randrange(4, 20)}th",
        month=rng.choice(("July", "August", "November", "December")),
        person=rng.choice(PEOPLE),
        choice=rng.choice(CHOICES),
        trouble=rng.choice(TROUBLES),
    )


def _text(meeting: Meeting) -> tuple[str, list[int]]:
    """Return a transcript and where in it each turn starts."""
    is_markdown = meeting.uri.endswith(".md")
    text = f"{'# ' * is_markdown}{meeting.name}\n\n"
    starts = []
    for turn in meeting.turns:
        starts.append(len(text))
        text += turn + ("\n\n" if is_markdown else "\n")
    return text, starts


def main() -> None:
    with run_of(argparse.ArgumentParser(description=__doc__)) as (options, results):
        folder = options.work / "transcripts-docs"
        asked = write_transcripts(folder)
        systems = open_systems("transcripts", folder, options.work, peer=options.peer)
        found = {
            name: [search(question.question, 60) for question in asked]
            for name, search in systems.items()
        }
        measures: dict[str, Callable[[Sequence[Span], Span], float]] = {
            f"gold turn in the first {_BUDGET:,} characters": lambda spans, gold: gold_share(
                spans, [gold], _BUDGET
            ),
            "gold turn in the first 10 passages": lambda spans, gold: float(
                gold_share(spans[:10], [gold], 1_000_000) == 1
            ),
        }
        parts = tuple(question.part for question in asked)
        for name, measure in measures.items():
            values = {
                system: [measure(spans, q.gold) for spans, q in zip(each, asked, strict=True)]
                for system, each in found.items()
            }
            results.append(Result("transcripts", name, parts, values))


if __name__ == "__main__":
    main()
