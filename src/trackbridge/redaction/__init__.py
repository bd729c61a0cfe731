"""Redaction: secrets are taken out once, before anything is handed on; the redacted value is the value (X4).

What counts as a secret: text of a well-known form (keys of services, tokens, private keys, credentials in URLs and
headers), what is written behind a name such as ``password=``, the values of environment variables with such names, and
whatever the configuration names. Digests, ids, paths and ordinary text stay as they are.
"""

from trackbridge.redaction.forms import MASK
from trackbridge.redaction.logs import REDACTING, redacted_logger
from trackbridge.redaction.rules import use_patterns
from trackbridge.redaction.text import redact_document, redact_text, redact_url, redact_value

__all__ = [
    "MASK",
    "REDACTING",
    "redact_document",
    "redact_text",
    "redact_url",
    "redact_value",
    "redacted_logger",
    "use_patterns",
]
