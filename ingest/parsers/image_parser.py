"""Images of text, such as scans and photos of pages, read with the optional extra `footnote[ocr]`.

The size is read from the header, before anything is unpacked: a file of 50 kB may say that it has
50,000 x 50,000 pixels.
"""

import warnings
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.ocr import INSTALL_HINT, is_ocr_installed, read_image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
_MAX_PIXELS = 60_000_000
_MAX_PAGES = 200
_MIN_SIDE = 8


def parse_image(content: bytes, uri: str) -> ParsedDocument:
    """Parse an image; a TIFF of several pages is read page by page, of an animation the first picture.

    Raises:
        ParseError: `no_text_layer`, when nothing is found or the extra is not installed; `too_large`,
            `unsupported` or `corrupt`.
    """
    if not is_ocr_installed():
        raise ParseError("no_text_layer", f"the file is an image: {INSTALL_HINT}")
    writer = CanonicalWriter()
    for page, pixels in enumerate(_pages(content), start=1):
        for paragraph in read_image(pixels):
            writer.add("text", paragraph, page=page)
    document = writer.document(uri)
    if not document.elements:
        raise ParseError("no_text_layer", "no text was found in the image")
    return document


def _pages(content: bytes) -> Iterator["NDArray[np.uint8]"]:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own limit, which is above ours
            with Image.open(BytesIO(content), formats=_FORMATS) as image:
                yield from _frames(image)
    except Image.DecompressionBombError as error:
        raise ParseError("too_large", _size_detail("too many")) from error
    except UnidentifiedImageError as error:
        raise ParseError("unsupported", "the file is no image of a kind that is read") from error
    except (OSError, SyntaxError, ValueError, IndexError, EOFError) as error:
        # Pillow raises these for cut and broken files of one format or another.
        raise ParseError("corrupt", "the image is cut off or damaged") from error


def _frames(image: Any) -> Iterator["NDArray[np.uint8]"]:
    import numpy as np

    _require_size(image)
    count = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
    if count > _MAX_PAGES:
        raise ParseError("too_large", f"the image has {count:,} pages, the limit is {_MAX_PAGES}")
    for number in range(count):
        if number:
            image.seek(number)
            _require_size(image)
        if min(image.size) >= _MIN_SIDE:
            yield np.asarray(_upright(image).convert("RGB"))[:, :, ::-1]


def _upright(image: Any) -> Any:
    """Return the image turned as its camera says, transparent parts white."""
    from PIL import Image, ImageOps

    turned = ImageOps.exif_transpose(image)
    if not turned.has_transparency_data:
        return turned
    shown = turned.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown)


def _require_size(image: Any) -> None:
    width, height = image.size
    if width * height > _MAX_PIXELS:
        raise ParseError("too_large", _size_detail(f"{width:,} x {height:,}"))


def _size_detail(found: str) -> str:
    return f"the image has {found} pixels, the limit is {_MAX_PIXELS // 1_000_000} million"
