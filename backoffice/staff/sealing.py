"""Personal data is sealed field by field (AES-256-GCM) under a key that lies outside the database.

A sealed text names the key that it was sealed with, and is bound to its place: table, column and row. One that is
copied to another row, or changed, does not open. The key file, `backoffice.key` in the data directory, is the owner's
alone; its last key seals, and those before it still open what was sealed with them. Whoever has it open sees that it
was changed. Whoever loses the file loses the personal data: keep a copy apart from those of the database.
"""

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from backoffice.errors import KeyFault
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from engine.whole_files import write_beside_others

KEY_FILE: Final = "backoffice.key"
KEY_BYTES: Final = 32
MASK: Final = "•••"
"""What is shown in place of personal data; it does not tell how much there is."""
_NONCE_BYTES: Final = 12
_ID_CHARS: Final = 8
_MARK: Final = "sealed"
KEY_ID_SPAN: Final = (len(_MARK) + 2, _ID_CHARS)
"""Where in a sealed text the id of its key begins, counted from 1, and how long it is."""
_PURPOSE: Final = b"fondaco personal data\x00"


class Sealed(TypeDecorator[str]):
    """A column of sealed texts. A text that is not sealed never gets into it.

    `row`: the columns that name the row in what its texts are bound to (`place`); they must not change.
    """

    impl = Text
    cache_ok = True

    def __init__(self, *row: str) -> None:
        super().__init__()
        self.row = row

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        assert value is None or value.startswith(f"{_MARK}."), "personal data that is not sealed"
        return value


def place(table: str, column: str, *row: object) -> str:
    """Return what a sealed text is bound to."""
    return "/".join((table, column, *map(str, row)))


class Sealer:
    """Seals texts under the newest key of a file, and opens what any of its keys has sealed."""

    __slots__ = ("_ciphers", "_newest", "_path", "_version")

    def __init__(self, path: Path) -> None:
        """The file is read when it is first needed, and again when it has changed."""
        self._path = path
        self._version: tuple[int, ...] = ()
        self._ciphers: dict[str, AESGCM] = {}
        self._newest = ""

    def seal(self, text: str, context: str) -> str:
        """Return a text as the database may hold it, bound to where that is (`place`). Raise `KeyFault`."""
        cipher = self._read()[self._newest]
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = cipher.encrypt(nonce, text.encode(), _PURPOSE + context.encode())
        return f"{_MARK}.{self._newest}.{base64.b64encode(nonce + sealed).decode('ascii')}"

    def open(self, sealed: str, context: str) -> str:
        """Return what was sealed. Raise `KeyFault` if its key is not there, or it is not what was sealed here."""
        key_id, raw = _parts(sealed, context)
        cipher = self._read().get(key_id)
        if cipher is None:
            raise KeyFault(
                f"{context}: sealed with key {key_id}, which {self._path} does not have; "
                "bring back the key file that belongs to this database"
            )
        try:
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _PURPOSE + context.encode()).decode()
        except InvalidTag as error:
            raise KeyFault(f"{context}: the sealed text has been changed, or was sealed for another place") from error

    def shown(
        self, actor: Actor, sealed: str | None, context: str, needs: Permission = Permission.SEE_PERSONAL_DATA
    ) -> str:
        """Return what is sealed as somebody may see it: masked, unless they may see such. Empty if there is none."""
        if sealed is None:
            return ""
        return self.open(sealed, context) if actor.may(needs) else MASK

    @property
    def keys(self) -> list[str]:
        """The ids of all keys, the oldest first. Raise `KeyFault`."""
        return list(self._read())

    @property
    def newest(self) -> str:
        """The id of the key that seals. Raise `KeyFault`."""
        self._read()
        return self._newest

    @property
    def newest_mark(self) -> str:
        """What all texts begin with that are sealed with that key. Raise `KeyFault`."""
        return f"{_MARK}.{self.newest}."

    def _read(self) -> dict[str, AESGCM]:
        version = _version_of(self._path)
        if version != self._version:
            keys = _read_keys(self._path)
            self._ciphers = {_id_of(key): AESGCM(key) for key in keys}
            self._newest = _id_of(keys[-1])
            self._version = version
        return self._ciphers


def make_key(path: Path) -> None:
    """Write a file with a new key, unless there is one. Raise `KeyFault` if it cannot be made."""
    if not path.exists():
        _write_keys(path, [secrets.token_bytes(KEY_BYTES)], replaces=False)


def add_key(path: Path) -> None:
    """Add a key, which from now on seals. Raise `KeyFault` if the file cannot be read or written."""
    _write_keys(path, [*_read_keys(path), secrets.token_bytes(KEY_BYTES)], replaces=True)


def keep_key(path: Path, key_id: str) -> None:
    """Take all keys but one out of a file. Raise `KeyFault` if the file cannot be read or written."""
    _write_keys(path, [key for key in _read_keys(path) if _id_of(key) == key_id], replaces=True)


def _parts(sealed: str, context: str) -> tuple[str, bytes]:
    mark, _, rest = sealed.partition(".")
    key_id, _, text = rest.partition(".")
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if mark != _MARK or len(raw) < _NONCE_BYTES:
        raise KeyFault(f"{context}: not a sealed text")
    return key_id, raw


def _id_of(key: bytes) -> str:
    return hashlib.sha256(_PURPOSE + key).hexdigest()[:_ID_CHARS]


def _version_of(path: Path) -> tuple[int, ...]:
    """Return what is another one when the file is another; nothing while it cannot be seen, as reading it tells why."""
    try:
        status = path.stat()
    except OSError:
        return (0,)
    return status.st_ino, status.st_mtime_ns, status.st_size


def _read_keys(path: Path) -> list[bytes]:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise KeyFault(f"{path}: others may read the key of personal data; let only its owner (chmod 600)")
            keys = [base64.b64decode(line, validate=True) for line in file.read().split()]
    except FileNotFoundError as error:
        raise KeyFault(
            f"{path}: the key of personal data is missing; `fondaco staff init` makes it for a new back office, "
            "for one that there is bring back its own"
        ) from error
    except OSError as error:
        raise KeyFault(f"{path}: the key of personal data cannot be read: {error.strerror or error}") from error
    except binascii.Error:
        keys = []
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise KeyFault(f"{path}: not a key of personal data: {KEY_BYTES} bytes in base64, one key a line")
    return keys


def _write_keys(path: Path, keys: Sequence[bytes], *, replaces: bool) -> None:
    """Write the file, whole and on disk or not at all; when it is new, another process may be first."""
    try:
        write_beside_others(path, b"".join(base64.b64encode(key) + b"\n" for key in keys), replaces=replaces)
    except OSError as error:
        raise KeyFault(f"{path}: the key of personal data cannot be written: {error.strerror or error}") from error


def sealed_columns(table: Any) -> dict[str, tuple[str, ...]]:  # noqa: ANN401 - a table of SQLAlchemy, of any kind
    """Return a table's sealed columns, and the columns that name the row for each."""
    return {column.name: column.type.row for column in table.columns if isinstance(column.type, Sealed)}
