"""Sending by Apprise, to a real mail server and a real webhook."""

import logging

import pytest
from receivers import SECRET, MailServer, Webhook

from monitor.notifications import sender
from monitor.notifications.letters import Letter

LETTER = Letter(
    7, "grid-1-7", "crew", "critical", "CRITICAL: turbine 7 is broken", "Turbine 7 is broken (nord).\nSince …"
)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the process that sends. pytest would listen to a logger that is silenced, and show its URLs in reports."""
    sender.silence()
    monkeypatch.setattr(logging.getLogger("apprise"), "addHandler", lambda handler: None)


class Kept:
    """Receipts in memory."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def send(self, url: str) -> str | None:
        return sender.send(url, LETTER, accepted=self.keys.__contains__, accept=self.keys.append)


def test_an_email_has_its_words_and_an_identity_that_stays(mail: MailServer) -> None:
    assert (Kept().send(mail.url()), Kept().send(mail.url())) == (None, None)
    (to, first), (_, again) = mail.accepted
    assert to == ["crew@farm.example"]
    assert first["Subject"] == LETTER.title
    assert first["Message-ID"] == again["Message-ID"] == "<grid-1-7@127.0.0.1>"
    assert first["X-Grid-Notification"] == LETTER.key
    assert "Turbine 7 is broken (nord)." in first.as_string()


def test_a_webhook_gets_the_words_and_the_identity(hook: Webhook) -> None:
    assert Kept().send(hook.url) is None
    assert hook.ids == [LETTER.key]
    assert hook.accepted[0]["notification_id"] == LETTER.key
    assert (hook.accepted[0]["title"], hook.accepted[0]["message"]) == (LETTER.title, LETTER.body)


def test_of_several_addresses_each_gets_a_message_once(mail: MailServer) -> None:
    kept, url = Kept(), mail.url("ann@farm.example", "ben@farm.example")
    mail.refused = {"ben@farm.example"}
    assert kept.send(url) == "its mail server answered 550"
    mail.refused = set()
    assert kept.send(url) is None
    assert sorted(to for (to,), _ in mail.accepted) == ["ann@farm.example", "ben@farm.example"]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (500, "it answered 500 (Internal Server Error)"),
        (401, "it answered 401 (Unauthorized)"),
        (599, "it answered 599"),
    ],
)
def test_a_refusal_is_told_by_its_number(hook: Webhook, code: int, sentence: str) -> None:
    hook.answers_with = code
    assert Kept().send(hook.url) == sentence


def test_to_be_sent_on_is_no_receipt(hook: Webhook) -> None:
    hook.answers_with, hook.sends_on_to = 302, "/login"
    assert Kept().send(hook.url) == "it answered 302 (Found)"


def test_of_an_answer_without_end_only_the_beginning_is_read(hook: Webhook) -> None:
    hook.answers_at_length = 300_000_000
    assert Kept().send(hook.url) is None
    assert hook.answered_bytes < 50_000_000


def test_a_wrong_password_is_told_by_the_mail_servers_number(mail: MailServer) -> None:
    assert Kept().send(mail.url().replace(SECRET, "wrong")) == "its mail server answered 535"


def test_whoever_is_not_there_is_told_so(free_port: int) -> None:
    assert Kept().send(f"json://127.0.0.1:{free_port}/{SECRET}") == "it can't be reached, or did not answer in time"
    assert Kept().send(f"mailto://u:{SECRET}@127.0.0.1:{free_port}?from=a@b.example&to=a@b.example&mode=insecure") == (
        "it can't be reached, or did not answer in time"
    )


@pytest.mark.parametrize("url", [SECRET, f"nosuch://{SECRET}", f"mailto://{SECRET}", "", "json://"])
def test_a_url_that_means_nothing_is_told_without_it(url: str) -> None:
    assert Kept().send(url) == "its URL is none that Apprise understands"
    assert not sender.understands(url)


@pytest.mark.parametrize("code", [200, 403, 500])
def test_no_word_of_a_url_is_ever_said(hook: Webhook, capfd: pytest.CaptureFixture[str], code: int) -> None:
    hook.answers_with = code
    error = Kept().send(hook.url)
    out, err = capfd.readouterr()
    assert SECRET not in f"{error} {out} {err}"
    assert (out, err) == ("", "")
