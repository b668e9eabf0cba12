"""Packing: a prompt never exceeds its window, the best passages come first, and nothing is lost unsaid."""

import json
import random
import string
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from app.generation.packing import pack
from app.generation.token_counts import estimated_tokens, message_tokens, token_counter
from core.answers import DocumentRef, Passage, Turn
from core.documents import Element
from core.errors import ModelFailure
from core.generation import ChatMessage
from prompts.answer_prompt import answer_messages, answer_templates
from prompts.library import PromptLibrary

TEMPLATES = answer_templates(PromptLibrary())
ANSWER_TOKENS = 100
o200k = token_counter("openai-like:gpt-4.1-mini")
FIXED = message_tokens(answer_messages("How many days?", [], [], TEMPLATES), o200k)
"""Tokens of the prompt without passages and turns."""

# Article 1 of the Universal Declaration of Human Rights.
LANGUAGES = {
    "en": "All human beings are born free and equal in dignity and rights. They are endowed with reason and "
    "conscience and should act towards one another in a spirit of brotherhood.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen "
    "begabt und sollen einander im Geist der Brüderlichkeit begegnen.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y "
    "conciencia, deben comportarse fraternalmente los unos con los otros.",
    "fi": "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Heille on annettu järki ja "
    "omatunto, ja heidän on toimittava toisiaan kohtaan veljeyden hengessä.",
    "pl": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem "
    "i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью.",
    "el": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "ar": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا.",
    "hi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
    "zh": "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。",
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "table": "| Grade | Salary | From |\n|---|---:|---|\n| A1 | 1,234.50 | 2026-01-02 |\n| B2 | 99 % | ✓ |\n",
    "code": "def count(self, text: str) -> int:\n    return len(self._tokens[text]) if text else 0  # é\n",
    "url": "https://intranet.example.org/wiki/HR/Leave_policy?version=12#carry-over",
    "blanks": "Name" + " " * 2000 + "Date",
    "key": "QmFzZTY0IGlzIGEgZ3JvdXAgb2YgYmluYXJ5LXRvLXRleHQgZW5jb2Rpbmcgc2NoZW1lcw==",
}


def passage(marker: int, text: str, start: int = 0) -> Passage:
    document = DocumentRef(f"d{marker}", f"{marker}.md", f"Title {marker}", "v1", "2026-01-02")
    end = start + len(text)
    middle = start + len(text) // 2
    elements = (Element("text", start, middle, text), Element("text", middle, end, text))
    return Passage(
        marker, document, f"c{marker}", ("A",), None, start, end, text, 0.5, elements=elements
    )


def wordpiece(tokenizer_file: Path) -> Callable[[str], int]:
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


@pytest.fixture(scope="session")
def counters(model_folder: Path) -> list[Callable[[str], int]]:
    return [o200k, wordpiece(model_folder / "tokenizer.json"), estimated_tokens]


words = st.sampled_from([*LANGUAGES.values(), "a. ", "\n\n", "x" * 300, "1 2 3. ", "<|im_start|>"])
texts = st.lists(words | st.text(max_size=30), min_size=1, max_size=8).map("".join)


@settings(max_examples=60)
@given(
    st.lists(texts, max_size=6),
    st.lists(st.tuples(texts, texts), max_size=4),
    st.integers(300, 4000),
    st.integers(0, 2),
)
def test_a_prompt_and_its_answer_never_exceed_the_window(
    counters: list[Callable[[str], int]],
    passage_texts: list[str],
    turns: list[tuple[str, str]],
    window: int,
    which: int,
) -> None:
    count = counters[which]
    passages = [passage(number, text) for number, text in enumerate(passage_texts, start=1)]
    history = [Turn(question, answer) for question, answer in turns]
    try:
        packed = pack("How many days?", passages, history, window, ANSWER_TOKENS, count, TEMPLATES)
    except ModelFailure:
        return
    rendered = answer_messages("How many days?", packed.passages, packed.history, TEMPLATES)
    assert rendered == packed.messages
    assert packed.prompt_tokens == message_tokens(rendered, count) <= window - ANSWER_TOKENS
    markers = [part.marker for part in packed.passages]
    assert sorted([*markers, *packed.dropped]) == list(range(1, len(passages) + 1))
    assert markers == sorted(markers)
    assert packed.history == tuple(history[len(history) - len(packed.history) :])
    assert not passages or markers[0] == 1
    for part in packed.passages:
        whole = passages[part.marker - 1]
        assert whole.text.startswith(part.text)
        assert part.end - part.start == len(part.text)
        assert part == whole or part.marker == packed.cut


def test_everything_that_fits_is_kept_as_it_is() -> None:
    passages = [passage(1, "One."), passage(2, "Two.")]
    history = [Turn("q", "a")]
    packed = pack("How many days?", passages, history, 8000, ANSWER_TOKENS, o200k, TEMPLATES)
    assert (packed.passages, packed.history) == (tuple(passages), tuple(history))
    assert (packed.dropped, packed.cut) == ((), None)


def test_a_passage_that_does_not_fit_is_passed_over_for_a_smaller_one() -> None:
    passages = [passage(1, "Short."), passage(2, "A long one. " * 200), passage(3, "Also short.")]
    with structlog.testing.capture_logs() as logs:
        packed = pack("How many days?", passages, [], FIXED + 300, ANSWER_TOKENS, o200k, TEMPLATES)
    assert [part.marker for part in packed.passages] == [1, 3]
    assert packed.dropped == (2,)
    assert [(log["event"], log["dropped"]) for log in logs] == [("passages_dropped", [2])]
    assert "long" not in json.dumps(logs)


def test_the_best_passage_is_cut_at_the_end_of_a_sentence_rather_than_dropped() -> None:
    best = passage(
        1, " ".join(f"This is sentence {number} of the rule." for number in range(200)), 50
    )
    packed = pack(
        "How many days?", [best, passage(2, "x")], [], FIXED + 500, ANSWER_TOKENS, o200k, TEMPLATES
    )
    (cut, *_) = packed.passages
    assert packed.cut == 1
    assert cut.text.endswith("of the rule.")
    assert 300 < packed.prompt_tokens - FIXED <= 400
    assert best.text.startswith(cut.text)
    assert (cut.start, cut.end) == (50, 50 + len(cut.text))
    assert len(cut.elements) == 1


def test_a_best_passage_without_sentences_is_cut_between_words() -> None:
    best = passage(1, "cell | " * 1000)
    packed = pack("How many days?", [best], [], FIXED + 400, ANSWER_TOKENS, o200k, TEMPLATES)
    assert packed.cut == 1
    assert len(packed.passages[0].text) > 500
    assert packed.passages[0].text.endswith(("cell", "|"))


def test_a_short_first_sentence_does_not_stand_for_a_long_table_behind_it() -> None:
    best = passage(1, "Grades.\n\n" + "Cell | " * 1000)
    packed = pack("How many days?", [best], [], FIXED + 400, ANSWER_TOKENS, o200k, TEMPLATES)
    assert len(packed.passages[0].text) > 500


def test_history_has_a_quarter_and_the_latest_turns_of_it() -> None:
    history = [
        Turn(f"Question {number}?", "An answer of some length. " * 10) for number in range(50)
    ]
    window = FIXED + ANSWER_TOKENS + 1000
    with structlog.testing.capture_logs() as logs:
        packed = pack(
            "How many days?", [passage(1, "x")], history, window, ANSWER_TOKENS, o200k, TEMPLATES
        )
    assert 0 < len(packed.history) < 10
    assert packed.history == tuple(history[-len(packed.history) :])
    without = message_tokens(
        answer_messages("How many days?", packed.passages, [], TEMPLATES), o200k
    )
    assert packed.prompt_tokens - without <= 250
    assert logs[0]["turns_dropped"] == 50 - len(packed.history)


def test_a_question_that_does_not_fit_is_refused_with_a_sentence() -> None:
    with pytest.raises(ModelFailure, match="Shorten the question") as caught:
        pack("How? " * 2000, [passage(1, "x")], [], 2000, ANSWER_TOKENS, o200k, TEMPLATES)
    assert caught.value.kind == "window_exceeded"
    with pytest.raises(ModelFailure):
        pack("How?", [], [], 100, 100, o200k, TEMPLATES)


def test_a_window_without_room_for_the_best_passages_first_words_is_refused() -> None:
    with pytest.raises(ModelFailure):
        pack(
            "How many days?",
            [passage(1, "word " * 500)],
            [],
            FIXED + 110,
            ANSWER_TOKENS,
            o200k,
            TEMPLATES,
        )


def test_a_prompt_may_fill_its_window_to_the_last_token_and_no_further() -> None:
    passages = [passage(1, "One rule."), passage(2, "Another rule.")]
    needed = message_tokens(answer_messages("How many days?", passages, [], TEMPLATES), o200k)
    for spare, dropped in ((0, ()), (-1, (2,))):
        window = needed + ANSWER_TOKENS + spare
        packed = pack("How many days?", passages, [], window, ANSWER_TOKENS, o200k, TEMPLATES)
        assert packed.dropped == dropped


# --- counting


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_estimate_is_never_below_the_tokenizers_that_are_at_hand(
    language: str, counters: list[Callable[[str], int]]
) -> None:
    text = LANGUAGES[language]
    exact = max(counters[0](text), token_counter("openai:gpt-4")(text), counters[1](text))
    assert exact <= estimated_tokens(text)


def test_an_estimate_of_plain_text_is_at_most_twice_the_count() -> None:
    for language in ("en", "de", "es"):
        assert estimated_tokens(LANGUAGES[language]) <= 2 * o200k(LANGUAGES[language])


@pytest.mark.parametrize(
    ("spec", "is_exact"),
    [
        ("openai-like:gpt-4.1-mini", True),
        ("openai-like:openai/gpt-4o", True),
        ("openai:gpt-4", True),
        ("openai:o3", True),
        ("anthropic:claude-sonnet-4-5", False),
        ("ollama:llama3.1:8b", False),
        ("extractive", False),
    ],
)
def test_openais_models_are_counted_exactly_and_others_estimated(spec: str, is_exact: bool) -> None:
    assert (token_counter(spec) is not estimated_tokens) == is_exact


def test_counts_are_those_that_are_published() -> None:
    # The example of OpenAI's cookbook, "How to count tokens with tiktoken".
    text = "antidisestablishmentarianism"
    assert (token_counter("openai:gpt-4o")(text), token_counter("openai:gpt-4")(text)) == (6, 6)
    assert token_counter("openai:gpt-4")("お誕生日おめでとう") == 9
    assert token_counter("openai:gpt-4o")("お誕生日おめでとう") == 8


def test_a_message_costs_more_than_its_text() -> None:
    messages = (ChatMessage("system", "a"), ChatMessage("user", "a"))
    assert message_tokens(messages, lambda _: 1) == 2 + 2 * 6 + 4


def test_hostile_text_is_counted_in_linear_time() -> None:
    letters = "".join(random.Random(1).choices(string.ascii_letters, k=400_000))
    started = time.thread_time()
    for text in (letters, "a" * 400_000, " " * 400_000 + "x", "1a" * 200_000, "\ud800" * 100_000):
        assert estimated_tokens(text) > 0
        assert o200k(text) > 0
    assert time.thread_time() - started < 20
