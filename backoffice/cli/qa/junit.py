"""Writes what a run came to as JUnit XML, which build servers read: a test case for each script."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

from backoffice.cli.qa.runner import Outcome, Run


def junit_xml(outcomes: Sequence[Outcome], run: Run) -> bytes:
    """Return the XML document. Transcripts stand in `system-out`, secrets masked as everywhere."""
    suite = ET.Element(
        "testsuite",
        name=f"fondaco qa {run.version}",
        tests=str(len(outcomes)),
        failures=str(sum(outcome.result == "failed" for outcome in outcomes)),
        errors="0",
        skipped=str(sum(outcome.result == "skipped" for outcome in outcomes)),
        time=f"{sum(outcome.seconds for outcome in outcomes):.3f}",
        timestamp=next((outcome.started for outcome in outcomes if outcome.started), ""),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("server", str(run.address)),
        ("version", run.version),
        ("senders", " ".join(run.senders)),
        ("target", run.target),
    ):
        ET.SubElement(properties, "property", name=name, value=value)
    for outcome in outcomes:
        suite.append(_case(outcome))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def write_junit(path: Path, outcomes: Sequence[Outcome], run: Run) -> None:
    """Write the document to a file."""
    path.write_bytes(junit_xml(outcomes, run))


def _case(outcome: Outcome) -> ET.Element:
    script = outcome.script
    case = ET.Element(
        "testcase", name=script.title, classname=script.path.stem, file=str(script.path), time=f"{outcome.seconds:.3f}"
    )
    if outcome.result == "skipped":
        ET.SubElement(case, "skipped", message=outcome.problem)
    elif outcome.result == "failed":
        first = outcome.problem.partition("\n")[0]
        ET.SubElement(case, "failure", message=first, type="difference").text = outcome.problem
    if outcome.transcript is not None:
        ET.SubElement(case, "system-out").text = outcome.transcript.full()
    return case
