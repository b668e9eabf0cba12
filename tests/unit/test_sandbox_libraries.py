"""The libraries of the parsers work in a confined child, threads and late imports included."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from ingest.parsers.registry import parse
from ingest.sandbox.limits import SandboxLimits
from ingest.sandbox.pool import SandboxPool

HERE = Path(__file__).parent

Ask = Callable[..., tuple[dict[str, Any], bytes]]


@pytest.fixture(scope="module")
def ask(model_folder: Path) -> Iterator[Ask]:
    """Ask a child whose libraries are not loaded yet; its one answer."""
    with SandboxPool(
        "sandbox_jobs:make_job",
        {},
        1,
        SandboxLimits(),
        import_paths=[HERE],
        readable=[model_folder],
    ) as pool:

        def one(do: str, body: bytes = b"", **header: Any) -> tuple[dict[str, Any], bytes]:
            (answer,) = pool.run({"do": do, **header}, body)
            return answer

        yield one


def test_pythons_threads_start(ask: Ask) -> None:
    assert ask("start_threads") == ({"seen": 8}, b"")


def test_onnx_runtime_starts_its_threads_and_computes(ask: Ask) -> None:
    from onnx import TensorProto, checker, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [None]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "double", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model)
    answer, _ = ask("run_graph", model.SerializeToString())
    assert answer["sum"] == pytest.approx(2 * sum(range(100_000)), rel=1e-5)
    assert answer["threads"] >= 2


def test_numpy_multiplies(ask: Ask) -> None:
    assert ask("multiply") == ({"sum": 300.0**3}, b"")


def test_tokenizers_count_in_parallel(ask: Ask, model_folder: Path) -> None:
    answer, _ = ask("count_tokens", tokenizer=str(model_folder / "tokenizer.json"))
    assert answer == {"counts": [3] * 64}


def test_a_word_document_is_parsed_as_outside(ask: Ask) -> None:
    import docx

    document = docx.Document()
    document.add_heading("Lost keys", 1)
    document.add_paragraph("Call the desk. It answers until ten.")
    table = document.add_table(2, 2)
    for cell, text in zip(table._cells, ["Desk", "Phone", "North", "1234"], strict=True):
        cell.text = text
    stored = BytesIO()
    document.save(stored)
    outside = parse(stored.getvalue(), "keys.docx")
    answer, text = ask("parse_document", stored.getvalue(), uri="keys.docx")
    assert (answer["title"], text.decode()) == (outside.title, outside.text)
    assert "1234" in outside.text


def test_a_pdf_document_is_parsed_as_outside(ask: Ask) -> None:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=12)
    pdf.multi_cell(0, 8, "The desk answers until ten in the evening. After that, call the guard.")
    content = bytes(pdf.output())
    _, text = ask("parse_document", content, uri="desk.pdf")
    assert text.decode() == parse(content, "desk.pdf").text
    assert "guard" in text.decode()


@pytest.mark.parametrize(
    ("uri", "content"),
    [
        ("a.md", "# Desk\n\nIt answers *until* ten.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"),
        ("a.html", "<title>Desk</title><h1>Desk</h1><p>It answers until ten.</p>"),
        ("a.csv", "desk;phone\nNorth;1234\nSouth;5678\n"),
        ("a.txt", "The desk answers until ten.\n"),
    ],
)
def test_a_text_file_is_parsed_as_outside(ask: Ask, uri: str, content: str) -> None:
    answer, text = ask("parse_document", content.encode(), uri=uri)
    outside = parse(content.encode(), uri)
    assert (answer["title"], text.decode()) == (outside.title, outside.text)


LATE = ["openpyxl", "pptx", "PIL.Image", "pypdfium2", "xlrd", "olefile", "bs4", "pandas"]


def test_libraries_can_be_imported_late(ask: Ask) -> None:
    answer, _ = ask("use_libraries", imports=LATE)
    assert answer["words"] == ["one", "two", "."]
    assert answer["tag"] == "b"
    assert answer["loaded"] == [name for name in LATE if find_spec(name.partition(".")[0])]


def test_text_in_a_picture_is_read(ask: Ask) -> None:
    pytest.importorskip("rapidocr")
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (400, 100), "white")
    ImageDraw.Draw(picture).text((20, 20), "HELLO", fill="black", font_size=48)
    stored = BytesIO()
    picture.save(stored, "PNG")
    answer, _ = ask("read_picture", stored.getvalue())
    assert "HELLO" in answer["found"]
