"""A file is whole or not there."""

import os
import stat
from pathlib import Path

import pytest

from kzmonitor.files import private_folder, remove_abandoned, whole_file, write_whole


def test_it_is_its_owners_alone(tmp_path: Path) -> None:
    write_whole(tmp_path / "new" / "file", b"content")
    assert (tmp_path / "new" / "file").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "new" / "file").stat().st_mode) == 0o600


def test_a_failure_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")
    with pytest.raises(TypeError):
        write_whole(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    left, young, others = (tmp_path / name for name in (".file.1.part", ".file.2.part", ".other.1.part"))
    for path in (left, young, others):
        path.write_bytes(b"half")
    os.utime(left, (0, 0))
    os.utime(others, (0, 0))
    with whole_file(tmp_path / "file") as file:
        file.write(b"content")
        file.flush()
        mine = next(path for path in tmp_path.iterdir() if path not in (left, young, others, tmp_path / "file"))
        os.utime(mine, (0, 0))
        remove_abandoned(tmp_path, ".file.", ".part")
    assert (tmp_path / "file").read_bytes() == b"content"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".file.2.part", ".other.1.part", "file"]


def test_a_private_folder_goes_with_what_killed_processes_left(tmp_path: Path) -> None:
    left = tmp_path / ".backup-1"
    left.mkdir()
    (left / "plain").write_bytes(b"secret")
    os.utime(left, (0, 0))
    with private_folder(tmp_path, "backup") as folder:
        assert [path.name for path in tmp_path.iterdir()] == [folder.name]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []
