"""The session layer against the standard's test cases: every script of `spec/conformance`, in each version of FIX.

All scripts are acted out at the same time against one venue, each on sessions of its own; and one after the other on
the same ones, as a broker runs them.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from backoffice.cli.qa.runner import Outcome, Run, act
from backoffice.cli.qa.script import read_script
from backoffice.cli.qa.statements import Script
from backoffice.cli.qa.values import literal
from backoffice.cli.qa.wire import Address
from tests.e2e.conftest import MakeVenue
from tests.e2e.venue import HOST, PASSWORD, ROOT, Venue

pytestmark = pytest.mark.e2e

CASES: Final = ROOT / "spec" / "conformance"
BEGIN_STRINGS: Final = {"FIX.4.2": "FIX.4.2", "FIX.4.4": "FIX.4.4", "FIX.5.0SP2": "FIXT.1.1"}
"""By the settings' names of the versions."""
SYMBOLS: Final = {"FIX.4.2": "BTC/USD", "FIX.4.4": "LTC/USD", "FIX.5.0SP2": "ETH/USD"}
"""Each version trades in an instrument of its own."""
AT_ONCE: Final = 32
LIMIT_S: Final = 20.0

Case = tuple[str, str]
"""A version and the name of a script."""


def scripts() -> dict[Case, Script]:
    """Return the scripts as they are for each version that they are for."""
    read = {
        (version, path.stem): read_script(path, begin_string, frozenset(("password",)))
        for path in sorted(CASES.glob("*.fix"))
        for version, begin_string in BEGIN_STRINGS.items()
    }
    return {
        (version, name): script
        for (version, name), script in read.items()
        if not script.versions or BEGIN_STRINGS[version] in script.versions
    }


SCRIPTS: Final = scripts()


def senders(case: Case) -> tuple[str, ...]:
    """Return the sessions that are there for a script."""
    number = list(SCRIPTS).index(case)
    return tuple(f"CONFORM{number}{session.name}" for session in SCRIPTS[case].sessions)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Case, Future[Outcome]]]:
    sessions = [{"comp_id": sender, "version": case[0]} for case in SCRIPTS for sender in senders(case)]
    venue = Venue(tmp_path_factory.mktemp("venue"), sync="relaxed", sessions=0, more_sessions=sessions)
    venue.start()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield {case: threads.submit(act, script, run_of(venue.port, case)) for case, script in SCRIPTS.items()}
    venue.stop()
    venue.check_log()


def run_of(port: int, case: Case) -> Run:
    version = case[0]
    values = {"password": literal(PASSWORD), "symbol": literal(SYMBOLS[version])}
    begin_string = BEGIN_STRINGS[version]
    return Run(Address(HOST, port), begin_string, "order-entry", senders(case), "FONDACO", values, LIMIT_S)


@pytest.mark.parametrize("case", SCRIPTS, ids=" ".join)
def test_venue_does_what_the_standard_wants(outcomes: dict[Case, Future[Outcome]], case: Case) -> None:
    outcome = outcomes[case].result()
    assert outcome.result == "passed", outcome.transcript.full() if outcome.transcript else outcome.problem


def test_suite_is_run_by_one_command_on_the_sessions_of_one_broker(make_venue: MakeVenue, tmp_path: Path) -> None:
    venue = make_venue(sessions=2)
    venue.start()
    password, report, junit = (tmp_path / name for name in ("password", "report.md", "junit.xml"))
    password.write_text(PASSWORD, encoding="utf-8")
    finished = venue.run(
        *("qa", "run", str(CASES), "--quiet", "--without", "slow", "--port", str(venue.port)),
        *("--session", "BROKER1", "--session", "BROKER2", "--set", f"password=@{password}"),
        *("--report", str(report), "--junit", str(junit)),
    )
    assert finished.returncode == 0, finished.stdout
    assert " 0 failed, " in finished.stdout.splitlines()[-1]
    assert report.read_text(encoding="utf-8").startswith("# FONDACO, FIX.4.4: ")
    assert 'failures="0"' in junit.read_text(encoding="utf-8")
    assert not any(PASSWORD in path.read_text(encoding="utf-8") for path in (report, junit))
