"""What pyproject.toml cannot say: the optional build of compiled modules.

    pip install .                       interpreted
    FONDACO_COMPILE=1 pip install .     compiled with mypyc, if that is possible here

mypyc translates the modules of `COMPILED`, as they stand, into one C library: the same source, the same journal bytes,
about half the time per order. Each is a file of C, and as many are compiled at a time as there are processors. The
other modules are interpreted either way. If mypyc or a C compiler is missing, or the build fails, a note says why and
the install is an interpreted one; pip shows the note with `-v`.
"""

import os
import shutil
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from setuptools import Extension, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext

COMPILED: Final = {
    "engine": (
        "account",
        "admission",
        "aftermath",
        "amending",
        "auction",
        "bands",
        "book",
        "canceling",
        "cash",
        "clock",
        "day_statistics",
        "decimals",
        "disconnecting",
        "due",
        "entry",
        "errors",
        "exchange",
        "fee_rates",
        "fee_schedules",
        "funds",
        "guard",
        "guarding",
        "heap",
        "holding",
        "house",
        "iceberg",
        "index_price",
        "instrument",
        "journal",
        "lists",
        "matching",
        "order",
        "pegs",
        "phases",
        "places",
        "protection",
        "publishing",
        "queries",
        "recovery",
        "replacing",
        "replays",
        "schedule",
        "requests",
        "self_trade",
        "sequencer",
        "sessions",
        "settlement",
        "starting",
        "timetable",
        "trade_queries",
        "instrument_queries",
        "state",
        "taking",
        "trailing",
        "transitions",
        "triggering",
        "triggers",
        "uncross",
        "values",
        "withdrawals",
    ),
    "fixgw": (
        "acceptor",
        "balances",
        "catching_up",
        "codec",
        "connection",
        "dictionary",
        "drop_copy",
        "due_timer",
        "errors",
        "groups",
        "instruments",
        "list_entry",
        "market_data_outbound",
        "market_entries",
        "market_messages",
        "market_publisher",
        "market_view",
        "order_entry",
        "order_gateway",
        "outbound",
        "outbound_index",
        "permissions",
        "phases",
        "playback",
        "public_market",
        "refusal",
        "rendering",
        "replay",
        "reports",
        "session",
        "sizes",
        "support",
        "terms",
        "throttle",
        "timestamps",
        "trade_capture",
        "securities",
        "validation",
        "version",
    ),
}
"""The modules that are compiled, by package. Those of the two packages that are not, and why:

- commands, event, events, answer_events, session_events, images, profile, rules, terms, frames, snapshot, delivery:
  they declare msgspec structs, with options in the head of the class (`frozen=True, tag=1`), which mypyc drops without
  a word. The first nine hold nothing else; to compile the functions of the others, tried with the structs moved out,
  changes no order's time, and recovery's by 7 %.
- reject (both): mypyc cannot build an enumeration that has a `__new__`. It is a table.
- lanes, quickfix_*: the one runs once at a start; the others derive from the classes of an extra without types.
- feed, feed_server, trading, market_data: mypyc has no asynchronous generators. They run beside the orders or once.
- control, control_server, overview, unix_socket, remote: they run when staff, or another host, asks for something.
- booking, balance_changes: they declare structs too, for what moves money, which is seldom, and for the books.
- snapshotter: it is run by `python -m`, which takes no compiled module.
- gateway: it is protocols, for the type checker.
- whole_files: it waits for the disk.
- market_data_gateway, market_data_request, new_passwords, session_numbers: they are for the requests of subscribers,
  which are few.
- initiator, other_hosts, seed, sources: the first is a client, the others run once at a start.
"""

LIBRARY: Final = "fondaco_compiled"
"""The C library, `fondaco_compiled__mypyc.*.so`. Each compiled module has a small file of its own that leads to it."""

HIDDEN: Final = "-fvisibility=hidden"
"""What the files of the library call of each other is nobody else's to replace, so that such calls are direct ones."""

WANTED: Final = os.environ.get("FONDACO_COMPILE", "0") not in ("", "0")

_COMPILING: Final = {"build", "build_ext", "bdist_wheel", "editable_wheel"}
"""The commands that lead to compiling. Before them, pip asks by `egg_info` what is needed."""


def note(reason: object) -> None:
    """Say that nothing is compiled, and why."""
    sys.stderr.write(f"fondaco: not compiled, all modules will be interpreted: {reason}\n")


def compiled_modules() -> list[Extension]:
    """Translate the modules to C, and return what is to be compiled; nothing, with a note, if they cannot be."""
    paths = [f"{package}/{module}.py" for package, modules in COMPILED.items() for module in modules]
    try:
        from mypyc.build import mypycify  # noqa: PLC0415 - needed for this alone

        found: list[Extension] = mypycify(
            ["--strict", *paths],
            opt_level="3",
            debug_level="0",
            multi_file=True,
            group_name=LIBRARY,
            target_dir="build/mypyc",
        )
    except ImportError as error:
        note(error)
    except SystemExit:  # mypyc has printed its errors
        note("mypyc does not take the sources")
    else:
        return found
    return []


def needed_for_compiling() -> list[str]:
    """Return what must be installed while modules are compiled: mypyc, and what its type checker reads."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["compile"]]


class Build(build):
    """Begins in an empty folder: what an earlier build left there would be installed too."""

    def run(self) -> None:
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


class BuildCompiled(build_ext):
    """Compiles all or nothing: a library that could not be built leaves no module behind that needs it."""

    extensions: list[Extension]

    def run(self) -> None:
        try:
            super().run()
        except Exception as error:  # noqa: BLE001 - whatever it is, the sources can be interpreted
            missing = error.filename if isinstance(error, FileNotFoundError) else None
            note(f"there is no C compiler; {missing} was looked for" if missing else error)
            for name in (self.get_ext_fullname(extension.name) for extension in self.extensions):
                Path(self.build_lib, self.get_ext_filename(name)).unlink(missing_ok=True)
            self.extensions = []

    def build_extension(self, extension: Extension) -> None:
        """Compile the files of an extension side by side, the largest first, and have them linked."""

        def objects_of(source: str) -> list[str]:
            found: list[str] = self.compiler.compile(
                [source],
                output_dir=self.build_temp,
                include_dirs=extension.include_dirs,
                extra_postargs=[*extension.extra_compile_args, HIDDEN],
            )
            return found

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for objects in pool.map(objects_of, sorted(extension.sources, key=os.path.getsize, reverse=True)):
                extension.extra_objects += objects
        extension.sources = []
        super().build_extension(extension)


if __name__ == "__main__":
    setup(
        ext_modules=compiled_modules() if WANTED and _COMPILING.intersection(sys.argv) else [],
        setup_requires=needed_for_compiling() if WANTED and "egg_info" in sys.argv else [],
        cmdclass={"build": Build, "build_ext": BuildCompiled},
    )
