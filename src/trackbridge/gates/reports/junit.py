"""The report as JUnit XML, in the part of the format that Ant's schema and that of Jenkins have in common.

Both: https://github.com/windyroad/JUnit-Schema and https://github.com/jenkinsci/xunit-plugin (junit-10.xsd). A check that
cannot tell is a failure of the type "insufficient", or skipped where the gate lets it pass.
"""

from __future__ import annotations

import unicodedata
import xml.etree.ElementTree as ET

from trackbridge.gates.evaluation import Judgement
from trackbridge.gates.verdicts import Finding
from trackbridge.records.times import iso

__all__ = ["as_junit"]


def as_junit(judgement: Judgement, digest: str) -> bytes:
    """Give the document; every finding is a test case."""
    gate, verdict = judgement.gate, judgement.verdict
    lenient = gate.insufficient == "pass"
    skipped = verdict.count("insufficient") if lenient else 0
    failures = len(verdict.findings) - verdict.count("pass") - skipped
    suites = ET.Element("testsuites")
    suite = ET.SubElement(
        suites,
        "testsuite",
        {
            "name": _token(f"gate of {gate.model}"),
            "package": "trackbridge.gates",
            "id": "0",
            "timestamp": iso(judgement.candidate.read_ms)[:19],
            "hostname": "localhost",
            "tests": str(len(verdict.findings)),
            "failures": str(failures),
            "errors": "0",
            "skipped": str(skipped),
            "time": "0.000",
        },
    )
    properties = ET.SubElement(suite, "properties")
    baseline = "" if judgement.baseline is None else str(judgement.baseline.version.number)
    for name, value in (
        ("candidate", str(judgement.candidate.version.number)),
        ("baseline", baseline),
        ("verdict", verdict.status),
        ("report", digest),
    ):
        ET.SubElement(properties, "property", {"name": name, "value": value})
    for finding in verdict.findings:
        _case(suite, gate.model, finding, lenient=lenient)
    ET.SubElement(suite, "system-out").text = ""
    ET.SubElement(suite, "system-err").text = ""
    ET.indent(suites)
    text: str = ET.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _case(suite: ET.Element, model: str, finding: Finding, *, lenient: bool) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        {"name": _token(finding.subject), "classname": _token(f"{model}.{finding.check}"), "time": "0.000"},
    )
    if finding.status == "insufficient" and lenient:
        ET.SubElement(case, "skipped", {"message": _characters(finding.reason)})
    elif finding.status != "pass":
        failure = ET.SubElement(case, "failure", {"type": finding.status, "message": _characters(finding.reason)})
        failure.text = _characters("\n".join((finding.reason, *finding.notes)))


def _token(text: str) -> str:
    """Give a text as an xs:token: no white space at either end, and single blanks."""
    return " ".join(_characters(text).split())


def _characters(text: str) -> str:
    """Replace what XML 1.0 cannot hold, however it is escaped."""
    return "".join(
        character
        if character in "\t\n" or unicodedata.category(character) not in {"Cc", "Cs", "Cn"}
        else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
