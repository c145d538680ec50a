"""The compiled venue: these very sources built with mypyc into `build/compiled`, while the working tree is interpreted.

It is built once and kept until a source changes. `interpreted` and `compiled` are what both are called here; a process
runs the one or the other by the folder that its modules come from.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from bench.venues import ROOT

COMPILED: Final = ROOT / "build" / "compiled"
LOG: Final = ROOT / "build" / "compiled.log"
NOTE: Final = "fondaco: not compiled, all modules will be interpreted: "
"""With this begins the line in which setup.py says why."""

_PACKAGES: Final = ("engine", "fixgw", "backoffice", "config")
_DIGEST: Final = "sources.sha256"
_BUILD_S_MAX: Final = 600.0


class NotCompiled(Exception):
    """There is no compiled venue here; the text says why."""


def build() -> Path:
    """Return the folder of the compiled venue, built if need be: a minute or two. Raise `NotCompiled`."""
    digest = _digest()
    with _alone():
        if not _is_current(digest):
            _install(digest)
    return COMPILED


def is_interpreted(home: Path) -> bool:
    """Tell whether the modules in a folder are all interpreted."""
    return not any(home.glob("fondaco_compiled__mypyc.*"))


def _digest() -> str:
    """Return a digest of all that the build is made from."""
    digest = hashlib.sha256(f"{sys.version} mypy {_mypy_version()}".encode())
    sources = [source for package in _PACKAGES for source in (ROOT / package).rglob("*") if source.suffix != ".so"]
    for path in [ROOT / "setup.py", ROOT / "pyproject.toml", *sorted(sources)]:
        if path.is_file() and path.parent.name != "__pycache__":
            data = path.read_bytes()
            digest.update(f"{path.relative_to(ROOT)} {len(data)}\n".encode() + data)
    return digest.hexdigest()


def _is_current(digest: str) -> bool:
    try:
        return (COMPILED / _DIGEST).read_text(encoding="ascii") == digest
    except FileNotFoundError:
        return False


def _install(digest: str) -> None:
    """Install into a folder of its own, which takes the place of the last one when all is there."""
    draft = COMPILED.with_suffix(".draft")
    for folder in (draft, COMPILED):
        shutil.rmtree(folder, ignore_errors=True)
    options = ["--verbose", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--target", str(draft)]
    with LOG.open("wb") as log:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", *options, "."],
            cwd=ROOT,
            env={**os.environ, "FONDACO_COMPILE": "1"},
            stdout=log,
            stderr=log,
            timeout=_BUILD_S_MAX,
            check=False,
        )
    if done.returncode or is_interpreted(draft):
        raise NotCompiled(_reason())
    (draft / _DIGEST).write_text(digest, encoding="ascii")
    draft.rename(COMPILED)


def _reason() -> str:
    lines = [line.strip() for line in LOG.read_text(encoding="utf-8", errors="replace").splitlines()]
    notes = [line.removeprefix(NOTE) for line in lines if line.startswith(NOTE)]
    return f"{notes[-1] if notes else 'the build failed'} (all of it: {LOG.relative_to(ROOT)})"


def _mypy_version() -> str:
    try:
        return version("mypy")
    except PackageNotFoundError:
        return "-"


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process build at a time."""
    LOG.parent.mkdir(exist_ok=True)
    with LOG.with_suffix(".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
