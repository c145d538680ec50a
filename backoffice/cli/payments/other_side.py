"""The options that say who is on the other side of a transfer of crypto assets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from backoffice.payments.holders import Holding

VaspOption = Annotated[
    str | None, typer.Option("--vasp", metavar="SERVICE", help="Held at this service, by its LEI or DID.")
]
SelfHostedOption = Annotated[bool, typer.Option("--self-hosted", help="A wallet that no service holds.")]
ProofOption = Annotated[
    str, typer.Option("--proof", metavar="TEXT", help="What proves that such a wallet is the client's.")
]
BeneficiaryOption = Annotated[
    Path | None,
    typer.Option("--person", metavar="FILE", help="Whose it is, JSON of IVMS101.2020.", show_default="the client"),
]


def holding_of(vasp: str | None, *, self_hosted: bool, proof: str, person: Path | None) -> "Holding | None":
    """Return what the options say, None if nothing. Raise `CommandFailed` if they contradict each other."""
    from backoffice.cli.failure import CommandFailed
    from backoffice.crm.ivms101 import decode_person_text
    from backoffice.payments.holders import Holding

    if vasp is None and not self_hosted:
        if proof or person is not None:
            raise CommandFailed("say where it is held as well: --vasp SERVICE, or --self-hosted")
        return None
    check_one(vasp, self_hosted=self_hosted)
    return Holding(vasp, proof, None if person is None else decode_person_text(read(person)))


def check_one(vasp: str | None, *, self_hosted: bool) -> None:
    """Raise `CommandFailed` unless it is one of the two."""
    from backoffice.cli.failure import CommandFailed

    if (vasp is not None) is self_hosted:
        raise CommandFailed("say one of the two: --vasp SERVICE, or --self-hosted")


def read(file: Path) -> bytes:
    """Return what a file holds, as far as it may be of use."""
    from backoffice.crm.ivms101 import JSON_BYTES_MAX

    with file.open("rb") as opened:
        return opened.read(JSON_BYTES_MAX + 1)
