"""Files sealed with OpenPGP: opened by the right key or passphrase, by nothing else, and not when changed."""

from pathlib import Path

import pysequoia
import pytest

from kzmonitor.errors import InputError
from kzmonitor.store import sealed

CONTENT = "PK: кто смотрит и что нашёл".encode() * 1000


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    (tmp_path / "private").mkdir()
    (tmp_path / "private/plain").write_bytes(CONTENT)
    return tmp_path / "private/plain"


def content(path: Path, key: Path | None = None, passphrase: str | None = None) -> bytes:
    with sealed.opened(path, path.parent / "data", key, passphrase) as plain:
        assert plain.parent.stat().st_mode & 0o777 == 0o700
        return plain.read_bytes()


def test_to_a_passphrase(plain: Path, tmp_path: Path) -> None:
    sealed.seal(plain, tmp_path / "b", None, "гроза над степью")
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
    assert sealed.is_sealed(tmp_path / "b")
    assert not sealed.is_sealed(plain)
    assert content(tmp_path / "b", passphrase="гроза над степью") == CONTENT
    assert list((tmp_path / "data").iterdir()) == []
    with pytest.raises(InputError, match="does not open"):
        content(tmp_path / "b", passphrase="штиль")
    assert list((tmp_path / "data").iterdir()) == []


def test_to_a_key(plain: Path, tmp_path: Path) -> None:
    for name in ("desk", "other"):
        secret = pysequoia.Tsk.generate(f"{name} <{name}@example.org>")
        (tmp_path / f"{name}.public").write_text(str(secret.extract_certificate()))
        (tmp_path / f"{name}.secret").write_bytes(bytes(secret))
    sealed.seal(plain, tmp_path / "b", sealed.recipient(tmp_path / "desk.public"), None)
    assert CONTENT[:20] not in (tmp_path / "b").read_bytes()
    assert content(tmp_path / "b", tmp_path / "desk.secret") == CONTENT
    for wrong in ("other.secret", "desk.public"):
        with pytest.raises(InputError, match="does not open"):
            content(tmp_path / "b", tmp_path / wrong)


@pytest.mark.parametrize("place", [5, 200, -40, -1])
def test_one_changed_bit_is_found(plain: Path, tmp_path: Path, place: int) -> None:
    sealed.seal(plain, tmp_path / "b", None, "x")
    changed = bytearray((tmp_path / "b").read_bytes())
    changed[place] ^= 1
    (tmp_path / "b").write_bytes(changed)
    with pytest.raises(InputError):
        content(tmp_path / "b", passphrase="x")


def test_what_is_no_key_seals_nothing(plain: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"ssh-ed25519 AAAA")
    with pytest.raises(InputError, match="no OpenPGP key"):
        sealed.recipient(tmp_path / "key")
    with pytest.raises(InputError, match="can't be sealed"):
        sealed.seal(plain, tmp_path / "b", None, None)
    assert not (tmp_path / "b").exists()
