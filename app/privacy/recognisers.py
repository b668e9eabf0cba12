"""Personal data with a form of its own: mail addresses, numbers with check digits, numbers that a word announces; pure.

A number without a check digit counts when its grouping or a word before it says what it is. Every repetition is
bounded, so that no text makes a pattern slow.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator

from app.privacy import checksums
from app.privacy.kinds import Found

_NOT_ALNUM = re.compile(r"[^A-Za-z0-9]")


def find_emails(text: str) -> Iterator[Found]:
    """Yield mail addresses, also `name (at) host (dot) org`."""
    at = text.find("@")
    while at >= 0:
        before = _LOCAL_PART.search(text, max(0, at - 64), at)
        after = _HOST.match(text, at + 1)
        if before and after:
            yield Found(before.start(), after.end(), "EMAIL")
        at = text.find("@", at + 1)
    if any(hint in text for hint in _SPELT_HINTS):
        for match in _SPELT_EMAIL.finditer(text):
            yield Found(match.start(), match.end(), "EMAIL")


_LOCAL_PART = re.compile(r"(?:\"[^\"\n]{1,60}\"|\w[\w.!#$%'*+?^{|}~-]{0,63})\Z")
_HOST = re.compile(r"(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}|\[\d{1,3}(?:\.\d{1,3}){3}\]")
_SPELT_HINTS = (
    "(at)", "[at]", "{at}", "( at )", "[ at ]", "(AT)", "[AT]", " AT ", "(@)", "[@]", " @ ", " dot ", " DOT ", "(dot)", "[dot]",
)  # fmt: skip
_SPELT_EMAIL = re.compile(
    r"[\w.+-]{1,64}\s{0,2}(?:[(\[{]\s{0,2}(?:at|@)\s{0,2}[)\]}]|\s@\s|\s[aA][tT]\s)\s{0,2}[\w-]{1,63}"
    r"(?:\s{0,2}(?:[(\[{]\s{0,2}(?:dot|\.)\s{0,2}[)\]}]|\s[dD][oO][tT]\s|\.)\s{0,2}[\w-]{2,63}){1,4}"
)


def find_cards(text: str, start: int, end: int) -> Iterator[Found]:
    """Yield card numbers: a known issuer's first digits and the check digit, or a word like `card` before."""
    for match in _CARD.finditer(text, start, end):
        digits = _digits(match.group())
        if not 12 <= len(digits) <= 19:
            continue
        announced = _CARD_WORD.search(text, max(0, match.start() - 40), match.start())
        if announced or (_ISSUER.match(digits) and checksums.luhn(digits)):
            yield Found(match.start(), match.end(), "CREDIT_CARD")


_CARD = re.compile(r"(?<![\w.,-])\d(?:[ -]?\d){11,18}(?![\w-])(?![.,]\d)")
_ISSUER = re.compile(r"4|5[0-8]|2[2-7]|2131|1800|3[0-9]|6[0-9]|8[16]")
_CARD_WORD = re.compile(
    r"\b(?:card|visa|mastercard|amex|american express|cc|karte|carte|tarjeta)\b", re.I
)


def find_ibans(text: str, start: int, end: int) -> Iterator[Found]:
    """Yield IBANs: the remainder of ISO 13616, or the word before."""
    for match in _IBAN.finditer(text, start, end):
        value, stop = match.group(), match.end()
        announced = _IBAN_WORD.search(text, max(0, match.start() - 20), match.start())
        # The words after a grouped IBAN look like more of its groups: give them up one by one.
        while value and not checksums.iban(_NOT_ALNUM.sub("", value)):
            cut = max(value.rfind(" "), value.rfind("-"))
            value, stop = (value[:cut], match.start() + cut) if cut > 0 else ("", stop)
        if len(_NOT_ALNUM.sub("", value)) >= 15:
            yield Found(match.start(), stop, "IBAN")
        elif announced:
            yield Found(match.start(), match.end(), "IBAN")


_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[A-Za-z0-9]{11,30}"
    r"|(?:[ -][A-Za-z0-9]{4}){2,7}(?:[ -][A-Za-z0-9]{1,4})?)"
    r"(?![A-Za-z0-9])"
)
_IBAN_WORD = re.compile(r"\biban\b", re.I)


def find_machines(text: str, start: int, end: int) -> Iterator[Found]:
    """Yield IP addresses that belong to somebody: not loopback, unspecified, a net mask or a version number."""
    for match in _IPV4.finditer(text, start, end):
        if not match.group().startswith(("127.", "0.", "255.")) and not _VERSION.search(
            text, max(0, match.start() - 12), match.start()
        ):
            yield Found(match.start(), match.end(), "IP_ADDRESS")
    if text.count(":", start, end) < 3:
        return
    for match in _IPV6.finditer(text, start, end):
        try:
            address = ipaddress.IPv6Address(match.group())
        except ValueError:
            continue
        if not (address.is_loopback or address.is_unspecified) and len(match.group()) > 6:
            yield Found(match.start(), match.end(), "IP_ADDRESS")
    for match in _MAC.finditer(text, start, end):
        yield Found(match.start(), match.end(), "IP_ADDRESS")


_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = re.compile(rf"(?<![\w.]){_OCTET}(?:\.{_OCTET}){{3}}(?!\w|\.\d)")
_VERSION = re.compile(r"(?:\bv|version|release|section|§)\s?\Z", re.I)
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_MAC = re.compile(
    r"(?<![\w:-])[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}(?![\w:-])"
)


def find_phones(text: str, start: int, end: int) -> Iterator[Found]:
    """Yield telephone numbers: with a country code, in a usual grouping, or after a word like `call`."""
    for match in _PHONE.finditer(text, start, end):
        written = match.group()
        count = len(_digits(written))
        if not 5 <= count <= 19 or _DATE.fullmatch(written):
            continue
        # Five digits are a telephone's only right beside the word for it.
        if _is_called(text, match.start(), 40 if count > 6 else 16) or (
            count > 6
            and not _AMOUNT.fullmatch(written)
            and (written.startswith(("+", "00")) or _GROUPED.fullmatch(written))
        ):
            yield Found(match.start(), match.end(), "PHONE")


def _is_called(text: str, start: int, within: int) -> bool:
    return _PHONE_WORD.search(text, max(0, start - within), start) is not None


_PHONE = re.compile(
    r"(?<![\w/+#€$£-])(?<!\d[.,:])(?:\+|\()?\d(?:[- \t\u00a0()./\u2011\u2013]{0,3}\d){4,18}"
    r"(?:\s?(?:x|ext\.?|extension)\s?\d{1,6})?(?![\w%€$£])(?![.,:/-]\d)"
)
_DATE = re.compile(
    r"(?:19|20)\d{2}[-./](?:0?[1-9]|1[0-2])[-./]\d{1,2}.{0,12}|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d{2}.{0,12}"
    r"|(?:19|20)\d{2}\s?[-–/]\s?(?:19|20)\d{2}"
)
_AMOUNT = re.compile(
    r"\d+(?:\.\d{3})+|\d{1,2}(?:[ \u00a0]\d{3}){1,4}|\d{1,3}(?:[ \u00a0]\d{3}){1}|\d+\.\d+"
)
_GROUPED = re.compile(
    r"(?:1[-. ])?\(?\d{3}\)?[-. ]{1,2}\d{3}[-. ]\d{4}(?:\s?(?:x|ext\.?|extension)\s?\d{1,6})?"  # North America
    r"|\(0?\d{1,5}\)[ ]?\d{2,4}(?:[ -]?\d{2,4}){1,3}"
    r"|0\d{1,4}(?:[ /-]\d{2,8}){1,5}|0\d{9,10}"  # a trunk code
    r"|\d{3} \d{3} \d{3}|\d{2}(?:[- .]\d{2}){3,4}|\d{4} \d{4}|\d{2} \d{3} \d{3}|\d{3}-(?!\d000)\d{4}"
    r"|\d{2} \d{2} \d{2} \d{2}",
    re.I,
)
_PHONE_WORD = re.compile(
    r"(?:\b(?:tele)?phone|\btel\b|\bfax\b|\bmobile\b|\bcell(?:phone|ular)?\b|\bcall(?:ed|ing)?\b"
    r"|\bdial\b|\bring\b"
    r"|\btext(?:ed)?\b|\bsms\b|\bwhatsapp\b|\bsignal\b|\breach(?:ed)?\b|\bhotline\b|\bdesk\b|\bhandy\b"
    r"|\btelefon\w*"
    r"|\bteléfono|\btéléphone|\bmovil\b|\bmóvil\b|\bcellulare\b|\bnumber(?: is|:)|\bcontact\b"
    r"|\banswering\b|\bmessages?\b|\bregistered\b|☎|📞)",
    re.I,
)


def find_national_ids(text: str, start: int, end: int) -> Iterator[Found]:
    """Yield national numbers by their form; one that other numbers may have too needs its check digit."""
    for match in _SSN.finditer(text, start, end):
        yield Found(match.start(), match.end(), "US_SSN")
    for pattern, check in _NATIONAL:
        for match in pattern.finditer(text, start, end):
            if check is None or check(_NOT_ALNUM.sub("", match.group())):
                yield Found(match.start(), match.end(), "NATIONAL_ID")


# Area numbers above 899 are those of taxpayers without a social security number (ITIN); 000 and 666 are not given.
_SSN = re.compile(r"(?<![\w.-])(?!000|666)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_NATIONAL: tuple[tuple[re.Pattern[str], Callable[[str], bool] | None], ...] = (
    (re.compile(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"), None),
    (re.compile(r"\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b"), None),
    (re.compile(r"\b[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d\b"), None),
    (re.compile(r"\b[A-Z]{5}\d{4}[A-Z]\b"), None),
    (re.compile(r"\b[0-3]\d[01]\d\d{2}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]\b"), None),
    (re.compile(r"\b(?:\d{8}|[XYZ]\d{7})-?[A-Za-z]\b"), checksums.dni),
    (re.compile(r"(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w-])"), checksums.cpf),
    (re.compile(r"(?<![\w.-])\d{3} \d{3} \d{4}(?![\w-])"), checksums.nhs),
    (re.compile(r"(?<![\w.-])\d{6}[-+]\d{4}(?![\w-])"), checksums.luhn),
    (
        re.compile(r"(?<![\w.-])[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3} ?\d{2}(?!\w)"),
        checksums.insee,
    ),
    (re.compile(r"(?<![\w.-])\d{4}(?:0[1-9]|[12]\d|3[01])\d{5}(?![\w.-])"), checksums.pesel),
)


def find_wallets(text: str, start: int, end: int) -> Iterator[Found]:
    """Yield addresses of Bitcoin (Base58Check with its checksum, or Bech32) and of Ethereum."""
    for match in _BITCOIN.finditer(text, start, end):
        if checksums.base58(match.group()):
            yield Found(match.start(), match.end(), "CRYPTO")
    for hint, pattern in (("bc1", _BECH32), ("0x", _ETHEREUM)):
        if hint in text:
            for match in pattern.finditer(text, start, end):
                yield Found(match.start(), match.end(), "CRYPTO")


_BITCOIN = re.compile(r"(?<!\w)[13][1-9A-HJ-NP-Za-km-z]{25,34}(?!\w)")
_BECH32 = re.compile(r"(?<!\w)bc1[02-9ac-hj-np-z]{11,71}(?!\w)")
_ETHEREUM = re.compile(r"(?<!\w)0x[0-9a-fA-F]{40}(?!\w)")


def _digits(written: str) -> str:
    """Return the ASCII digits of a number without its separators; digits of other scripts count as theirs."""
    return "".join(str(int(sign)) for sign in written if sign.isdecimal())


def number_windows(text: str) -> list[tuple[int, int]]:
    """Return the parts of a text, in order, that lie within 120 characters of a digit.

    Everything but mail addresses, user names, names and passwords has a digit; prose has few.
    """
    windows: list[tuple[int, int]] = []
    for match in _DIGITS.finditer(text):
        start, end = (
            max(0, match.start() - _WINDOW_CHARS),
            min(len(text), match.end() + _WINDOW_CHARS),
        )
        if windows and start <= windows[-1][1]:
            windows[-1] = (windows[-1][0], end)
        else:
            windows.append((start, end))
    return windows


_DIGITS = re.compile(r"\d+")
_WINDOW_CHARS = 120


def has_long_number(text: str, start: int, end: int) -> bool:
    """Whether a part of a text has five digits in a row, separators between them, or a wallet's beginning."""
    return _LONG_NUMBER.search(text, start, end) is not None


_LONG_NUMBER = re.compile(
    r"\d(?:[ ().\u00a0\u2011\u2013/-]{0,3}\d){4}|\d{2}[A-Z]\d{2}[A-Z]\d{3}|0x[0-9a-fA-F]{8}"
    r"|bc1[0-9a-z]{8}|[13][1-9A-HJ-NP-Za-km-z]{25}"
)
