"""Deletes runs that nobody needs any longer, and never one that somebody does."""

from trackbridge.retention.collecting import Done, archive_runs, collect
from trackbridge.retention.configuration import KEYS, configured_retention, parse_retention
from trackbridge.retention.durations import parse_duration
from trackbridge.retention.exclusive import only_one
from trackbridge.retention.planning import Decision, decide
from trackbridge.retention.rules import Retention, Rule

__all__ = [
    "KEYS",
    "Decision",
    "Done",
    "Retention",
    "Rule",
    "archive_runs",
    "collect",
    "configured_retention",
    "decide",
    "only_one",
    "parse_duration",
    "parse_retention",
]
