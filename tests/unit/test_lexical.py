"""Word search: the permission filter is inside the query, and no question can break its syntax."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.answers import Caller
from index.lexical import LexicalIndex, split_unspaced
from index.permissions import administrator, caller_named

ANN = caller_named("ann@x.org", ["hr"])
BO = caller_named("bo@x.org", [])


def fill(index: LexicalIndex, rows: Iterable[tuple[int, str, tuple[str, ...]]]) -> None:
    writer = index.writer()
    for number, body, access in rows:
        writer.add(number, body, access)
    writer.commit()
    writer.close()
    index.reload()


def found(index: LexicalIndex, query: str, caller: Caller = BO, top_k: int = 10) -> list[int]:
    return [number for number, _ in index.search(query, caller, top_k)]


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    made = LexicalIndex(tmp_path / "lexical")
    everyone = ("everyone",)
    fill(
        made,
        [
            (1, "The gateway restarts every night.", everyone),
            (2, "Leave requests go to the team lead.", everyone),
            (3, "Gateways and gateway alarms, gateway outage.", everyone),
            (4, "Mitarbeiter dürfen im Café arbeiten.", everyone),
            (5, "数据保护政策适用于所有员工。", everyone),
            (6, "Salary bands for the gateway team.", ("group:hr",)),
            (7, "Nobody reads this gateway note.", ()),
        ],
    )
    return made


@pytest.fixture(scope="module")
def shared_index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    made = LexicalIndex(tmp_path_factory.mktemp("lexical"))
    fill(
        made, [(1, "harmless words AND or not", ("everyone",)), (2, "secret words", ("group:hr",))]
    )
    return made


def test_an_allowed_chunk_is_found_behind_better_forbidden_ones(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    forbidden = [(n, "gateway outage gateway outage", ("group:hr",)) for n in range(1, 21)]
    fill(index, [*forbidden, (21, "A long text that names the outage once only.", ("everyone",))])
    assert found(index, "gateway outage", BO, top_k=1) == [21]
    assert len(found(index, "gateway outage", ANN, top_k=30)) == 21


def test_the_filter_does_not_change_scores(index: LexicalIndex) -> None:
    everything = dict(index.search("gateway alarms", administrator(), 10))
    assert dict(index.search("gateway alarms", ANN, 10)).items() <= everything.items()


def test_a_chunk_that_lists_nobody_is_for_the_administrator_only(index: LexicalIndex) -> None:
    assert 7 not in found(index, "gateway", ANN)
    assert 7 in found(index, "gateway", administrator())


def test_somebody_without_principals_finds_nothing(index: LexicalIndex) -> None:
    assert found(index, "gateway", Caller("nobody", frozenset())) == []


def test_better_matches_come_first(index: LexicalIndex) -> None:
    pairs = index.search("gateway outage", BO, 10)
    assert [number for number, _ in pairs] == [3, 1]
    assert pairs[0][1] > pairs[1][1] > 0


def test_equal_scores_come_in_order_of_number(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    fill(index, [(number, "same words", ("everyone",)) for number in (5, 2, 9)])
    assert found(index, "words") == [2, 5, 9]


@pytest.mark.parametrize("query", ["GATEWAY", "gateways", "Cafe", "café", "durfen"])
def test_case_endings_and_accents_do_not_matter(query: str, index: LexicalIndex) -> None:
    assert found(index, query)


@pytest.mark.parametrize("query", ["数据", "保护政策", "员工", "数据保护是什么"])
def test_a_part_of_a_chinese_sentence_is_found(query: str, index: LexicalIndex) -> None:
    assert found(index, query) == [5]


def test_runs_without_spaces_become_overlapping_pairs() -> None:
    assert split_unspaced("a数据保b").split() == ["a", "数据", "据保", "b"]
    assert split_unspaced("一 x").split() == ["一", "x"]
    assert split_unspaced("plain words") == "plain words"


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
    assert 2 not in found(shared_index, query + " words")
    assert found(shared_index, query + " words") == [1]


def test_a_very_long_query_is_answered(index: LexicalIndex) -> None:
    assert found(index, "gateway " + " ".join(f"word{n}" for n in range(5000)))


def test_another_reader_sees_a_commit_after_reload(tmp_path: Path) -> None:
    first, second = LexicalIndex(tmp_path / "lexical"), LexicalIndex(tmp_path / "lexical")
    fill(first, [(1, "fresh words", ("everyone",))])
    assert found(second, "fresh") == []
    second.reload()
    assert found(second, "fresh") == [1]


def test_nothing_is_seen_before_the_commit(index: LexicalIndex) -> None:
    writer = index.writer()
    writer.add(8, "uncommitted words", ("everyone",))
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


def test_a_rare_word_is_more_telling_than_a_common_one(index: LexicalIndex) -> None:
    (common,), (rare,) = index.analyze("gateway"), index.analyze("salary")
    assert index.rare_weight("unknown") > index.rare_weight(rare) > index.rare_weight(common) > 0


def test_a_search_in_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    assert found(index, "words", administrator()) == []
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
