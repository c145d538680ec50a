"""What is personal in a house in which everything was done."""

import json
import re
from collections.abc import Iterator

from backoffice.database.base import Base
from backoffice.staff.sealing import Sealed, Sealer, place
from tests.backoffice.cli.everything.house import House
from tests.backoffice.cli.everything.telling import texts


def personal(played: House) -> set[str]:
    """Return all that was sealed and stands nowhere in the open."""
    sealer = Sealer(played.all_keys)
    sealed, in_the_open = set(), set()
    for row in (row for act in played.acts for row in act.rows):
        for content in filter(None, (row.before, row.after)):
            for column in Base.metadata.tables[row.table].columns:
                value = content[column.name]
                if not isinstance(column.type, Sealed):
                    in_the_open |= set(texts(value))
                elif value is not None:
                    bound_to = place(row.table, column.name, *(content[name] for name in column.type.row))
                    sealed |= set(parts(sealer.open(value, bound_to)))
    # Names of rows, and codes of a few letters, are in sealed files too.
    words = {text for text in sealed if len(text) > 4 and not re.fullmatch("[A-Z]+-[0-9]+", text)}
    return {text for text in words if not any(text in each for each in in_the_open)}


def parts(text: str) -> Iterator[str]:
    """Return what a text says: all that is in it, if it is JSON."""
    try:
        return texts(json.loads(text))
    except ValueError:
        return iter((text,))
