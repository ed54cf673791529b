"""A file sealed with OpenPGP, to a key or to a passphrase, and opened again."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pysequoia

from kzmonitor.errors import InputError
from kzmonitor.files import private_folder, whole_file
from kzmonitor.i18n import _

# The first bytes of an OpenPGP message: a packet's tag with the high bit set, or its ASCII form.
ARMOR = b"-----BEGIN PGP MESSAGE"


def is_sealed(path: Path) -> bool:
    """Whether the file is an OpenPGP message, as its first bytes tell."""
    with path.open("rb") as file:
        start = file.read(len(ARMOR))
    return start == ARMOR or bool(start and start[0] & 0x80)


def recipient(key_file: Path) -> pysequoia.Cert:
    """The public key in a file. Raises InputError when it holds none, or one that has been revoked."""
    content = key_file.read_bytes()
    try:
        key = pysequoia.Cert.from_bytes(content)
    except RuntimeError as error:  # the library raises nothing narrower
        raise InputError(_("{path}: no OpenPGP key").format(path=key_file)) from error
    if key.is_revoked:
        raise InputError(_("{path}: this key has been revoked").format(path=key_file))
    return key


def seal(plain: Path, path: Path, key: pysequoia.Cert | None, passphrase: str | None) -> None:
    """Write `plain`, sealed to `key` or `passphrase`, to `path` (mode 0600), which is whole or not there."""
    output = plain.with_name("sealed")
    try:
        pysequoia.encrypt_file(
            input=str(plain), output=str(output), recipients=[key] if key else [],
            passwords=[passphrase] if passphrase else [], armor=False,
        )  # fmt: skip
    except RuntimeError as error:  # the library raises nothing narrower
        raise InputError(_("it can't be sealed: {reason}").format(reason=str(error).strip().splitlines()[0])) from error
    with whole_file(path) as file, output.open("rb") as content:
        shutil.copyfileobj(content, file)


@contextmanager
def opened(path: Path, folder: Path, key_file: Path | None, passphrase: str | None) -> Iterator[Path]:
    """The content of a sealed file as a private file of `folder`, for the length of the block.

    Raises InputError when neither key nor passphrase opens it, or when one bit of it was changed."""
    with private_folder(folder, "opened") as private:
        plain = private / "plain"
        try:
            decryptor = None
            if key_file is not None:
                decryptor = pysequoia.Tsk.from_bytes(key_file.read_bytes()).decryptor(passphrase)
            pysequoia.decrypt_file(
                input=str(path), output=str(plain), decryptor=decryptor,
                passwords=[passphrase] if passphrase and decryptor is None else [],
            )  # fmt: skip
        except RuntimeError as error:  # the library raises nothing narrower
            raise InputError(
                _("{path}: it does not open: a wrong key or passphrase, or the file was changed").format(path=path)
            ) from error
        yield plain
