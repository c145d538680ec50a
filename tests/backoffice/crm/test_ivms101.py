"""Data of the Travel Rule."""

import datetime as dt
import json
from typing import Any

import pytest

from backoffice.crm.identity import Address
from backoffice.crm.ivms101 import decode, decode_person, encode, flaws, flaws_of_person
from backoffice.crm.travel_rule import FATF, THRESHOLDS, demand_of, legal_person
from backoffice.errors import Refused

LEI = "529900T8BM49AURSDO55"


def natural(**changes: Any) -> dict[str, Any]:
    return {
        "naturalPerson": {
            "name": {
                "nameIdentifier": [
                    {
                        "primaryIdentifier": "Muster",
                        "secondaryIdentifier": "Ann",
                        "nameIdentifierType": "LEGL",
                    }
                ]
            },
            "geographicAddress": [
                {
                    "addressType": "HOME",
                    "streetName": "Hauptstrasse",
                    "buildingNumber": "1",
                    "townName": "Bern",
                    "country": "CH",
                }
            ],
            **changes,
        }
    }


def legal(**changes: Any) -> dict[str, Any]:
    return {
        "legalPerson": {
            "name": {"nameIdentifier": [{"legalPersonName": "Muster AG", "legalPersonNameIdentifierType": "LEGL"}]},
            "customerNumber": "C-1",
            "nationalIdentification": {"nationalIdentifier": LEI, "nationalIdentifierType": "LEIX"},
            "countryOfRegistration": "CH",
            **changes,
        }
    }


def payload(originator: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "originator": {"originatorPersons": [originator or natural()], "accountNumber": ["bc1q"]},
        "beneficiary": {"beneficiaryPersons": [legal()]},
        "originatingVASP": {"originatingVASP": legal()},
        "beneficiaryVASP": {"beneficiaryVASP": legal()},
        **changes,
    }


def test_a_message_reads_back_as_it_was_written() -> None:
    text = json.dumps(payload())
    assert json.loads(encode(decode(text))) == payload()


def identification(**fields: str) -> dict[str, Any]:
    return {"nationalIdentification": {"nationalIdentifier": "1", "nationalIdentifierType": "TXID", **fields}}


@pytest.mark.parametrize(
    ("originator", "what"),
    (
        (natural(geographicAddress=[]), r"originator\[0\]: needs an address, .* \(C1\)"),
        (natural(countryOfResidence="XX"), r"countryOfResidence is no country \(C3\)"),
        (legal(customerNumber="", nationalIdentification=None), r"\(C4\)"),
        ({}, "must be a naturalPerson or a legalPerson"),
        ({**natural(), **legal()}, "must be a naturalPerson or a legalPerson"),
        (legal(**identification(nationalIdentifierType="CCPT", registrationAuthority="RA000001")), r"\(C7\)"),
        (natural(geographicAddress=[{"addressType": "HOME", "country": "CH", "townName": "Bern"}]), r"\(C8\)"),
        (legal(**identification()), r"a registrationAuthority goes with every identifier but an LEI \(C9\)"),
        (legal(**identification(registrationAuthority="R1")), r"\(C10\)"),
        (legal(**identification(nationalIdentifier=LEI[:-1] + "6", nationalIdentifierType="LEIX")), r"\(C11\)"),
        (natural(dateAndPlaceOfBirth={"dateOfBirth": "31.1.1990", "placeOfBirth": "Bern"}), "is no date"),
        (natural(customerNumber="C-1"), "unknown field `customerNumber`"),
        (legal(customerIdentification="C-1"), "unknown field `customerIdentification`"),
        (natural(name={"nameIdentifier": []}), r"has no legal name \(C6\)"),
        (legal(name={"nameIdentifier": []}), r"has no legal name \(C5\)"),
    ),
)
def test_what_breaks_the_standard_is_refused_with_its_place(originator: dict[str, Any], what: str) -> None:
    if not originator:
        message = payload()
        message["originator"]["originatorPersons"] = [{}]
    else:
        message = payload(originator)
    with pytest.raises(Refused, match=what):
        decode(json.dumps(message))


@pytest.mark.parametrize(
    "text", ("", "[]", "{", '{"originator":' * 2000, "x" * 300_000, '{"Originator":{}}', b'"\xff"')
)
def test_what_is_no_message_is_refused(text: str | bytes) -> None:
    with pytest.raises(Refused, match="IVMS101"):
        decode(text)


def test_a_message_about_nobody_is_refused() -> None:
    with pytest.raises(Refused, match="beneficiary: names nobody"):
        decode(json.dumps(payload(beneficiary={"beneficiaryPersons": []})))
    with pytest.raises(Refused, match="originatingVASP: is no legal entity"):
        decode(json.dumps(payload(originatingVASP={"originatingVASP": natural()})))


def test_who_is_born_tomorrow_is_told() -> None:
    message = decode(
        json.dumps(payload(natural(dateAndPlaceOfBirth={"dateOfBirth": "2030-01-01", "placeOfBirth": "Bern"})))
    )
    assert flaws(message, dt.date(2026, 11, 28)) == ["originator[0]: dateOfBirth is not in the past (C2)"]


def test_a_client_makes_a_person_that_the_standard_takes() -> None:
    address = Address("CH", "Zug", post_box="12")
    person = legal_person(
        name="Muster AG", trading_name="Muster", lei=LEI, jurisdiction="CH", client="C-1", address=address
    )
    assert list(flaws_of_person(person, "client", is_originator=True)) == []
    assert decode_person(json.loads(encode(person))) == person


@pytest.mark.parametrize(
    ("jurisdiction", "cents", "self_hosted", "identities", "proof"),
    (
        ("DE", 1, False, True, False),
        ("DE", None, True, True, True),
        ("CH", 1, True, True, True),
        ("SG", None, True, True, False),
        ("DE", 1_000_00, True, True, False),
        ("DE", 1_000_01, True, True, True),
        ("SG", 999_99, False, False, False),
        ("SG", 1_000_00, True, True, False),
        ("US", 2_999_99, False, False, False),
    ),
)
def test_what_is_asked_for_depends_on_place_and_amount(
    jurisdiction: str, cents: int | None, self_hosted: bool, identities: bool, proof: bool
) -> None:
    demand = demand_of(THRESHOLDS.get(jurisdiction, FATF), cents, is_self_hosted=self_hosted)
    assert (demand.identities, demand.proof_of_wallet) == (identities, proof)
