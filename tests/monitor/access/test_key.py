"""The file of the key that signs."""

import os
import threading
from pathlib import Path

import pytest

from grid.errors import SettingsError
from monitor.access.key import SHORTEST_KEY, read_key


def test_a_key_is_made_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "key"
    key = read_key(path)
    assert len(key) >= SHORTEST_KEY
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key(path) == key
    assert [file.name for file in path.parent.iterdir()] == ["key"]


def test_no_two_keys_are_alike(tmp_path: Path) -> None:
    assert len({read_key(tmp_path / str(number)) for number in range(20)}) == 20


def test_whoever_asks_at_once_gets_the_same_key(tmp_path: Path) -> None:
    found: list[bytes] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        found.append(read_key(tmp_path / "key"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize("content", [b"", b"short", bytes(range(31)), b"a" * 64, bytes(range(256)) * 17])
def test_a_weak_key_is_refused_without_being_quoted(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="remove the file to have one made") as refused:
        read_key(path)
    assert content[:8].decode() not in str(refused.value).replace(str(path), "") or not content


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o660, 0o602])
def test_a_key_that_others_may_read_is_refused_with_what_mends_it(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    read_key(path)
    path.chmod(mode)
    with pytest.raises(SettingsError, match=f"chmod 600 {path}"):
        read_key(path)


def test_a_key_that_an_orchestrator_mounts_for_a_group_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "key"
    read_key(path)
    path.chmod(0o440)
    assert read_key(path)


def test_a_folder_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Is a directory"):
        read_key(tmp_path)


def test_nobody_waits_for_a_key_from_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key", 0o600)
    with pytest.raises(SettingsError, match="is no file"):
        read_key(tmp_path / "key")
