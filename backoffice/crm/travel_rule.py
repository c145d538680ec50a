"""When the Travel Rule asks for data with a transfer, by jurisdiction; and a client's own data in its form.

Between two services the European Union asks for all of them whatever the amount (Regulation 2023/1113, since
30 December 2024), and above EUR 1,000 that a customer proves to own a wallet that nobody else holds. Switzerland asks
for both whatever the amount (FINMA Guidance 02/2019), the United States from USD 3,000 on. FATF's own threshold is
1,000 in dollars or euros. Values are in cents of the threshold's currency; one that nobody knows is above any.
"""

from typing import Final

import msgspec

from backoffice.crm.identity import Address
from backoffice.crm.ivms101 import (
    GeographicAddress,
    LegalName,
    LegalNames,
    LegalPerson,
    NationalIdentification,
    Person,
)

_EUROPEAN: Final = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split()  # noqa: SIM905 - so it reads
)


class Threshold(msgspec.Struct, frozen=True):
    """From what value on a jurisdiction asks for something."""

    currency: str
    data_from_cents: int
    proof_above_cents: int | None = None
    """None where no wallet is to be proved."""


FATF: Final = Threshold("USD", 1_000_00)
THRESHOLDS: Final[dict[str, Threshold]] = {
    **dict.fromkeys(sorted(_EUROPEAN), Threshold("EUR", 0, 1_000_00)),
    "CH": Threshold("USD", 0, 0),
    "GB": Threshold("USD", 0),
    "US": Threshold("USD", 3_000_00),
}
"""What is known; the settings may say otherwise. Elsewhere FATF's own holds."""


class Demand(msgspec.Struct, frozen=True):
    """What must go with a transfer, or be there before it is credited."""

    identities: bool
    """Originator and beneficiary, as IVMS101 has them."""
    proof_of_wallet: bool
    """That the customer owns the wallet, by a signed message or a small transfer."""


def demand_of(threshold: Threshold, cents: int | None, *, is_self_hosted: bool) -> Demand:
    """Return what is asked for. Transfers without it wait, and are not credited. `cents`: None if nobody knows."""
    above = threshold.proof_above_cents
    proof = is_self_hosted and above is not None and (cents is None or cents > above)
    return Demand(cents is None or cents >= threshold.data_from_cents, proof)


def legal_person(
    *, name: str, trading_name: str, lei: str, jurisdiction: str, client: str, address: Address | None
) -> Person:
    """Return a client as IVMS101 has legal entities."""
    names = [LegalName(name, "LEGL")]
    if trading_name:
        names.append(LegalName(trading_name, "TRAD"))
    return Person(
        legal_person=LegalPerson(
            LegalNames(tuple(names)),
            (_address(address),) if address is not None else (),
            client,
            NationalIdentification(lei, "LEIX") if lei else None,
            jurisdiction,
        )
    )


def _address(address: Address) -> GeographicAddress:
    is_whole = address.street and (address.building or address.building_name)
    return GeographicAddress(
        "GEOG",
        address.country,
        street_name=address.street,
        building_number=address.building,
        building_name=address.building_name,
        floor=address.floor,
        room=address.room,
        post_box=address.post_box,
        post_code=address.post_code,
        town_name=address.town,
        country_sub_division=address.subdivision,
        address_line=() if is_whole else (address.line(),),
    )
