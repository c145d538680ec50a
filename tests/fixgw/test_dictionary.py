import pytest

from fixgw.codec import DATA_TAGS
from fixgw.dictionary import ADMIN_MSG_TYPES, Block, Dictionary

FIX44 = Dictionary("fix44")
DICTIONARIES = {
    "FIX.4.2": Dictionary("fix42"),
    "FIX.4.4": FIX44,
    "FIX.5.0SP2": Dictionary("fixt11", "fix50sp2"),
}


def body(msg_type: str) -> Block:
    block = FIX44.body_of(msg_type)
    assert block is not None
    return block


def test_fix_44_has_its_912_fields_from_1_to_956() -> None:
    assert len(FIX44.fields) == 912
    assert all(1 <= int(tag) <= 956 for tag in FIX44.fields)
    assert not {"20", "76", "109", "166", "439", "440"} & FIX44.fields.keys()  # removed before 4.4


@pytest.mark.parametrize(
    ("tag", "name", "kind"),
    (
        ("11", "ClOrdID", "STRING"),
        ("34", "MsgSeqNum", "SEQNUM"),
        ("38", "OrderQty", "QTY"),
        ("52", "SendingTime", "UTCTIMESTAMP"),
        ("95", "RawDataLength", "LENGTH"),
        ("432", "ExpireDate", "LOCALMKTDATE"),
        ("453", "NoPartyIDs", "NUMINGROUP"),
        ("554", "Password", "STRING"),
        ("956", "LegInterestAccrualDate", "LOCALMKTDATE"),
    ),
)
def test_a_field_has_its_name_and_type(tag: str, name: str, kind: str) -> None:
    assert (FIX44.fields[tag].tag, FIX44.fields[tag].name, FIX44.fields[tag].kind) == (tag, name, kind)


@pytest.mark.parametrize(
    ("tag", "values"),
    (
        ("21", "123"),
        ("40", "12346789DEGIJKLMP"),
        ("54", "123456789ABCDEFG"),
        ("59", "01234567"),
        ("98", "0123456"),
        ("530", "1234567"),
        ("585", "12345678"),
    ),
)
def test_an_enumerated_field_has_its_values(tag: str, values: str) -> None:
    assert FIX44.fields[tag].values == set(values)
    assert FIX44.fields[tag].open_from is None


def test_some_enumerations_leave_room_for_agreement() -> None:
    assert FIX44.fields["22"].open_from == 100
    assert FIX44.fields["803"].open_from == 4000


def test_msg_types_are_those_of_fix_44() -> None:
    single = "0123456789ABCDEFGHJKLMNPQRSTVWXYZabcdefghijklmnopqrstuvwxyz"
    double = {f"A{second}" for second in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"} | {f"B{second}" for second in "ABCDEFGH"}
    assert set(single) | double == FIX44.msg_types.keys()
    assert FIX44.msg_types["D"] == "NewOrderSingle"
    assert FIX44.msg_types["BH"] == "ConfirmationRequest"
    assert {FIX44.msg_types[msg_type] for msg_type in ADMIN_MSG_TYPES} == {
        "Heartbeat",
        "TestRequest",
        "ResendRequest",
        "Reject",
        "SequenceReset",
        "Logout",
        "Logon",
    }


def test_what_is_no_msg_type_has_no_body() -> None:
    for msg_type in ("", "I", "O", "U", "U1", "*", "header", "Parties"):
        assert FIX44.body_of(msg_type) is None


@pytest.mark.parametrize(
    ("msg_type", "required"),
    (
        ("A", {"98", "108"}),
        ("0", set()),
        ("1", {"112"}),
        ("2", {"7", "16"}),
        ("3", {"45"}),
        ("4", {"36"}),
        ("5", set()),
        ("D", {"11", "40", "54", "60"}),
        ("F", {"11", "41", "54", "60"}),
        ("G", {"11", "40", "41", "54", "60"}),
        ("H", {"11", "54"}),
        ("q", {"11", "530", "60"}),
        ("AF", {"584", "585"}),
    ),
)
def test_a_message_has_its_required_fields(msg_type: str, required: set[str]) -> None:
    assert set(body(msg_type).required) == required


def test_the_header_and_trailer_have_their_fields() -> None:
    assert set(FIX44.header.required) == {"8", "9", "35", "34", "49", "52", "56"}
    assert {"43", "50", "57", "97", "115", "122", "128", "369", "627"} <= FIX44.header.members.keys()
    assert list(FIX44.trailer.members) == ["93", "89", "10"]


def test_components_and_groups_are_expanded() -> None:
    order = body("D")
    assert {"55", "48", "167", "38", "152", "44", "99", "110", "111", "211"} <= order.members.keys()
    parties = order.members["453"]
    assert parties is not None
    assert list(parties.members) == ["448", "447", "452", "802"]
    sub_ids = parties.members["802"]
    assert sub_ids is not None
    assert list(sub_ids.members) == ["523", "803"]
    assert {"453", "448", "802", "523"} <= order.tags()
    assert "448" not in order.members


def test_the_first_field_of_a_group_of_a_component_is_found_within_it() -> None:
    underlyings = body("D").members["711"]
    assert underlyings is not None
    assert next(iter(underlyings.members)) == "311"


EVERY_MESSAGE = tuple((name, msg_type) for name, each in DICTIONARIES.items() for msg_type in each.msg_types)


@pytest.mark.parametrize(("name", "msg_type"), EVERY_MESSAGE)
def test_every_message_is_consistent(name: str, msg_type: str) -> None:
    dictionary = DICTIONARIES[name]
    block = dictionary.body_of(msg_type)
    if block is None:
        assert name == "FIX.5.0SP2", "known by its name alone"
        return
    assert block.tags() <= dictionary.fields.keys()
    assert not block.tags() & (dictionary.header.tags() | dictionary.trailer.tags())
    assert set(block.required) <= block.members.keys()
    blocks = [block]
    while blocks:
        members = blocks.pop().members
        for tag, entry in members.items():
            assert (dictionary.fields[tag].kind == "NUMINGROUP") == (entry is not None)
            if entry is not None:
                assert entry.members
                assert not members.keys() & entry.tags()
                blocks.append(entry)


def test_the_codec_knows_every_data_field() -> None:
    fields = [field for each in DICTIONARIES.values() for field in each.fields.values()]
    assert {field.tag for field in fields if field.kind in {"DATA", "XMLDATA"}} == set(DATA_TAGS.values())
    assert all(field.kind == "LENGTH" for field in fields if field.tag in DATA_TAGS)


# ------------------------------------------------------------------------------------------ the other versions


def test_fix_42_has_its_fields_and_messages() -> None:
    fix = DICTIONARIES["FIX.4.2"]
    assert len(fix.fields) == 405
    assert set(fix.msg_types) == set("0123456789ABCDEFGHJKLMNPQRSTVWXYZabcdefghijklm")
    assert fix.fields["20"].values == set("0123")
    assert "F" not in fix.fields["150"].values
    assert fix.fields["211"].name == "PegDifference"
    assert not {"553", "554", "790", "851"} & fix.fields.keys()


def test_fix_42_counts_its_groups_with_fields_of_a_type_of_their_own() -> None:
    assert DICTIONARIES["FIX.4.2"].fields["382"].kind == "NUMINGROUP"


def test_the_session_of_fix_50_is_that_of_fixt() -> None:
    fix = DICTIONARIES["FIX.5.0SP2"]
    logon, reject = fix.body_of("A"), fix.body_of("3")
    assert logon is not None
    assert reject is not None
    assert set(logon.required) == {"98", "108", "1137"}
    assert "1130" in reject.members
    assert "1128" in fix.header.members
    assert "18" in fix.fields["373"].values


def test_what_a_venue_has_no_use_for_is_known_by_name_alone() -> None:
    fix = DICTIONARIES["FIX.5.0SP2"]
    assert fix.body_of("AB") is None
    assert fix.msg_types["AB"] == "NewOrderMultileg"
    assert "2963" in fix.other_tags
    assert not fix.other_tags & fix.fields.keys()
    assert "3000" not in fix.other_tags


def test_a_dictionary_may_have_values_on_top() -> None:
    fix = Dictionary("fix42", more_values={"40": "JK"})
    assert fix.fields["40"].values == DICTIONARIES["FIX.4.2"].fields["40"].values | {"J", "K"}
