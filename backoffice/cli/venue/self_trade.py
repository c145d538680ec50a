"""`fondaco venue self-trade`: what becomes of trades with oneself where orders do not say."""

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.option_groups import grouped
from backoffice.cli.venue.request import Asked, command

if TYPE_CHECKING:
    from engine.events import AnyEvent


class Whose(Enum):
    """Whose orders it is for."""

    ACCOUNT = "account"
    SESSION = "session"


class Mode(Enum):
    """What becomes of them; the names are those of `engine.values.SelfTrade`."""

    DEFAULT = "unset"
    NONE = "none"
    CANCEL_NEWEST = "newest"
    CANCEL_OLDEST = "oldest"
    CANCEL_BOTH = "both"
    DECREMENT = "decrement"


class Owner(Enum):
    """Whose orders count as one owner's."""

    ACCOUNT = "account"
    FIRM = "firm"


@grouped
def self_trade(
    whose: Annotated[Whose, typer.Argument(help="Whose orders.", show_default=False)],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which one.", show_default=False)],
    mode: Annotated[Mode, typer.Argument(help="Which order goes.", show_default=False)],
    *,
    asked: Asked,
    owner: Annotated[Owner, typer.Option(help="Whose orders count as its own.")] = Owner.ACCOUNT,
) -> None:
    """Set what becomes of orders that would trade with one of their own owner, where they do not say themselves."""
    from engine.commands import SetSelfTrade
    from engine.rules import SelfTradeRule
    from engine.values import SelfTrade, SelfTradeScope

    account, session = (name, "") if whose is Whose.ACCOUNT else ("", name)
    rule = SelfTradeRule(SelfTrade[mode.name], SelfTradeScope[owner.name])
    command(asked, SetSelfTrade(account, session, rule, asked.who, asked.why), _told)


def _told(events: "Sequence[AnyEvent]") -> list[str]:
    from engine.events import SelfTradeSet

    lines = []
    for event in events:
        if isinstance(event, SelfTradeSet):
            name = f"account {event.account}" if event.account else f"session {event.session}"
            mode, owner = Mode[event.rule.mode.name].value, event.rule.scope.name.lower()
            lines.append(f"{name}: trades with oneself: {mode}, within the {owner}")
    return lines
