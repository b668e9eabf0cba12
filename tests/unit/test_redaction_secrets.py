"""Secrets: keys by their form, passwords by the word before them; the words about passwords stay readable."""

import pytest

from app.privacy.redaction import Redactor


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor([])


# Made up for these tests; written in two parts so that scanners of repositories do not report them.
FORMS = [
    "AKIA" + "Q7R3C4NARY5TEST2", "gh" + "p_aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789", "github" + "_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPqRs",
    "xox" + "b-1234567890-abcdefghijkl", "sk" + "-proj-a1b2c3d4e5f6g7h8i9j0", "AI" + "zaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY", "gl" + "pat-a1b2c3d4e5f6g7h8i9j0",
    "sk" + "_live_a1b2c3d4e5f6g7h8", "ey" + "JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N", "S" + "G.aBcDeFgHiJkLmNoPqRsT.uVwXyZ0123456789aBcDeF",
    "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIEpAIBAAKCAQEAxyz\n-----END RSA PRIVATE KEY-----", "hooks.slack.com" + "/services/T000/B000/XXXXXXXX1234",
    "whsec" + "_a1b2c3d4e5f6g7h8i9j0",
]  # fmt: skip


@pytest.mark.parametrize("secret", FORMS)
def test_a_key_is_hidden_by_its_form(redactor: Redactor, secret: str) -> None:
    assert redactor.redact([f"It is {secret} now."]).texts == ("It is [SECRET_1] now.",)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("password: hunter2", "hunter2"),
        ("Password:\n  Sommer2024!", "Sommer2024"),
        ("| Password | hunter2 |", "hunter2"),
        ("The password for the VPN is Tr0ub4dor&3.", "Tr0ub4dor"),
        ("wifi password hunter2!", "hunter2"),
        ('the passphrase "correct horse battery"', "correct"),
        ("das Kennwort lautet: Geheim12", "Geheim12"),
        ("postgres://admin:s3cr3t@db.firma.example:5432/app", "s3cr3t"),
        ("Server=db;User Id=sa;Password=Pa55;", "Pa55"),
        ("https://x.example/?access_token=abc123def456ghi789jkl0&x=1", "abc123"),
        ("Authorization: Bearer abcdef0123456789abcdef", "abcdef0123"),
        ("client_secret = Q~8xyzAbC", "Q~8xyzAbC"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLE", "wJalr"),
        ("your PIN is 4711", "4711"),
        ("door code: 4711", "4711"),
        ("CVV 123", "123"),
    ],
)
def test_a_value_is_hidden_by_the_word_before_it(redactor: Redactor, text: str, value: str) -> None:
    redacted = redactor.redact([text]).texts[0]
    assert value not in redacted
    assert "[SECRET_1]" in redacted


@pytest.mark.parametrize(
    "text",
    [
        "Password: must be 12 characters",
        "The password is changed every 90 days",
        "Your password must be strong",
        "passwords: see the policy",
        "the secret santa party is on 2024",
        "tokens expire after 3600 seconds",
        "Set SLACK_TOKEN: SLACK_BOT_TOKEN in 1Password",
        "token: ${TOKEN}, $(cat token), <token>, ******",
        "pin 1 of the connector",
        "token=$(cat-7f3 file)",
        "Token: https://firma.example/docs/d/1P6nzAGfpTNysIi2FIcFY7mHXq0",
        "See https://firma.example/docs/token/d/1P6nzAGfpTNysIi2FIcFY7mHXq0",
        "The secret-management-handbook-2024 page",
    ],
)
def test_words_about_secrets_stay(redactor: Redactor, text: str) -> None:
    assert redactor.redact([text]).texts == (text,)


def test_a_key_that_a_passage_cuts_is_hidden_from_either_end(redactor: Redactor) -> None:
    body = "MIIEpAIBAAKCAQEAxyzMIIEpAIBAAKCAQEAxyz\n"
    begin, end = "-----BEGIN PRIVATE" + " KEY-----\n", "-----END PRIVATE" + " KEY-----"
    assert redactor.redact([begin + body]).texts == ("[SECRET_1]",)
    assert redactor.redact([f"Text.\n{body}{body}{end} on"]).texts == ("Text.\n[SECRET_1] on",)
