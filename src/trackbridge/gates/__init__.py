"""Gates: what a version must prove before it is promoted, as data in the configuration and a pure function over facts."""

from trackbridge.gates.configuration import Gate, load_gate, parse_gate
from trackbridge.gates.evaluation import Judgement, evaluate
from trackbridge.gates.facts import Facts, Slice
from trackbridge.gates.promotion import keep_report, promote, read_report
from trackbridge.gates.reports import REPORT_FILES, Report, make_report, read_curves
from trackbridge.gates.verdicts import Check, Finding, Status, Verdict, judge

__all__ = [
    "REPORT_FILES",
    "Check",
    "Facts",
    "Finding",
    "Gate",
    "Judgement",
    "Report",
    "Slice",
    "Status",
    "Verdict",
    "evaluate",
    "judge",
    "keep_report",
    "load_gate",
    "make_report",
    "parse_gate",
    "promote",
    "read_curves",
    "read_report",
]
