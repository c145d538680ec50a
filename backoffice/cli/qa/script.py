"""Reads scripts: lines of text in, statements out. `spec/qa-scripts.md` documents the language.

A script is read whole before anything of it is done, for one version of FIX, with the names that the run gives values
to. What cannot be read is told with its file and line, and with what would be right.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from backoffice.cli.qa import statements as said
from backoffice.cli.qa.items import items_of
from backoffice.cli.qa.lines import SUFFIX, Line, lines_of
from backoffice.cli.qa.values import BadValue, Value, duration_s, literal, parse_value

VERSIONS: Final = ("FIX.4.2", "FIX.4.4", "FIXT.1.1")
ROLES: Final = ("order-entry", "drop-copy", "market-data", "read-only")
OF_ROLE: Final = ("drop-copy", "market-data")
"""Roles by which a script may name a session: the run says which session that is."""
OF_SESSION: Final = frozenset(("sender", "target", "version", "in", "out"))
"""Names that each session has a value for: CompIDs, BeginString, the next MsgSeqNum to come in and to go out."""
_MOVING: Final = frozenset(("in", "out"))
OF_RUN: Final = frozenset(("run", "appl_version"))
"""Names that are always there: a word that no other run has, and DefaultApplVerID as the version needs it."""

STATEMENTS_MAX: Final = 100_000
REPEATS_MAX: Final = 10_000
DEPTH_MAX: Final = 8

_SESSION: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_TAG: Final = re.compile(r"[0-9]{1,9}")
_NAME: Final = re.compile(r"[a-z_][A-Za-z0-9_]*")
_BAR: Final = re.compile(r"\\.|\|")
_FOR_VERSIONS: Final = re.compile(r"\[([^\]]*)\]\s*(.*)", re.DOTALL)

Found = list[said.Statement]


class _Reader:
    """Reads one script and what it uses."""

    def __init__(self, path: Path, version: str, known: frozenset[str]) -> None:
        self.path = path
        self.version = version
        self.given = {name for name in known if "." not in name}
        """What the run gives a value for all sessions, so that no `let` is needed."""
        self.known = {name.rpartition(".")[2] for name in known} | OF_RUN | OF_SESSION
        self.title = path.stem
        self.versions: frozenset[str] = frozenset()
        self.roles: frozenset[str] = frozenset()
        self.tags: frozenset[str] = frozenset()
        self.sessions: dict[str, said.Session] = {}
        self.is_ordered = False
        self.ignored: frozenset[str] = frozenset()
        self.speaker = ""
        """Who speaks in lines that name no session: the user of the file that is being read."""
        self.depth = 0
        self.words: dict[str, Callable[[Line], Found]] = {
            "title": self._title,
            "requires": self._requires,
            "tags": self._tags,
            "session": self._session,
            "let": self._let,
            "step": lambda line: [said.Step(line.place, line.text)],
            "wait": lambda line: [said.Wait(line.place, duration_s(line.text))],
            "within": self._within,
            "maybe": lambda line: self._loosely(line, "maybe", said.if_it_comes),
            "until": lambda line: self._loosely(line, "until", said.when_it_comes),
            "compare": self._compare,
            "ignore": self._ignore,
        }
        self.verbs: dict[str, Callable[[Line, str], Found]] = {
            "connect": lambda line, session: [said.Connect(line.place, session)],
            "disconnect": lambda line, session: [said.Disconnect(line.place, session)],
            "reconnect": lambda line, session: [
                said.Disconnect(line.place, session),
                said.Connect(line.place, session),
            ],
            "quiet": lambda line, session: [said.Quiet(line.place, session, duration_s(line.text))],
            "skip": lambda line, session: [said.Skip(line.place, session, frozenset(line.text.split()))],
            "bytes": self._bytes,
            ">": lambda line, session: [said.Send(line.place, session, *self._message(line))],
            ">>": lambda line, session: [said.SendExactly(line.place, session, self._items(line, is_exact=True))],
            "<": self._expected,
            "disconnected": lambda line, session: [said.ExpectEnd(line.place, session, 0)],
        }

    def read(self) -> said.Script:
        statements = self._statements(lines_of(self.path))
        sessions = tuple(self.sessions.values()) or (said.Session("A", ()),)
        return said.Script(self.path, self.title, self.versions, self.roles, self.tags, sessions, tuple(statements))

    # Lines and blocks

    def _statements(self, lines: Iterator[Line], opened: Line | None = None) -> Found:
        """Return what the lines say, up to the end of them or of the block that `opened` opens."""
        found: Found = []
        for line in lines:
            word, rest = line.split()
            if word == "end":
                if opened is None:
                    raise line.error("this ends nothing", "`end` closes a `repeat`")
                return found
            found += self._repeat(line, rest, lines) if word == "repeat" else self._statement(line)
            if len(found) > STATEMENTS_MAX:
                raise line.error(f"there are more than {STATEMENTS_MAX:,} statements", "repeat less often")
        if opened is not None:
            raise opened.error("this has no end", "close it with a line that says `end`")
        return found

    def _repeat(self, line: Line, times: str, lines: Iterator[Line]) -> Found:
        if not times.isdecimal() or not 0 < int(times) <= REPEATS_MAX:
            raise line.error(f"{times!r} is not how often", f"write `repeat 3`, up to {REPEATS_MAX:,}")
        self.known.add("n")
        block = self._statements(lines, line)
        if int(times) * (len(block) + 1) > STATEMENTS_MAX:
            raise line.error(f"this makes more than {STATEMENTS_MAX:,} statements", "repeat less often")
        found: Found = []
        for number in range(1, int(times) + 1):
            found += (said.Let(line.place, "n", literal(str(number))), *block)
        return found

    def _statement(self, line: Line) -> Found:
        conditional = _FOR_VERSIONS.fullmatch(line.text)
        if conditional is None:
            return self._spoken(line)
        versions = self._versions(line, conditional[1])
        known = self.known.copy()
        found = self._spoken(line.after(conditional[2]))
        if self.version in versions:
            return found
        self.known = known
        return []

    def _spoken(self, line: Line) -> Found:
        try:
            word, rest = line.split()
            if word in self.words:
                return self.words[word](line.after(rest))
            return self._of_session(line, ("use", *self.verbs))
        except BadValue as error:
            raise line.error(str(error)) from error

    def _of_session(self, line: Line, allowed: tuple[str, ...]) -> Found:
        """Return what a line says that one session says or hears, if that is one of what is allowed."""
        verb, rest = line.split()
        session = ""
        if _SESSION.fullmatch(verb) is not None:
            session = verb
            verb, rest = line.after(rest).split()
        if verb not in allowed:
            what = f"{verb!r} is nothing that a session can do here" if session else f"{verb!r} begins no line"
            words = "" if len(allowed) < len(self.verbs) else f"{', '.join(self.words)}, repeat; or SESSION and "
            raise line.error(what, f"there are {words}{', '.join(sorted(allowed))}")
        if verb == "use":
            return self._use(line.after(rest), session)
        session = self._speaker(line, session)
        if rest and verb in {"connect", "disconnect", "reconnect", "disconnected"}:
            raise line.error(f"{rest!r} is too much here", f"`{session} {verb}` is all there is to say")
        return self.verbs[verb](line.after(rest), session)

    def _speaker(self, line: Line, session: str) -> str:
        """Return the session that a line is of."""
        if not session and self.speaker:
            return self.speaker
        if not session and len(self.sessions) > 1:
            raise line.error("there are several sessions", f"begin it with one of {', '.join(self.sessions)}")
        session = session or next(iter(self.sessions), "A")
        if not self.sessions and session == "A":
            self.sessions["A"] = said.Session("A", ())
        if session not in self.sessions:
            raise line.error(f"there is no session {session}", f"say `session {session}` above")
        return session

    # What is sent and expected

    def _message(self, line: Line, *, is_pattern: bool = False) -> tuple[Value, tuple[said.Item, ...]]:
        written, fields = line.split()
        if not written or "=" in written:
            raise line.error("the MsgType is missing", '`A > D 11=…`, or "" for an empty one')
        msg_type = literal("") if written == '""' else parse_value(written, is_pattern=is_pattern)
        return self._checked(line, msg_type), self._items(line.after(fields), is_pattern=is_pattern)

    def _expected(self, line: Line, session: str) -> Found:
        msg_type, items = self._message(line, is_pattern=True)
        expected = said.Expect(line.place, session, msg_type, items, 0, self.is_ordered, self.ignored)
        return [expected]

    def _bytes(self, line: Line, session: str) -> Found:
        text = _BAR.sub(lambda found: r"\x01" if found[0] == "|" else found[0], line.text)
        return [said.SendBytes(line.place, session, self._checked(line, parse_value(text)))]

    def _within(self, line: Line) -> Found:
        limit, rest = line.split()
        within_s = duration_s(limit)
        found = self._of_session(line.after(rest), ("<", "disconnected"))
        return [
            said.with_limit(statement, within_s) if isinstance(statement, said.Expect | said.ExpectEnd) else statement
            for statement in found
        ]

    def _loosely(self, line: Line, how: str, loosened: Callable[[said.Expect], said.Expect]) -> Found:
        word, rest = line.split()
        found = self._within(line.after(rest)) if word == "within" else self._of_session(line, ("<",))
        if not isinstance(found[0], said.Expect):
            raise line.error(f"`{how}` is for a message, not for an end", f"`{how} A < 5`, or `{how} within 5s A < 5`")
        return [loosened(found[0])]

    def _items(self, line: Line, *, is_pattern: bool = False, is_exact: bool = False) -> tuple[said.Item, ...]:
        if line.text.endswith("|") and not line.text.endswith("\\|"):
            raise line.error("the file ends behind a |", "a line that ends in | goes on in the next one")
        items = items_of(line.text, is_pattern=is_pattern, is_exact=is_exact)
        for item in items:
            if isinstance(item, said.Field):
                self._checked(line, item.value)
            elif isinstance(item, said.Spread):
                self._check_name(line, item.name)
        return items

    def _checked(self, line: Line, value: Value) -> Value:
        """Return a value, all of whose names are known; what it captures is known from here on."""
        for name in value.names():
            self._check_name(line, name)
        self.known.update(value.captures())
        return value

    def _check_name(self, line: Line, name: str) -> None:
        session, dot, own = name.rpartition(".")
        if dot and session not in self.sessions:
            raise line.error(f"{{{name}}}: there is no session {session}", f"say `session {session}` above")
        if own not in self.known:
            raise line.error(
                f"{{{name}}} has no value here",
                f"capture it with *{{{own}}}, say `let {own} = …`, or run with --set {own}=…; "
                f"known are {', '.join(sorted(self.known))}",
            )

    # Lines that speak for the whole script

    def _title(self, line: Line) -> Found:
        if self.depth == 0:
            self.title = line.text
        return []

    def _tags(self, line: Line) -> Found:
        if self.depth == 0:
            self.tags |= frozenset(line.text.split())
        return []

    def _requires(self, line: Line) -> Found:
        what, values = line.split()
        if what == "version":
            versions = self._versions(line, values)
            if self.versions and not self.versions & versions:
                raise line.error("no version is left", f"above, {', '.join(sorted(self.versions))} is required")
            self.versions = self.versions & versions or versions
        elif what == "role" and values and not set(values.split()) - set(ROLES):
            self.roles = frozenset(values.split())
        else:
            right = f"`requires version FIX.4.4`, or `requires role` and some of {', '.join(ROLES)}"
            raise line.error(f"{line.text!r} cannot be required", right)
        return []

    def _versions(self, line: Line, text: str) -> frozenset[str]:
        versions = text.split()
        unknown = [version for version in versions if version not in VERSIONS]
        if unknown or not versions:
            raise line.error(f"{' '.join(unknown) or 'nothing'} is no version", f"there are {', '.join(VERSIONS)}")
        return frozenset(versions)

    def _session(self, line: Line) -> Found:
        name, rest = line.split()
        if _SESSION.fullmatch(name) is None:
            raise line.error(f"{name!r} is no name of a session", "write it in capitals: `session A`")
        if name in self.sessions:
            raise line.error(f"there is a session {name} already", "give it another name")
        word, after = line.after(rest).split()
        role, rest = (word, after) if word in OF_ROLE else ("", rest)
        fields = tuple(item for item in self._items(line.after(rest)) if isinstance(item, said.Field))
        if any(field.tag not in {"8", "49", "56"} for field in fields):
            raise line.error("a session has no other fields", "it may have 8, 49 and 56 of its own")
        self.sessions[name] = said.Session(name, fields, role)
        return []

    def _let(self, line: Line) -> Found:
        name, equals, text = (part.strip() for part in line.text.partition("="))
        if not equals or _NAME.fullmatch(name) is None:
            raise line.error(f"{line.text!r} gives no name a value", "`let symbol = BTC/USD`")
        if name in OF_RUN | OF_SESSION:
            raise line.error(f"{name} has its value from the run", "choose another name")
        if name in self.given:
            return []
        if "|" in text:
            self._items(line.after(text), is_pattern=True)
            value = Value(text, ())
        else:
            value = self._checked(line, parse_value(text))
        self.known.add(name)
        moving = [used for used in value.names() if used.rpartition(".")[2] in _MOVING]
        speaker = self._speaker(line, "") if any("." not in used for used in moving) else ""
        return [said.Let(line.place, name, value, value.is_time or bool(moving), speaker)]

    def _compare(self, line: Line) -> Found:
        if line.text not in {"in order", "in any order"}:
            raise line.error(f"{line.text!r} is no way to compare", "`compare in order`, or `compare in any order`")
        self.is_ordered = line.text == "in order"
        return []

    def _ignore(self, line: Line) -> Found:
        tags = frozenset(line.text.split())
        if not tags or any(_TAG.fullmatch(tag) is None for tag in tags):
            raise line.error(f"{line.text!r} has something that is no tag", "`ignore 50 57`")
        self.ignored |= tags
        return []

    def _use(self, line: Line, session: str) -> Found:
        path = line.place.path.parent / f"{line.text}{SUFFIX}"
        if not line.text or not path.is_file():
            raise line.error(f"there is no {path}", f"`use logon` reads logon{SUFFIX} beside the script")
        if self.depth == DEPTH_MAX:
            raise line.error(f"this is used by what it uses, or {DEPTH_MAX} deep", "use less")
        if session:
            self._speaker(line, session)
        with self._inside(session or self.speaker):
            return self._statements(lines_of(path))

    @contextmanager
    def _inside(self, speaker: str) -> Iterator[None]:
        """Read another file, whose lines `speaker` says unless they name someone."""
        before = self.speaker, self.is_ordered
        self.speaker = speaker
        self.depth += 1
        try:
            yield
        finally:
            self.speaker, self.is_ordered = before
            self.depth -= 1


def read_script(path: Path, version: str, known: frozenset[str]) -> said.Script:
    """Return a script as it is for a version of FIX.

    `known`: the names that the run gives values to, `BROKER2.password` if to one session's. Raise `ScriptError`.
    """
    return _Reader(path, version, known).read()
