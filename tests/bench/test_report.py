import json
from pathlib import Path

import pytest
from rich.console import Console

from bench.followed import Followed
from bench.measure import PingPong, Pipelined, Scaling, Validation
from bench.report import Results, print_tables, write_json
from bench.tls import TlsCost


def results() -> Results:
    return Results(
        quick=True,
        fsync_us=200.0,
        engine={
            "interpreted": {"engine_ops_per_s": 300_000.0, "engine_bytes_per_resting_order": 1_025.0},
            "compiled": {"engine_ops_per_s": 600_000.0},
        },
        pipelined=[
            Pipelined("always", "mix", 4, 100, [50_000.0, 61_000.0, 60_000.0], [1.0, 2.0, 3.0]),
            Pipelined("compiled-always", "mix", 4, 100, [90_000.0, 59_000.0, 50_000.0], [1.0, 2.0, 3.0]),
            Pipelined("quickfix", "mix", 4, 100, [20_000.0, 10_000.0, 30_000.0], [1.0, 2.0, 3.0]),
            Pipelined("lane", "mix", 4, 100, [15_000.0], [1.0]),
            Pipelined("relaxed", "mix", 4, 100, [39_999.0], [1.0]),
        ],
        ping_pong=[
            PingPong("relaxed", True, 10, 79.0, 1.0, 1.0, 1.0),
            PingPong("relaxed", False, 10, 99.0, 1.0, 1.0, 1.0),
            PingPong("always", True, 10, 199.0, 1.0, 1.0, 1.0),
            PingPong("compiled-relaxed", True, 10, 69.0, 1.0, 1.0, 1.0),
        ],
        validation=[
            Validation("interpreted", "varied", [80.0, 60.0, 90.0], [100.0, 100.0, 100.0]),
            Validation("compiled", "rest", [99.0], [100.0]),
        ],
        followed=[
            Followed(1_000, alone=[90.0, 96.0, 500.0], followed=[100.0, 100.0, 97.0]),
            Followed(1, alone=[18.0], followed=[20.0]),
        ],
        tls=TlsCost([100.0, 90.0, 110.0], [75.0, 60.0, 80.0]),
        scaling=[Scaling("small", 2, 10, 10, 40_000.0), Scaling("full", 2, 10, 10, 20_000.0)],
    )


def test_each_figure_is_held_against_its_target() -> None:
    found = {figure.name: (figure.value, figure.met) for figure in results().figures()}
    assert found == {
        "engine alone, add/cancel/match, interpreted": (300_000.0, True),
        "engine alone, add/cancel/match, compiled": (600_000.0, None),
        "engine alone, a resting order, interpreted": (1_025.0, False),
        "mix: interpreted, always": (60_000.0, True),
        "mix: interpreted, relaxed": (39_999.0, False),
        "mix: compiled, always": (59_000.0, True),
        "mix: interpreted, QuickFIX lane": (15_000.0, None),
        "mix: interpreted, always ÷ the same on its QuickFIX lane": (4.0, None),
        "mix: interpreted, always ÷ QuickFIX": (3.0, None),
        "mix: compiled, always ÷ QuickFIX": (2.95, False),
        "ping-pong p50: interpreted, relaxed, client polls": (79.0, True),
        "ping-pong p50: compiled, relaxed, client polls": (69.0, True),
        "dictionary validation, varied: interpreted": (pytest.approx(20.0), True),
        "dictionary validation, rest: compiled": (pytest.approx(1.0), True),
        "mix: what TLS costs": (25.0, True),
        "what trading pays for being followed, 1,000 orders on their way": (pytest.approx(4.0), True),
        "what trading pays for being followed, 1 orders on their way": (pytest.approx(10.0), False),
        "cost of an order: full": (2.0, False),
    }


def test_the_json_holds_the_figures_and_the_machine(tmp_path: Path) -> None:
    write_json(results(), tmp_path / "deep" / "bench.json")
    facts = json.loads((tmp_path / "deep" / "bench.json").read_text(encoding="utf-8"))
    assert [figure["met"] for figure in facts["figures"]] == [figure.met for figure in results().figures()]
    assert facts["machine"]["cores"] >= 1
    assert facts["pipelined"][2]["orders_per_s"] == [20_000.0, 10_000.0, 30_000.0]


def test_the_tables_show_every_figure_with_its_target() -> None:
    console = Console(record=True, width=120)
    print_tables(results(), console)
    text = console.export_text()
    for figure in results().figures():
        assert figure.name in text
