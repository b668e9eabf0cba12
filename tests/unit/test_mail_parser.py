"""Mails: headers, the body that a reader sees, names of attachments, and what cannot be read."""

import time
from email.message import EmailMessage

import pytest

from core.errors import ParseError
from ingest.parsers.mail_parser import parse_eml


def mail(text="Hello\n\nBye", **headers):
    message = EmailMessage()
    message["From"] = "Ann <ann@x.org>"
    message["Subject"] = headers.pop("Subject", "Plan")
    for name, value in headers.items():
        message[name] = value
    message.set_content(text)
    return message


def parsed(message):
    return parse_eml(bytes(message), "mails/a.eml")


def reason(content):
    with pytest.raises(ParseError) as caught:
        parse_eml(content, "a.eml")
    return caught.value.reason


def test_headers_come_first_and_are_metadata():
    document = parsed(mail(To="bo@x.org", Date="Tue, 01 Oct 2024 12:34:56 -0500"))
    assert [e.plain for e in document.elements] == [
        "From: Ann <ann@x.org>\nTo: bo@x.org\nDate: Tue, 01 Oct 2024 12:34:56 -0500\nSubject: Plan",
        "Hello",
        "Bye",
    ]
    assert document.title == "Plan"
    assert document.metadata == {
        "from": "Ann <ann@x.org>",
        "to": "bo@x.org",
        "sent": "2024-10-01T12:34:56-05:00",
        "subject": "Plan",
    }


def test_encoded_headers_and_bodies_are_decoded():
    content = (
        "Subject: =?iso-8859-1?q?Gr=FC=DFe?= aus =?utf-8?b?S8O2bG4=?=\r\n"
        'Content-Type: text/plain; charset="iso-8859-1"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\nStra=DFe"
    )
    document = parse_eml(content.encode(), "a.eml")
    assert document.title == "Grüße aus Köln"
    assert document.elements[-1].plain == "Straße"


def test_plain_text_is_preferred_to_html():
    message = mail("The plain words of this mail.")
    message.add_alternative("<h1>Big</h1><p>Styled</p>", subtype="html")
    document = parsed(message)
    assert "Styled" not in document.text
    assert "plain words" in document.text


def test_html_is_read_where_the_plain_text_says_nothing():
    message = mail(" ")
    message.add_alternative("<h1>Big</h1><p>Styled</p>", subtype="html")
    document = parsed(message)
    assert ("heading", "Big") in [(e.kind, e.plain) for e in document.elements]
    assert document.title == "Plan"


def test_attachments_are_listed_and_not_read():
    message = mail()
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    message.add_attachment("secret words", filename="b.txt")
    document = parsed(message)
    assert document.elements[-1].plain == "Attachments: a.pdf, b.txt"
    assert "secret" not in document.text


def test_a_mail_inside_a_mail_is_read_in_its_place():
    message = mail()
    message.add_attachment(mail("Inner text", Subject="Inner"))
    document = parsed(message)
    assert document.text.index("Bye") < document.text.index("Subject: Inner")
    assert "Inner text" in document.text


@pytest.mark.parametrize("depth", [200, 400])
def test_mails_nested_without_end_end_in_a_second(depth):
    nested = b"From: b@c\nSubject: y\nContent-Type: message/rfc822\n\n" * depth
    started = time.process_time()
    document = parse_eml(nested + b"From: c@d\n\nhello\n", "a.eml")
    assert document.text.count("Subject: y") == 6
    assert time.process_time() - started < 1


def test_signed_mails_are_read_without_the_signature():
    content = (
        b'From: a@b\nContent-Type: multipart/signed; boundary="x"\n\n--x\n\nSigned words\n--x\n'
        b"Content-Type: application/pkcs7-signature; name=smime.p7s\n\nMIIB\n--x--\n"
    )
    document = parse_eml(content, "a.eml")
    assert [e.plain for e in document.elements] == ["From: a@b", "Signed words"]


@pytest.mark.parametrize(
    "kind",
    [
        'multipart/encrypted; boundary="x"',
        "application/pkcs7-mime; smime-type=enveloped-data",
        "text/plain\n\n-----BEGIN PGP MESSAGE-----",
    ],
)
def test_encrypted_mails_are_named_as_such(kind):
    assert reason(f"From: a@b\nContent-Type: {kind}\n\nabc".encode()) == "encrypted"


def test_a_mail_wrapped_in_its_signature_is_unsupported():
    content = b"From: a@b\nContent-Type: application/pkcs7-mime; smime-type=signed-data\n\nMIIB"
    assert reason(content) == "unsupported"


def test_a_file_without_headers_is_corrupt():
    assert reason(b"just some words\n") == "corrupt"


def test_endless_encoded_headers_end_at_once():
    started = time.process_time()
    parse_eml(b"Subject: " + b"=?utf-8?q?a?= " * 200_000 + b"\n\nx", "a.eml")
    assert time.process_time() - started < 2


def test_a_date_that_cannot_be_read_is_shown_and_not_kept():
    document = parsed(mail(**{"X-Other": "1"}))
    assert "sent" not in document.metadata
    odd = parse_eml(b"Date: someday\nSubject: x\n\nhi", "a.eml")
    assert "Date: someday" in odd.text
    assert "sent" not in odd.metadata


def test_a_field_of_thousands_of_parameters_keeps_its_first_word() -> None:
    field = "text/html; " + ";" * 20_000
    mail = f"Subject: Pumps\nContent-Type: {field}\n\n<p>The <b>pump</b> stands still.</p>\n"
    document = parse_eml(mail.encode(), "a.eml")
    assert "The pump stands still." in document.text
    assert "<b>" not in document.text
