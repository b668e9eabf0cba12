"""Word search: the permission filter is inside the query, and whatever is asked stays words."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.answers import Caller
from core.errors import DataFolderError, StorageFull
from core.function_words import without_function_words
from core.search import IndexEntry, StoreQuery
from index.analysis import name_terms, text_terms
from index.lexical import LexicalIndex, discard
from index.permissions import administrator, caller_named

ANN = caller_named("ann@x.org", ["hr"])
BO = caller_named("bo@x.org", [])
ADMIN = administrator()
NO_VECTOR = np.zeros((1, 1), np.float32)
EVERYONE = ("everyone",)

Row = tuple[int, str, tuple[str, ...]]


def entry(number: int, body: str, access: tuple[str, ...] = EVERYONE, name: str = "") -> IndexEntry:
    return IndexEntry(number, f"doc{number}", text_terms(body), name_terms(name), access)


def write(index: LexicalIndex, entries: Iterable[IndexEntry]) -> None:
    writer = index.writer()
    for made in entries:
        writer.add(made)
    writer.commit()
    writer.close()
    index.reload()


def fill(index: LexicalIndex, rows: Iterable[Row]) -> None:
    write(index, [entry(*row) for row in rows])


def asked(text: str, **more: object) -> StoreQuery:
    terms = dict.fromkeys(text_terms(without_function_words(text)), 1.0)
    return StoreQuery(NO_VECTOR, terms, **more)  # type: ignore[arg-type]


def scores(
    index: LexicalIndex, text: str, caller: Caller = BO, top_k: int = 10
) -> list[tuple[int, float]]:
    return index.search(asked(text), caller, top_k)


def found(index: LexicalIndex, text: str, caller: Caller = BO, top_k: int = 10) -> list[int]:
    return [number for number, _ in scores(index, text, caller, top_k)]


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    made = LexicalIndex(tmp_path / "lexical")
    fill(
        made,
        [
            (1, "The gateway restarts every night.", EVERYONE),
            (2, "Leave requests go to the team lead.", EVERYONE),
            (3, "Gateways and gateway alarms, gateway outage.", EVERYONE),
            (4, "Mitarbeiter dürfen im Café arbeiten.", EVERYONE),
            (5, "数据保护政策适用于所有员工。", EVERYONE),
            (6, "Salary bands for the gateway team.", ("group:hr",)),
            (7, "Nobody reads this gateway note.", ()),
        ],
    )
    return made


@pytest.fixture(scope="module")
def shared_index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    made = LexicalIndex(tmp_path_factory.mktemp("lexical"))
    fill(made, [(1, "harmless words AND or not", EVERYONE), (2, "secret words", ("group:hr",))])
    return made


# --- who may read ------------------------------------------------------------------------------------


def test_an_allowed_chunk_is_found_behind_better_forbidden_ones(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    forbidden = [(n, "gateway outage gateway outage", ("group:hr",)) for n in range(1, 21)]
    fill(index, [*forbidden, (21, "A long text that names the outage once only.", EVERYONE)])
    assert found(index, "gateway outage", BO, top_k=1) == [21]
    assert len(found(index, "gateway outage", ANN, top_k=30)) == 21


def test_the_filter_does_not_change_scores(index: LexicalIndex) -> None:
    everything = dict(scores(index, "gateway alarms", ADMIN))
    mine = dict(scores(index, "gateway alarms", ANN))
    assert mine.keys() == {1, 3, 6}
    assert mine.items() <= everything.items()


def test_a_chunk_that_lists_nobody_is_for_the_administrator_only(index: LexicalIndex) -> None:
    assert 7 not in found(index, "gateway", ANN)
    assert 7 in found(index, "gateway", ADMIN)


def test_somebody_without_principals_finds_nothing(index: LexicalIndex) -> None:
    assert found(index, "gateway", Caller("nobody", frozenset())) == []


def test_a_principal_that_looks_like_a_word_or_a_query_is_neither(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    fill(index, [(1, "gateway", ("group:hr team", "user:a OR b"))])
    for principal in ("group:hr", "team", "user:a", "b", "GROUP:HR TEAM", "*", "group:*"):
        assert found(index, "gateway", Caller("x", frozenset({principal}))) == []
    assert found(index, "group hr team", BO) == []
    assert found(index, "gateway", Caller("x", frozenset({"group:hr team"}))) == [1]


def test_a_phrase_and_a_name_do_not_open_what_is_forbidden(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    write(index, [entry(1, "salary bands", ("group:hr",), name="hr/salaries.md")])
    query = asked("salary", name_terms={"salari": 1.0}, phrases=(("salari", "band"),))
    assert index.search(query, BO, 10) == []
    assert [number for number, _ in index.search(query, ANN, 10)] == [1]


def test_words_that_only_others_may_read_are_not_told(index: LexicalIndex) -> None:
    words = [text_terms(word)[0] for word in ("gateway", "salary", "note", "unheard")]
    assert index.readable_terms(words, BO) == {words[0]}
    assert index.readable_terms(words, ANN) == {words[0], words[1]}
    assert index.readable_terms(words, ADMIN) == set(words[:3])
    assert index.readable_terms(words, Caller("nobody", frozenset())) == set()


# --- what is found -----------------------------------------------------------------------------------


def test_better_matches_come_first(index: LexicalIndex) -> None:
    pairs = scores(index, "gateway outage")
    assert [number for number, _ in pairs] == [3, 1]
    assert pairs[0][1] > pairs[1][1] > 0


def test_equal_scores_come_in_order_of_number(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    fill(index, [(number, "same words", EVERYONE) for number in (5, 2, 9)])
    assert found(index, "words") == [2, 5, 9]


@pytest.mark.parametrize("query", ["GATEWAY", "gateways", "Cafe", "café", "durfen"])
def test_case_endings_and_accents_do_not_matter(query: str, index: LexicalIndex) -> None:
    assert found(index, query)


@pytest.mark.parametrize("query", ["数据", "保护政策", "员工", "数据保护是什么"])
def test_a_part_of_a_chinese_sentence_is_found(query: str, index: LexicalIndex) -> None:
    assert found(index, query) == [5]


def test_a_word_of_lower_weight_counts_less(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    fill(index, [(1, "pump room", EVERYONE), (2, "valve room", EVERYONE)])

    def order(pump: float, valve: float) -> list[int]:
        query = StoreQuery(NO_VECTOR, {"pump": pump, "valv": valve})
        return [number for number, _ in index.search(query, BO, 10)]

    assert order(1.0, 0.5) == [1, 2]
    assert order(0.5, 1.0) == [2, 1]


def test_words_of_names_are_looked_for_in_names_only(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    write(index, [entry(1, "valve", name="pump manual"), entry(2, "pump", name="valve manual")])

    def named(**terms: dict[str, float]) -> list[int]:
        query = StoreQuery(NO_VECTOR, terms.get("text", {}), terms.get("name", {}))
        return [number for number, _ in index.search(query, BO, 10)]

    assert named(name={"pump": 1.0}) == [1]
    assert named(text={"pump": 1.0}) == [2]
    assert sorted(named(text={"pump": 1.0}, name={"pump": 1.0})) == [1, 2]


def test_all_phrases_must_stand_in_the_text_word_by_word(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    texts = ("red valve open", "valve red open", "red old valve", "open red valve shut")
    fill(index, [(number, text, EVERYONE) for number, text in enumerate(texts, start=1)])

    def having(*phrases: tuple[str, ...]) -> list[int]:
        hits = index.search(asked("valve", phrases=phrases), BO, 10)
        return sorted(number for number, _ in hits)

    assert having() == [1, 2, 3, 4]
    assert having(("red", "valv")) == [1, 4]
    assert having(("red", "valv"), ("shut",)) == [4]
    assert having(("valv", "pump")) == []


def test_only_the_documents_that_are_named_are_searched(index: LexicalIndex) -> None:
    def inside(*doc_ids: str) -> list[int]:
        query = asked("gateway", doc_ids=frozenset(doc_ids))
        return [number for number, _ in index.search(query, BO, 10)]

    assert inside("doc1", "doc2", "doc6") == [1]
    assert inside() == inside("doc") == inside("DOC1") == []


# --- hostile questions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["", "   ", "?!", "(", '"', ":", "*", "+-&&||!(){}[]^~\\/", "OR NOT", "body:", "\x00"]
)
def test_query_syntax_is_harmless(query: str, index: LexicalIndex) -> None:
    assert found(index, query) == []


@pytest.mark.parametrize(
    "query", ['gateway AND OR ( " : *', "access:group:hr gateway", "gateway^100 OR *:*", "-gateway"]
)
def test_query_syntax_around_a_word_does_not_hide_or_open_anything(
    query: str, index: LexicalIndex
) -> None:
    assert set(found(index, query)) == {1, 3}


@hypothesis_settings(max_examples=60)
@given(query=st.text(max_size=60))
def test_no_query_fails_or_finds_what_is_forbidden(query: str, shared_index: LexicalIndex) -> None:
    assert found(shared_index, query + " words") == [1]


@hypothesis_settings(max_examples=60)
@given(words=st.lists(st.text(max_size=20), max_size=5))
def test_words_that_were_never_analysed_are_harmless_too(
    words: list[str], shared_index: LexicalIndex
) -> None:
    phrases = (tuple(words),) if words else ()
    query = StoreQuery(NO_VECTOR, {**dict.fromkeys(words, 1.0), "word": 1.0}, phrases=phrases)
    assert {number for number, _ in shared_index.search(query, BO, 10)} <= {1}
    assert shared_index.readable_terms(words, BO) <= set(words)


def test_a_very_long_query_is_answered(index: LexicalIndex) -> None:
    assert found(index, "gateway " + " ".join(f"word{n}" for n in range(5000)))


# --- writing, reading, damage ------------------------------------------------------------------------


def test_another_reader_sees_a_commit_after_reload(tmp_path: Path) -> None:
    first, second = LexicalIndex(tmp_path / "lexical"), LexicalIndex(tmp_path / "lexical")
    fill(first, [(1, "fresh words", EVERYONE)])
    assert found(second, "fresh") == []
    second.reload()
    assert found(second, "fresh") == [1]


def test_nothing_is_seen_before_the_commit(index: LexicalIndex) -> None:
    writer = index.writer()
    writer.add(entry(8, "uncommitted words"))
    index.reload()
    assert found(index, "uncommitted") == []
    writer.commit()
    writer.close()
    index.reload()
    assert found(index, "uncommitted") == [8]


def test_clearing_removes_everything(index: LexicalIndex) -> None:
    writer = index.writer()
    writer.clear()
    writer.commit()
    writer.close()
    index.reload()
    assert index.numbers() == set()
    assert index.count() == 0


def test_a_search_in_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    assert found(index, "words", ADMIN) == []
    assert index.readable_terms(["word"], ADMIN) == set()
    assert index.numbers() == set()


def test_removed_chunks_are_not_found(index: LexicalIndex) -> None:
    writer = index.writer()
    writer.remove([1, 99])
    writer.commit()
    writer.close()
    index.reload()
    assert found(index, "gateway") == [3]
    assert index.numbers() == {2, 3, 4, 5, 6, 7}
    assert index.count() == 6


@pytest.mark.parametrize("content", [b"", b"{}", b"garbage"])
def test_a_damaged_index_is_named_with_what_to_do(
    content: bytes, index: LexicalIndex, tmp_path: Path
) -> None:
    (tmp_path / "lexical" / "meta.json").write_bytes(content)
    with pytest.raises(DataFolderError, match="index rebuild") as caught:
        LexicalIndex(tmp_path / "lexical")
    assert str(tmp_path / "lexical") in str(caught.value)


def test_a_damaged_list_of_words_is_named_when_it_is_met(
    index: LexicalIndex, tmp_path: Path
) -> None:
    for path in (tmp_path / "lexical").iterdir():
        if path.suffix in (".idx", ".term", ".fast", ".pos"):
            path.write_bytes(b"\xff" * path.stat().st_size)
    with pytest.raises(DataFolderError, match="index rebuild"):
        found(LexicalIndex(tmp_path / "lexical"), "gateway")


def test_a_discarded_index_is_made_anew(index: LexicalIndex, tmp_path: Path) -> None:
    discard(tmp_path / "lexical")
    discard(tmp_path / "lexical")
    assert LexicalIndex(tmp_path / "lexical").numbers() == set()


def test_what_cannot_be_written_is_told_as_a_full_disk_and_what_was_there_stays(
    index: LexicalIndex, tmp_path: Path
) -> None:
    pointer = tmp_path / "lexical" / "meta.json"
    content = pointer.read_bytes()
    writer = index.writer()
    writer.add(entry(8, "more words"))
    pointer.unlink()
    pointer.mkdir()  # the file that names the commit cannot be replaced
    with pytest.raises(StorageFull, match="free some space"):
        writer.commit()
    pointer.rmdir()
    pointer.write_bytes(content)
    again = LexicalIndex(tmp_path / "lexical")
    assert again.numbers() == {1, 2, 3, 4, 5, 6, 7}
    assert found(again, "gateway") == [3, 1]
