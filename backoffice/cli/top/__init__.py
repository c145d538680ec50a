"""`fondaco top`: the venue and its back office at a glance, as it goes."""

from typing import Annotated

import typer

from backoffice.cli.venue.request import AsOption, ConfigOption, DataOption


def top(
    *,
    config: ConfigOption,
    data: DataOption = None,
    as_user: AsOption = None,
    every_s: Annotated[
        int, typer.Option("--every", metavar="SECONDS", min=1, max=3_600, help="How often it is looked at.")
    ] = 1,
    once: Annotated[bool, typer.Option("--once", help="Look once, print it, and end.")] = False,
) -> None:
    """Watch books, sessions, the flow of orders, how far behind each follower is, and what waits for staff.

    It goes on while the venue is away, and until Ctrl-C. Where there is no terminal it looks once.
    """
    import asyncio

    from rich.console import Console

    from backoffice.cli.loop import run
    from backoffice.cli.top.watching import watch

    try:
        run(watch(Console(highlight=False), config, data, as_user, None if once else every_s))
    except (KeyboardInterrupt, asyncio.CancelledError):
        # This is how one ends it.
        return
