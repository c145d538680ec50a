"""Numbers as the command line is given them: each has a largest one, so that whatever keeps it can."""

from typing import Annotated, Final

import typer

NUMBER_MAX: Final = 1_000_000_000
"""Of what is counted."""
ID_MAX: Final = 10**18
"""Of what has a number of its own."""

CountOption = Annotated[
    int, typer.Option("--count", "-n", metavar="N", min=1, max=NUMBER_MAX, help="How many, the last ones.")
]
