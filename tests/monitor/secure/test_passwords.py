"""Passwords for the broker, and what its password file says of them."""

import shutil
import subprocess
from pathlib import Path

from surroundings import missing

from monitor.secure.passwords import PREFIX, mosquitto_hash, new_password, password_file


def test_passwords_are_long_and_never_the_same() -> None:
    passwords = {new_password() for _ in range(100)}
    assert len(passwords) == 100
    assert all(password.startswith(PREFIX) and len(password) >= len(PREFIX) + 43 for password in passwords)


def test_the_same_password_has_another_hash_each_time() -> None:
    assert mosquitto_hash("grid") != mosquitto_hash("grid")


def test_a_hash_has_the_form_of_those_that_mosquitto_writes(tmp_path: Path) -> None:
    if shutil.which("mosquitto_passwd") is None:
        missing("mosquitto_passwd is not installed")
    theirs = tmp_path / "passwords"
    theirs.touch(mode=0o600)
    subprocess.run(["mosquitto_passwd", "-H", "sha512-pbkdf2", "-b", theirs, "7", "grid"], check=True, timeout=10)
    their_parts = theirs.read_text().strip().removeprefix("7:").split("$")
    our_parts = mosquitto_hash("grid").split("$")
    assert our_parts[:3] == their_parts[:3]
    assert [len(part) for part in our_parts] == [len(part) for part in their_parts]


def test_who_is_no_user_any_more_leaves_the_file_and_others_stay() -> None:
    assert password_file("1:one\n2:two\n\n", ["1", "3"], {"3": "three"}) == "1:one\n3:three\n"
    assert password_file("1:one\n", ["1"], {"1": "new"}) == "1:new\n"
