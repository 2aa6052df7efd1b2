"""Find who has signed a file, among people whose OpenPGP keys are known."""

import base64
import binascii
import re
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from buildmaster.files.packages import LARGEST_STANZA

ARMOR = re.compile(
    r"-----BEGIN PGP PUBLIC KEY BLOCK-----\s*\n(?:[^\n]+:[^\n]*\n)*\s*\n(?P<body>[A-Za-z0-9+/=\s]+?)"
    r"(?:\n=[A-Za-z0-9+/]{4})?\s*-----END PGP PUBLIC KEY BLOCK-----",
)
LIMIT = 30  # seconds


@dataclass(frozen=True)
class Signer:
    """An account with its key, armored."""

    account_id: int
    email: str
    key: str


@dataclass(frozen=True)
class Signed:
    """Who has signed a file, and what of it is signed: a file may have more before and after."""

    signer: Signer
    text: bytes


def binary_key(armored: str) -> bytes:
    """Return the keys of an armored text as gpgv wants them; empty where there is none."""
    try:
        return b"".join(base64.b64decode("".join(match["body"].split())) for match in ARMOR.finditer(armored))
    except binascii.Error:
        return b""


def signed_by(path: Path, signers: Iterable[Signer]) -> Signed | None:
    """Return what of the file is signed, and by whom; None where none of these people has signed it.

    OSError is raised where there is no gpgv to ask.
    """
    with tempfile.TemporaryDirectory(prefix="buildmaster-keys-") as folder:
        for signer in signers:
            text = _verified(path, signer, Path(folder))
            if text is not None:
                return Signed(signer, text)
    return None


def _verified(path: Path, signer: Signer, folder: Path) -> bytes | None:
    keyring, output = folder / "keyring.gpg", folder / "text"
    keyring.write_bytes(binary_key(signer.key))
    output.unlink(missing_ok=True)
    argv = ["gpgv", "--homedir", str(folder), "--keyring", str(keyring), "--output", str(output), str(path)]
    done = subprocess.run(argv, capture_output=True, timeout=LIMIT, check=False)
    if done.returncode or not output.is_file():
        return None
    with output.open("rb") as file:
        return file.read(LARGEST_STANZA)
