"""What fuzzing has found: the inputs that once broke a promise, each with its target; they must never do so again."""

from typing import Final

FOUND: Final[tuple[tuple[str, bytes], ...]] = (
    ("codec", b"(FIX.5.0SP2\n!35=DY|36)=x|"),
    (
        "order_entry",
        b"D|115=FUND2|11=O3|55=BTC/USD|54=1|60=20261118-11:06:\xcc\xcf\x83\xcc\xc7\xc2\xcey40=2|44=50000|59=1|",
    ),
    (
        "session",
        b"FIX.4.2\nA|90|14\n4|1=Y|\nD4\n4|1=Y|\nD|21=1|11=A|\n5|\nA|98=0|108=30|789=10A",
    ),
)
