"""`fondaco staff`: the first two, those who join, passwords, and who acts."""

import json
import re
from pathlib import Path

import pytest

from tests.backoffice.cli.desk import Desk

PASSWORD = "correct horse battery"
WHY = ("--why", "more work")


def shown_once(text: str) -> str:
    """Return the secret that a command has shown."""
    found = re.search(r": (\S+)   \(shown this once", text)
    assert found is not None, text
    return found[1]


def join(desk: Desk, name: str, *roles: str, options: tuple[str, ...] = ()) -> str:
    """Let somebody in, proposed by ann and approved by ben, and return the halves of the code, joined."""
    chosen = [part for role in roles for part in ("--role", role)]
    made = desk.done("staff", "add", name, *chosen, *options, *WHY, by="annabel")
    number = made.partition(":")[0]
    checked = desk.done("approval", "approve", number, "--why", "fine", by="benjamin")
    return "" if options else f"{shown_once(made)}-{shown_once(checked)}"


def roles(desk: Desk) -> dict[str, str]:
    listed = json.loads(desk.done("staff", "list", "--json", by="annabel"))
    return {each["user"]: each["roles"] for each in listed}


def set_password(desk: Desk, name: str, proof: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.home / "new.txt"
    path.write_text(f"{new}\n", encoding="utf-8")
    desk.password(proof)
    with path.open(encoding="utf-8") as file:
        monkeypatch.setattr("sys.stdin", file)
        assert desk.done("staff", "password", name, "--new-password-stdin") == f"{name} has another password now.\n"


def test_the_first_two_come_together(empty_desk: Desk) -> None:
    assert "name two different users" in empty_desk.refused("staff", "init", "ann")
    text = empty_desk.done("staff", "init", "ann", "ben=benjamin")
    assert text.startswith("ann and ben are administrators.\ncode for ann: ")
    assert (empty_desk.data / "backoffice.key").stat().st_mode & 0o777 == 0o600
    assert "there is staff already" in empty_desk.refused("staff", "init", "cay", "dan")


def test_init_makes_a_database_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path, "sqlite:///new.sqlite", monkeypatch)
    assert "run `fondaco database upgrade`" in desk.refused("staff", "list")
    assert not desk.data.exists()
    desk.done("staff", "init", "ann=annabel", "ben=benjamin")
    assert set(roles(desk)) == {"ann", "ben"}


def test_somebody_joins_by_four_eyes_and_sets_a_password(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    code = join(desk, "tom", "treasury", "risk")
    assert roles(desk)["tom"] == "risk, treasury"
    assert "tom   tom        risk, treasury  has no password yet" in desk.done("staff", "list")
    set_password(desk, "tom", code, PASSWORD, monkeypatch)
    desk.sit_down("stranger")
    desk.password(PASSWORD)
    assert "approve withdrawals" in desk.done("staff", "show", "--as", "tom")
    monkeypatch.setenv("FONDACO_AS", "tom")
    assert "active" in desk.done("staff", "show")
    desk.password("wrong")
    assert desk.refused("staff", "show") == "wrong user or password"


def test_who_proposes_somebody_cannot_let_them_in(desk: Desk) -> None:
    desk.done("staff", "add", "tom", "--role", "risk", *WHY, by="annabel")
    assert desk.refused("approval", "approve", "A-1", "--why", "x") == (
        "ann has proposed A-1; somebody else must decide on it"
    )
    assert set(roles(desk)) == {"ann", "ben"}


def test_where_there_is_no_staff_yet_it_is_said_how_to_begin(empty_desk: Desk) -> None:
    empty_desk.done("database", "upgrade")
    assert empty_desk.refused("staff", "show").endswith("two people begin together: `fondaco staff init`")


def test_who_acts_is_whom_the_operating_system_or_the_settings_name(desk: Desk) -> None:
    assert desk.done("staff", "show", "--json", by="benjamin").startswith('{\n  "user": "ben"')
    assert desk.done("staff", "show", "--json", by="mapped").startswith('{\n  "user": "ann"')
    assert desk.done("staff", "show", "--json", "--as", "ann", by="annabel").startswith('{\n  "user": "ann"')
    assert (
        desk.refused("staff", "show", by="stranger") == "stranger is nobody of the staff; say by --as USER who you are"
    )
    assert "there is no terminal to ask on" in desk.refused("staff", "show", "--as", "ben", by="annabel")
    assert desk.refused("staff", "show", "nobody", by="annabel").startswith("nobody: nobody of the staff")


def test_a_password_file_that_others_may_read_is_not_used(desk: Desk) -> None:
    desk.password(PASSWORD)
    (desk.home / "password.txt").chmod(0o644)
    assert "others may read the password" in desk.refused("staff", "show", "--as", "ann", by="stranger")


def test_roles_change_by_four_eyes_and_one_alone_shuts_out(desk: Desk) -> None:
    join(desk, "tom", "risk", options=("--os-user", "thomas", "--name", "Tom Pouce"))
    assert "needs compliance or administrator" in desk.refused("approval", "approve", "A-1", "--why", "x", by="thomas")
    desk.done("staff", "roles", "tom", "operations", "auditor", *WHY, by="benjamin")
    desk.done("approval", "approve", "A-2", "--why", "fine", by="annabel")
    assert roles(desk)["tom"] == "auditor, operations"
    assert desk.done("staff", "disable", "tom", "--why", "has left") == "tom is disabled.\n"
    assert desk.refused("staff", "show", by="thomas") == "tom is disabled"
    desk.done("staff", "enable", "tom", "--why", "is back", by="annabel")
    desk.done("approval", "approve", "A-3", "--why", "fine", by="benjamin")
    assert "Tom Pouce" in desk.done("staff", "show", by="thomas")
    disabled = json.loads(desk.done("staff", "disable", "tom", "--why", "has left", "--json", by="annabel"))
    assert disabled == {"user": "tom", "state": "disabled"}


def test_a_new_code_ends_a_password(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    set_password(desk, "tom", join(desk, "tom", "risk"), PASSWORD, monkeypatch)
    first = shown_once(desk.done("staff", "code", "tom", "--why", "has lost it", by="annabel"))
    second = shown_once(desk.done("approval", "approve", "A-2", "--why", "saw him", by="benjamin"))
    desk.password(PASSWORD)
    assert desk.refused("staff", "show", "--as", "tom", by="stranger") == "wrong user or password"
    set_password(desk, "tom", f"{first}-{second}", "another one, longer", monkeypatch)


def test_a_key_is_rotated_and_retired_by_an_administrator(desk: Desk) -> None:
    desk.sit_down("annabel")
    (old,) = json.loads(desk.done("staff", "keys", "--json"))
    assert (old["what_it_does"], old["texts"]) == ("seals", 0)
    assert f"there is no key but {old['key']}" in desk.refused("staff", "retire-key", *WHY)
    text = desk.done("staff", "rotate-key", *WHY)
    found = re.match(r"0 texts are sealed anew; key ([0-9a-f]{8}) seals now\.\nKeep a copy of", text)
    assert found is not None, text
    listed = json.loads(desk.done("staff", "keys", "--json"))
    assert [(each["key"], each["what_it_does"]) for each in listed] == [(old["key"], "opens"), (found[1], "seals")]
    assert f"key {old['key']} is out of it" in desk.done("staff", "retire-key", *WHY)
    assert json.loads(desk.done("staff", "rotate-key", "--json", *WHY))["went_on"] is False
    assert json.loads(desk.done("staff", "retire-key", "--json", *WHY)) == {"retired": [found[1]]}
    verbs = [each["verb"] for each in json.loads(desk.done("audit", "list", "--subject", "staff/key", "--json"))]
    assert verbs == ["rotate key", "seal anew", "retire keys"] * 2


def test_the_loss_of_the_key_is_told_and_others_do_not_rotate_it(desk: Desk) -> None:
    (desk.data / "backoffice.key").unlink()
    assert "the key of personal data is missing" in desk.refused("staff", "rotate-key", *WHY, by="annabel")
    join(desk, "tom", "risk", options=("--os-user", "thomas"))
    for command in ("rotate-key", "retire-key"):
        assert "tom may not rotate the key" in desk.refused("staff", command, *WHY, by="thomas")


def test_a_role_that_there_is_not_is_wrong_usage(desk: Desk) -> None:
    finished = desk.run("staff", "add", "tom", "--role", "king", *WHY)
    assert finished.returncode == 2
    assert "king" in finished.stderr
