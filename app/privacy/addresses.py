"""Postal addresses, as far as their words and numbers tell: streets, post office boxes, flats, postcodes; pure.

There is no list of streets. A street is a name with a word for one (`Street`, `-straße`, `Rua`) and a number
beside it, or what follows words like `lives at`, up to the end of the line, when a number stands in it.
"""

import re
from collections.abc import Iterator

from app.privacy.kinds import Found

_UP = r"[^\W\d_a-zß-öø-ÿ]"
_NAME = rf"(?:{_UP}[\w.'’-]{{0,30}}|de|da|do|das|dos|del|della|di|du|des|la|las|le|les|los|van|von|der|den|of|the|y|e|\d{{1,3}}(?:st|nd|rd|th))"
_NUMBER = r"\d{1,5}[A-Za-z]?(?:[-/]\d{1,5}[A-Za-z]?)?"
_SUFFIX = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq"
    r"|Terrace|Ter|Parkway|"
    r"Pkwy|Highway|Hwy|Way|Circle|Cir|Trail|Trl|Close|Crescent|Cres|Alley|Row|Mews|Plaza|Expressway"
    r"|Freeway|Turnpike|Crossing|"
    r"Grove|Gardens|Walk|Hill|Loop|Run|Path|Esplanade|Parade|Quay|Wharf|Street|STREET|AVENUE|ROAD|ST|AVE"
    r"|RD|BLVD|DR|LN)\b\.?"
)
_FLAT = (
    r"(?:,?[ \t]{0,2}(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|Building|Bldg|Stiege|Top|dpt"
    r"|Piso|Lok|m)"
    r"\b\.?[ \t]{0,2}#?[ \t]{0,2}[A-Za-z]?-?\d{1,5}[A-Za-z]?\b|,?[ \t]{0,2}#[ \t]{0,2}\d{1,5}\b)"
)
_LIKE_STREET = (
    r"(?:strasse|straße|str\.|weg|gasse|platz|allee|[nrs]ring|[ -]ring|damm|ufer|tie|katu|kuja|polku"
    r"|gatan|gata|vägen|gränd|vej|(?<!bri)gade|"
    r"stræde|allé|veien|vegen|straat|laan|plein|gracht|steeg|dijk|utca|út|körút|ulice|náměstí|stíg|götu|braut)"
)
_STREET_WORD = (
    r"(?:rua|rue|calle|avenida|plaza|viale|corso|piazza|Rua|Avenida|Av\.|Avda\.?|Travessa|Praça|Largo"
    r"|Estrada|Calle|C/|Carrera|Plaza|Paseo|Camino|Ronda|Via|Viale|Corso|"
    r"Piazza|Vicolo|Strada|Rue|Boulevard|Bd\.?|Allée|Impasse|Chemin|Quai|Place|Cours|ulica|ul\.|Ul\."
    r"|al\.|Al\.|os\.|pl\.|"
    r"ulitsa|Ulica|Strada|Str\.|Bulevardul|Jalan|Jl\.|R\.|Cesta|Trg|Leof\.|Odos)"
)
_NUMBERS = rf"(?:\d{{1,6}}[ ]){{0,2}}{_NUMBER}"
_FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        # 12 Long Name Street, Apt. 4
        rf"(?<![\w.]){_NUMBERS}[ \t]{{1,3}}(?:{_NAME}[ \t]{{1,2}}){{1,5}}?{_SUFFIX}{_FLAT}?",
        # Rua do Nome 123 · via Roma, 3
        rf"(?<![\w])(?:\d{{1,6}}[ ])?{_STREET_WORD}[ \t]{{1,2}}(?:{_NAME}[ \t]{{1,2}}){{0,5}}{_NAME},?[ \t]{{1,2}}(?:n[.º°][ \t]?)?{_NUMBER}(?!\w){_FLAT}?",
        rf"(?<![\w.]){_NUMBER},?[ \t]{{1,2}}(?:bis[ \t]|ter[ \t])?(?:rue|avenue|boulevard|place|chemin"
        rf"|impasse|allée|quai|cours)[ \t]{{1,2}}(?:{_NAME}[ \t]{{1,2}}){{0,5}}{_NAME}",
        r"(?:\d{3,6}[ ])?\b(?:(?i:P(?:ost(?:al)?)?\.?[ ]{0,2}O(?:ffice)?\.?[ ]{0,2}Box|Postfach|Casilla"
        r"|Apartado|Boîte postale|Postbox))[ ]{1,2}#?\d{1,7}\b"
        r"|\b(?:PSC|Unit|CMR)[ ]{1,2}\d{2,6},?[ ]{1,2}Box[ ]{1,2}\d{1,6}"
        r"(?:\s{1,3}(?:[AFD]PO)[ ](?:A[AEP])[ ]\d{5}(?:-\d{4})?)?",
        r"\b(?:[AFD]PO)[ ](?:A[AEP])[ ]\d{5}(?:-\d{4})?",
        # 20789 Allika 46: a name between a postcode and a number
        rf"(?<![\w.])(?!(?:19|20)\d\d[ ])\d{{3,6}}[ ]{{1,2}}(?:{_NAME}[ ]){{1,3}}{_NUMBER}(?![\w%]|[.,]\d)",
    )
)
# Langestraße 12 · Puruntie 82 · Pitkä katu 3 · Petőfi u. 5: the street's kind ends its name.
_COMPOUND = re.compile(
    rf"(?<![\w])(?:\d{{3,6}}[ ])?(?P<street>{_UP}[\w'’.]{{0,30}}(?:[ -][\w'’.]{{1,30}}){{0,2}})[ \t]{{1,2}}{_NUMBER}(?!\w){_FLAT}?"
)
_COMPOUND_END = re.compile(rf"(?:{_LIKE_STREET}| u\.| út| tér| krt\.)\Z", re.I)
_YEAR = re.compile(r"\b(?:19|20)\d\d\Z")
# Capitals and numbers in front of a flat are its street: 1100 Glyn, Suite 4.
_DOOR = re.compile(r"\b(?:Apt|Apartment|Suite|Ste|Flat)\b\.?[ \t]{0,2}#?\d{1,5}[A-Za-z]?\b")
_BEFORE_DOOR = re.compile(
    rf"(?<![\w.])\d{{1,6}}[A-Za-z]?(?:[ ]{{1,2}}(?:{_UP}[\w.'’/-]{{0,30}}|\d{{1,5}}\.?|de|da|do|la"
    rf"|and)){{1,6}},?\s{{1,3}}\Z"
)
_POSTCODES = tuple(
    re.compile(pattern)
    for pattern in (
        # a US state and its ZIP code
        r"\b(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI"
        r"|S[CD]|T[NX]|UT|V[AT]|W[AIVY]),?[ ]{1,3}\d{5}(?:-\d{4})?\b",
        r"\b\d{5}-\d{4}\b",
        # British and Canadian postcodes
        r"\b(?:GIR ?0AA|[A-PR-UWYZ](?:\d[\dA-HJKPS-UW]?|[A-HK-Y]\d[\dABEHMNPRV-Y]?) \d[ABD-HJLNP-UW-Z]{2})\b",
        r"\b[ABCEGHJ-NPRSTVXY]\d[A-Z] \d[A-Z]\d\b",
    )
)
# An address goes on after its street: a flat, a town, a country, each after a comma or on a line of its own, up to
# the postcode.
_PART = rf"(?:{_UP}[\w.'’()-]{{0,30}}|nan|[A-Z]{{2}})(?:[ ]{_UP}[\w.'’()-]{{0,30}}){{0,3}}"
_REST = re.compile(
    rf"{_FLAT}?(?:[ ]{{0,2}}(?:[,\n]|[ ](?=\d{{3}}))[ \t\n]{{0,3}},?[ ]{{0,2}}(?:Apt\.?[ ]\d{{1,5}}"
    rf"|Suite[ ]\d{{1,5}}|{_PART}(?:[ ]{{1,2}}\d{{3,6}}(?:-\d{{3,4}})?(?!\w))?"
    rf"|\d{{3,6}}(?:-\d{{3,4}}|[ ]\d{{2}})?(?![\w/:])(?:[ ]{_UP}[\w.'’-]{{1,30}}){{0,2}})){{1,5}}"
)
_CUE = re.compile(
    r"(?i:\b(?:address(?: is|:)|lives? (?:at|on|in)|living at|resid(?:es|ing) (?:at|in)|located (?:at"
    r"|on)|office is at|"
    r"shipped to|ship(?:ping)? (?:it )?to|deliver(?:ed|y)? (?:it )?to|sent? (?:it |this )?to"
    r"|return (?:it )?to|meet (?:me |you |us )?at|taxi to|"
    r"moved to|drops? (?:you |me |us )?off at|restaurant is (?:at|on)|wohnhaft|wohnt in|habite|vive en|"
    r"billing address(?: with| to)?|home address|come to|visit us at|headquarters?(?: is| are)? (?:at"
    r"|in)|based at)"
    r"[ \t]{0,2}:?[ \t\n]{1,3})"
)
_CUE_HINTS = ("address", "live", "resid", "located", "office is", "ship", "deliver", "sent to", "send", "return", "meet", "taxi",
              "moved to", "off at", "restaurant", "wohn", "habite", "vive en", "come to", "visit", "headquarter", "based at")  # fmt: skip
_AFTER_CUE = re.compile(
    rf"(?=[^\n?!;]{{0,60}}\d)(?:the[ ])?(?:{_UP}|\d)[^\n?!;:]{{2,90}}?(?=[?!;\n]|\.(?:\s|$)|[ ](?:for"
    rf"|after|before|when|and|because|since|with|in case|on)[ ]|$)"
)


def find_addresses(text: str, start: int, end: int) -> Iterator[Found]:
    """Yield street addresses with what follows them, post office boxes, flats, and postcodes by their form."""
    for form in _FORMS:
        for match in form.finditer(text, start, end):
            yield Found(match.start(), _whole(text, match.end()), "ADDRESS")
    for match in _COMPOUND.finditer(text, start, end):
        if _COMPOUND_END.search(match.group("street")) and not _YEAR.search(match.group()):
            yield Found(match.start(), _whole(text, match.end()), "ADDRESS")
    for match in _DOOR.finditer(text, start, end):
        before = _BEFORE_DOOR.search(text, max(0, match.start() - 80), match.start())
        first = before.start() if before else match.start()
        yield Found(first, _whole(text, match.end()), "ADDRESS")
    for form in _POSTCODES:
        for match in form.finditer(text, start, end):
            yield Found(match.start(), match.end(), "ZIP")
    yield from _announced(text, start, end)


def _announced(text: str, start: int, end: int) -> Iterator[Found]:
    """Yield what follows `lives at` and the like, when a house's number stands in it."""
    lowered = text[start:end].lower()
    if any(hint in lowered for hint in _CUE_HINTS):
        for match in _CUE.finditer(text, start, end):
            value = _AFTER_CUE.match(text, match.end())
            if value and _has_street_number(value.group()):
                yield Found(value.start(), _whole(text, value.end()), "ADDRESS")


def _whole(text: str, end: int) -> int:
    """Return where an address ends that has its street before `end`: with the last part that has a number."""
    rest = _REST.match(text, end, min(len(text), end + 160))
    if rest is None:
        return end
    numbers = [match.end() for match in re.finditer(r"\d{3,6}(?:-\d{3,4})?", rest.group())]
    if numbers:
        return end + numbers[-1]
    # ", Tallinn, Estonia" is the address's, "\nMobile" the next line's.
    return end if "\n" in rest.group() else rest.end()


def _has_street_number(value: str) -> bool:
    """Whether a number stands at the beginning or the end of one of the parts, as a house's number does."""
    return any(
        re.match(r"\d{1,6}[A-Za-z]?\b(?!%|[ ](?:%|years?|days?|hours?|minutes?|people))", part)
        or re.search(r"(?<!in )(?<!since )(?<!of )(?<![\d.,:])\b\d{1,5}[A-Za-z]?\.?$", part)
        for part in (piece.strip() for piece in value.split(","))
    )
