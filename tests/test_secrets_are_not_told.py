"""No secret is told: what watches over the whole suite finds each kind, and nothing of ours shows one by itself."""

import dataclasses
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import confidential
import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr, ValidationError
from surroundings import RUN_VARIABLE, environment

import grid
import monitor
import turbine
from grid.errors import SettingsError
from grid.settings import BrokerSettings, Settings
from monitor.access.json_web_tokens import Claims, JsonWebTokens, TokenKind
from monitor.secure.passwords import mosquitto_hash, new_password

FIXTURES = Path(__file__).parent / "fixtures"
FAILED = 1

SECRET_NAMES = ("password", "secret", "token", "cookie", "ticket", "hash", "authorization")
NO_SECRETS = ("token_id", "token_file", "password_file")
"""Not `key` either: there are keys of tables, of icons and of orders. The one that signs is no field of a dataclass."""


def made() -> dict[str, str]:
    """A secret of each kind that our programs make."""
    claims = Claims("anna", "t-1", 0, 1, {})
    return {
        "a private key": "-----BEGIN PRIVATE " + f"KEY-----\n{'A' * 64}\n",
        "a JSON Web Token": JsonWebTokens(os.urandom(32)).sign(TokenKind.SESSION, claims),
        "a password for the broker": new_password(),
        "the hash of a person's password": PasswordHasher(1, 8, 1).hash("whatever it is"),
        "the hash of a password for the broker": mosquitto_hash("whatever it is"),
    }


@pytest.mark.parametrize("kind", [kind for kind, _, _ in confidential.FORMS])
def test_what_our_programs_make_is_recognised(kind: str) -> None:
    assert confidential.secrets_in(f"said {made()[kind]} and no more".encode()) == {kind}
    assert confidential.secrets_in(b"a key, a token, $7$, eyJ, argon2 and a password") == set()


def test_a_file_for_others_that_tells_a_secret_is_found_and_a_private_one_teaches_it(tmp_path: Path) -> None:
    random_word = os.urandom(16).hex()
    kept, log, private = tmp_path / "http-key", tmp_path / "monitor.log", tmp_path / "client.key"
    for path, text in ((kept, random_word), (log, f"signed with {random_word}"), (private, made()["a private key"])):
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
    assert confidential.look_into(tmp_path) == ["a secret of a test stands in monitor.log"]
    private.chmod(0o644)
    log.unlink()
    os.utime(private, (1, 1))
    assert confidential.look_into(tmp_path) == ["a private key stands in client.key"]


FAILING = (
    "prints",
    "logs",
    "raises",
    "raises_more_than_a_secret",
    "warns",
    "starts_a_program",
    "starts_a_program_that_starts_one",
)
TELLING = """
import logging, subprocess, sys, warnings
import pytest
from monitor.secure.passwords import new_password

SECRET = new_password()

def test_prints():
    print(SECRET)

def test_logs():
    logging.getLogger("x").warning("signed in with %s", SECRET)

def test_raises():
    raise ValueError(SECRET)

def test_raises_more_than_a_secret():
    print("signed in with", SECRET)
    print("what was seen before")
    assert 6 * 7 == 43

def test_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.warn(SECRET)

def test_writes(tmp_path):
    (tmp_path / "grid.log").write_text(f"signed in with {SECRET}")

def test_starts_a_program():
    subprocess.run([sys.executable, "-c", "", SECRET])

def test_starts_a_program_that_starts_one():
    subprocess.run(["sh"], input=f"sh -c 'sleep 1; : {SECRET}'", text=True)

def test_is_silent(tmp_path):
    (tmp_path / "password").write_text(SECRET)
"""


def test_a_test_that_tells_a_secret_fails_whatever_way_it_takes(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TELLING, encoding="utf-8")
    options = ("-rA", "-p", "confidential", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", tmp_path)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, tmp_path],
        env=environment() | {"PYTHONPATH": str(FIXTURES), RUN_VARIABLE: "inner"},  # not ours to look at
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    became = {name: result for result, name in re.findall(r"^([A-Z]+) \S+::test_(\w+)", run.stdout, re.MULTILINE)}
    assert became == dict.fromkeys(FAILING, "FAILED") | {
        "writes": "ERROR",
        "is_silent": "PASSED",
    }
    assert not confidential.secrets_in(f"{run.stdout}{run.stderr}".encode())
    assert "assert (6 * 7) == 43" in run.stdout  # how it failed is still to be seen
    assert "what was seen before" in run.stdout


def test_a_private_key_is_recognised_in_a_report_and_in_a_repr() -> None:
    key = made()["a private key"]
    for text in (repr({"key": key}), "\n".join(f"E   {line}" for line in key.splitlines())):
        assert confidential.secrets_in(text.encode()) == {"a private key"}
        assert "A" * 16 not in confidential.without_secrets(f"before\n{text}\nafter")


# --- what is ours shows no secret by itself


def modules_of(package: str) -> Iterator[object]:
    """All modules of a program, but those that only say how to start it."""
    root = importlib.import_module(package)
    yield root
    for found in pkgutil.walk_packages(root.__path__, f"{package}."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def classes() -> dict[str, type]:
    """All classes of ours, by their full name."""
    return {
        f"{kind.__module__}.{kind.__qualname__}": kind
        for package in (grid, turbine, monitor)
        for module in modules_of(package.__name__)
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__.startswith(("grid", "turbine", "monitor"))
    }


def holds_a_secret(name: str) -> bool:
    words = name.lower().split("_")
    return any(word in SECRET_NAMES for word in words) and not any(harmless in name for harmless in NO_SECRETS)


def test_no_dataclass_shows_a_secret_in_its_repr() -> None:
    shown = [
        f"{name}.{field.name}"
        for name, kind in classes().items()
        if dataclasses.is_dataclass(kind)
        for field in dataclasses.fields(kind)
        if holds_a_secret(field.name) and field.repr and field.type in (str, bytes, "str", "bytes", str | None)
    ]
    assert shown == []


def settings_classes() -> list[type[Settings]]:
    return [kind for kind in classes().values() if issubclass(kind, Settings)]


def test_every_setting_that_is_a_secret_is_kept_as_one() -> None:
    plain = [
        f"{kind.__name__}.{name}"
        for kind in settings_classes()
        for name, field in kind.model_fields.items()
        if holds_a_secret(name) and field.annotation not in (SecretStr, SecretStr | None)
    ]
    assert plain == []


@pytest.mark.parametrize("kind", settings_classes(), ids=lambda kind: kind.__name__)
def test_no_settings_tell_a_password_when_they_are_shown_or_refused(
    kind: type[Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = new_password()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRID_PASSWORD", secret)
    settings = kind.load({})
    assert secret not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    for wrong in ({"broker_port": secret}, {"password": [secret]}, {secret: 1}, {"data_dir": {secret: 1}}):
        try:
            kind.load(wrong)
        except (SettingsError, ValidationError) as error:
            said = f"{error} {error!r}"
            assert secret not in said or secret in wrong  # the name of a key is no secret


def test_a_broker_shows_no_password() -> None:
    broker = BrokerSettings.load({"password": new_password()}).broker()
    assert broker.password
    assert broker.password not in f"{broker!r} {broker}"
