"""Lists as they are published, and files that are none."""

import shutil
from pathlib import Path

import pytest

from backoffice.crm.screening.dates import birth_of
from backoffice.crm.screening.entry import Birth, Entry, Kind, month, years
from backoffice.crm.screening.formats import ListRead, read_list
from backoffice.errors import Refused

SAMPLES = Path(__file__).parent / "samples"


def entries(name: str) -> dict[str, Entry]:
    return {entry.id: entry for entry in read_list(SAMPLES / name).entries}


def read(tmp_path: Path, text: str, name: str = "list.xml") -> ListRead:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_list(path)


def birth(text: str) -> Birth:
    found = birth_of(text)
    assert found is not None
    return found


def test_ofac_in_xml() -> None:
    found = entries("sdn.xml")
    assert found["2674"] == Entry(
        "2674",
        Kind.PERSON,
        ("HABBASH, George", "HABASH, George"),
        ("AL-HAKIM",),
        (birth("02 Aug 1926"), years(1924, 1926)),
        ("PS",),
        ("SDT",),
    )
    assert (found["17016"].kind, found["17016"].countries) == (Kind.ENTITY, ("RU",))
    assert found["17016"].programs == ("UKRAINE-EO13661", "RUSSIA-EO14024")
    assert found["30001"].kind is Kind.VESSEL


def test_ofac_in_csv_says_the_same_of_the_same_entry() -> None:
    assert entries("sdn.csv")["2674"] == entries("sdn.xml")["2674"]
    assert entries("sdn.csv")["17016"].names == entries("sdn.xml")["17016"].names
    assert read_list(SAMPLES / "sdn.csv").form == "OFAC SDN, CSV"


def test_united_nations() -> None:
    found = entries("un.xml")
    assert found["6900001"] == Entry(
        "6900001",
        Kind.PERSON,
        ("Sample Qasim Al-Namudhaji", "قاسم النموذجي", "Kasim Namuzaji"),
        ("The Pattern",),
        (birth("1971-03-05"), years(1968, 1970), years(1974, 1976)),
        ("YE", "IR"),
        ("Sample-Regime", "SMi.001"),
    )
    assert found["6900002"].names == ("SAMPLE WEAPONS WORKS", "Pattern Arms Factory")
    assert found["6900002"].countries == ("KP",)


def test_european_union() -> None:
    found = entries("eu.xml")
    assert found["9001"] == Entry(
        "9001",
        Kind.PERSON,
        ("Józef Wzorzec", "Иосиф Взорец"),
        ("Wzór",),
        (birth("1965-05-09"), years(1959, 1961), years(1950, 1952), month(1949, 12)),
        ("BY",),
        ("SAM",),
    )
    assert (found["9002"].kind, found["9002"].countries) == (Kind.ENTITY, ("RU",))


def test_a_list_of_our_own_form() -> None:
    found = entries("pep.csv")
    assert found["P1"].names == ("Helena Vzorová", "Helena Vzorova-Pattern", "H. Vzorova")
    assert found["P2"].countries == ("DE", "CH")
    assert found["P2"].births == (years(1970, 1970),)


def test_a_head_may_be_in_quotation_marks_as_spreadsheets_write_it(tmp_path: Path) -> None:
    text = (SAMPLES / "pep.csv").read_text(encoding="utf-8")
    head, rest = text.split("\n", 1)
    quoted = ",".join(f'"{name}"' for name in head.split(","))
    assert read(tmp_path, f"{quoted}\n{rest}").entries == read_list(SAMPLES / "pep.csv").entries


def test_a_version_is_its_entries_not_its_bytes(tmp_path: Path) -> None:
    text = (SAMPLES / "eu.xml").read_text(encoding="utf-8")
    same = read(tmp_path, text.replace("generationDate", "\n   generationDate"))
    other = read(tmp_path, text.replace("1965-05-09", "1965-05-10"))
    digest = read_list(SAMPLES / "eu.xml").digest
    assert same.digest == digest
    assert other.digest != digest


@pytest.mark.parametrize(
    ("text", "what"),
    (
        ("", "is empty"),
        ("<sdnList><sdnEntry>", "line 1: "),
        ("<html><body/></html>", "html is none of the lists that are known"),
        ("<sdnList/>", "has no entries"),
        ("<sdnList>\n<sdnEntry>\n<uid>1</uid><lastName>A</lastName></sdnEntry></sdnList>", "line 2: .* has no sdnType"),
        (
            "<sdnList><sdnEntry><uid>1</uid><lastName>A</lastName><sdnType>Cat</sdnType></sdnEntry></sdnList>",
            "sdnType 'Cat' is none that is known",
        ),
        (
            "<CONSOLIDATED_LIST><ENTITIES>\n\n<ENTITY><DATAID>1</DATAID></ENTITY></ENTITIES></CONSOLIDATED_LIST>",
            "line 3: ENTITY has no FIRST_NAME",
        ),
        ("<export><sanctionEntity/></export>", "has no logicalId"),
        (
            "<export><sanctionEntity logicalId='1'><subjectType classificationCode='E'/></sanctionEntity></export>",
            "sanctionEntity 1 has no name",
        ),
        ("name;kind\nx;y", "is neither XML"),
    ),
)
def test_what_is_no_list_is_refused_with_its_line(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(Refused, match=what):
        read(tmp_path, text)


def test_a_list_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    text = (SAMPLES / "sdn.xml").read_text(encoding="utf-8")
    with pytest.raises(Refused, match=r"line 3\d: "):
        read(tmp_path, text[: text.index("<uid>7</uid>")])
    with pytest.raises(Refused, match="says that it has 5 entries, and has 4; fetch it again"):
        read(tmp_path, text.replace("<Record_Count>4<", "<Record_Count>5<"))


def test_an_entry_that_stands_twice_is_refused(tmp_path: Path) -> None:
    text = (SAMPLES / "sdn.xml").read_text(encoding="utf-8")
    with pytest.raises(Refused, match="entry 30001 stands in it twice"):
        read(tmp_path, text.replace("30002", "30001"))


def test_entities_are_not_expanded_and_nothing_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush", encoding="utf-8")
    bomb = f'<!DOCTYPE sdnList [<!ENTITY a "ha"><!ENTITY b SYSTEM "{secret.as_uri()}">]>'
    with pytest.raises(Refused, match="has a document type") as caught:
        read(tmp_path, f"{bomb}<sdnList><sdnEntry>&b;</sdnEntry></sdnList>")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "what"),
    (
        (lambda folder: (folder / "alt.csv").unlink(), "alt.csv must lie beside it"),
        (lambda folder: (folder / "add.csv").write_text("1,2\n"), "line 1: has 2 columns in place of 6"),
        (lambda folder: (folder / "sdn.csv").write_bytes(b'1,"\xff"' + b",x" * 10 + b"\n"), "is not UTF-8"),
        (lambda folder: (folder / "sdn.csv").write_text("1,A,boat" + ",-0- " * 9), "SDN_Type 'boat'"),
        (lambda folder: (folder / "sdn.csv").write_text('1,"A,individual'), "line 1: unexpected end of data"),
    ),
)
def test_flat_files_of_ofac_that_are_wrong_are_refused(tmp_path: Path, change: object, what: str) -> None:
    assert callable(change)
    for name in ("sdn.csv", "alt.csv", "add.csv"):
        shutil.copyfile(SAMPLES / name, tmp_path / name)
    change(tmp_path)
    with pytest.raises(Refused, match=what):
        read_list(tmp_path / "sdn.csv")


@pytest.mark.parametrize(
    ("text", "what"),
    (
        ("id,kind,name,colour\n1,person,A,red", "the head must name"),
        ("id,kind,name\n1,cat,A", "line 2: kind 'cat' is not one of"),
        ("id,kind,name\n1,person", "line 2: has not as many columns"),
        ("id,kind,name,births\n1,person,A,soon", "'soon' is no date of birth"),
        ("id,kind,name,countries\n1,person,A,Utopia", "'Utopia' is no country"),
        ("id,kind,name\n,person,A", "needs an id and a name"),
    ),
)
def test_lists_of_our_own_form_that_are_wrong_are_refused(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(Refused, match=what):
        read(tmp_path, text, "names.csv")


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("07 Oct 1954", ("1954-10-07", "1954-10-07")),
        ("Oct 1954", ("1954-10-01", "1954-10-31")),
        ("Dec 1954", ("1954-12-01", "1954-12-31")),
        ("1954", ("1954-01-01", "1954-12-31")),
        ("circa 1954", ("1953-01-01", "1955-12-31")),
        ("1960 to 1961", ("1960-01-01", "1961-12-31")),
        ("1954-10-07", ("1954-10-07", "1954-10-07")),
    ),
)
def test_dates_of_birth_are_read_as_far_as_they_are_known(text: str, expected: tuple[str, str]) -> None:
    found = birth_of(text)
    assert found is not None
    assert (found.first.isoformat(), found.last.isoformat()) == expected


@pytest.mark.parametrize(
    "text", ("", "soon", "31 Feb 1960", "1961 to 1960", "99999", "0", "circa", "12-13-14-15", "9" * 99)
)
def test_what_is_no_date_of_birth_is_none(text: str) -> None:
    assert birth_of(text) is None
