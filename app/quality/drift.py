"""Whether what people ask, and what they get, is another thing than before: two periods, feature by feature.

Topics, best retrieval score, answer length, abstention and language are each compared by the population stability
index (`core.statistics.drift`); an alarm needs a shift above .2 that random deals of the same questions hardly ever
show. Topics are found in both periods' questions together: those of the earlier one alone have no place for what is
new (a third of new questions went unnoticed), and only what treats both alike may be dealt out at random. A question that one person asks again counts once: fifty askings of one
person are no trend.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine, select

from app.answer_rights import may_read_answers
from app.authorization import authorize, may
from app.privacy.redaction import redact_for_record
from app.quality.period import Period
from app.quality.question_language import question_language
from app.quality.topics import Topics, find_topics
from app.quality.usage import within
from core.answers import Caller
from core.ports import Embedder
from core.search import FloatMatrix
from core.statistics.drift import PsiResult, labels_by_quantile, psi_alarm
from index.catalogue import Catalogue
from index.schema import answers

MOST_READ = 1000
"""Questions of a period that are read: each has to be embedded, 3 ms on one core."""
FEWEST = 30
"""Questions that each period needs before anything is said."""
_SEED = 20_260_101
_BATCH = 500
_EXAMPLES = 3
_GROWN_TOPICS = 3
_FEWEST_PEOPLE = 2
_NO_HITS = "nothing found"

Vectors = Callable[[Sequence[str]], FloatMatrix]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a period, as far as drift looks at it. `trace` is None but for what may be shown."""

    text: str
    owner: str
    status: str
    answer_chars: int
    top_score: float | None
    trace: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Share:
    """How large a share of both periods' questions falls into one category."""

    label: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """How far one feature moved; an alarm if `value` is above `threshold`. `shares` are what was compared."""

    feature: str
    value: float
    threshold: float
    alarm: bool
    p_value: float
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class GrownTopic:
    """A topic that more is asked of than before, with examples that the one who looks may see, masked."""

    before: float
    after: float
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DriftReport:
    """Two periods compared. `features` is empty where one of them has too few questions to say anything."""

    before: Period
    after: Period
    questions_before: int
    questions_after: int
    features: tuple[FeatureDrift, ...] = ()
    topics: tuple[GrownTopic, ...] = ()

    @property
    def alarm(self) -> bool:
        """Whether any feature moved."""
        return any(feature.alarm for feature in self.features)

    @property
    def is_enough(self) -> bool:
        """Whether both periods have enough questions."""
        return bool(self.features)


def drift_report(
    engine: Engine,
    embedder: Embedder,
    before: Period,
    after: Period,
    caller: Caller,
    *,
    vectors: Vectors | None = None,
    most: int = MOST_READ,
) -> DriftReport:
    """Compare two periods of stored answers; `vectors` embeds questions, if somebody keeps them.

    Raises:
        AccessDenied: the caller is a reader.
    """
    authorize(caller, "see_quality")
    earlier, later = read_asked(engine, before, most), read_asked(engine, after, most)
    report = DriftReport(before, after, len(earlier), len(later))
    if min(len(earlier), len(later)) < FEWEST:
        return report
    embed = vectors or (lambda texts: embedded(embedder, texts))
    first = embed([question.text for question in earlier])
    second = embed([question.text for question in later])
    topics = find_topics(_in_fixed_order(np.concatenate([first, second])))
    labels = topics.of(first), topics.of(second)
    features = compare(
        earlier, later, [str(each) for each in labels[0]], [str(each) for each in labels[1]]
    )
    grown = _grown(engine, later, second, topics, features[0], caller)
    return DriftReport(before, after, len(earlier), len(later), features, grown)


def compare(
    earlier: Sequence[Asked],
    later: Sequence[Asked],
    topics_before: Sequence[str],
    topics_after: Sequence[str],
) -> tuple[FeatureDrift, ...]:
    """Return each feature's shift, topics first; pure."""
    return (
        _feature("topics", topics_before, topics_after),
        _feature(
            "top_score",
            *_by_number([each.top_score for each in earlier], [each.top_score for each in later]),
        ),
        _feature(
            "answer_length",
            *_by_number(
                [each.answer_chars for each in earlier], [each.answer_chars for each in later]
            ),
        ),
        _feature("abstention", [each.status for each in earlier], [each.status for each in later]),
        _feature(
            "language",
            [question_language(each.text) for each in earlier],
            [question_language(each.text) for each in later],
        ),
    )


def read_asked(engine: Engine, period: Period, most: int = MOST_READ) -> list[Asked]:
    """Return questions of a period, evenly spread over it, each person's same question once."""
    chosen = within(answers.c.created_at, period) & (answers.c.replaced_by == "")
    found: dict[tuple[str, str], Asked] = {}
    with engine.connect() as connection:
        every = (
            select(answers.c.answer_id)
            .where(chosen)
            .order_by(answers.c.created_at, answers.c.answer_id)
        )
        ids = list(connection.execute(every).scalars())
        ids = ids[:: -(-len(ids) // most)] if ids else []
        for first in range(0, len(ids), _BATCH):
            some = select(
                answers.c.owner, answers.c.status, answers.c.answer, answers.c.trace
            ).where(answers.c.answer_id.in_(ids[first : first + _BATCH]))
            for row in connection.execute(some.order_by(answers.c.created_at, answers.c.answer_id)):
                asked = _asked(row.owner, row.status, json.loads(row.answer), json.loads(row.trace))
                found.setdefault((asked.owner, _normal(asked.text)), asked)
    return list(found.values())


def embedded(embedder: Embedder, texts: Sequence[str]) -> FloatMatrix:
    """Return a row for each text; the same text is embedded once."""
    known: dict[str, FloatMatrix] = {}
    for text in texts:
        if text not in known:
            known[text] = embedder.embed_query(text)
    return (
        np.concatenate([known[text] for text in texts])
        if texts
        else np.zeros((0, embedder.dim), np.float32)
    )


def _in_fixed_order(vectors: FloatMatrix) -> FloatMatrix:
    """Return the rows in an order that does not tell which period they are of."""
    return np.asarray(vectors[np.lexsort(vectors.T)], np.float32)


def _asked(owner: str, status: str, answer: dict[str, Any], trace: dict[str, Any]) -> Asked:
    hits = trace.get("hits") or ()
    score = hits[0].get("score") if hits else None
    return Asked(
        str(answer.get("question", "")),
        owner,
        status,
        len(answer.get("text", "")),
        float(score) if isinstance(score, int | float) else None,
        trace,
    )


def _normal(question: str) -> str:
    return " ".join(question.casefold().split()).rstrip("?!. ")


def _by_number(
    before: Sequence[float | None], after: Sequence[float | None]
) -> tuple[list[str], list[str]]:
    """Return numbers as fifths of the earlier period; what has none is a category of its own."""
    known = (
        [value for value in before if value is not None],
        [value for value in after if value is not None],
    )
    first, second = (iter(labels) for labels in labels_by_quantile(*known))
    return (
        [_NO_HITS if value is None else next(first) for value in before],
        [_NO_HITS if value is None else next(second) for value in after],
    )


def _feature(name: str, before: Sequence[str], after: Sequence[str]) -> FeatureDrift:
    result: PsiResult = psi_alarm(before, after, _SEED)
    first, second = Counter(before), Counter(after)
    shares = tuple(
        Share(label, first[label] / len(before), second[label] / len(after))
        for label in sorted(first.keys() | second.keys(), key=_label_order)
    )
    return FeatureDrift(name, result.value, result.threshold, result.alarm, result.p_value, shares)


def _label_order(label: str) -> tuple[bool, int, str]:
    return (not label.isdigit(), int(label) if label.isdigit() else 0, label)


def _grown(
    engine: Engine,
    later: Sequence[Asked],
    vectors: FloatMatrix,
    topics: Topics,
    drift: FeatureDrift,
    caller: Caller,
) -> tuple[GrownTopic, ...]:
    """Return the topics whose share grew most, with the most central questions of the later period."""
    grown = sorted(
        (share for share in drift.shares if share.after > share.before),
        key=lambda share: (share.before - share.after, share.label),
    )
    labels = topics.of(vectors)
    found = []
    for share in grown[:_GROWN_TOPICS]:
        rows = [int(row) for row in np.flatnonzero(labels == int(share.label))]
        rows.sort(
            key=lambda row: (-round(float(vectors[row] @ topics.centres[int(share.label)]), 6), row)
        )
        shown = _shown(engine, [later[row] for row in rows], caller)
        found.append(GrownTopic(share.before, share.after, shown))
    return tuple(found)


def _shown(engine: Engine, questions: Sequence[Asked], caller: Caller) -> tuple[str, ...]:
    """Return examples whose documents the caller may all read; to reviewers only of topics of several people."""
    if (
        not may(caller, "manage_people")
        and len({each.owner for each in questions}) < _FEWEST_PEOPLE
    ):
        return ()
    looked_at = questions[: _EXAMPLES * 10]
    readable = may_read_answers(
        Catalogue(engine, Path()), [each.trace for each in looked_at], caller
    )
    texts = dict.fromkeys(
        redact_for_record(each.text)
        for each, is_readable in zip(looked_at, readable, strict=True)
        if is_readable
    )
    return tuple(texts)[:_EXAMPLES]
