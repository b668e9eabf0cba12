"""Text recognition in images: the optional extra `footnote[ocr]`.

The models (16 MB) lie inside the package rapidocr-onnxruntime and are given by their paths: nothing is
ever downloaded. The engine is made once a process, in about half a second.

Measured on two pages of a paper at 200 dots an inch and on a scanned memo, as the share of the words of their
text layers: the model that finds lines upside down is left out, for it turned upright ones (.858 and .967 of
the words with it, .871 and .990 without); one line a batch and one thread take 3.7 instead of 5.2 s of
processor time for the memo and 3.7 s a page for the paper at 110 dots an inch (14.9 s before). The model was
made for Chinese and English: of English set tight it loses spaces, most of them at high resolutions.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from core.errors import ParseError
from core.telemetry import silence_telemetry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PACKAGE = "rapidocr_onnxruntime"
_MODELS = {
    "det_model_path": "ch_PP-OCRv4_det_infer.onnx",
    # The engine loads it also where it is not used.
    "cls_model_path": "ch_ppocr_mobile_v2.0_cls_infer.onnx",
    "rec_model_path": "ch_PP-OCRv4_rec_infer.onnx",
}
INSTALL_HINT = "install footnote[ocr] to read text in images"
_LINE_OVERLAP = 0.5
_PARAGRAPH_GAP = 0.8  # in heights of a line
_GUTTER = 0.3
_PROSE_WIDTH = 9.0


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    left: float
    right: float
    top: float
    bottom: float

    @property
    def height(self) -> float:
        return max(self.bottom - self.top, 1.0)


def is_ocr_installed() -> bool:
    """Say whether the extra `footnote[ocr]` is installed."""
    return find_spec(_PACKAGE) is not None


def processor_seconds_left() -> float:
    """Return the processor time in seconds that this process may still use, infinity where nothing limits it."""
    with suppress(ImportError, OSError):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_CPU)
        if limit != resource.RLIM_INFINITY:
            return limit - time.process_time()
    return float("inf")


def read_image(image: "NDArray[np.uint8]") -> list[str]:
    """Return the paragraphs in an image, shape (height, width, 3), blue first; in reading order.

    Raises:
        ParseError: `no_text_layer`, when the extra is not installed.
        MemoryError: recognition needs more memory than there is.
    """
    if not is_ocr_installed():
        raise ParseError("no_text_layer", f"the text is only in images: {INSTALL_HINT}")
    try:
        found, _ = _engine()(image, use_cls=False)
    except Exception as error:
        # ONNX Runtime and OpenCV report a failed allocation each in an error of its own, by its text.
        if "alloc" in str(error) or "Insufficient memory" in str(error):
            raise MemoryError from error
        raise
    return _paragraphs([_piece(box, text) for box, text, _ in found or () if text.strip()])


@lru_cache(maxsize=1)
def _engine() -> Any:
    spec = find_spec(_PACKAGE)
    folder = Path(str(spec.origin)).parent / "models" if spec else Path()
    paths = {option: folder / name for option, name in _MODELS.items()}
    missing = [path.name for path in paths.values() if not path.is_file()]
    if missing:
        raise ParseError("no_text_layer", f"models are missing: {missing}; {INSTALL_HINT}")
    silence_telemetry()
    options = {option: str(path) for option, path in paths.items()}
    return import_module(_PACKAGE).RapidOCR(**options, intra_op_num_threads=1, rec_batch_num=1)


def _piece(box: Sequence[Sequence[float]], text: str) -> _Piece:
    columns, rows = [point[0] for point in box], [point[1] for point in box]
    return _Piece(" ".join(text.split()), min(columns), max(columns), min(rows), max(rows))


def _paragraphs(pieces: list[_Piece]) -> list[str]:
    """Return lines that follow each other closely as one text, columns of prose one after another."""
    texts: list[list[str]] = []
    for column in _columns(_rows(pieces)):
        below: float | None = None
        for row in column:
            height = median(piece.height for piece in row)
            top = min(piece.top for piece in row)
            if below is None or top - below > _PARAGRAPH_GAP * height:
                texts.append([])
            texts[-1].append(" ".join(piece.text for piece in row))
            below = max(piece.bottom for piece in row)
    return ["\n".join(lines) for lines in texts]


def _rows(pieces: list[_Piece]) -> list[list[_Piece]]:
    """Return the pieces that stand beside each other, from top to bottom, each row from left to right."""
    rows: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.top + piece.bottom):
        if rows and _is_level(rows[-1][0], piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda piece: piece.left) for row in rows]


def _columns(rows: list[list[_Piece]]) -> list[list[list[_Piece]]]:
    """Cut rows that are two columns of prose into what stands above, left, right and below."""
    first = next((n for n, row in enumerate(rows) if len(row) > 1), len(rows))
    pieces = [piece for row in rows[first:] for piece in row]
    gutter = _gutter(pieces)
    if gutter is None:
        return [rows]
    left = [piece for piece in pieces if piece.right <= gutter]
    right = [piece for piece in pieces if piece.left >= gutter]
    if len(left) + len(right) < len(pieces) or not _are_prose(left) or not _are_prose(right):
        return [rows]
    return [rows[:first], _rows(left), *_columns(_rows(right))]


def _gutter(pieces: list[_Piece]) -> float | None:
    """Return the middle of the first column of white between pieces, None where there is none."""
    reach = 0.0
    for number, piece in enumerate(sorted(pieces, key=lambda piece: piece.left)):
        if number and piece.left - reach > _GUTTER * piece.height:
            return (piece.left + reach) / 2
        reach = max(reach, piece.right)
    return None


def _are_prose(pieces: list[_Piece]) -> bool:
    """Say whether most pieces are as long as lines of prose; the cells of a table are shorter."""
    return len(pieces) > 2 and median((p.right - p.left) / p.height for p in pieces) > _PROSE_WIDTH


def _is_level(one: _Piece, other: _Piece) -> bool:
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared > _LINE_OVERLAP * min(one.height, other.height)
