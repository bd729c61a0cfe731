"""The loggers of trackbridge: no secret goes through them, whoever listens (X4)."""

from __future__ import annotations

import logging
import traceback
from typing import Final

from trackbridge.redaction.text import redact_text

__all__ = ["REDACTING", "redacted_logger"]


class _Redacting(logging.Filter):
    """Takes secrets out of messages and of the exceptions that are logged with them; lets everything pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = redact_text(message)
        if clean != message:
            record.msg, record.args = clean, None
        if record.exc_info and record.exc_info[1]:
            trace = "".join(traceback.format_exception(record.exc_info[1])).rstrip("\n")
            clean = redact_text(trace)
            if clean != trace:  # only then, because some who listen want the exception itself
                record.exc_text, record.exc_info = clean, None
        return True


REDACTING: Final = _Redacting()


def redacted_logger(name: str) -> logging.Logger:
    """Give the logger of that name, made to redact; a filter of a logger sees only what is logged with it itself."""
    logger = logging.getLogger(name)
    logger.addFilter(REDACTING)  # adding it again does nothing
    return logger
