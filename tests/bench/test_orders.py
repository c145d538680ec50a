from bench.orders import BUY, SELL, Load, Writer


def fields(message: bytes) -> dict[bytes, bytes]:
    pairs = (pair.partition(b"=") for pair in message.split(b"\x01")[:-1])
    return {tag: value for tag, _, value in pairs}


def test_a_message_says_its_own_length_and_checksum() -> None:
    load = Load()
    Writer("BROKER1").add(load, BUY, b"49900.50")
    (message,) = load.messages
    body_start = message.index(b"\x0135=") + 1
    body_end = message.index(b"\x0110=") + 1
    assert int(fields(message)[b"9"]) == body_end - body_start
    assert int(fields(message)[b"10"]) == sum(message[:body_end]) % 256
    assert message.startswith(b"8=FIX.4.4\x019=")


def test_messages_are_numbered_in_the_order_in_which_they_are_made() -> None:
    writer, load = Writer("BROKER2"), Load()
    logon = writer.logon()
    order = writer.add(load, SELL, b"50100.50")
    writer.cancel(load, order)
    logout = writer.logout()
    messages = [logon, *load.messages, logout]
    assert [fields(message)[b"34"] for message in messages] == [b"1", b"2", b"3", b"4"]
    assert [fields(message)[b"35"] for message in messages] == [b"A", b"D", b"F", b"5"]


def test_a_cancel_names_the_order_and_has_an_id_of_its_own() -> None:
    writer, load = Writer("BROKER1"), Load()
    order = writer.add(load, SELL, b"50100.50")
    writer.cancel(load, order)
    add, cancel = map(fields, load.messages)
    assert cancel[b"41"] == add[b"11"] == order.cl_ord_id
    assert cancel[b"11"] != add[b"11"]
    assert cancel[b"54"] == add[b"54"] == SELL
    assert (load.accepted, load.canceled, load.filled) == (1, 1, 0)
