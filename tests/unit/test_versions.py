"""Versions of one document are ordered by what is asked; siblings and strangers are left alone."""

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.families import are_siblings, are_versions
from index.version_facts import VersionFacts, facts_of
from index.version_order import Ordering, OrderingRules, RankedDocument
from index.versions import order_versions


def _facts(title: str, uri: str = "", updated_at: str = "", **metadata: str) -> VersionFacts:
    uri = uri or f"{title}.md"
    return facts_of(uri, uri, title, updated_at, metadata)


def _ranked(score: float, title: str, text: str = "", **said: str) -> RankedDocument:
    facts = _facts(title, **said)
    return RankedDocument(facts.doc_id, score, facts, text)


def _titles(ordering: Ordering) -> list[str]:
    return [document.doc_id.removesuffix(".md") for document in ordering.documents]


# --- facts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "effective", "evidence"),
    [
        (_facts("Rules", effective="2023-05-01", date="2024-01-01"), date(2023, 5, 1), "metadata"),
        (
            _facts("Rules 2020", updated_at="2024-06-01", date="May 2022"),
            date(2022, 5, 1),
            "metadata",
        ),
        (_facts("Rules", **{"Last-Updated": "2023-05-01"}), date(2023, 5, 1), "metadata"),
        (_facts("Rules May 2020", updated_at="2024-06-01"), date(2020, 5, 1), "name"),
        (_facts("Rules", uri="hr/rules_2020-05.pdf"), date(2020, 5, 1), "name"),
        (_facts("Rules", updated_at="2024-06-01T10:00:00Z"), date(2024, 6, 1), "modified"),
        (_facts("Rules", modified="2024-06-01"), date(2024, 6, 1), "modified"),
        (_facts("Rules"), None, "none"),
    ],
)
def test_metadata_goes_before_the_name_and_that_before_the_file_time(
    facts: VersionFacts, effective: date | None, evidence: str
) -> None:
    assert (facts.effective, facts.evidence) == (effective, evidence)


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (_facts("Setup (Deprecated)"), "deprecated"),
        (_facts("Setup", status="deprecated"), "deprecated"),
        (_facts("Setup", deprecated="true"), "deprecated"),
        (_facts("Setup", deprecated="false"), "unknown"),
        (_facts("Setup", doc_status="current"), "current"),
        (_facts("Setup", superseded_by="setup-2"), "superseded"),
        (_facts("Setup", uri="archive/setup.md"), "archived"),
        (_facts("Setup", uri="setup_old.md"), "superseded"),
        (_facts("Draft setup"), "draft"),
        (_facts("Setup [DRAFT]"), "draft"),
        (_facts("Legacy systems inventory"), "unknown"),
        (_facts("Beer on draft nights"), "unknown"),
        (_facts("Reviewing a proposal"), "unknown"),
        (_facts("Setup"), "unknown"),
    ],
)
def test_the_status_is_what_metadata_name_or_folder_say(facts: VersionFacts, status: str) -> None:
    assert facts.status == status


@pytest.mark.parametrize(
    ("facts", "version"),
    [
        (_facts("Install", version="9.x"), "9.x"),
        (_facts("Install v2.3"), "2.3"),
        (_facts("Install", uri="docs/7.17/install.md"), "7.17"),
        (_facts("Install", uri="docs/v3/install.md"), "3"),
        (_facts("Install", uri="2023/install.md"), "None"),
        (_facts("OAuth 2.0 setup"), "None"),
    ],
)
def test_the_version_is_what_metadata_name_or_folder_say(facts: VersionFacts, version: str) -> None:
    assert str(facts.version) == version


# --- families ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Travel policy 2021", "Travel policy 2023"),
        ("Travel policy", "travel_policy_updated_2023"),
        ("Travel policy (draft)", "Travel policy final"),
        ("Policy for travel", "Travel policies"),
        ("Work from home policy", "WFH policy update May 2023"),
        ("Work from home policy", "April work from home update"),
        ("Install guide v7", "Install guide v9"),
        ("ACME_2018_10K", "ACME_2019_10K"),
        ("Travel policy", "Travel policy (1)"),
    ],
)
def test_names_that_differ_in_a_date_version_or_marker_are_versions(
    first: str, second: str
) -> None:
    assert are_versions(_facts(first), _facts(second))
    assert are_versions(_facts(second), _facts(first))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Travel policy Germany", "Travel policy France"),
        ("Travel policy", "Travel policy Germany"),
        ("ACME_2018_10K", "GLOBEX_2018_10K"),
        ("IT policy", "US policy"),
        ("Travel policy", "Vacation policy"),
        ("Travel policy", "Travel expenses"),
        ("ISO 27001 policy", "ISO 9001 policy"),
        ("Security guide part 1", "Security guide part 2"),
        ("WFH policy", "Work from home policy Germany"),
        ("Policy", "Work from home policy"),
        ("2021", "2022"),
    ],
)
def test_names_that_differ_in_anything_else_are_not_versions(first: str, second: str) -> None:
    assert not are_versions(_facts(first), _facts(second))
    assert not are_versions(_facts(second), _facts(first))


def test_the_place_of_a_file_may_contradict_its_name() -> None:
    def rules(uri: str, **said: str) -> VersionFacts:
        return _facts("Vacation rules", uri=uri, **said)

    assert are_versions(rules("hr/vacation-2021.md"), rules("hr/archive/vacation-2019.md"))
    assert not are_versions(rules("germany/vacation.md"), rules("france/vacation.md"))
    assert not are_versions(rules("hr/acme-2021.md"), rules("hr/globex-2022.md"))
    assert not are_versions(rules("a.md", edition="cloud"), rules("b.md", edition="self-hosted"))
    assert not are_versions(rules("a.md", language="en"), rules("b.md", language="de"))


def test_a_name_that_says_only_what_sort_of_document_it_is_needs_the_same_folder() -> None:
    def overview(uri: str) -> VersionFacts:
        return _facts("Overview", uri=uri)

    assert are_versions(overview("docs/7.x/overview.md"), overview("docs/9.x/overview.md"))
    assert not are_versions(overview("docs/overview.md"), overview("docs/billing/overview.md"))


def test_mails_of_one_subject_are_not_versions() -> None:
    assert not are_versions(
        _facts("Lunch on Friday", uri="1.eml", sent="2023-01-01"),
        _facts("Lunch on Friday", uri="2.eml", sent="2023-02-01"),
    )


def test_siblings_share_words_and_have_their_own() -> None:
    assert are_siblings(_facts("Travel policy Germany"), _facts("Travel policy France"))
    assert not are_siblings(_facts("Travel policy 2021"), _facts("Travel policy 2022"))
    assert not are_siblings(_facts("Travel policy"), _facts("Staff handbook"))


# --- ordering ------------------------------------------------------------------------------------------

OLD = _ranked(0.9, "Work from home policy", date="2020-03-01")
MIDDLE = _ranked(0.8, "April work from home update", date="2022-04-29")
NEW = _ranked(0.6, "WFH policy update May 2023", date="2023-05-01")
OTHER = _ranked(0.7, "Vacation policy", date="2018-01-01")
ALL = (OLD, MIDDLE, NEW, OTHER)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("How many days must I come in?", NEW),
        ("What is the current rule?", NEW),
        ("What has applied since 2023?", NEW),
        ("What was the rule in 2021?", OLD),
        ("What was the rule in December 2022?", MIDDLE),
        ("What was the rule before April 2022?", OLD),
        ("What did the update of May 2023 change?", NEW),
        ("What was the original rule?", OLD),
        ("What was the previous rule?", MIDDLE),
    ],
)
def test_the_version_that_the_question_asks_for_comes_first(
    question: str, first: RankedDocument
) -> None:
    assert order_versions(question, ALL).documents[0].doc_id == first.doc_id


def test_superseded_documents_stand_just_below_what_replaced_them() -> None:
    ordering = order_versions("How many days must I come in?", ALL)
    assert _titles(ordering) == [
        "WFH policy update May 2023",
        "April work from home update",
        "Work from home policy",
        "Vacation policy",
    ]
    by_id = {document.doc_id: document for document in ordering.documents}
    assert by_id[OLD.doc_id].superseded_by == MIDDLE.doc_id
    assert by_id[MIDDLE.doc_id].superseded_by == NEW.doc_id
    assert by_id[NEW.doc_id].superseded_by == ""
    assert (
        "superseded by 'WFH policy update May 2023', effective 2023-05-01"
        in by_id[OLD.doc_id].reasons
    )
    assert by_id[OTHER.doc_id].score == OTHER.score
    assert by_id[OTHER.doc_id].reasons == ()


def test_a_newer_version_that_says_nothing_on_the_question_stays_where_it_is() -> None:
    far = RankedDocument(NEW.doc_id, 0.2, NEW.facts)
    assert order_versions("Who pays the chair?", (OLD, far)).documents[0].doc_id == OLD.doc_id
    silent = RankedDocument(NEW.doc_id, 0.6, NEW.facts, "Come in on three days.")
    full = RankedDocument(OLD.doc_id, 0.9, OLD.facts, "Your manager approves overtime.")
    question = "Who approves my overtime?"
    assert order_versions(question, (full, silent)).documents[0].doc_id == OLD.doc_id
    both = RankedDocument(NEW.doc_id, 0.6, NEW.facts, "Overtime is approved by HR.")
    assert order_versions(question, (full, both)).documents[0].doc_id == NEW.doc_id


def test_an_earlier_version_that_says_nothing_on_the_question_stays_where_it_is() -> None:
    far = RankedDocument(OLD.doc_id, 0.1, OLD.facts)
    ordering = order_versions("Who originally proposed it?", (far, NEW))
    assert ordering.documents[0].doc_id == NEW.doc_id


def test_the_previous_version_is_counted_from_the_newest_also_where_that_is_silent() -> None:
    newest = RankedDocument(NEW.doc_id, 0.1, NEW.facts)
    ordering = order_versions("What was the previous rule?", (OLD, MIDDLE, newest))
    assert ordering.documents[0].doc_id == MIDDLE.doc_id


def test_siblings_keep_their_order() -> None:
    germany = _ranked(0.9, "Travel policy Germany", date="2019-01-01")
    france = _ranked(0.8, "Travel policy France", date="2024-01-01")
    ordering = order_versions("What is the current travel policy?", (germany, france))
    assert ordering.scores() == {germany.doc_id: 0.9, france.doc_id: 0.8}


def test_file_times_reorder_nothing_but_near_equals_of_one_family() -> None:
    old = _ranked(0.9, "Travel rules", uri="a/rules.md", updated_at="2019-01-01")
    near = _ranked(0.85, "Travel rules", uri="a/rules (1).md", updated_at="2024-01-01")
    far = RankedDocument(near.doc_id, 0.7, near.facts)
    other = _ranked(0.89, "Vacation rules", updated_at="2025-01-01")
    assert order_versions("travel", (old, near, other)).documents[0].doc_id == near.doc_id
    assert order_versions("travel", (old, far, other)).documents[0].doc_id == old.doc_id
    assert order_versions("travel", (old, other)).documents[0].doc_id == old.doc_id
    dated = _ranked(0.7, "Travel rules", uri="a/rules (1).md", date="2024-01-01")
    since_2019 = _ranked(0.9, "Travel rules", uri="a/rules.md", date="2019-01-01")
    assert order_versions("travel", (since_2019, dated)).documents[0].doc_id == dated.doc_id


def test_a_document_that_says_what_it_replaces_goes_before_it_whatever_its_name() -> None:
    old = _ranked(0.9, "Dress code", uri="hr/dress-code.md")
    new = _ranked(0.3, "What to wear", supersedes="dress-code.md")
    assert order_versions("shorts", (old, new)).documents[0].doc_id == new.doc_id
    told = _ranked(0.9, "Dress code", uri="hr/dress-code.md", superseded_by="[What to wear]")
    named = _ranked(0.3, "What to wear")
    assert order_versions("shorts", (told, named)).documents[0].doc_id == named.doc_id


def test_a_draft_and_a_deprecated_page_replace_nothing() -> None:
    current = _ranked(0.7, "Travel policy 2022")
    draft = _ranked(0.9, "Travel policy 2024 (draft)")
    assert order_versions("travel", (current, draft)).documents[0].doc_id == current.doc_id
    stale = _ranked(0.9, "Travel policy 2024", status="deprecated")
    assert order_versions("travel", (current, stale)).documents[0].doc_id == current.doc_id


def test_yearly_reports_follow_the_year_that_is_asked() -> None:
    reports = [
        _ranked(0.8 - 0.01 * number, f"ACME_{year}_10K")
        for number, year in enumerate((2021, 2019, 2018, 2022))
    ]
    other = _ranked(0.9, "GLOBEX_2021_10K")
    for year in (2018, 2019, 2022):
        ordering = order_versions(f"What was the revenue of Acme in FY{year}?", (*reports, other))
        assert _titles(ordering)[0] == f"ACME_{year}_10K"
        assert all(document.superseded_by == "" for document in ordering.documents)
    ordering = order_versions("What was the revenue in 2018 of Acme?", reports)
    assert _titles(ordering)[0] == "ACME_2018_10K"


def _pages() -> list[RankedDocument]:
    return [
        _ranked(0.9, "Shield login setup", version="6.x", status="deprecated"),
        _ranked(0.85, "Login realm setup", version="7.x"),
        _ranked(0.8, "Login setup by API", version="9.x"),
        _ranked(0.5, "Unrelated holidays"),
    ]


def test_pages_of_the_newest_product_version_are_preferred_softly() -> None:
    ordering = order_versions("How do I set up the login?", _pages())
    assert _titles(ordering)[0] == "Login setup by API"
    assert ordering.scores()["Unrelated holidays.md"] == 0.5
    rules = OrderingRules(older_page_factor=1.0, stale_factor=1.0)
    unweighed = order_versions("How do I set up the login?", _pages(), rules)
    assert _titles(unweighed)[0] == "Shield login setup"
    much_better = [RankedDocument(d.doc_id, d.score, d.facts) for d in _pages()]
    much_better[2] = RankedDocument(much_better[2].doc_id, 0.4, much_better[2].facts)
    assert (
        _titles(order_versions("How do I set up the login?", much_better))[0]
        != "Login setup by API"
    )


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("How do I set up the login in 7.x?", "Login realm setup"),
        ("How do I set up the login in version 7?", "Login realm setup"),
        ("How do I set up the login in Gizmo 6?", "Shield login setup"),
        ("How did the deprecated login setup work?", "Shield login setup"),
        ("How do I set up Shield?", "Shield login setup"),
        ("How do I set up OAuth 2.0 login?", "Login setup by API"),
    ],
)
def test_a_named_version_or_an_old_name_is_what_is_wanted(question: str, first: str) -> None:
    assert _titles(order_versions(question, _pages()))[0] == first


def test_a_count_of_revisions_is_not_the_version_of_a_product() -> None:
    older = _ranked(0.9, "Security badges", version="2")
    newer = _ranked(0.85, "Security cameras", version="5")
    assert _titles(order_versions("security", (older, newer)))[0] == "Security badges"


def test_a_deprecated_page_without_successor_is_lowered_only_beside_others_on_its_topic() -> None:
    stale = _ranked(0.9, "Printer setup (deprecated)")
    assert order_versions("printer", (stale, OTHER)).scores()[stale.doc_id] == 0.9
    fresh = _ranked(0.8, "Printer troubleshooting")
    scores = order_versions("paper jam", (stale, fresh)).scores()
    assert scores[stale.doc_id] < scores[fresh.doc_id]
    assert order_versions("legacy printer", (stale, fresh)).scores()[stale.doc_id] == 0.9


def test_another_deployment_than_the_named_one_goes_below() -> None:
    cloud = _ranked(0.9, "Roles in cloud", deployment_type="cloud")
    own = _ranked(0.7, "Roles on your servers", deployment_type="self-hosted")
    assert order_versions("roles", (cloud, own)).documents[0].doc_id == cloud.doc_id
    asked = order_versions("How do roles work when self hosted?", (cloud, own))
    assert asked.documents[0].doc_id == own.doc_id
    assert asked.documents[1].reasons == ("deployment_type is cloud, asked for self-hosted",)


NAMES = st.sampled_from(
    ["Travel policy", "Travel policy 2021", "travel_policy_v3", "Vacation rules", "WFH rules May 2023",
     "Work from home rules", "Report Q3 2022", "Report Q4 2022", "Setup (deprecated)", ""]
)  # fmt: skip
METADATA = st.dictionaries(
    st.sampled_from(["version", "status", "date", "deprecated", "superseded_by", "edition"]),
    st.sampled_from(
        ["9.x", "7", "deprecated", "2021-05-01", "draft", "true", "Travel policy", "x"]
    ),
    max_size=3,
)
DOCUMENTS = st.lists(
    st.tuples(NAMES, METADATA, st.floats(0, 1), st.sampled_from(["", "2020-01-01", "2024-01-01"])),
    max_size=8,
).map(
    lambda rows: [
        RankedDocument(
            str(number), score, facts_of(str(number), f"{number}/{name}.md", name, at, said)
        )
        for number, (name, said, score, at) in enumerate(rows)
    ]
)
QUESTIONS = st.sampled_from(
    ["travel policy", "travel in 2021", "the original rules", "setup in version 7", "report Q3 2022",
     "what applied before 2022", "rules since 2023", "the legacy setup", ""]
)  # fmt: skip


@given(QUESTIONS, DOCUMENTS, st.randoms())
def test_nothing_is_lost_scores_stay_in_bounds_and_the_given_order_does_not_count(
    question: str, documents: list[RankedDocument], chance: random.Random
) -> None:
    ordering = order_versions(question, documents)
    assert {d.doc_id for d in ordering.documents} == {d.doc_id for d in documents}
    assert all(0 <= d.score <= 1 for d in ordering.documents)
    scores = [d.score for d in ordering.documents]
    assert scores == sorted(scores, reverse=True)
    shuffled = chance.sample(documents, len(documents))
    assert order_versions(question, shuffled) == ordering


@given(QUESTIONS, st.lists(st.floats(0, 1), max_size=6))
def test_documents_without_dates_and_versions_keep_their_scores(
    question: str, scores: list[float]
) -> None:
    words = ("apple", "pear", "plum", "fig", "quince", "cherry")
    documents = [_ranked(score, f"About {words[n]}") for n, score in enumerate(scores)]
    ordered = order_versions(question, documents).scores()
    assert ordered == {document.doc_id: document.score for document in documents}


@given(st.text(), st.text(), st.dictionaries(st.text(), st.text(), max_size=4))
def test_any_name_and_metadata_give_facts(uri: str, title: str, metadata: dict[str, str]) -> None:
    facts = facts_of("d", uri, title, "", metadata)
    assert not are_versions(facts, facts)
    other = facts_of("e", uri, title, "", metadata)
    assert are_versions(facts, other) == are_versions(other, facts)
