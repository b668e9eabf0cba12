"""Answers with the documents' own sentences, word for word, each with its citation; no model writes.

    passages ──features──▶ ranked sentences ──abstention──▶ nothing, or
                                            ──choose───────▶ sentences, whole lists, rows ──draft──▶ claims, citations

Sentences are ranked by a conditional logit (`app.extraction.ranking`), as many are quoted as the answer is uncertain
(`app.extraction.choosing`), and whether to answer at all is decided from the same evidence (`app.abstention`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.abstention import Abstention, Assessment
from app.extraction.choosing import Choice, choose
from app.extraction.drafting import MODEL_NAME, VERSION, abstaining_draft, quoting_draft
from app.extraction.features import SentenceEmbedder, Vocabulary
from app.extraction.presupposition import false_premise
from app.extraction.ranking import rank_sentences
from core.answers import Draft, Note, Passage, Turn

__all__ = [
    "MODEL_NAME",
    "VERSION",
    "AssessedDraft",
    "ExtractiveGenerator",
    "SentenceEmbedder",
    "Vocabulary",
]


@dataclass(frozen=True, slots=True)
class AssessedDraft:
    """A draft with the assessment that it rests on, for what the use case says of an abstention."""

    draft: Draft
    assessment: Assessment


class ExtractiveGenerator:
    """The generator that needs no language model; see `core.ports.Generator`."""

    def __init__(
        self, current_embedder: Callable[[], SentenceEmbedder], vocabulary: Vocabulary
    ) -> None:
        """Quote with the embedder of the moment: it is asked for once a question, so that no two are mixed."""
        self._current_embedder = current_embedder
        self._vocabulary = vocabulary
        self._abstention = Abstention(current_embedder, vocabulary)

    def generate(
        self, question: str, passages: Sequence[Passage], history: Sequence[Turn]
    ) -> Draft:
        """Quote the sentences that answer; an empty draft with status `abstained` when none does."""
        return self.generate_assessed(question, passages, history).draft

    def generate_assessed(
        self, question: str, passages: Sequence[Passage], history: Sequence[Turn]
    ) -> AssessedDraft:
        """Like `generate`, with what the decision to answer or not rests on."""
        del history  # the query that found the passages has it already
        ranking = rank_sentences(question, passages, self._current_embedder(), self._vocabulary)
        assessment = self._abstention.assess_ranking(ranking, passages)
        if assessment.decision == "nothing":
            return AssessedDraft(abstaining_draft(assessment.confidence), assessment)
        choice = choose(ranking, passages)
        said = [item.sentence.plain for item in choice.quoted]
        premise = false_premise(question, said, "\n".join(passage.text for passage in passages))
        if assessment.withheld and premise is None:
            return AssessedDraft(abstaining_draft(assessment.confidence), assessment)
        # What the question gets wrong is an answer to it: the sentence that says so is quoted.
        shown = replace(assessment, withheld=False)
        notes = _notes(choice, shown, premise)
        return AssessedDraft(quoting_draft(choice.quoted, assessment.confidence, notes), shown)


def _notes(choice: Choice, assessment: Assessment, premise: str | None) -> list[Note]:
    notes = []
    if premise is not None:
        notes.append(Note("false_premise", premise))
    elif assessment.caution is not None:
        notes.append(assessment.caution)
    if choice.left_out:
        more = "1 more item is" if choice.left_out == 1 else f"{choice.left_out} more items are"
        notes.append(Note("shortened", f"The list is longer: {more} in the document."))
    return notes
