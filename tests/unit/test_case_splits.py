"""Development and test never share a document, and what was put into one stays there."""

from hypothesis import given
from hypothesis import strategies as st

from evals.cases.splits import drawn, split_cases

uris = st.sampled_from([f"d{number}.md" for number in range(12)])
groups = st.dictionaries(
    st.integers(0, 40).map(str), st.lists(uris, min_size=1, max_size=3, unique=True).map(tuple)
)


def sides(documents: dict[str, tuple[str, ...]], splits: dict[str, str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"dev": set(), "test": set(), "apart": set()}
    for case_id, split in splits.items():
        found[split].update(documents[case_id])
    return found


@given(groups, st.floats(0, 1))
def test_no_document_is_in_both_splits(documents: dict[str, tuple[str, ...]], share: float) -> None:
    splits = split_cases(documents, {}, share)
    found = sides(documents, splits)
    assert splits.keys() == documents.keys()
    assert not found["dev"] & found["test"]
    assert not found["apart"]


@given(groups, groups, st.floats(0, 1))
def test_a_document_stays_where_it_is_when_cases_come(
    before: dict[str, tuple[str, ...]], new: dict[str, tuple[str, ...]], share: float
) -> None:
    first = split_cases(before, {}, share)
    assigned = {uri: split for case_id, split in first.items() for uri in before[case_id]}
    second = split_cases(new, assigned, 1 - share)
    found, old = sides(new, second), sides(before, first)
    assert not (found["dev"] | old["dev"]) & (found["test"] | old["test"])


@given(groups, st.randoms())
def test_the_order_of_cases_does_not_matter(
    documents: dict[str, tuple[str, ...]], random: object
) -> None:
    turned = dict(sorted(documents.items(), reverse=True))
    assert split_cases(turned, {}) == split_cases(documents, {})


def test_about_as_many_documents_fall_into_test_as_were_asked_for() -> None:
    drawn_test = sum(drawn(f"document-{number}", 0.7) == "test" for number in range(2000))
    assert 0.66 < drawn_test / 2000 < 0.74


def test_a_case_about_documents_of_both_splits_is_apart() -> None:
    assert split_cases({"a": ("x", "y")}, {"x": "dev", "y": "test"}) == {"a": "apart"}
    found = split_cases({"a": ("x", "y"), "b": ("y",)}, {"x": "dev", "y": "test"})
    assert found == {"a": "apart", "b": "test"}
