"""Templates are strict about their placeholders, and their version follows every change."""

import pytest

from core.errors import ConfigError
from prompts.library import PromptTemplate, load_template


def test_every_placeholder_is_filled_in() -> None:
    template = PromptTemplate("t", "Ask $who about ${what}, {json} for $$5.\n")
    assert template.render(who="Ann", what="pumps") == "Ask Ann about pumps, {json} for $5."


def test_a_value_is_never_read_as_a_template() -> None:
    assert PromptTemplate("t", "$a $b").render(a="$b", b="${a}") == "$b ${a}"


@pytest.mark.parametrize("values", [{}, {"a": "1"}, {"a": "1", "b": "2", "c": "3"}, {"c": "3"}])
def test_a_missing_or_unused_value_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="Template 't' wants \\['a', 'b'\\]"):
        PromptTemplate("t", "$a $b").render(**values)


def test_the_version_follows_the_content() -> None:
    first, same, other = (PromptTemplate("t", text).version for text in ("a", "a", "b"))
    assert first == same != other
    assert first.startswith("t@")
    assert len(first) == len("t@") + 12


def test_an_unknown_template_is_named() -> None:
    with pytest.raises(ConfigError, match="'nothing'"):
        load_template("nothing")


def test_an_abstention_reads_as_a_sentence() -> None:
    text = load_template("abstention").render(
        searched="24 documents", nearest="; the nearest are: Leave (handbook/leave.md)."
    )
    assert text == (
        "I did not find an answer to this in the documents. "
        "I searched 24 documents; the nearest are: Leave (handbook/leave.md)."
    )


def test_an_abstention_without_documents_reads_as_a_sentence() -> None:
    text = load_template("abstention").render(searched="0 documents", nearest=".")
    assert text.endswith("I searched 0 documents.")
