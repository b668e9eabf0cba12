"""Credentials in a text: keys by their form, values by the word in front of them, passwords in addresses; pure.

Forms follow what the issuers publish and the rule lists of gitleaks and detect-secrets. Lengths are lenient: a
passage may have lost the end of a key. Every repetition is bounded, so that no text makes a pattern slow.
"""

import re
from collections import Counter
from collections.abc import Iterator
from math import log2

from app.privacy.kinds import Found, lowered

# (what has to stand in the text for the pattern to be tried, the pattern). Looking for a fixed string first
# is what keeps eight passages under a millisecond.
_FORMS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (hints, re.compile(pattern, re.S))
    for hints, pattern in (
        (
            ("AKIA", "ASIA", "AGPA", "AIDA", "AROA", "ANPA", "ANVA", "AIPA", "ABIA", "ACCA"),
            r"(?<![A-Za-z0-9])(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ANVA|AIPA|ABIA|ACCA)[A-Z0-9]{12,20}",
        ),
        (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9]{16,255}"),
        (("github_pat_",), r"github_pat_\w{20,255}"),
        (("glpat-", "gldt-", "glrt-", "glptt-"), r"gl(?:pat|dt|rt|ptt)-[\w-]{16,255}"),
        (("xox", "xapp-", "xwfp-"), r"(?:xox[abcdeoprs]|xapp|xwfp)-[\w.-]{8,255}"),
        (("hooks.slack.com",), r"hooks\.slack\.com/(?:services|workflows|triggers)/[\w/+-]{8,120}"),
        (("discord",), r"discord(?:app)?\.com/api/webhooks/\d{5,25}/[\w-]{20,120}"),
        (("sk-",), r"(?<![A-Za-z0-9-])sk-(?=[\w-]{0,60}\d)[\w-]{16,255}"),
        (("k_live_", "k_test_"), r"[srp]k_(?:live|test)_[A-Za-z0-9]{10,255}"),
        (("whsec_",), r"whsec_[\w+/=-]{16,255}"),
        (("AIza",), r"AIza[\w-]{30,60}"),
        (("ya29.",), r"ya29\.[\w-]{20,512}"),
        (("GOCSPX-",), r"GOCSPX-[\w-]{20,60}"),
        (("hf_",), r"(?<!\w)hf_[A-Za-z0-9]{20,60}"),
        (("npm_",), r"(?<!\w)npm_[A-Za-z0-9]{30,60}"),
        (("pypi-A",), r"pypi-A[\w-]{40,512}"),
        (("SG.",), r"(?<!\w)SG\.[\w-]{16,40}\.[\w-]{16,64}"),
        (("dckr_",), r"dckr_(?:pat|oat)_[\w-]{20,60}"),
        (("shp",), r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
        (("dop_v1_", "doo_v1_", "dor_v1_"), r"do[opr]_v1_[0-9a-f]{40,80}"),
        (("hvs.", "hvb."), r"hv[sb]\.[\w-]{20,255}"),
        (("AGE-SECRET-KEY-",), r"AGE-SECRET-KEY-1[0-9A-Z]{20,80}"),
        (("eyJ",), r"(?<![\w-])eyJ[\w-]{8,2048}\.[\w-]{8,8192}(?:\.[\w-]{0,4096})?"),
        # A passage may end inside the key, or begin inside it.
        (
            ("PRIVATE KEY",),
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:(?!-----)[\s\S]){0,16000}(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?",
        ),
        (
            ("PRIVATE KEY",),
            r"(?:[A-Za-z0-9+/=]{16,128}\s{1,4}){0,80}-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----",
        ),
    )
)
# user:password@host in an address of any scheme: the whole part before the @.
_IN_ADDRESS = re.compile(r"(?<=://)[^\s/@:\"'<>]{0,128}:[^\s/@\"'<>]{1,256}(?=@)")
_BEARER = re.compile(
    r"\b(?:Bearer|Basic|Token)[ \t]{1,4}(?=[\w.~+/=-]{0,200}[\d+/=])[\w.~+/=-]{12,4096}", re.I
)

_PASSWORD_WORDS = (
    "password", "passwd", "passphrase", "passcode", "pwd", "pass", "kennwort", "passwort", "contraseña", "clave",
    "mot de passe", "senha", "wachtwoord", "hasło", "lösenord", "parola", "пароль", "密码", "パスワード",
)  # fmt: skip
_KEY_WORDS = (
    "secret", "token", "api key", "apikey", "api_key", "api-key", "access key", "access_key", "accesskey",
    "private key", "private_key", "account key", "accountkey", "account_key", "secret key", "secretkey",
    "secret_key", "signing key", "encryption key", "credential", "sharedaccesskey", "license key", "licence key",
    "recovery code", "client_secret", "auth key", "authkey", "webhook", "seed phrase", "x-api-key", "sig=",
)  # fmt: skip
_NUMBER_WORDS = (
    "pin",
    "cvv",
    "cvc",
    "cvv2",
    "otp",
    "security code",
    "passcode",
    "verification code",
    "door code",
    "access code",
    "alarm code",
    "gate code",
    "entry code",
)


def _alternatives(words: tuple[str, ...]) -> str:
    return "|".join(re.escape(word.rstrip("=")) for word in sorted(words, key=len, reverse=True))


# word, then whatever names it further ("for the VPN"), then a sign or a verb, then the value.
_GAP = r"[\w \t\"'`*()./-]{0,40}?"
_SIGN = r"[\"'`*]{0,3}[ \t]{0,4}(?:(?::=|=>|->|[:=：])\s{0,4}|\|[ \t]{0,4}|\r?\n[ \t]{0,4})"
_VERB = r"[ \t]{1,4}(?:is|was|to|ist|es|est|é|jest|är)(?: now| still)?[ \t]{0,2}:?[ \t]{1,4}"
_QUOTED = r"(?P<quote>[\"'`])(?P<quoted>[^\"'`\n]{3,200})(?P=quote)"
_BARE = r"(?P<bare>[^\s\"'`<>]{3,300})"
_ASSIGNED = re.compile(
    rf"(?<![^\W_])(?P<word>{_alternatives(_PASSWORD_WORDS + _KEY_WORDS)})s?(?![^\W\d_])"
    rf"(?:['’]s)?(?:{_GAP}(?P<sign>{_SIGN})|(?P<verb>(?:{_GAP})?{_VERB})|[ \t]{{1,4}})(?:{_QUOTED}|{_BARE})",
    re.I,
)
_NUMBER = re.compile(
    rf"\b(?P<word>{_alternatives(_NUMBER_WORDS)})\b[\w \t]{{0,20}}?(?:[ \t]{{0,3}}[:=#][ \t]{{0,3}}"
    rf"|[ \t]{{1,3}}(?:is[ \t]{{1,3}})?)"
    r"(?P<value>\d{3,8})(?![\w.,-]*\d)",
    re.I,
)
_VARIABLE = re.compile(r"[A-Z]{2,20}(?:_[A-Z0-9]{1,20}){1,8}")
_TOKEN = re.compile(r"(?<![\w+/-])[\w+/-]{20,512}={0,2}")
_NEAR_CHARS = 60
_LONG = 60
_LONG_BASE64 = re.compile(r"(?<![\w+/=.-])[A-Za-z0-9+/]{60,4096}={0,2}(?![\w+/=])")
_ASSIGNED_WORDS = tuple(word.rstrip("=") for word in _PASSWORD_WORDS + _KEY_WORDS)


def find_secrets(text: str) -> Iterator[Found]:
    """Yield what nobody but its owner may see: keys, tokens, passwords, private keys, PINs."""
    yield from _by_form(text)
    folded = lowered(text)
    if any(word in folded for word in ("bearer", "basic", "token")):
        yield from _matches(_BEARER, text)
    yield from _named(text, _positions(folded, _ASSIGNED_WORDS))
    if any(word in folded for word in _NUMBER_WORDS):
        yield from _announced_numbers(text)


def _by_form(text: str) -> Iterator[Found]:
    for hints, pattern in _FORMS:
        if any(hint in text for hint in hints):
            yield from _matches(pattern, text)
    if "://" in text:
        yield from _matches(_IN_ADDRESS, text)
    if max(map(len, text.split()), default=0) >= _LONG:
        for span in _matches(_LONG_BASE64, text):
            value = text[span.start : span.end]
            if _is_mixed(value) and entropy(value) > 4:
                yield span


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[Found]:
    for match in pattern.finditer(text):
        yield Found(match.start(), match.end(), "SECRET")


def _positions(folded: str, words: tuple[str, ...]) -> list[int]:
    """Return where one of some words begins; fixed strings are found 20 times as fast as alternatives."""
    found: set[int] = set()
    for word in words:
        at = folded.find(word)
        while at >= 0:
            found.add(at)
            at = folded.find(word, at + len(word))
    return sorted(found)


def _named(text: str, positions: list[int]) -> Iterator[Found]:
    """Yield values that a word in front of them calls a secret, and random-looking tokens near such a word."""
    for position in positions:
        match = _ASSIGNED.match(text, position)
        if match is None:
            continue
        group = "quoted" if match.group("quoted") else "bare"
        start, end = match.span(group)
        if group == "bare":
            end = start + len(match.group("bare").rstrip(".,;:!?)]}*"))
        value = text[start:end]
        if value and _reads_as_secret(value, match, text):
            yield Found(start, end, "SECRET")
        yield from _near(text, match.end("word"))


def _announced_numbers(text: str) -> Iterator[Found]:
    for match in _NUMBER.finditer(text):
        # "pin 1234" may be a connector's; "PIN 1234", "pin: 1234" and "the pin is 1234" are not.
        written = match.group()
        if match.group("word") != "pin" or set(written) & set(":=#") or " is " in written:
            yield Found(*match.span("value"), "SECRET")


def _near(text: str, position: int) -> Iterator[Found]:
    for match in _TOKEN.finditer(text, position, min(len(text), position + _NEAR_CHARS + 512)):
        if match.start() - position > _NEAR_CHARS:
            return
        token = match.group()
        run = text.rfind(" ", 0, match.start()) + 1
        if "://" in text[run : match.end()] and text[match.start() - 1] != "=":
            continue  # a page's address; a parameter's value is looked at
        if _has_digit(token) and entropy(token) >= 3.3 and not _is_words(token):
            yield Found(match.start(), match.end(), "SECRET")


def _reads_as_secret(value: str, match: re.Match[str], text: str) -> bool:
    """Whether a value after a word like `password` is one, and not the next word of a sentence."""
    is_password = match.group("word").lower() in _PASSWORD_WORDS
    if re.fullmatch(
        r"\[[A-Z_]{2,16}\]|\*{3,}|x{3,}|\.{3,}|<[^>]*>|\$\{?\w+\}?|%\w+%|1Password", value, re.I
    ):
        return False
    if value.startswith("$(") or _VARIABLE.fullmatch(value):  # what a script calls it
        return False
    if "://" in value:  # the address of a page about it; what is secret inside has its own rule
        return False
    looks_random = _has_digit(value) and re.search(r"[^\d.,:%/$€£-]", value) is not None
    if match.group("quote"):
        return looks_random or is_password or (" " not in value and len(value) >= 12)
    if match.group("sign"):
        if not set(match.group("sign")) & set(":=：>"):  # the next cell or line
            return looks_random and not _is_words(value)
        ends_line = text[match.end() : match.end() + 2].strip(" \t") in ("", "\n", "\r\n") or (
            match.end() == len(text)
        )
        alone = ends_line and is_password and len(value) >= 4
        return looks_random or alone or _is_odd(value) or (len(value) >= 6 and value.isdigit())
    if match.group("verb"):
        return looks_random or _is_odd(value)
    return looks_random and len(value) >= 6 and not _is_words(value)


def _has_digit(value: str) -> bool:
    return any(each.isdigit() for each in value)


def _is_odd(value: str) -> bool:
    """Whether a word has what prose has not: capitals inside, or signs other than hyphens and apostrophes."""
    return bool(re.search(r"[a-z][A-Z]|[#$%^&*+=|~@!?\\]\w|[#$%^&*+=|~]", value))


def _is_words(value: str) -> bool:
    """Whether a token is words with hyphens or underscores, perhaps with a short number: a file's or setting's name."""
    parts = [part for part in re.split(r"[-_/+=]", value) if part]
    return all(part.isalpha() or (part.isdigit() and len(part) <= 4) for part in parts)


def _is_mixed(value: str) -> bool:
    return (
        _has_digit(value)
        and any(each.isupper() for each in value)
        and any(each.islower() for each in value)
    )


def entropy(value: str) -> float:
    """Return the Shannon entropy of a text's characters, in bits; 0 for an empty one."""
    total = len(value)
    return -sum(count / total * log2(count / total) for count in Counter(value).values())
