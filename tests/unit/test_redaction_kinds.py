"""What is recognised: each kind by an example made for this test, beside what only looks like it."""

import pytest

from app.privacy.checksums import base58, cpf, dni, iban, insee, luhn, nhs, pesel
from app.privacy.redaction import Redactor


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor()


FOUND = {
    "EMAIL": [
        "o.nilsen+hr@mail.firma.example", "Ö.Nilsen@firma.example", "anna (at) firma (dot) example", "anna [at] firma.example",
    ],
    "PHONE": [
        "+49 30 5550 1234", "(415) 555-0132", "415.555.0132 x77", "Tel.:030 5550123", "call 5550132", "+1-555-010-9999", "07700 900 123",
        "fax 98765432",
    ],
    "CREDIT_CARD": ["4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009", "card 4111 1111 1111 1112"],
    "IBAN": ["DE89 3704 0044 0532 0130 00", "gb82west12345698765432", "IBAN: DE00 1234 1234 1234 1234 00"],
    "BANK_ACCOUNT": ["account number: 00123456789", "sort code 12-34-56", "SWIFT: DEUTDEFF500"],
    "CRYPTO": [
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "0x52908400098527886E0F7030069857D2E4169EE7",
    ],
    "US_SSN": ["219-09-9999", "SSN is 219 09 9999", "987-65-4320"],
    "NATIONAL_ID": [
        "QQ 12 34 56 C".replace("QQ", "AB"), "RSSMRA85T10A562S", "12345678Z", "529.982.247-25", "131052-308T", "44051401458",
        "tax ID: 86095742719", "patient no: A-12345",
    ],
    "DOCUMENT_ID": ["passport number C01X00T47", "driver's license: D1234567"],
    "DATE_OF_BIRTH": ["born on 3 May 1984", "DOB: 1984-05-03", "geboren am 03.05.1984"],
    "ADDRESS": [
        "221B Baker Street", "1600 Long Name Avenue, Suite 4", "Musterstraße 12", "12 rue de la Paix", "Rua do Ouro 123", "P.O. Box 1234",
        "Puruntie 82", "lives at 4 Privet Corner",
    ],
    "ZIP": ["ZIP: 90210", "postcode SW1A 1AA", "CA 94102", "PLZ 10115"],
    "IP_ADDRESS": ["10.20.30.40", "2001:db8::8a2e:370:7334", "00:1B:44:11:3A:B7"],
    "USERNAME": ["username: onilsen", "login is o.nilsen"],
    "LICENCE_PLATE": ["licence plate: B-AB 1234", "number plate is AB12 CDE"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in FOUND.items() for text in texts]
)
def test_a_value_is_found_in_a_sentence_as_what_it_is(
    redactor: Redactor, kind: str, text: str
) -> None:
    redaction = redactor.redact([f"Then: {text}, as said."])
    assert f"[{kind}_1]" in redaction.texts[0]


ORDINARY = [
    "Open from 12:30:45 to 17:00, room 12.", "In 2019-2021 we grew by 12.5 % to 12 345 678 euros.", "Use version 1.2.3.4 of it on 127.0.0.1.",
    "See section 4.1.2 and step 3 of 10.", "The limit is 4111111111111112 bytes.", "On 2024-05-03 12:00 the run 17 began.",
    "Chapter 12 says that 30 days are enough.", "Order 123456 for 20 people.", "via the network 1, @channel, a@b", "ratio 16:9 :: 3",
    "Spring 2024 and Monitoring 24 are in Unit 12.", "There are 20000 people in 300-1000 firms.",
    "The address is known to all.", "Your account has 3 users.", "Wait 3600 seconds.", "The number 5 is odd.",
]  # fmt: skip


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_numbers_stay(redactor: Redactor, text: str) -> None:
    assert redactor.redact([text]).texts == (text,)


def test_an_address_is_one_value_with_its_town_and_postcode(redactor: Redactor) -> None:
    texts = [
        "Write to 12 Long Street, Suite 4, Springfield, IL 62704 soon.",
        "12 Long Street\nSuite 4\nSpringfield\nIL 62704\nPhone",
    ]
    assert redactor.redact(texts).texts == ("Write to [ADDRESS_1] soon.", "[ADDRESS_2]\nPhone")


@pytest.mark.parametrize(
    ("check", "right"),
    [
        (luhn, "4111111111111111"), (iban, "DE89370400440532013000"), (cpf, "52998224725"), (nhs, "9434765919"), (pesel, "44051401458"),
        (insee, "255081416802538"), (dni, "12345678Z"), (base58, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ],
)  # fmt: skip
def test_a_check_digit_is_right_for_one_number_and_wrong_for_the_next(check, right: str) -> None:
    assert check(right)
    at = 5
    wrong = (
        right[:at] + str((int(right[at]) + 1) % 10 if right[at].isdigit() else 2) + right[at + 1 :]
    )
    assert not check(wrong)
