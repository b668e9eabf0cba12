"""Values that only the words before them tell: a passport, an account, a user name, a date of birth; pure."""

import re
from collections.abc import Iterator

from app.privacy.kinds import Found, Kind

_Rule = tuple[Kind, tuple[str, ...], re.Pattern[str]]
_Source = tuple[Kind, tuple[str, ...], str]


def find_announced(text: str, start: int, end: int) -> Iterator[Found]:
    """Yield announced values that have a digit: national and document numbers, accounts, plates, dates of birth."""
    return _by_rules(_NUMBERS, text, start, end)


def find_announced_words(text: str) -> Iterator[Found]:
    """Yield announced values that may be letters alone: user names, SWIFT codes."""
    return _by_rules(_WORDS, text, 0, len(text))


def _by_rules(rules: tuple[_Rule, ...], text: str, start: int, end: int) -> Iterator[Found]:
    lowered = text[start:end].lower()
    for kind, hints, pattern in rules:
        if any(hint in lowered for hint in hints):
            for match in pattern.finditer(text, start, end):
                yield Found(*match.span("value"), kind)


_AFTER = r"(?:[ \t]{0,2}(?:number|no\.?|num\.?|nr\.?|id|#|n°))?[ \t]{0,2}(?:[:=#]|is|was|:?\s{0,2})[ \t]{0,3}"
_ID_VALUE = r"(?P<value>(?=[A-Z0-9./ -]{0,12}\d)[A-Z0-9](?:[./ -]?[A-Z0-9]){3,19})"
# (kind, words that announce it, form of the value): the words are looked for in lower case first.
_NUMBER_SOURCES: tuple[_Source, ...] = (
        (
            "US_SSN",
            ("ssn", "social security", "itin"),
            rf"(?i:\bssn|\bsocial security|\bitin){_AFTER}(?P<value>\d{{3}}[- ]?\d{{2}}[- ]?\d{{4}})(?!\d)",
        ),
        (
            "DOCUMENT_ID",
            ("passport", "licen", "permit", "visa number", "identity card", "id card", "führerschein", "ausweis", "permis"),
            r"(?i:passport|driv(?:er['’]?s?|ing)[ -]licen[cs]e|driver licen[cs]e|residence permit|visa|"
            rf"(?:identity|id) card|führerschein|personalausweis|reisepass|permis de conduire){_AFTER}"
            r"(?P<value>(?=[A-Z0-9-]{0,12}\d)[A-Z0-9](?:-?[A-Z0-9]){4,17})(?!\w)",
        ),
        (
            "NATIONAL_ID",
            (
                "national", "tax", "insurance", "nhs", "medicare", "patient", "member", "employee", "personnummer", "bsn",
                "aadhaar", "nino", "curp", "cedula", "cédula", "identification", "personal id", "fiscal", "mrn",
                "steuer", "dni", "nif", "cpf", "pesel", "student id", "sin ", "tin ", "ein ",
            ),
            r"(?i:\b(?:national (?:id|insurance|identity|identification)(?: card| number)?"
            r"|tax(?:payer)? (?:id|identification|number|file)"
            r"|nhs|medicare|patient|member(?:ship)?|employee|student|personal id(?:entification)?"
            r"|personnummer|bsn|aadhaar|nino|curp|c[eé]dula"
            r"|identification number|codice fiscale|mrn|medical record|steuer-?(?:id|nummer)|dni|nif|nie"
            r"|cpf|pesel|sin|tin|ein))\b"
            rf"(?:(?i:[ \t]{{0,2}}(?:number|no\.?|nr\.?|id\b|#))[ \t]{{0,2}}(?:[:=#]|is)?"
            rf"|[ \t]{{0,2}}(?:[:=#]|is\b))[ \t]{{0,3}}{_ID_VALUE}(?!\w)",
        ),
        (
            "BANK_ACCOUNT",
            ("account", "routing", "sort code", "swift", "bic", "kontonummer", "konto", "compte", "cuenta", "aba"),
            r"(?i:\b(?:(?:bank |checking |savings )?account|acct\.?|a/c|routing|sort code|aba"
            r"|kontonummer|konto|compte|cuenta)"
            r"(?:[ \t]{0,2}(?:number|no\.?|nr\.?|num|#))?[ \t]{0,2}(?:[:=#]|is\b"
            r"|:?)[ \t]{0,3})(?P<value>\d(?:[ -]?\d){5,16})(?![\w])",
        ),
        (
            "LICENCE_PLATE",
            ("plate", "registration", "kennzeichen", "vin", "vehicle"),
            r"(?i:\b(?:(?:licen[cs]e|number|vehicle|registration)[ -](?:plate|number)|plate|kennzeichen"
            r"|vin|vehicle registration)"
            r"(?: (?:number|no\.?))?[ \t]{0,2}(?:[:=#]|is|)[ \t]{0,3})"
            r"(?P<value>(?=[A-ZÄÖÜ0-9 -]{0,12}\d)(?=[0-9 -]{0,8}[A-ZÄÖÜ])[A-ZÄÖÜ0-9](?:[ -]?[A-ZÄÖÜ0-9]){3,16})(?!\w)",
        ),
        (
            "DATE_OF_BIRTH",
            ("born", "birth", "dob", "d.o.b", "geboren", "geb.", "né", "nacid", "nacimiento", "naissance", "nata", "nato"),
            r"(?i:\b(?:date of birth|birth ?da(?:te|y)|d\.?o\.?b\.?|born|geboren|geb\.|n[ée]e? le"
            r"|nacid[oa]|(?:fecha de )?nacimiento|date de naissance|nat[oa] il)"
            r"(?: (?:on|am|le|el|is|was|in))?(?: the)?[ \t]{0,2}[:=]?[ \t]{0,3})"
            r"(?P<value>(?i:\d{1,4}[-./ ]{1,2}\d{1,2}[-./ ]{1,2}\d{1,4}|\d{1,2}(?:st|nd|rd|th"
            r"|\.)?(?: of)? [^\W\d_]{3,10}\.?,? \d{4}|[^\W\d_]{3,10}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}))",
        ),
        (
            "ZIP",
            ("zip", "post", "plz", "postleitzahl", "código postal", "cap "),
            r"(?i:\b(?:zip(?:[ -]?codes?)?|post(?:al)?[ -]?codes?|plz|postleitzahl|code postal"
            r"|código postal)\b[^\d\n]{0,24}?)"
            r"(?P<value>(?i:(?:[A-Z]{1,2}-)?\d{2,5}(?:[- ]\d{2,4}| [A-Z]{2})?"
            r"|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d))(?!\w)",
        ),
)  # fmt: skip
_WORD_SOURCES: tuple[_Source, ...] = (
        (
            "USERNAME",
            ("user", "login", "handle", "benutzername", "account name", "screen name", "nickname"),
            r"(?i:\b(?:user[ _-]?(?:name|id)|login(?: name| id)?|(?:twitter|github|slack|instagram"
            r"|telegram)? ?handle|screen name|benutzername|account name)"
            r"(?:[ \t]{0,2}[:=][ \t]{0,3}"
            r"|[ \t]{1,3}is[ \t]{1,3}))[\"'`]?(?P<value>@?[A-Za-z][\w.-]{1,38}[A-Za-z0-9_])(?![^\s\"'`.,;:!?)])",
        ),
        (
            "BANK_ACCOUNT",
            ("swift", "bic"),
            r"\b(?:SWIFT|BIC|Swift|swift|bic)(?:/(?:BIC|SWIFT))?(?: [Cc]ode)?[ \t]{0,2}(?:[:=#]|is|)[ \t]{0,3}"
            r"(?P<value>[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)(?!\w)",
        ),
)  # fmt: skip


def _compiled(sources: tuple[_Source, ...]) -> tuple[_Rule, ...]:
    return tuple((kind, hints, re.compile(pattern)) for kind, hints, pattern in sources)


_NUMBERS = _compiled(_NUMBER_SOURCES)
_WORDS = _compiled(_WORD_SOURCES)
