"""Chunks are exact slices, lose no word, never overlap and always fit the embedder's window."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.documents import Chunk, Element, ParsedDocument
from core.fakes import WordTokenizer
from core.ports import Tokenizer
from ingest.chunker import StructureChunker
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.registry import parse
from ingest.tokenizer_file import TokenizerFile

WINDOW = 250
MAX_TOKENS, PREFIX_TOKENS = 128, 32

SOME_WORDS = """gateway sensor Leave policy 3.5 e.g. z.B. is the of resets naïve 漢字 数据保护 🚒 €340 I a
Datenschutz-Grundverordnung antidisestablishmentarianism https://example.org/a?b=c"""
WORDS = st.sampled_from(SOME_WORDS.split())
ENDS = st.sampled_from([".", "!", "?", "…", "。", ":", ""])
SENTENCES = st.builds(
    lambda words, end: " ".join(words) + end, st.lists(WORDS, min_size=1, max_size=25), ENDS
)
PARAGRAPHS = st.lists(SENTENCES, min_size=1, max_size=12).map(" ".join)
SHORT_WORDS = st.sampled_from(
    ["Leave", "Travel", "policy", "of", "the", "漢字", "2026", "A", "I.", "gateway"]
)
HEADINGS = st.lists(SHORT_WORDS, min_size=1, max_size=4).map(" ".join)


@st.composite
def documents(draw: st.DrawFn) -> ParsedDocument:
    writer = CanonicalWriter()
    for _ in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["heading", "text", "list_item", "table", "code"]))
        if kind == "heading":
            writer.add("heading", draw(HEADINGS), level=draw(st.integers(1, 4)))
        elif kind == "table":
            header = draw(st.lists(WORDS, min_size=2, max_size=4))
            row = st.lists(WORDS, min_size=len(header), max_size=len(header))
            writer.add_table(header, draw(st.lists(row, min_size=1, max_size=5)))
        elif kind == "code":
            writer.add("code", "\n".join(draw(st.lists(HEADINGS, min_size=1, max_size=8))))
        else:
            writer.add("text" if kind == "text" else "list_item", draw(PARAGRAPHS))
    return writer.document("folder/a-file.html")


@st.composite
def markdown(draw: st.DrawFn) -> str:
    blocks = []
    marked = st.tuples(WORDS, st.sampled_from(["{}", "**{}**", "*{}*", "`{}`", "[{}](x/y.md)"]))
    spans = st.lists(marked.map(lambda pair: pair[1].format(pair[0])), min_size=1, max_size=20)
    line = st.builds(lambda words, end: " ".join(words) + end, spans, ENDS)
    kinds = st.sampled_from(["heading", "text", "list", "numbers", "quote", "code", "table"])
    for kind in draw(st.lists(kinds, min_size=1, max_size=8)):
        lines = draw(st.lists(line, min_size=1, max_size=4))
        if kind == "heading":
            blocks.append("#" * draw(st.integers(1, 4)) + " " + draw(HEADINGS))
        elif kind == "text":
            blocks.append("\n".join(lines))
        elif kind == "list":
            blocks.append("\n".join(f"- {text}" for text in lines))
        elif kind == "numbers":
            blocks.append("\n".join(f"{n}. {text}" for n, text in enumerate(lines, start=1)))
        elif kind == "quote":
            blocks.append("\n".join(f"> {text}" for text in lines))
        elif kind == "code":
            blocks.append("```\n" + "\n".join(lines) + "\n```")
        else:
            rows = "\n".join(f"| {draw(WORDS)} | {draw(WORDS)} |" for _ in lines)
            blocks.append(f"| Name | Price |\n|---|---|\n{rows}")
    return "\n\n".join(blocks)


def chunks_of(document: ParsedDocument, tokenizer: Tokenizer) -> list[Chunk]:
    chunker = StructureChunker(tokenizer, MAX_TOKENS, PREFIX_TOKENS)
    return chunker.chunk(document, "doc", "v1")


def document_of(*elements: tuple[str, str, int], title: str = "Handbook") -> ParsedDocument:
    writer = CanonicalWriter()
    for kind, text, level in elements:
        writer.add(kind, text, level=level)  # type: ignore[arg-type]
    return replace(writer.document("handbook.html"), title=title)


def size(text: str, tokenizer: Tokenizer) -> int:
    return tokenizer.count_tokens([text])[0]


def body_of(chunk: Chunk) -> str:
    return chunk.embedded_text.partition("\n")[2]


def assert_sound(
    document: ParsedDocument, chunks: Sequence[Chunk], tokenizer: TokenizerFile
) -> None:
    position = 0
    for ordinal, chunk in enumerate(chunks):
        assert chunk.ordinal == ordinal
        assert position <= chunk.start < chunk.end <= len(document.text)
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert chunk.text.strip()
        assert size(chunk.embedded_text, tokenizer) <= WINDOW
        position = chunk.end
    assert len({chunk.chunk_id for chunk in chunks}) == len(chunks)
    # A sentence longer than a chunk may be cut inside a word, whose halves then end and open two bodies.
    embedded = "\n".join(chunk.embedded_text for chunk in chunks)
    bodies = "".join("".join(body_of(chunk).split()) for chunk in chunks)
    for element in document.elements:
        for word in element.plain.split():
            assert word in embedded or word in bodies


@hypothesis_settings(max_examples=50)
@given(document=documents())
def test_any_document_is_cut_without_loss(
    document: ParsedDocument, tokenizer: TokenizerFile
) -> None:
    assert_sound(document, chunks_of(document, tokenizer), tokenizer)


@hypothesis_settings(max_examples=50)
@given(content=markdown())
def test_any_markdown_is_cut_without_loss(content: str, tokenizer: TokenizerFile) -> None:
    document = parse(f"{content}\n\nend".encode(), "notes/any.md")
    assert_sound(document, chunks_of(document, tokenizer), tokenizer)


@hypothesis_settings(max_examples=40)
@given(document=documents())
def test_every_character_of_every_element_lies_in_some_chunk(
    document: ParsedDocument, tokenizer: TokenizerFile
) -> None:
    held = {i for c in chunks_of(document, tokenizer) for i in range(c.start, c.end)}
    for element in document.elements:
        visible = {i for i in range(element.start, element.end) if document.text[i].strip()}
        assert visible <= held


def test_the_same_document_is_cut_in_the_same_way(tokenizer: TokenizerFile) -> None:
    document = document_of(("heading", "Leave", 1), ("text", "Thirty days. " * 80, 0))
    assert chunks_of(document, tokenizer) == chunks_of(document, tokenizer)


def test_a_sentence_of_five_thousand_words_is_cut_and_nothing_is_lost(
    tokenizer: TokenizerFile,
) -> None:
    sentence = " ".join(f"word{number}" for number in range(5000))
    document = document_of(("text", sentence, 0))
    chunks = chunks_of(document, tokenizer)
    assert len(chunks) > 50
    assert all(size(chunk.embedded_text, tokenizer) <= WINDOW for chunk in chunks)
    bodies = "".join(map(body_of, chunks))
    assert re.sub(r"\s", "", bodies) == sentence.replace(" ", "")
    sources = "".join(chunk.text for chunk in chunks)
    assert re.sub(r"\s", "", sources) == sentence.replace(" ", "")


def test_a_long_table_row_is_cut_and_nothing_is_lost(tokenizer: TokenizerFile) -> None:
    writer = CanonicalWriter()
    cell = " ".join(f"cell{number}" for number in range(600))
    writer.add_table(["Name", "Remark"], [["Pump", cell]])
    document = writer.document("table.csv", "Parts")
    embedded = "".join(map(body_of, chunks_of(document, tokenizer)))
    assert re.sub(r"\s", "", f"Name | Remark Name: Pump; Remark: {cell}") == re.sub(
        r"\s", "", embedded
    )


def test_a_table_row_keeps_the_names_of_its_columns(tokenizer: TokenizerFile) -> None:
    rows = "\n".join(f"Sensor {n},{n} EUR" for n in range(100, 160))
    document = parse(f"Product,Price\n{rows}\n".encode(), "price-list.csv")
    chunks = chunks_of(document, tokenizer)
    assert len(chunks) > 3
    lines = [line for chunk in chunks for line in chunk.embedded_text.splitlines()[1:]]
    assert lines.pop(0) == "Product | Price"
    for line in lines:
        assert re.fullmatch(r"Product: Sensor \d+; Price: \d+ EUR", line)


def test_the_prefix_is_the_title_and_the_heading_path(tokenizer: TokenizerFile) -> None:
    document = document_of(
        ("heading", "Leave", 1),
        ("text", "One sentence of leave. " * 20, 0),
        ("heading", "Parental leave", 2),
        ("text", "Parents get twelve weeks. " * 20, 0),
    )
    last = chunks_of(document, tokenizer)[-1]
    assert last.section == ("Leave", "Parental leave")
    assert last.embedded_text.startswith("Handbook > Leave > Parental leave\n")


def test_a_heading_of_the_same_level_replaces_the_one_before(tokenizer: TokenizerFile) -> None:
    document = document_of(
        ("heading", "Leave", 1),
        ("text", "One sentence of leave. " * 20, 0),
        ("heading", "Parents", 2),
        ("text", "Parents get twelve weeks. " * 20, 0),
        ("heading", "Travel", 1),
        ("text", "Book trains early. " * 20, 0),
    )
    sections = {chunk.section for chunk in chunks_of(document, tokenizer)}
    assert ("Travel",) in sections
    assert ("Leave", "Parents") in sections


def test_long_sections_do_not_share_a_chunk(tokenizer: TokenizerFile) -> None:
    document = document_of(
        ("heading", "First", 1),
        ("text", "Alpha alpha alpha alpha. " * 15, 0),
        ("heading", "Second", 1),
        ("text", "Beta beta beta beta. " * 15, 0),
    )
    for chunk in chunks_of(document, tokenizer):
        assert not ("Alpha" in chunk.text and "Beta" in chunk.text)


def test_a_short_section_is_joined_with_the_next(tokenizer: TokenizerFile) -> None:
    document = document_of(
        ("heading", "First", 1),
        ("text", "Short.", 0),
        ("heading", "Second", 1),
        ("text", "Also short.", 0),
    )
    (chunk,) = chunks_of(document, tokenizer)
    assert chunk.section == ()
    assert "Second" in chunk.embedded_text


def test_a_section_is_cut_into_parts_of_about_the_same_size() -> None:
    tokenizer = WordTokenizer()
    sentence = "One two three four five six seven eight nine. "
    document = document_of(("text", sentence * 14, 0))
    sizes = [size(chunk.text, tokenizer) for chunk in chunks_of(document, tokenizer)]
    assert sizes == [70, 70]


def test_sentences_stay_whole(tokenizer: TokenizerFile) -> None:
    text = " ".join(f"Sentence number {n} stays in one piece." for n in range(60))
    for chunk in chunks_of(document_of(("text", text, 0)), tokenizer):
        assert chunk.text.startswith("Sentence number")
        assert chunk.text.endswith("in one piece.")


def test_many_short_items_are_all_embedded(tokenizer: TokenizerFile) -> None:
    items = [f"Item{number}." for number in range(200)]
    document = document_of(*(("list_item", item, 0) for item in items))
    embedded = [body_of(chunk).split() for chunk in chunks_of(document, tokenizer)]
    assert [item for body in embedded for item in body] == items


def test_code_is_cut_between_lines(tokenizer: TokenizerFile) -> None:
    lines = [f"systemctl restart service-{number} --now" for number in range(60)]
    document = document_of(("code", "\n".join(lines), 0))
    chunks = chunks_of(document, tokenizer)
    assert len(chunks) > 1
    assert [line for chunk in chunks for line in chunk.text.splitlines()] == lines


def test_a_chunk_has_the_page_on_which_it_starts(tokenizer: TokenizerFile) -> None:
    writer = CanonicalWriter()
    writer.add("text", "First page words go here. " * 20, page=1)
    writer.add("text", "Second page words go here. " * 20, page=2)
    chunks = chunks_of(writer.document("a.pdf", "A"), tokenizer)
    assert {chunk.page for chunk in chunks if chunk.text.startswith("Second")} == {2}
    assert chunks[0].page == 1


def test_a_document_without_elements_has_no_chunks(tokenizer: TokenizerFile) -> None:
    assert chunks_of(ParsedDocument("Empty", "", ()), tokenizer) == []


@pytest.mark.parametrize("length", [1, 60, 400])
def test_a_title_of_any_length_leaves_room_for_the_text(
    length: int, tokenizer: TokenizerFile
) -> None:
    document = document_of(("text", "Body words. " * 200, 0), title="Title " * length)
    for chunk in chunks_of(document, tokenizer):
        assert size(chunk.embedded_text, tokenizer) <= MAX_TOKENS + PREFIX_TOKENS


def test_a_heading_longer_than_the_prefix_keeps_every_word(tokenizer: TokenizerFile) -> None:
    heading = " ".join(f"heading{number}" for number in range(40))
    document = document_of(("heading", heading, 1), ("text", "Body words go here.", 0))
    assert_sound(document, chunks_of(document, tokenizer), tokenizer)


def test_a_hundred_headings_without_text_lose_no_word(tokenizer: TokenizerFile) -> None:
    document = document_of(*(("heading", f"Topic number {n}", 1 + n % 3) for n in range(100)))
    assert_sound(document, chunks_of(document, tokenizer), tokenizer)


def test_markup_inside_an_overlong_sentence_loses_no_word(tokenizer: TokenizerFile) -> None:
    words = " ".join(f"**word{n}** [link{n}](https://example.org/{n})" for n in range(300))
    document = parse(words.encode(), "long.md")
    assert len(document.elements) == 1
    embedded = "".join(map(body_of, chunks_of(document, tokenizer)))
    plain = document.elements[0].plain
    assert re.sub(r"\s", "", embedded) == re.sub(r"\s", "", plain)


def test_element_kinds_without_sentences_are_kept_whole(tokenizer: TokenizerFile) -> None:
    text = "A heading. With two sentences."
    document = ParsedDocument("T", text, (Element("heading", 0, len(text), text, level=1),))
    (chunk,) = chunks_of(document, tokenizer)
    assert chunk.text == text


def test_a_word_is_never_cut_in_two(tokenizer: TokenizerFile) -> None:
    sentence = " ".join(f"Datenschutz{number}beauftragter" for number in range(200))
    embedded = " ".join(
        c.embedded_text for c in chunks_of(document_of(("text", sentence, 0)), tokenizer)
    )
    assert set(sentence.split()) <= set(embedded.split())


def test_a_heading_right_below_another_stays_in_the_section(tokenizer: TokenizerFile) -> None:
    document = document_of(
        ("heading", "Leave", 1),
        ("heading", "Parents", 2),
        ("text", "Parents get twelve weeks. " * 20, 0),
    )
    assert {chunk.section for chunk in chunks_of(document, tokenizer)} == {("Leave", "Parents")}


def test_a_heading_of_a_book_is_not_carried_by_every_chunk(tokenizer: TokenizerFile) -> None:
    heading = "pump " * 2000
    document = document_of(("heading", heading, 1), ("text", "The valve is open. " * 200, 0))
    chunks = chunks_of(document, tokenizer)
    assert "pump" in chunks[0].section[0]
    assert all(len(name) <= 300 for chunk in chunks for name in chunk.section)
    said = "".join(map(body_of, chunks))
    assert said.count("pump") >= 2000


def test_a_sentence_of_a_megabyte_is_cut_and_nothing_is_lost(tokenizer: TokenizerFile) -> None:
    text = " ".join(f"word{number}" for number in range(120_000))
    document = document_of(("text", text, 0))
    chunks = chunks_of(document, tokenizer)
    assert "".join(map(body_of, chunks)).replace("\n", "").replace(" ", "") == text.replace(" ", "")
    assert all(document.text[chunk.start : chunk.end] == chunk.text for chunk in chunks)


# --- what a path says --------------------------------------------------------------------------------


def with_context(document: ParsedDocument, context: str, tokenizer: Tokenizer) -> list[Chunk]:
    chunker = StructureChunker(tokenizer, MAX_TOKENS, PREFIX_TOKENS)
    return chunker.chunk(document, "doc", "v1", context)


def test_what_the_path_says_stands_behind_the_title_of_every_chunk(
    tokenizer: TokenizerFile,
) -> None:
    document = document_of(
        ("heading", "Leave", 1), ("text", "Ask early.", 0), ("heading", "Pay", 1), ("text", "x", 0)
    )
    plain = chunks_of(document, tokenizer)
    named = with_context(document, "ACME 2021", tokenizer)
    assert [chunk.embedded_text.partition("\n")[0] for chunk in named] == [
        chunk.embedded_text.partition("\n")[0].replace("Handbook", "Handbook (ACME 2021)")
        for chunk in plain
    ]
    assert [body_of(chunk) for chunk in named] == [body_of(chunk) for chunk in plain]
    assert [chunk.text for chunk in named] == [chunk.text for chunk in plain]


def test_headings_go_before_what_the_path_says_where_both_do_not_fit(
    tokenizer: TokenizerFile,
) -> None:
    document = document_of(("heading", "Leave", 1), ("text", "Ask early.", 0))
    (chunk,) = with_context(document, "word " * 200, tokenizer)
    (plain,) = chunks_of(document, tokenizer)
    assert chunk.embedded_text == plain.embedded_text


@hypothesis_settings(max_examples=50)
@given(document=documents(), context=st.text(max_size=400))
def test_any_path_leaves_the_chunks_sound(
    document: ParsedDocument, context: str, tokenizer: TokenizerFile
) -> None:
    named = with_context(document, " ".join(context.split()), tokenizer)
    assert_sound(document, named, tokenizer)
    assert [chunk.text for chunk in named] == [
        chunk.text for chunk in chunks_of(document, tokenizer)
    ]
