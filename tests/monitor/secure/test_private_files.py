"""Files for their owner only."""

import os
import stat
from pathlib import Path

import pytest

from monitor.secure.private_files import make_private_folder, write_private


def test_a_file_is_its_owners_alone_whatever_the_process_allows(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_private_folder(tmp_path / "folder")
        write_private(tmp_path / "folder" / "key", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "folder" / "key").stat().st_mode) == 0o600


def test_who_holds_the_old_file_open_reads_it_whole(tmp_path: Path) -> None:
    write_private(tmp_path / "rules", b"old")
    with (tmp_path / "rules").open("rb") as reading:
        write_private(tmp_path / "rules", b"new")
        assert reading.read() == b"old"
    assert (tmp_path / "rules").read_bytes() == b"new"


def test_a_file_that_can_not_be_put_there_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    with pytest.raises(OSError, match="rules"):
        write_private(tmp_path / "rules", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["rules"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_what_root_writes_belongs_to_whom_the_folder_belongs(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    make_private_folder(tmp_path / "folder")
    write_private(tmp_path / "folder" / "key", b"x")
    assert {path.stat().st_uid for path in (tmp_path / "folder", tmp_path / "folder" / "key")} == {12345}
