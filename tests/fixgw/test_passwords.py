"""Passwords: those that the venue makes, those that it takes, and what it keeps of them."""

import pytest

from fixgw.passwords import flaw_of_password, generate_password, hash_password, matches


def test_generated_password_is_new_each_time_and_one_that_the_venue_takes() -> None:
    passwords = {generate_password() for _ in range(100)}
    assert len(passwords) == 100
    assert {flaw_of_password(password, "BROKER1") for password in passwords} == {""}


def test_hash_is_of_its_password_only_and_with_a_salt_of_its_own() -> None:
    hashes = {hash_password("correct horse battery") for _ in range(2)}
    assert len(hashes) == 2
    for password_hash in hashes:
        assert password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert matches(password_hash, "correct horse battery")
        assert not matches(password_hash, "correct horse batterz")
        assert not matches(password_hash, "")


@pytest.mark.parametrize("password_hash", ("", "secret", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$AAAA$"))
def test_what_is_no_hash_matches_nothing(password_hash: str) -> None:
    assert not matches(password_hash, "")
    assert not matches(password_hash, password_hash)


@pytest.mark.parametrize("password", ("twelve chars", "x" * 64, "with = and | in it", "12345678901~"))
def test_password_that_is_long_and_printable_is_taken(password: str) -> None:
    assert flaw_of_password(password, "BROKER1") == ""


@pytest.mark.parametrize(
    ("password", "flaw"),
    (
        ("", "12 to 64 characters"),
        ("eleven char", "12 to 64 characters"),
        ("x" * 65, "12 to 64 characters"),
        ("tab\tin the middle", "printable"),
        ("a control \x7f character", "printable"),
        ("Zürich-Zürich", "printable"),
        (" space before", "printable"),
        ("space behind ", "printable"),
        ("my-broker1-password", "name of its session"),
    ),
)
def test_password_that_cannot_be_one_is_refused_without_being_repeated(password: str, flaw: str) -> None:
    text = flaw_of_password(password, "BROKER1")
    assert flaw in text
    assert not password or password not in text
