"""The entries of a repeating group are told apart, and from what stands around them."""

from hypothesis import given
from hypothesis import strategies as st

from fixgw.codec import SOH, Framer, Message, encode
from fixgw.groups import split_group

ORDER_TAGS = frozenset(("11", "67", "55", "54", "448", "453", "62"))


def decoded(text: str) -> Message:
    (message,) = Framer().receive(encode(text.replace("|", SOH)))
    return message


def test_each_entry_has_its_own_fields() -> None:
    message = decoded("35=E|66=L|73=2|11=A|67=1|54=1|11=B|67=2|55=X|54=2|1385=2|")
    outside, entries = split_group(message, "73", ORDER_TAGS)
    assert outside == {"35": "E", "66": "L", "73": "2", "1385": "2"}
    assert entries == [{"11": "A", "67": "1", "54": "1"}, {"11": "B", "67": "2", "55": "X", "54": "2"}]


def test_the_same_tag_outside_is_not_an_entrys() -> None:
    outside, entries = split_group(decoded("35=E|62=out|73=1|11=A|62=in|"), "73", ORDER_TAGS)
    assert outside["62"] == "out"
    assert entries == [{"11": "A", "62": "in"}]


def test_a_group_within_an_entry_does_not_end_it() -> None:
    _, entries = split_group(decoded("35=E|73=2|11=A|453=2|448=P|448=Q|55=X|11=B|"), "73", ORDER_TAGS)
    assert entries == [{"11": "A", "453": "2", "448": "P", "55": "X"}, {"11": "B"}]


def test_no_group_has_no_entries() -> None:
    assert split_group(decoded("35=E|66=L|73=0|"), "73", ORDER_TAGS) == ({"35": "E", "66": "L", "73": "0"}, [])
    assert split_group(decoded("35=E|66=L|"), "73", ORDER_TAGS) == ({"35": "E", "66": "L"}, [])


values = st.text("abc=", min_size=1, max_size=3)


@given(entries=st.lists(st.dictionaries(st.sampled_from(("67", "55", "54")), values)), after=values)
def test_what_was_put_together_comes_apart(entries: list[dict[str, str]], after: str) -> None:
    wanted = [{"11": f"id{number}", **entry} for number, entry in enumerate(entries)]
    group = "".join(f"{tag}={value}|" for entry in wanted for tag, value in entry.items())
    outside, found = split_group(decoded(f"35=E|73={len(wanted)}|{group}1385={after}|"), "73", ORDER_TAGS)
    assert found == wanted
    assert outside == {"35": "E", "73": str(len(wanted)), "1385": after}
