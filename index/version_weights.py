"""Lowers documents of another variant, version or time than a question asks for; pure."""

from collections import Counter
from collections.abc import Sequence

from index.asked_time import TimeAsked
from index.document_names import TOKEN, singular
from index.families import are_versions, is_same_topic
from index.metadata_names import NAMED_VARIANT_KEYS
from index.periods import Version
from index.version_facts import STALE, VersionFacts
from index.version_order import OrderingRules, Placing


def understood(asked: TimeAsked, documents: Sequence[Placing]) -> TimeAsked:
    """Leave out versions that no document carries: the '2.0' of 'OAuth 2.0' is part of a name."""
    carried = [d.facts.version for d in documents if d.facts.version]
    versions = tuple(v for v in asked.versions if any(version.matches(v) for version in carried))
    return TimeAsked(asked.wants, asked.relation, asked.periods, versions)


def weigh_variants(question: str, documents: Sequence[Placing], rules: OrderingRules) -> None:
    """Put what is for another deployment, edition, country than the question names below what is for that."""
    spoken = f" {' '.join(TOKEN.findall(question.casefold().replace('-', ' ')))} "
    named: dict[str, set[str]] = {}
    for document in documents:
        for key, value in document.facts.variants:
            said = f" {' '.join(TOKEN.findall(value.replace('-', ' ')))} "
            if key in NAMED_VARIANT_KEYS and said in spoken:
                named.setdefault(key, set()).add(value)
    for document in documents:
        for key, value in document.facts.variants:
            if key in named and value not in named[key]:
                wanted = ", ".join(sorted(named[key]))
                document.lower(rules.not_asked_factor, f"{key} is {value}, asked for {wanted}")


def weigh_versions(asked: TimeAsked, documents: Sequence[Placing], rules: OrderingRules) -> None:
    """Lower documents of another version than the question names."""
    for document in documents:
        version = document.facts.version
        if version and not any(version.matches(wanted) for wanted in asked.versions):
            wanted = ", ".join(map(str, asked.versions))
            document.lower(rules.not_asked_factor, f"version {version}, asked for {wanted}")


def weigh_periods(asked: TimeAsked, documents: Sequence[Placing], rules: OrderingRules) -> None:
    """Lower what is named after another period, or came into force later, if something fits the asked one."""
    if not any(_fits(asked, d.facts) for d in documents):
        return
    last = max(period.last for period in asked.periods)
    is_report = any(p.kind in ("fiscal_year", "quarter", "half") for p in asked.periods)
    for document in documents:
        facts = document.facts
        if _fits(asked, facts):
            continue
        begins_later = facts.effective is not None and facts.effective > last
        if facts.periods and (is_report or (begins_later and facts.evidence == "name")):
            document.lower(rules.not_asked_factor, "named after another period than asked")
        elif begins_later and facts.evidence == "metadata":
            document.lower(rules.later_factor, f"dated {facts.effective}, after the time asked for")


def _fits(asked: TimeAsked, facts: VersionFacts) -> bool:
    """Whether a document is named after the asked period, or dated in it."""
    if asked.relation == "before":
        last = asked.periods[0].first
        return (
            facts.evidence != "modified" and facts.effective is not None and facts.effective < last
        )
    if is_named_after(asked, facts):
        return True
    return facts.evidence == "metadata" and any(
        facts.effective is not None and period.first <= facts.effective <= period.last
        for period in asked.periods
    )


def is_named_after(asked: TimeAsked, facts: VersionFacts) -> bool:
    """Return whether the name of a document is about a period that is asked for."""
    return any(wanted.contains(named) for wanted in asked.periods for named in facts.periods)


def weigh_age(question: str, documents: Sequence[Placing], rules: OrderingRules) -> None:
    """Lower stale documents and older pages of a documentation set, unless the question names them."""
    asked_words = frozenset(singular(token) for token in TOKEN.findall(question))
    fresh = [d for d in documents if d.facts.status not in STALE]
    fresh_words = frozenset(word for d in fresh for word in d.facts.name.words)
    sets: Counter[Version] = Counter(d.facts.version for d in documents if d.facts.version)
    for document in documents:
        facts = document.facts
        if facts.name.words & asked_words - fresh_words:
            # What only stale pages are about is what was asked for.
            continue
        if facts.status in STALE and any(is_same_topic(facts, d.facts) for d in fresh):
            document.lower(rules.stale_factor, f"{facts.status}, no successor known")
        newer = next((d for d in fresh if _is_newer_page(d.facts, facts, sets)), None)
        if newer:
            reason = f"version {facts.version}, there is {newer.facts.version}"
            document.lower(rules.older_page_factor, reason)


def _is_newer_page(newer: VersionFacts, older: VersionFacts, sets: Counter[Version]) -> bool:
    """Whether two differently named pages belong to a newer and an older version of one product.

    A version that only one document carries may be that document's own count of revisions.
    """
    if newer.version is None or older.version is None:
        return False
    if not newer.version.is_newer(older.version):
        return False
    for facts in (newer, older):
        version = facts.version
        is_set = version and (
            version.is_open or sets[version] > 1 or "product" in dict(facts.variants)
        )
        if not is_set:
            return False
    return is_same_topic(newer, older) and not are_versions(newer, older)
