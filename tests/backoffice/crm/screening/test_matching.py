"""Who is found on a list, and who is not. The hard cases are those that other software is known to fail."""

import datetime as dt

import pytest

from backoffice.crm.screening.entry import Birth, Entry, Kind, Subject, day, years
from backoffice.crm.screening.matching import REPORTED_FROM, STRONG_FROM, Match, Watchlist
from backoffice.crm.screening.names import forms_of, words_of

LISTED: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (Kind.PERSON, ("HABBASH, George",)),
    (Kind.PERSON, ("HASWANI, George",)),
    (Kind.PERSON, ("CHIWESHE, George",)),
    (Kind.ENTITY, ("EMMA LLC",)),
    (Kind.ENTITY, ("11420 CORP.",)),
    (Kind.ENTITY, ("ALMAZ-ANTEY AIR AND SPACE DEFENCE CORPORATION JOINT STOCK COMPANY", "ALMAZ-ANTEY CORP")),
    (Kind.ENTITY, ("ALFA TELECOMMUNICATIONS",)),
    (Kind.ENTITY, ("GAZPROMBANK",)),
    (Kind.PERSON, ("MADURO MOROS, Nicolas",)),
    (Kind.PERSON, ("QADHAFI, Muammar", "GADDAFI, Muammar")),
    (Kind.PERSON, ("BIN LADEN, Usama",)),
    (Kind.PERSON, ("PUTIN, Vladimir Vladimirovich",)),
    (Kind.PERSON, ("VLADIMIROV, Vladimir Vladimirovich",)),
    (Kind.PERSON, ("KHATIB, Esmail",)),
    (Kind.PERSON, ("LI, Wu",)),
    (Kind.PERSON, ("Мохаммед Аль-Хусейни",)),
    (Kind.PERSON, ("EMMANUEL, Daniel",)),
    (Kind.PERSON, ("WONG, Moon Chi", "Chishu HU")),
    (Kind.ENTITY, ("Al-Qaida",)),
    (Kind.ENTITY, ("SKYLIGHT FINANCIAL SERVICES INC",)),
)
FILLING = ("NORD", "SUED", "OST", "WEST", "ADLER", "BERG", "TAL", "FLUSS")


def watchlist(*entries: Entry) -> Watchlist:
    listed = [Entry(str(number), kind, names) for number, (kind, names) in enumerate(LISTED)]
    listed += [Entry(f"f{number}", Kind.PERSON, (f"{name}MANN, Hans{name}",)) for number, name in enumerate(FILLING)]
    return Watchlist((*listed, *entries))


def screened(name: str, kind: Kind = Kind.PERSON) -> list[Match]:
    return watchlist().screen(Subject(kind, (name,)))


@pytest.mark.parametrize(
    ("name", "kind", "listed"),
    (
        ("Almaz Antey Telecom", Kind.ENTITY, "ALMAZ-ANTEY CORP"),
        ("Alfa Telecom Ltd", Kind.ENTITY, "ALFA TELECOMMUNICATIONS"),
        ("Gazprom Bank", Kind.ENTITY, "GAZPROMBANK"),
        ("Alqaeda", Kind.ENTITY, "Al-Qaida"),
        ("George Habash", Kind.PERSON, "HABBASH, George"),
        ("Nicolas Maduro", Kind.PERSON, "MADURO MOROS, Nicolas"),
        ("Moammar Gadhafi", Kind.PERSON, "QADHAFI, Muammar"),
        ("Muammar Kaddafi", Kind.PERSON, "QADHAFI, Muammar"),
        ("Osama bin Laden", Kind.PERSON, "BIN LADEN, Usama"),
        ("Usama Binladin", Kind.PERSON, "BIN LADEN, Usama"),
        ("Wladimir Putin", Kind.PERSON, "PUTIN, Vladimir Vladimirovich"),
        ("Esmail Khatib", Kind.PERSON, "KHATIB, Esmail"),
        ("Wu Li", Kind.PERSON, "LI, Wu"),
        ("Muhammad al-Husayni", Kind.PERSON, "Мохаммед Аль-Хусейни"),
    ),
)
def test_names_that_are_written_otherwise_are_found(name: str, kind: Kind, listed: str) -> None:
    assert [match.listed for match in screened(name, kind)][:1] == [listed]


@pytest.mark.parametrize(
    ("name", "kind"),
    (
        ("George Bush", Kind.PERSON),
        ("Emma Daniels", Kind.PERSON),
        ("BELLETECH CORP", Kind.ENTITY),
        ("Africada Financial Services", Kind.ENTITY),
        ("Chris Huynh", Kind.PERSON),
        ("Lu Wu", Kind.PERSON),
        ("Vladimir Novak", Kind.PERSON),
        ("International Telecommunications Ltd", Kind.ENTITY),
    ),
)
def test_names_that_only_look_alike_are_not(name: str, kind: Kind) -> None:
    assert screened(name, kind) == []


def test_a_short_name_that_is_the_same_scores_full() -> None:
    assert [(match.listed, match.score) for match in screened("Li Wu")] == [("LI, Wu", 100)]


def test_a_hit_says_which_alias_it_is_for() -> None:
    (match,) = screened("Hu Chishu")
    assert (match.said, match.listed) == ("Hu Chishu", "Chishu HU")


def test_a_word_is_matched_once() -> None:
    assert [match.listed for match in screened("Vladimir Vladimir")] == []


def entry(*births: Birth, countries: tuple[str, ...] = (), weak: bool = False) -> Entry:
    names = ("Zachary Quillfeather",)
    return Entry("x", Kind.PERSON, () if weak else names, names if weak else (), births, countries)


def score(subject: str, listed: Entry, birth: Birth | None = None, countries: tuple[str, ...] = ()) -> int:
    found = watchlist(listed).screen(Subject(Kind.PERSON, (subject,), birth, countries))
    return found[0].score if found else 0


def test_dates_and_countries_move_the_score() -> None:
    born, name = day(dt.date(1960, 5, 1)), "Zachery Quilmeather"
    plain = score(name, entry())
    assert REPORTED_FROM <= plain < STRONG_FROM
    assert score(name, entry(years(1960, 1960)), born) > plain
    assert score(name, entry(countries=("CH",)), countries=("CH", "DE")) > plain
    assert score(name, entry(years(1930, 1931)), born) == 0
    assert score(name, entry(years(1961, 1961)), born) == plain


def test_no_date_and_no_country_suppresses_a_strong_name() -> None:
    born, name = day(dt.date(1960, 5, 1)), "Zachary Quillfeather"
    assert score(name, entry(years(1930, 1931), countries=("IR",)), born, ("CH",)) >= REPORTED_FROM
    assert score(name, entry(years(1930, 1931), countries=("IR",), weak=True), born, ("CH",)) >= REPORTED_FROM


def test_the_same_date_of_birth_alone_is_no_hit() -> None:
    assert score("Ann Smith", entry(day(dt.date(1960, 5, 1))), day(dt.date(1960, 5, 1))) == 0


def test_a_company_that_is_called_as_a_person_is_found() -> None:
    found = watchlist(entry()).screen(Subject(Kind.ENTITY, ("Zachary Quillfeather Ltd",)))
    assert [match.entry.id for match in found] == ["x"]


def test_names_without_words_are_no_hits() -> None:
    assert Watchlist(()).screen(Subject(Kind.PERSON, ("Ann",))) == []
    assert screened("---") == []


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    (
        ("ALMAZ-ANTEY, OAO", Kind.ENTITY, ("almaz", "antey")),
        ("«Алмаз-Антей»", Kind.ENTITY, ("almaz", "antey")),
        ("Dr. José O'Neill", Kind.PERSON, ("jose", "oneill")),
        ("I.B.M. Corp.", Kind.ENTITY, ("ibm",)),
        ("Company Ltd", Kind.ENTITY, ("company", "ltd")),
        ("Straße Øst", Kind.ENTITY, ("strasse", "ost")),
        ("قاسم", Kind.PERSON, ("قاسم",)),
    ),
)
def test_names_become_words(name: str, kind: Kind, expected: tuple[str, ...]) -> None:
    assert words_of(name, kind) == expected


def test_particles_are_written_together_too() -> None:
    assert forms_of("Usama bin Laden", Kind.PERSON) == [("usama", "bin", "laden"), ("usama", "binladen")]
