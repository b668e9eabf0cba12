"""How passages are read, so that a claim's words are found in them."""

from app.grounding.alignment import align, windows
from app.grounding.evidence import PassageWords, read_words
from app.grounding.flags import are_records, flag_conflict, flags_of
from core.grounding import EvidenceText


def passages_of(*texts: str) -> PassageWords:
    return PassageWords([EvidenceText(str(n), text) for n, text in enumerate(texts, start=1)])


def terms_of(text: str) -> list[str]:
    return [word.term for word in read_words(text) if word.is_content]


def test_forms_of_a_word_have_one_term() -> None:
    assert terms_of("refunds") == terms_of("refunded") == terms_of("Refund")


def test_times_of_day_have_one_term_in_every_spelling() -> None:
    assert terms_of("5 pm") == terms_of("17:00") == terms_of("5:00 PM") == ["17:00"]


def test_names_of_fields_are_read_as_words() -> None:
    assert terms_of("OutdoorSeating") == terms_of("outdoor seating")
    assert terms_of("WiFi") == terms_of("Wi-Fi")


def test_numbers_lose_their_separators() -> None:
    assert terms_of("1,500") == ["1500"]
    assert terms_of("4.0") == terms_of("4") == terms_of("four")


def test_chinese_is_read_as_pairs_of_letters() -> None:
    assert [word.text for word in read_words("退货期限")] == ["退货", "货期", "期限"]


def test_words_hold_their_place() -> None:
    text = "Die Gebühr beträgt 4,50 € (OutdoorSeating), don't pay 退货期 at 5 pm."
    assert all(text[word.start : word.end] == word.text for word in read_words(text))


def test_sentences_hold_their_place_in_their_passage() -> None:
    texts = ("First one here. Second one there.\nA line", "Other passage. 你好。")
    read = passages_of(*texts)
    shown = [texts[s.passage][s.start : s.end] for s in read.sentences]
    assert shown == [
        "First one here.",
        "Second one there.",
        "A line",
        "Other passage.",
        "你好。",
    ]


def test_a_quotation_is_found_across_sentences_and_never_across_passages() -> None:
    read = passages_of("The door is red. The lamp", "is blue. The cat sleeps.")
    assert read.quoted_at(read_words("door is red. The lamp")) == (0, 1)
    assert read.quoted_at(read_words("the lamp is blue")) is None


def test_a_quotation_has_whole_words() -> None:
    read = passages_of("The door is reddish.")
    assert read.quoted_at(read_words("door is red")) is None


def test_the_window_is_the_sentence_that_has_the_words() -> None:
    read = passages_of("Cats sleep. Refunds take five working days. Dogs bark.")
    words = [word for word in read_words("Refunds take five days") if word.is_content]
    best = windows(align(words, read, None), range(len(words)), read)
    assert (best[0].first, best[0].last, best[0].exact) == (1, 1, 1.0)


def test_no_passages_have_no_windows() -> None:
    read = PassageWords([])
    words = read_words("Refunds take days")
    assert windows(align(words, read, None), range(len(words)), read) == []


def test_a_flag_denies_what_a_sentence_says_there_is() -> None:
    read = passages_of("outdoor seating: no\nparking: yes\nmusic: unknown")
    flags = flags_of(read)
    denied = flag_conflict(read_words("outdoor seating"), False, flags, read)
    right = flag_conflict(read_words("outdoor seating"), True, flags, read)
    unknown = flag_conflict(read_words("music"), False, flags, read)
    assert (denied[1], right[1], unknown[3]) == (1.0, 0.0, 1.0)


def test_a_word_that_stands_in_prose_too_is_not_judged_by_a_flag() -> None:
    read = passages_of("music: no\nA band plays live music on Fridays.")
    assert flag_conflict(read_words("music"), False, flags_of(read), read)[1] == 0.0


def test_prose_has_no_flags_and_is_no_record() -> None:
    read = passages_of(
        "We say no to this: no. Parking is free: it always was, and it always will be."
    )
    assert flag_conflict(read_words("parking"), False, flags_of(read), read) == (0.0, 0.0, 0.0, 0.0)
    assert not are_records(read)
    assert are_records(passages_of("\n".join(f"field {n}: value {n}" for n in range(8))))


def test_one_word_ten_thousand_times_is_read_quickly() -> None:
    read = passages_of("spam " * 60_000, "eggs. " * 30_000)
    assert len(read.words) <= 20_000 + 80
    assert len(passages_of("eggs.\n" * 30_000).sentences) <= 2_000
