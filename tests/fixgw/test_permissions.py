"""What a session may do: by its role, in which instruments, and in whose name."""

import msgspec
import pytest

from engine.commands import ProvisionSession
from engine.profile import OnBehalf, SessionProfile, SessionRole
from tests.fixgw.venue import NOW, Told, Venue

ORDER = f"11=A|55=BTC/USD|54=1|60={NOW}|38=1|40=2|44=100|59=1|"
CANCEL = f"11=B|41=A|55=BTC/USD|54=1|60={NOW}|"
REPLACE = f"11=B|41=A|55=BTC/USD|54=1|60={NOW}|38=2|40=2|44=100|59=1|"
ENTRIES = "".join(f"11={name}|67={number}|55=BTC/USD|54=1|38=1|40=2|44=100|" for number, name in ((1, "A"), (2, "B")))
LIST = f"66=L|394=3|1385=1|68=2|73=2|{ENTRIES}"
CLIENTS = (OnBehalf("FUND1", "ACC1B"), OnBehalf("FUND2", "ACC1"))


def venue_of(profile: SessionProfile) -> Venue:
    """Return a venue whose BROKER1 has this profile."""
    venue = Venue()
    venue.apply(ProvisionSession("BROKER1", ("ACC1", "ACC1B"), "", profile=profile))
    return venue


def told(venue: Venue, msg_type: str, fields: str) -> Told:
    """Return what BROKER1 hears first of what it says."""
    return venue.say(msg_type, fields)[0]


@pytest.mark.parametrize(
    ("msg_type", "fields"),
    (
        ("D", ORDER),
        ("F", CANCEL),
        ("G", REPLACE),
        ("q", f"11=M|530=7|60={NOW}|"),
        ("E", LIST),
        ("K", f"66=L|60={NOW}|"),
    ),
)
def test_read_only_session_changes_nothing(msg_type: str, fields: str) -> None:
    answer = told(venue_of(SessionProfile(SessionRole.READ_ONLY)), msg_type, fields)
    assert (answer.msg_type, answer["380"], answer["372"]) == ("j", "6", msg_type)
    assert answer["58"].startswith("[2010]")


@pytest.mark.parametrize(
    ("msg_type", "fields"),
    (("H", "11=A|55=BTC/USD|54=1|"), ("AF", "584=S|585=7|"), ("e", "324=S|55=BTC/USD|263=0|"), ("g", "335=S|263=0|")),
)
def test_read_only_session_is_answered(msg_type: str, fields: str) -> None:
    assert told(venue_of(SessionProfile(SessionRole.READ_ONLY)), msg_type, fields).msg_type in "8fh"


@pytest.mark.parametrize("msg_type", ("D", "H"))
def test_drop_copy_session_neither_trades_nor_asks_for_orders(msg_type: str) -> None:
    fields = {"D": ORDER, "H": "11=A|55=BTC/USD|54=1|"}[msg_type]
    answer = told(venue_of(SessionProfile(SessionRole.DROP_COPY)), msg_type, fields)
    assert (answer.msg_type, answer["380"]) == ("j", "6")


def test_session_trades_the_instruments_that_it_may_and_no_others() -> None:
    venue = venue_of(SessionProfile(instruments=("ETH/USD",)))
    assert told(venue, "D", ORDER).has("150=8|103=0|")
    assert told(venue, "D", ORDER)["58"].startswith("[2011]")
    assert told(venue, "D", ORDER.replace("BTC/USD", "ETH/USD")).has("150=0|")


def test_orders_that_are_open_can_be_cancelled_when_the_instrument_is_permitted_no_more() -> None:
    venue = venue_of(SessionProfile())
    venue.say("D", ORDER)
    venue.apply(ProvisionSession("BROKER1", ("ACC1", "ACC1B"), "", profile=SessionProfile(instruments=("ETH/USD",))))
    assert told(venue, "G", REPLACE)["58"].startswith("[2011]")
    assert told(venue, "F", CANCEL).has("150=4|")


@pytest.mark.parametrize("header", ("115=FUND1|", "453=1|448=FUND1|447=D|452=3|", "453=1|448=FUND1|452=24|"))
def test_order_for_a_client_is_its_accounts(header: str) -> None:
    venue = venue_of(SessionProfile(on_behalf_of=CLIENTS))
    assert told(venue, "D", header + ORDER).has("150=0|1=ACC1B|")
    assert told(venue, "H", f"{header}11=A|55=BTC/USD|54=1|").has("150=I|39=0|1=ACC1B|")


@pytest.mark.parametrize(
    ("header", "code"),
    (
        ("115=NOBODY|", "[2012]"),
        ("115=FUND1|1=ACC1|", "[2013]"),
        ("453=1|448=NOBODY|452=3|", "[2012]"),
        ("453=1|448=FUND1|452=1|", "[2002]"),
        ("453=1|448=FUND1|", "[2005]"),
        ("453=2|448=FUND1|452=3|448=FUND2|452=3|", "[2002]"),
    ),
)
def test_client_that_the_session_may_not_act_for_is_refused(header: str, code: str) -> None:
    venue = venue_of(SessionProfile(on_behalf_of=CLIENTS))
    assert told(venue, "D", header + ORDER)["58"].startswith(code)


def test_session_without_clients_acts_for_nobody() -> None:
    assert told(venue_of(SessionProfile()), "D", f"115=FUND1|{ORDER}")["58"].startswith("[2012]")


def test_mass_requests_for_a_client_are_for_its_account() -> None:
    venue = venue_of(SessionProfile(on_behalf_of=CLIENTS))
    venue.say("D", ORDER)
    venue.say("D", f"115=FUND1|{ORDER}")
    answers = venue.say("AF", "115=FUND1|584=S|585=7|")
    assert [answer["1"] for answer in answers] == ["ACC1B"]
    canceled, report = venue.say("q", f"115=FUND1|11=M|530=7|60={NOW}|")
    assert canceled.has("150=4|1=ACC1B|")
    assert report["533"] == "1"


def test_profile_is_looked_at_anew_with_each_message() -> None:
    venue = venue_of(SessionProfile())
    assert told(venue, "D", ORDER).has("150=0|")
    readonly = msgspec.structs.replace(SessionProfile(), role=SessionRole.READ_ONLY)
    venue.apply(ProvisionSession("BROKER1", ("ACC1", "ACC1B"), "", profile=readonly))
    assert told(venue, "D", ORDER.replace("11=A", "11=C")).msg_type == "j"
