"""What a guided fuzzer begins with: real conversations, as scripts, and the words that messages are made of."""

import re
from pathlib import Path
from typing import Final

from engine.profile import FIX_VERSIONS
from fixgw.codec import DATA_TAGS
from fixgw.support import BODY, HEADER, SESSION_BODY
from fixgw.version import FIX44, version_named

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "spec" / "examples.md"
_SAID: Final = re.compile(r"^    BROKER(\d) > 8=FIX.*?\|35=(\w+)\|49=\w+\|56=\w+\|34=\d+\|52=[^|]+\|(.*)10=\d{3}\|$")
_REPEATS: Final = re.compile(r"43=Y\|(?:97=Y\|)?(?:122=[^|]+\|)?")
_SCRIPTS: Final = (
    "A|98=0|108=1|\n.1|112=X|\n..0|\n~0|",
    "A|98=0|108=30|141=Y|\nD|11=A|\n5|\nA|98=0|108=30|789=10|",
    "++D|11=A|\n*-D|11=A|\n4|123=Y|36=9|\n2|7=1|16=0|\n+++2|7=3|16=2|\n4|36=20|",
    "&0|\n5|\nA|98=0|108=30|\n!35=D|49=BROKER1|56=OTHER|34=2|52=20261118-11:06:40|",
    ">D|11=A|55=BTC/USD|54=1|60=20261118-11:06:40|38=1|40=2|44=100|453=1|448=DESK|447=D|452=3|\n>>H|11=A|55=BTC/USD|54=1|",
    "D|11=A|354=3|355=a\x01b|\nD|11=A|453=2|448=P|447=D|452=1|448=Q|447=D|452=1|\n=8=FIX.4.4|9=5|35=0|10=000|",
)
"""What no example shows: time, gaps, resets, data with an SOH, groups, and what is garbled."""
_VALUES: Final = (
    *("", "0", "-1", "9" * 18, "9" * 19, "0.000001", "1e9", "NaN", "2147483647", "2147483648", "9223372036854775808"),
    *(
        "BTC/USD",
        "ETH/USD",
        "ACC1",
        "ACC1B",
        "ACC3",
        "DESK",
        "REST1",
        "20261118-11:06:40",
        "20261118-11:06:40.123456789",
    ),
    *("\xff", "\xb2", "=", "\x01", "A" * 65, "8=FIX.4.4\x019="),
)


_ON_TOP: Final = {"FIX.4.2": ((b"D", b"21=1"), (b"G", b"21=1")), "FIX.5.0SP2": ((b"A", b"1137=9"),)}
"""What messages need in other versions that need not, or cannot, be there in FIX 4.4."""


def scripts() -> list[bytes]:
    """Return the conversations, and some more, in every version."""
    return [in_version(script, name) for name in FIX_VERSIONS for script in conversations()]


def conversations() -> list[bytes]:
    """Return the conversations of the examples, one script each, and some more, as they are in FIX 4.4."""
    found = [_script(section) for section in EXAMPLES.read_text(encoding="utf-8").split("\n## ")]
    return [script for script in found if script] + [text.encode("latin-1") for text in _SCRIPTS]


def in_version(script: bytes, name: str) -> bytes:
    """Return a script of FIX 4.4 as it would be said in another version, with what that requires."""
    for msg_type, field in _ON_TOP.get(name, ()):
        lacking = rb"(?m)^([-+*?.~>&]*%b\|)(?!.*\b%b=)" % (msg_type, field.partition(b"=")[0])
        script = re.sub(lacking, rb"\g<1>%b|" % field, script)
    return script if name == FIX44.name else name.encode("ascii") + b"\n" + script


def write(directory: Path) -> Path:
    """Write the scripts to a folder, a file each, and return it."""
    directory.mkdir(parents=True)
    for number, script in enumerate(scripts()):
        (directory / f"{number:03d}").write_bytes(script)
    return directory


def words() -> str:
    """Return tags, MsgTypes and values, one a line, as libFuzzer reads them."""
    tags = HEADER.union(*BODY.values(), *SESSION_BODY.values(), DATA_TAGS, DATA_TAGS.values())
    tags = tags.union(*(version_named(name).dictionary.count_tags for name in FIX_VERSIONS))
    types = (*BODY, *SESSION_BODY, "3", "5", "j", "B", "8")
    texts = [
        *(f"|{tag}=" for tag in sorted(tags, key=int)),
        *(f"\n{each}|" for each in types),
        *_VALUES,
        *(f"{name}\n" for name in FIX_VERSIONS),
    ]
    return "".join(f'"{_escaped(text)}"\n' for text in texts if text)


def _script(section: str) -> bytes:
    lines = []
    for line in section.splitlines():
        said = _SAID.match(line)
        if said is not None:
            broker, msg_type, body = said.groups()
            body, repeats = _REPEATS.subn("", body, 1)
            body = body.replace("BROKER1-A", "ACC1").replace("BROKER2-A", "ACC2")
            lines.append(f"{'>' * (int(broker) - 1)}{'*' * repeats}{msg_type}|{body}")
    return "\n".join(lines).encode("latin-1")


def _escaped(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode("latin-1"))
