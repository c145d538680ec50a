"""The files of the demo's brokers: companies that there are not, each of the same template with what is its own."""

import datetime as dt
import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec
from stdnum.iso7064 import mod_97_10

from backoffice.crm.client_file import ClientFile
from backoffice.crm.screening.formats import ListRead, read_list

_BROKERS: Final = (
    ("Albaro Securities", "Livia Albaro"),
    ("Bergamin Trading", "Jon Bergamin"),
    ("Brandis Capital", "Carla Brandis"),
    ("Corvatsch Markets", "Reto Corvatsch"),
    ("Durisch Brokerage", "Mona Durisch"),
    ("Engi Liquidity", "Flurin Engi"),
    ("Falera Partners", "Selina Falera"),
    ("Gravas Execution", "Nico Gravas"),
)
"""Names of the companies and of their owners. One is on the sample list of sanctions, born in another year."""
BROKERS: Final = len(_BROKERS)
_ISSUED_DAYS_AGO: Final = 14
_EXPIRES_AFTER_DAYS: Final = 5 * 365


def firm_of(number: int) -> str:
    """Return what the venue calls a broker: "BROKER1"."""
    return f"BROKER{number}"


def client_file(number: int, today: dt.date) -> ClientFile:
    """Return the file of the broker with a number from 1 on."""
    name, owner = _BROKERS[number - 1]
    content: dict[str, Any] = json.loads(_packaged("broker.json"))
    uid = f"CHE-900.000.{number:03}"
    content |= {"name": f"{name} AG", "firm": firm_of(number), "registration": uid, "lei": _lei(number)}
    content["addresses"]["registered"]["building"] = str(number)
    content["tax_ids"][0]["number"] = uid
    content["licences"][0]["number"] = str(number)
    content["parties"][0]["name"] = content["contacts"][0]["name"] = owner
    issued = today - dt.timedelta(_ISSUED_DAYS_AGO)
    for document in content["documents"]:
        document["name"] = f"{document['kind']}.pdf"
        document["hash"] = hashlib.sha256(f"{document['kind']} of {document['of']}, {name}".encode()).hexdigest()
        document["issued"] = issued.isoformat()
        if document["kind"] == "passport":
            document["expires"] = (issued + dt.timedelta(_EXPIRES_AFTER_DAYS)).isoformat()
    content["agreements"][0]["signed"] = issued.isoformat()
    return msgspec.convert(content, ClientFile)


def sanctions() -> ListRead:
    """Return the sample list, whose people there are not either."""
    with resources.as_file(resources.files(__package__).joinpath("sanctions.csv")) as path:
        return read_list(Path(path))


def _lei(number: int) -> str:
    """Return an identifier with valid check digits, of an issuer that there is not (ISO 17442)."""
    begun = f"000000FONDACODEMO{number}"
    return begun + str(mod_97_10.calc_check_digits(begun))


def _packaged(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
