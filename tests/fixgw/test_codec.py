import re
import sys
import time

import pytest
import simplefix
from hypothesis import assume, example, given
from hypothesis import strategies as st

from fixgw.codec import DATA_TAGS, MESSAGE_BYTES_MAX, SOH, Framer, Message, checksum, encode, readable
from fixgw.errors import UnencodableText
from fixgw.version import FIX44

ORDER = "35=D|49=BROKER|56=VENUE|34=2|52=20261123-03:12:25.123456|11=A1|55=BTC-USD|54=1|38=1.5|40=2|44=65000.25|"
HEARTBEAT = "35=0|49=BROKER|56=VENUE|34=3|52=20261123-03:12:26|"


def wire(text: str, begin_string: str = "FIX.4.4") -> bytes:
    return encode(text.replace("|", SOH), begin_string)


def raw(text: str) -> bytes:
    """Return bytes as written, "|" for SOH, without a frame."""
    return text.replace("|", SOH).encode("latin-1")


def reframed(text: str) -> bytes:
    """Return `8=…|9=…|…|` with a right CheckSum, whatever is wrong with the rest."""
    data = raw(text)
    return data + b"10=%03d\x01" % (sum(data) % 256)


def receive_one(data: bytes) -> Message:
    (message,) = Framer().receive(data)
    return message


def texts(messages: list[Message]) -> list[bytes]:
    return [message.raw for message in messages]


tags = st.integers(min_value=1, max_value=99_999).map(str)
values = st.text(st.characters(max_codepoint=255, exclude_characters=SOH), min_size=1, max_size=20)
bodies = st.lists(st.tuples(tags, values), max_size=12).map(
    lambda fields: "35=D|".replace("|", SOH) + "".join(f"{tag}={value}{SOH}" for tag, value in fields)
)
messages_on_the_wire = bodies.map(encode)


# ------------------------------------------------------------------------------------------------ decoding


def test_a_message_is_decoded_into_its_fields_in_order() -> None:
    message = receive_one(wire(ORDER))
    assert message.begin_string == "FIX.4.4"
    assert message.msg_type == "D"
    assert list(message.fields.items())[:3] == [("35", "D"), ("49", "BROKER"), ("56", "VENUE")]
    assert message.fields["44"] == "65000.25"
    assert not message.irregular
    assert message.raw == wire(ORDER)
    assert message.pairs() == list(message.fields.items())


def test_a_value_may_contain_the_equals_sign() -> None:
    message = receive_one(wire("35=0|58=a=b==c|112=x|"))
    assert message.fields == {"35": "0", "58": "a=b==c", "112": "x"}


def test_bytes_beyond_ascii_are_characters_of_latin_1() -> None:
    assert receive_one(wire("35=0|58=Zürich|")).fields["58"] == "Zürich"


@pytest.mark.parametrize(
    "body",
    (
        "35=0|112=x|112=y|",
        "35=0|112=|",
        "35=|112=x|",
        "35=0|garbage|112=x|",
        "35=0||112=x|",
        "35=0|112=x=y|z|",
        "35=0|58=x=55|BTC|",
        "35=A|95=3|96=abc|",
    ),
    ids=("repeated", "empty", "no type", "no equals", "double SOH", "balanced", "shifted", "data"),
)
def test_what_is_not_plain_is_marked_irregular(body: str) -> None:
    assert receive_one(wire(body)).irregular


def test_of_a_repeated_tag_the_first_value_counts_and_all_pairs_are_kept() -> None:
    message = receive_one(wire("35=0|34=5|34=9|"))
    assert message.fields == {"35": "0", "34": "5"}
    assert message.pairs() == [("35", "0"), ("34", "5"), ("34", "9")]


def test_a_piece_without_equals_has_no_tag() -> None:
    assert receive_one(wire("35=0|58=a|b|112=x|")).pairs()[2] == ("", "b")


@given(bodies)
def test_encoding_and_decoding_give_the_same_fields(body: str) -> None:
    message = receive_one(encode(body))
    expected = [piece.split("=", 1) for piece in body.split(SOH)[:-1]]
    assume(not any(tag in DATA_TAGS for tag, _ in expected))
    assert [list(pair) for pair in message.pairs()] == expected
    repeated = len({tag for tag, _ in expected}) < len(expected)
    assert message.irregular == (repeated or any("=" in value for _, value in expected))
    if not message.irregular:
        assert message.fields == dict(message.pairs())


# --------------------------------------------------------------------------------------------- data fields


def test_a_data_field_may_contain_soh() -> None:
    message = receive_one(wire("35=A|95=9|96=a|554=b|c|108=30|"))
    assert message.fields == {"35": "A", "95": "9", "96": f"a{SOH}554=b{SOH}c", "108": "30"}


@pytest.mark.parametrize(("length_tag", "data_tag"), tuple(DATA_TAGS.items()))
def test_every_data_field_of_fix_44_is_known(length_tag: str, data_tag: str) -> None:
    assert receive_one(wire(f"35=B|{length_tag}=3|{data_tag}=|=||58=x|")).pairs()[2:] == [
        (data_tag, f"{SOH}={SOH}"),
        ("58", "x"),
    ]


@pytest.mark.parametrize("length", ("2", "4", "100", "-1", "1e3", "99999999999999999999", "²", ""))
def test_data_of_a_wrong_length_ends_at_the_next_soh(length: str) -> None:
    assert receive_one(wire(f"35=A|95={length}|96=abc|108=30|")).pairs()[2:] == [("96", "abc"), ("108", "30")]


def test_a_whole_message_within_data_is_not_taken_for_a_message() -> None:
    inner = wire(HEARTBEAT).decode()
    outer = wire(f"35=n|212={len(inner)}|213={inner}|")
    assert texts(Framer().receive(outer)) == [outer]


def test_a_whole_message_within_a_message_of_wrong_checksum_is_not_taken_for_a_message() -> None:
    inner = wire(HEARTBEAT).decode()
    outer = bytearray(wire(f"35=n|58=x|212={len(inner)}|213={inner}|"))
    outer[outer.index(b"58=x") + 3] ^= 1
    framer = Framer()
    assert texts(framer.receive(bytes(outer) + wire(ORDER))) == [wire(ORDER)]
    assert framer.garbled_reason == "CheckSum is wrong"


# ------------------------------------------------------------------------------------------------- framing


@given(st.lists(messages_on_the_wire, max_size=4), st.data())
def test_however_the_stream_is_cut_the_messages_are_the_same(stream: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(stream)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    framer = Framer()
    received = []
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        received += framer.receive(whole[start:end])
    assert texts(received) == stream
    assert framer.garbled_count == 0


def test_a_stream_of_single_bytes_gives_the_same_messages() -> None:
    framer = Framer()
    stream = wire(ORDER) + wire(HEARTBEAT)
    received = [message for byte in stream for message in framer.receive(bytes([byte]))]
    assert texts(received) == [wire(ORDER), wire(HEARTBEAT)]


@pytest.mark.parametrize("begin_string", ("FIX.4.2", "FIX.5.0", "FIXT.1.1", "FIX.9.9"))
def test_another_version_is_delivered(begin_string: str) -> None:
    assert receive_one(wire(HEARTBEAT, begin_string)).begin_string == begin_string


def test_body_length_may_have_leading_zeros() -> None:
    assert Framer().receive(reframed("8=FIX.4.4|9=0005|35=0|"))


@pytest.mark.parametrize(
    ("garbled", "reason"),
    (
        (b"GET / HTTP/1.1\r\n\r\n", "BeginString is not first"),
        (raw("35=0|") + reframed("8=FIX.4.4|9=5|34=2|"), "MsgType is not third"),
        (reframed("8=FIX.4.4|35=0|9=5|34=2|"), "BodyLength is not second, or not a number"),
        (reframed("8=FIX.4.4|34=3|35=0|49=BROKER|"), "BodyLength is not second, or not a number"),
        (reframed("8=FIX.4.4|9=+5|35=0|"), "BodyLength is not second, or not a number"),
        (reframed("8=FIX.4.4|9=5_0|35=0|"), "BodyLength is not second, or not a number"),
        (reframed("8=FIX.4.4|9=|35=0|"), "BodyLength is not second, or not a number"),
        (reframed("8=FIX.4.4|9=0|"), "MsgType is not third"),
        (reframed("8=FIX.4.4|9=4|35=0|"), "no CheckSum where BodyLength ends"),
        (reframed("8=FIX.4.4|9=6|35=0|"), "no CheckSum where BodyLength ends"),
        (reframed("8=FIX.4.4|9=65536|35=0|"), "BodyLength is greater than allowed"),
        (reframed("8=FIX.4.4|9=999999999|35=0|"), "BodyLength is greater than allowed"),
        (reframed("8=FIX.4.4|9=9999999999|35=0|"), "BodyLength is not second, or not a number"),
        (reframed("8=FIX.4.4|9=10|34=2|35=0|"), "MsgType is not third"),
        (raw("8=FIX.4.4|9=5|35=0|10=162|"), "CheckSum is wrong"),
        (raw("8=FIX.4.4|9=5|35=0|10=61|"), "no CheckSum where BodyLength ends"),
        (raw("8=FIX.4.4|9=5|35=0|10=1a1|"), "no CheckSum where BodyLength ends"),
        (raw("8=FIX.4.4|9=5|35=0|10=999|"), "no CheckSum where BodyLength ends"),
        (raw("8=FIX.4.4|9=5|35=0|11=161|"), "no CheckSum where BodyLength ends"),
    ),
)
def test_a_garbled_message_is_dropped_and_counted_and_the_next_is_delivered(garbled: bytes, reason: str) -> None:
    framer = Framer()
    assert texts(framer.receive(garbled + wire(ORDER))) == [wire(ORDER)]
    assert framer.garbled_count >= 1
    assert framer.garbled_reason == reason


def test_one_run_of_stray_bytes_counts_once_however_it_is_cut() -> None:
    framer = Framer()
    for _ in range(10):
        assert framer.receive(b"stray bytes 8=F") == []
    assert framer.garbled_count == 1
    assert texts(framer.receive(b"IX" + wire(ORDER))) == [wire(ORDER)]


def test_a_body_length_too_long_costs_its_own_message_only() -> None:
    garbled = wire(ORDER).replace(b"9=103", b"9=133")
    framer = Framer()
    assert framer.receive(garbled) == []
    assert texts(framer.receive(wire(HEARTBEAT))) == [wire(HEARTBEAT)]
    assert framer.garbled_count == 1


@given(st.binary(max_size=200), messages_on_the_wire)
@example(b"8=FI", wire(HEARTBEAT))
@example(b"\x018", wire(HEARTBEAT))
def test_after_bytes_without_a_begin_string_a_message_is_delivered_at_once(garbage: bytes, message: bytes) -> None:
    assume(b"8=FIX" not in garbage)
    framer = Framer()
    assert texts(framer.receive(garbage) + framer.receive(message)) == [message]
    assert framer.garbled_count == bool(garbage)


HEADS = re.compile(rb"(?=(8=FIX[^\x01=]{0,12}\x019=([0-9]{1,9})\x01))")


def claims(garbage: bytes, message_bytes_max: int) -> list[int]:
    """Return where, counted from the end of `garbage`, the messages begun in it would end."""
    ends = ((head.start(), head.start() + len(head[1]) + int(head[2]) + 7) for head in HEADS.finditer(garbage))
    return [end - len(garbage) for start, end in ends if end - start <= message_bytes_max and end > len(garbage)]


cut_messages = st.tuples(messages_on_the_wire, st.integers(0, 80)).map(lambda drawn: drawn[0][: drawn[1]])
bent_messages = st.tuples(messages_on_the_wire, st.integers(0, 400), st.integers(0, 255)).map(
    lambda drawn: drawn[0][: drawn[1]] + bytes([drawn[2]]) + drawn[0][drawn[1] + 1 :]
)
bare_heads = st.integers(0, 450).map(lambda length: b"8=FIX.4.4\x019=%d\x01" % length)
fragments = st.sampled_from(
    (b"8=FIX", b"8=FIX.4.4\x01", b"8=FIX.4.4\x019=", b"8=FIX.4.4\x019=1", b"10=000\x01", b"\x01")
)
garbage_of_all_kinds = st.lists(
    st.one_of(st.binary(max_size=20), cut_messages, bent_messages, bare_heads, fragments), max_size=6
).map(b"".join)


@given(garbage_of_all_kinds, messages_on_the_wire)
@example(b"8=FIX", wire("35=0|"))
@example(b"8=FIX.4.4\x019=", wire("35=0|"))
@example(b"8=FIX.4.4\x019=1", wire("35=0|"))
@example(b"8=FIX.4.4\x019=19\x01", wire("35=0|"))
def test_after_any_garbage_a_message_is_delivered_unless_a_head_claims_it(garbage: bytes, message: bytes) -> None:
    message_bytes_max = 500
    assume(len(message) <= message_bytes_max)
    open_claims = claims(garbage, message_bytes_max)
    assume(len(message) not in open_claims)  # a head that makes the message a part of its own
    framer = Framer(message_bytes_max)
    received = framer.receive(garbage) + framer.receive(message)
    if all(claim <= len(message) for claim in open_claims):
        assert texts(received)[-1:] == [message]
    received += framer.receive(b"\x00" * message_bytes_max)  # all that was claimed has come
    assert texts(received)[-1:] == [message]


@given(st.lists(st.one_of(garbage_of_all_kinds, st.binary()), max_size=10))
def test_no_input_raises_or_is_kept_beyond_the_greatest_message(chunks: list[bytes]) -> None:
    framer = Framer(message_bytes_max=100)
    for chunk in chunks:
        for message in framer.receive(chunk):
            assert repr(message)
            assert message.pairs()
        assert len(framer._rest) < 100


def test_100_megabytes_without_soh_take_linear_time_and_no_memory() -> None:
    for filling in (b"A", b"8", b"8=FIX"):
        framer = Framer()
        megabyte = (filling * (2**20 // len(filling) + 1))[: 2**20]
        started_s = time.monotonic()
        for _ in range(100 if len(filling) == 1 else 3):
            assert framer.receive(megabyte) == []
        assert time.monotonic() - started_s < 10
        assert sys.getsizeof(framer._rest) < 1_000
        assert texts(framer.receive(SOH.encode() + wire(ORDER))) == [wire(ORDER)]


def test_heads_within_heads_take_linear_time() -> None:
    framer = Framer()
    started_s = time.monotonic()
    for _ in range(20):
        assert framer.receive(raw("8=FIX.4.4|9=65000|") * 3_000) == []
    assert time.monotonic() - started_s < 10
    assert len(framer._rest) <= MESSAGE_BYTES_MAX


def test_a_long_message_in_small_pieces_takes_linear_time() -> None:
    message = wire(f"35=B|58={'x' * 65_000}|")
    framer = Framer()
    started_s = time.monotonic()
    received = [found for start in range(0, len(message), 2) for found in framer.receive(message[start : start + 2])]
    assert time.monotonic() - started_s < 5
    assert texts(received) == [message]


def test_a_message_of_the_greatest_length_is_delivered_and_one_byte_more_is_not() -> None:
    frame_bytes = len(wire("35=B|58=|").replace(b"9=9", b"9=99999"))
    longest = wire(f"35=B|58={'x' * (MESSAGE_BYTES_MAX - frame_bytes)}|")
    assert len(longest) == MESSAGE_BYTES_MAX
    assert receive_one(longest).raw == longest
    assert Framer(MESSAGE_BYTES_MAX - 1).receive(longest) == []


# ------------------------------------------------------------------------------------------------ encoding


@given(st.one_of(st.binary(max_size=2_000), st.integers(0, 3_000).map(lambda size: b"\xff" * size)))
@example(b"\x7f" * 512)
@example(b"\xff" * 257)
def test_the_checksum_is_the_sum_of_the_bytes(data: bytes) -> None:
    assert checksum(data) == sum(data) % 256


def test_an_encoded_message_is_what_the_standard_shows() -> None:
    assert wire("35=0|") == raw("8=FIX.4.4|9=5|35=0|10=163|")


def test_a_character_beyond_latin_1_cannot_be_encoded() -> None:
    with pytest.raises(UnencodableText) as caught:
        wire("35=0|58=€|")
    assert caught.value.value == "€"


# simplefix knows the lengths of later versions, and takes CheckSum wherever it stands.
plain_tags = st.sampled_from(
    sorted(
        FIX44.dictionary.fields.keys() - DATA_TAGS.keys() - set(DATA_TAGS.values()) - {"8", "9", "10", "35"}, key=int
    )
)
plain_fields = st.lists(st.tuples(plain_tags, values), max_size=12)


@given(plain_fields)
def test_simplefix_reads_what_we_write(fields: list[tuple[str, str]]) -> None:
    parser = simplefix.FixParser()
    parser.append_buffer(encode("".join(f"{tag}={value}{SOH}" for tag, value in [("35", "D"), *fields])))
    theirs = parser.get_message()
    pairs = [(tag.decode(), value.decode("latin-1")) for tag, value in theirs.pairs]
    assert pairs[2:-1] == [("35", "D"), *fields]


@given(plain_fields)
def test_we_read_what_simplefix_writes(fields: list[tuple[str, str]]) -> None:
    theirs = simplefix.FixMessage()
    theirs.append_pair(8, "FIX.4.4")
    theirs.append_pair(35, "D")
    for tag, value in fields:
        theirs.append_pair(tag, value.encode("latin-1"))
    message = receive_one(theirs.encode())
    assert message.pairs() == [("35", "D"), *fields]
    assert encode("".join(f"{tag}={value}{SOH}" for tag, value in message.pairs())) == message.raw


# ------------------------------------------------------------------------------------------------- reading


def test_a_message_is_readable_on_one_line() -> None:
    assert readable(raw("8=FIX.4.4|9=5|35=0|58=a\nb\x00\x7fü|")) == "8=FIX.4.4|9=5|35=0|58=a\\x0ab\\x00\\x7f\\xfc|"


@pytest.mark.parametrize(
    ("text", "shown"),
    (
        ("35=A|553=me|554=secret|141=Y|", "35=A|553=me|554=***|141=Y|"),
        ("35=BE|554=secret|925=secret2|924=3|", "35=BE|554=***|925=***|924=3|"),
        ("35=A|95=6|96=secret|141=Y|", "35=A|95=6|96=***|141=Y|"),
        ("35=A|95=13|96=secret|secret|141=Y|", "35=A|95=13|96=***|141=Y|"),
        ("35=A|95=2|96=secret|141=Y|", "35=A|95=2|96=***|141=Y|"),
        ("35=A|95=99|96=secret|141=Y|", "35=A|95=99|96=***"),
        ("35=A|96=secret|secret|141=Y|", "35=A|96=***"),
        ("35=A|1401=6|1402=secret|1403=13|1404=secret|secret|98=0|", "35=A|1401=6|1402=***|1403=13|1404=***|98=0|"),
        ("35=BE|1402=secret|secret|98=0|", "35=BE|1402=***"),
        ("35=BE|1403=99|1404=secret|98=0|", "35=BE|1403=99|1404=***"),
        ("554=secret", "554=***"),
        ("0554=secret|", "0554=***|"),
        ("35=0|1554=shown|5541=shown|58=554=shown|", "35=0|1554=shown|5541=shown|58=554=shown|"),
    ),
)
def test_secrets_are_masked(text: str, shown: str) -> None:
    assert readable(raw(text)) == shown


@given(st.sampled_from(("554", "925")), st.lists(st.sampled_from(("58=x|", "95=4|", "96=ab|c|", "|", "=")), max_size=4))
def test_a_password_never_shows_whatever_stands_around_it(tag: str, around: list[str]) -> None:
    text = "".join(around) + f"|{tag}=TOPSECRET|" + "".join(around)
    assert "SECRET" not in readable(raw(text))


# ------------------------------------------------------------------------------------------------ learned shapes


def learned_framer() -> Framer:
    """Return a framer that has seen `ORDER` so often that it reads its like at one stroke."""
    framer = Framer()
    for _ in range(20):
        for message in framer.receive(wire(ORDER)):
            framer.learn(message)
    return framer


def test_a_shape_that_comes_often_is_known() -> None:
    (message,) = learned_framer().receive(wire(ORDER.replace("34=2", "34=8")))
    assert message.known
    assert message.fields["34"] == "8"
    assert not receive_one(wire(ORDER)).known


edits = st.lists(
    st.tuples(st.integers(3, len(ORDER) - 2), st.sampled_from(("", "|", "=", "x", "1", "|44=1|", "\xe9"))), max_size=3
)


@given(edits=edits, is_framed_again=st.booleans())
def test_a_learned_shape_reads_as_the_slow_road_does(edits: list[tuple[int, str]], *, is_framed_again: bool) -> None:
    text = ORDER
    for place, piece in edits:
        text = text[:place] + piece + text[place + 1 :].removesuffix("|") + "|"
    data = wire(text) if is_framed_again else wire(ORDER)[: -len(ORDER) - 7] + raw(text) + wire(ORDER)[-7:]
    stream = data + wire(ORDER)
    fast, slow = learned_framer(), Framer()
    read_fast, read_slow = fast.receive(stream), slow.receive(stream)
    assert [(m.msg_type, m.fields, m.raw) for m in read_slow] == [(m.msg_type, m.fields, m.raw) for m in read_fast]
    assert slow.garbled_count == fast.garbled_count


def test_a_learned_shape_is_no_way_past_checksum_and_body_length() -> None:
    framer = learned_framer()
    good = wire(ORDER)
    wrong_sum = good[:-4] + (b"000" if good[-4:-1] != b"000" else b"001") + b"\x01"
    wrong_length = good.replace(b"\x019=%d" % (len(ORDER)), b"\x019=%d" % (len(ORDER) - 1))
    assert [good] == texts(framer.receive(wrong_sum + good))
    assert [good] == texts(framer.receive(wrong_length + good))
    assert framer.garbled_count == 2


def test_only_a_handful_of_shapes_is_remembered() -> None:
    framer = Framer()
    for extra in range(40):
        for _ in range(20):
            for message in framer.receive(wire(f"{ORDER}{9000 + extra}=1|")):
                framer.learn(message)
    assert len(framer._shapes) == 8
