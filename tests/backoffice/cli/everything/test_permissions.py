"""Every command to the back office asks for a permission before it does anything; whoever may only see changes nothing.

What shows something personal leaves an entry in the trail of whom it was shown to, and shows it to nobody else.

All are given in the house in which everything was done: what they are about is there, so that none stops before.
"""

import pytest

from backoffice.errors import Refused
from backoffice.staff.actor import Actor
from backoffice.staff.disclosing import SEE
from backoffice.staff.permissions import PERMISSIONS, Permission, Role
from tests.backoffice.cli.everything.house import OFFICE, House, asks_why
from tests.backoffice.cli.everything.personal import personal
from tests.backoffice.cli.everything.play import SAMPLES

Words = tuple[str, ...]
ASKS = "asks: "
NAMED = {
    "account": "MUSTER-1",
    "alert": "AL-1",
    "alerts": "AL-1",
    "amount": "1",
    "approval": "A-1",
    "asset": "USD",
    "break_name": "B-1",
    "case": "CS-1",
    "client": "C-4",
    "code": "T9",
    "country": "CH",
    "deposit": "D-1",
    "desk": "RATES",
    "destination": "T-1",
    "disposition": "warned",
    "document": "DOC-1",
    "documents": "DOC-1",
    "due": "2099-01-01",
    "firm": "MUSTER",
    "hit": "H-2",
    "invoice": "INV-1",
    "issued": "2026-01-01",
    "month": "2026-11",
    "number": "1",
    "mode": "newest",
    "party": "P-1",
    "period": "2026-11",
    "role": "risk",
    "roles": "risk",
    "schedule": "basic",
    "session": "MUSTER1",
    "source": "omnibus",
    "target": "own",
    "task": "TASK-1",
    "ticket": "Q-2",
    "trade_id": "1",
    "transfer": "H-1",
    "tier": "0:1:2",
    "vasp": "did:web:other.example",
    "whom": "firm",
    "whose": "firm",
    "withdrawal": "W-1",
}
"""What commands are about, by what they call it; "x" where anything will do."""
MORE: dict[Words, Words] = {
    ("client", "add"): ("--jurisdiction", "CH"),
    ("client", "export"): ("C-4",),
    ("client", "licence"): ("--country", "CH"),
    ("deposit", "originator"): ("--self-hosted",),
    ("destination", "change"): ("--address", "DE99"),
    ("destination", "holder"): ("--self-hosted",),
    ("report", "statement"): ("--account", "ALPHA"),
    ("session", "add"): ("--password",),
    ("session", "rekey"): ("--password",),
    ("session", "sequence"): ("--next-in", "1"),
    ("venue", "correct"): ("--qty", "1"),
    ("venue", "fees"): ("--none",),
}
"""What they need beside that."""
FILES = {
    ("access", "certify"): "certification.json",
    ("client", "document", "add"): "articles.pdf",
    ("client", "import"): "muster.json",
    ("client", "risk-model", "propose"): "model.json",
    ("client", "travel-rule", "store"): "ivms.json",
    ("screening", "import"): str(SAMPLES / "sdn.xml"),
}
OTHERWISE: dict[Words, dict[str, str]] = {
    ("access", "allowed"): {"name": "MUSTER"},
    ("books", "account"): {"name": "ALPHA"},
    ("client", "document", "add"): {"kind": "articles"},
    ("client", "travel-rule", "show"): {"transfer": "X-1"},
    ("surveillance", "show"): {"alert": "AL-2"},
    ("screening", "decide"): {"disposition": "true-match"},
    ("venue", "phase"): {"phase": "halt"},
    ("venue", "self-trade"): {"whose": "account"},
}
"""What some of them mean by a name that others have, too."""
SHOWING = {
    *("client contact list", "client export", "client note", "client party list", "client ticket show", "client why"),
    *("client travel-rule show", "case show", "report expiring", "report hits", "screening hits", "screening show"),
    "surveillance show",
}
"""What shows something personal to those who may see it."""
NEEDS_NONE = {("approval", "withdraw")}
"""Whoever has proposed something may take it back."""


def words_of(house: House, path: Words) -> list[str]:
    """Return a command with all that it needs."""
    names = {**NAMED, **OTHERWISE.get(path, {})}
    if path in FILES:
        names |= dict.fromkeys(("file", "files", "report"), str(house.home / FILES[path]))
    words = [*path, *MORE.get(path, ())]
    for parameter in OFFICE[path].params:
        if parameter.required and parameter.name != "config":
            option = () if parameter.param_type_name == "argument" else (parameter.opts[0],)
            value = () if getattr(parameter, "is_flag", False) else (names.get(parameter.name, "x"),)
            words += [*option, *value]
    return words


@pytest.fixture(scope="module")
def asked(played: House) -> dict[Words, Permission]:
    """Which permission each command asks for first; none goes on, whoever gives it."""

    def require(_actor: Actor, permission: Permission) -> None:
        raise Refused(f"asks: {permission.name}")

    found, others = {}, {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Actor, "require", require)
        played.sit_down("carl")
        for path in OFFICE:
            finished = played.run(*words_of(played, path))
            line = (finished.stdout + finished.stderr).strip().splitlines()[-1]
            asks, _, permission = line.rpartition(ASKS)
            if asks:
                found[path] = Permission[permission]
            else:
                others[path] = finished
    assert others.keys() == NEEDS_NONE, others
    return found


def test_no_command_does_anything_before_it_asks_for_a_permission(
    played: House, asked: dict[Words, Permission]
) -> None:
    assert asked
    assert played.changes.take() == []


def test_what_asks_for_a_reason_asks_for_more_than_auditors_may(asked: dict[Words, Permission]) -> None:
    seen_by_auditors = {path for path, permission in asked.items() if permission in PERMISSIONS[Role.AUDITOR]}
    assert {" ".join(path) for path in seen_by_auditors if asks_why(path)} == set()


def test_what_asks_only_to_see_changes_nothing_and_has_who_sees_what_is_personal_in_the_trail(
    played: House, asked: dict[Words, Permission]
) -> None:
    private, showing = personal(played), set()
    for path in (path for path in asked if asked[path].name.startswith("SEE_")):
        words = words_of(played, path)
        for user in ("carl", "tom"):
            played.sit_down(user)
            printed = played.run(*words).stdout
            shown = [each for each in private if each in printed]
            rows, entries = played.left()
            assert rows == [], words
            if entries or shown:
                assert [(entry.actor, entry.verb) for entry in entries] == [("carl", SEE)], (words, shown)
            showing |= {" ".join(path)} if shown else set()
    assert showing == SHOWING


def test_whatever_asks_for_more_than_to_see_was_done(played: House, asked: dict[Words, Permission]) -> None:
    """What is not done in the house is held to nothing by the tests of its trail."""
    changing = {path for path, permission in asked.items() if not permission.name.startswith("SEE_")} | NEEDS_NONE
    assert {" ".join(path) for path in changing - {act.path for act in played.acts}} == set()
