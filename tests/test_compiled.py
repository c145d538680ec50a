"""The compiled modules do what their sources say: the same journals, messages and errors, byte for byte.

They are built into `build/compiled` when a source has changed, in a minute or two; the working tree is interpreted.
"""

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from bench.compiled import COMPILED, NotCompiled, build
from bench.venues import ROOT, environment
from engine.commands import AnyCommand
from engine.events import AnyEvent
from engine.journal import JournalReader
from engine.reject import RejectReason
from setup import COMPILED as LIST
from tests.engine.fuzz import Seen, count

MODULES = tuple(f"{package}.{module}" for package, modules in LIST.items() for module in modules)
INTERPRETED = (
    *(
        "answer_events",
        "balance_changes",
        "booking",
        "commands",
        "control",
        "control_server",
        "event",
        "events",
        "feed",
        "feed_server",
        "frames",
        "images",
        "overview",
        "profile",
        "reject",
        "remote",
        "rules",
        "session_events",
        "snapshot",
        "snapshotter",
    ),
    *("terms", "unix_socket", "whole_files"),
)
"""The engine's other modules; setup.py says why."""
TESTS = (
    *(
        f"tests/engine/test_{module}.py"
        for module in ("account", "book", "decimals", "determinism", "exchange", "house")
    ),
    *(
        f"tests/engine/test_{module}.py"
        for module in ("instrument", "journal", "matching", "order", "entry", "queries")
    ),
    *(f"tests/fixgw/test_{module}.py" for module in ("codec", "dictionary", "order_entry", "reports", "timestamps")),
    *(f"tests/fixgw/test_{module}.py" for module in ("session", "session_life", "session_logon", "validation")),
)
"""Tests that must pass compiled too. In other files classes are derived from compiled ones, which cannot be, or"""
REPLACING = ("tests/engine/test_journal.py::test_new_directories_are_durable",)
"""functions replaced, as in these: compiled modules call each other directly."""

RARE = 4
"""So many reasons may be too rare to come on a tape of this length; the fuzzer waits for them all."""

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def compiled() -> Path:
    try:
        return build()
    except NotCompiled as error:
        compiler = str(sysconfig.get_config_var("CC") or "cc").split()[0]
        if shutil.which(compiler) is None:
            pytest.skip(f"there is no C compiler here ({compiler})")
        pytest.fail(str(error))


def run(home: Path, *arguments: str, hash_seed: str = "0") -> str:
    """Return what Python prints, with our packages from `home` and tests from the working tree."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=home,
        env={**environment(home), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


# -------------------------------------------------------------------------------------------------- what is built


def test_each_module_of_the_list_is_compiled_and_no_other(compiled: Path) -> None:
    names = [f"{path.parent.name}.{path.stem}" for package in LIST for path in (ROOT / package).glob("[!_]*.py")]
    program = f"import importlib\nfor name in {names}: print(name, importlib.import_module(name).__file__)"
    found = dict(line.split(" ") for line in run(compiled, "-c", program).splitlines())
    assert {name for name, file in found.items() if file.endswith(".so")} == set(MODULES)
    assert {Path(file).parent.parent for file in found.values()} == {COMPILED}


def test_the_whole_engine_is_compiled_but_for_what_cannot_be() -> None:
    modules = {path.stem for path in (ROOT / "engine").glob("[!_]*.py")}
    assert modules - set(LIST["engine"]) == set(INTERPRETED)


@pytest.mark.parametrize("module", MODULES)
def test_no_compiled_class_has_options_in_its_head(module: str) -> None:
    """Mypyc drops them without a word: a struct would be neither frozen nor tagged."""
    source = ROOT / f"{module.replace('.', '/')}.py"
    tree = ast.parse(source.read_text(encoding="utf-8"))
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert [node.name for node in classes if node.keywords] == []


# ------------------------------------------------------------------------------------------------- the same bytes


@pytest.fixture(scope="module", params=("1", "2"))
def both(request: pytest.FixtureRequest, compiled: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """What `tests.both_ways` has written, interpreted and compiled, under different hash seeds."""
    seed: str = request.param
    directories = (tmp_path_factory.mktemp("interpreted"), tmp_path_factory.mktemp("compiled"))
    for home, directory, hash_seed in zip((ROOT, compiled), directories, ("1", "4711"), strict=True):
        told = run(home, "-m", "tests.both_ways", seed, str(directory), hash_seed=hash_seed)
        (directory / "state_hash").write_text(told, encoding="ascii")
    return directories


def test_the_same_commands_give_the_same_journal_and_state(both: tuple[Path, Path]) -> None:
    interpreted, compiled = both
    names = sorted(path.name for path in (interpreted / "journal").glob("*.journal"))
    assert len(names) > 1
    assert names == sorted(path.name for path in (compiled / "journal").glob("*.journal"))
    for name in names:
        assert (interpreted / "journal" / name).read_bytes() == (compiled / "journal" / name).read_bytes()
    assert (interpreted / "state_hash").read_text() == (compiled / "state_hash").read_text()


@pytest.mark.parametrize("name", ("refused.txt", "fix.txt", "conversions.txt"))
def test_the_same_input_gives_the_same_messages_and_errors(both: tuple[Path, Path], name: str) -> None:
    interpreted, compiled = ((directory / name).read_bytes().splitlines() for directory in both)
    for number, (expected, actual) in enumerate(zip(interpreted, compiled, strict=False)):
        assert expected == actual, f"line {number}"
    assert len(interpreted) == len(compiled)


def test_all_kinds_of_commands_events_and_rejections_have_been_compared(both: tuple[Path, Path]) -> None:
    seen: Seen = Counter()
    for record in JournalReader(both[0] / "journal").records():
        count(seen, record.command, record.events)
    assert {*get_args(AnyCommand), *get_args(AnyEvent)} - seen.keys() == set()
    assert len(set(RejectReason) - seen.keys()) <= RARE, "the tape of `tests.engine.tape` brings nearly all"


def test_a_journal_written_by_one_is_recovered_by_the_other(both: tuple[Path, Path], compiled: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from engine.recovery import recover; "
        "from engine.snapshot import state_hash; recovered = recover(Path(sys.argv[1])); "
        "print(state_hash(recovered.exchange.state, recovered.sequence))"
    )
    expected = (both[0] / "state_hash").read_text()
    assert run(ROOT, "-c", program, str(both[1])) == run(compiled, "-c", program, str(both[0])) == expected


def test_the_unit_tests_pass_compiled(compiled: Path) -> None:
    """Each module's own tests, run again on the compiled modules."""
    paths = [str(ROOT / path) for path in TESTS]
    options = [f"--rootdir={ROOT}", f"--config-file={ROOT / 'pyproject.toml'}", "--quiet", "-pno:cacheprovider"]
    deselected = [f"--deselect={name}" for name in REPLACING]
    run(compiled, "-m", "pytest", *options, "-o", f"pythonpath={compiled} {ROOT}", *deselected, *paths)


# --------------------------------------------------------------------------------------------------- the way back


def test_without_mypyc_the_build_is_an_interpreted_one(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden" / "mypyc"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('mypyc is hidden')\n", encoding="ascii")
    said = build_into(tmp_path, PYTHONPATH=str(hidden.parent))
    assert "fondaco: not compiled, all modules will be interpreted: mypyc is hidden" in said


def test_without_a_c_compiler_the_build_is_an_interpreted_one(tmp_path: Path) -> None:
    said = build_into(tmp_path, CC="no-such-compiler", LDSHARED="no-such-compiler")
    assert "fondaco: not compiled, all modules will be interpreted: " in said
    assert "no-such-compiler" in said


def build_into(directory: Path, **environment: str) -> str:
    """Build a copy of the sources as an installation would; return what was said. All of it must be interpreted."""
    copy = directory / "copy"
    copy.mkdir()
    for name in ("setup.py", "pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for package in ("engine", "fixgw", "backoffice", "config"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    done = subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build", "--build-base", str(directory / "build")],
        cwd=copy,
        env={**os.environ, "FONDACO_COMPILE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(directory.rglob("engine/book.py")) != [copy / "engine" / "book.py"], "the build holds the sources"
    assert not list(directory.rglob("*.so"))
    return done.stderr
