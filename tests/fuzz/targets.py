"""What is fuzzed: each target takes any bytes, and fails by an exception if a promise is broken."""

from collections.abc import Callable
from typing import Final

from tests.fuzz.codec_target import check_codec
from tests.fuzz.order_entry_target import check_order_entry
from tests.fuzz.session_target import check_session

TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "codec": check_codec,
    "session": check_session,
    "order_entry": check_order_entry,
}
