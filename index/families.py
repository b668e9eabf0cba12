"""Says which documents are versions of one another, which are siblings, and which of two is the newer; pure.

Two documents are versions of each other when their names differ in nothing but a date, a version or a word such as
'draft'. A name that differs in anything else (a company, a country, a product) makes a sibling.
"""

from index.document_names import KINDS, NameWords
from index.version_facts import STALE, VersionFacts


def are_versions(first: VersionFacts, second: VersionFacts) -> bool:
    """Return whether two documents are versions of one: their names differ in nothing that says what about.

    The words of one name may all be in the other, with Jaccard 0.6 or more, when the rest only says what sort of
    document it is ('policy'). An acronym is the same as the consecutive words that it abbreviates. Where the
    files lie and what they are called must not contradict it. Mails of one subject are no versions.
    """
    if first.doc_id == second.doc_id or first.is_message or second.is_message:
        return False
    if not _same_words(first.name, second.name) or _other_variant(first, second):
        return False
    if first.stem.words and second.stem.words and not _same_words(first.stem, second.stem):
        return False
    if first.name.words <= KINDS:
        return first.folder == second.folder
    return first.folder <= second.folder or second.folder <= first.folder


def are_siblings(first: VersionFacts, second: VersionFacts) -> bool:
    """Return whether two names have words in common and each has one of its own that says what it is about."""
    if _other_variant(first, second):
        return True
    a, b = _spelled_out(first.name, second.name), _spelled_out(second.name, first.name)
    return bool(a & b) and not (a - b) <= KINDS and not (b - a) <= KINDS


def are_related(first: VersionFacts, second: VersionFacts) -> bool:
    """Return whether one says that it replaces the other, or their names make them versions of one document."""
    if says_it_replaces(first, second) or says_it_replaces(second, first):
        return True
    return are_versions(first, second)


def is_same_topic(first: VersionFacts, second: VersionFacts) -> bool:
    """Return whether two documents are of one product; where none is told, whether their names share a word."""
    products = dict(first.variants).get("product"), dict(second.variants).get("product")
    if all(products):
        return products[0] == products[1]
    return not (first.name.words & second.name.words) <= KINDS


def says_it_replaces(newer: VersionFacts, older: VersionFacts) -> bool:
    """Return whether either of two documents says that the first replaces the second."""
    named = not newer.supersedes.isdisjoint(older.aliases)
    return named or not older.superseded_by.isdisjoint(newer.aliases)


def compare_age(first: VersionFacts, second: VersionFacts) -> int:
    """Compare two versions of a document: below 0 when the first is the newer one, 0 when nothing tells."""
    if says_it_replaces(first, second) != says_it_replaces(second, first):
        return -1 if says_it_replaces(first, second) else 1
    standing = _standing(second) - _standing(first)
    if standing:
        return standing
    if first.version and second.version:
        if first.version.is_newer(second.version):
            return -1
        if second.version.is_newer(first.version):
            return 1
    if first.effective and second.effective and first.effective != second.effective:
        return -1 if first.effective > second.effective else 1
    return 0


def _standing(facts: VersionFacts) -> int:
    """A draft does not replace what is in force, and what is stale replaces nothing."""
    if facts.status in STALE:
        return 0
    return 1 if facts.status == "draft" else 2


def is_weak(first: VersionFacts, second: VersionFacts) -> bool:
    """Return whether only the modification time of a file tells which of two versions is newer."""
    if says_it_replaces(first, second) or says_it_replaces(second, first):
        return False
    if _standing(first) != _standing(second) or (first.version and second.version):
        return False
    return "modified" in (first.evidence, second.evidence)


def _same_words(first: NameWords, second: NameWords) -> bool:
    apart = first.words ^ second.words
    initials = (first.initials, second.initials)
    # Nearly all pairs end here: only initials can bring names together that differ in a telling word.
    if not apart <= KINDS and not any(word in run for word in apart for run in initials):
        return False
    a, b = _spelled_out(first, second), _spelled_out(second, first)
    if a == b or not a or not b:
        return bool(a) and bool(b)
    shared = a & b
    if len(shared) < min(len(a), len(b)) or shared <= KINDS:
        return False
    return (a ^ b) <= KINDS and len(shared) >= 0.6 * len(a | b)


def _spelled_out(name: NameWords, other: NameWords) -> frozenset[str]:
    """Replace acronyms by the words of the other name that they abbreviate: wfh, work from home."""
    words = name.words
    for word in name.words - other.words:
        at = other.initials.find(word) if len(word) > 1 else -1
        if at >= 0:
            run = other.spoken[at : at + len(word)]
            words = (words - {word}) | other.words.intersection(run)
    return words


def _other_variant(first: VersionFacts, second: VersionFacts) -> bool:
    mine = dict(first.variants)
    return any(key in mine and mine[key] != value for key, value in second.variants)
