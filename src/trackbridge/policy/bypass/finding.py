"""One place where code goes round the API, or may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["RULES", "Finding", "Rule"]

Rule = Literal["import", "dynamic-import", "command", "service", "integration", "cannot-tell", "unreadable"]
RULES: Final[dict[Rule, str]] = {
    "import": "A vendor's SDK is imported.",
    "dynamic-import": "A vendor's SDK is loaded by name while the program runs.",
    "command": "A vendor's command-line program is started.",
    "service": "A client of a vendor's service is made.",
    "integration": "A framework is told to log to a vendor by itself.",
    "cannot-tell": "What is loaded or run here is only known while the program runs.",
    "unreadable": "The file is no Python that can be read, so that nothing is known of it.",
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Where and how.

    Attributes:
        path: The file, as it was reached.
        line: From 1; in a notebook, within the cell.
        column: From 1, in characters.
        rule: What kind of thing was found.
        what: What is reached, such as ``mlflow.sklearn``; empty where nobody can tell.
        cell: The cell of a notebook, from 1; 0 in other files.
    """

    path: str
    line: int
    column: int
    rule: Rule
    what: str
    cell: int = 0

    @property
    def certain(self) -> bool:
        """Whether something was found, and not only something that could not be looked into."""
        return self.rule not in {"cannot-tell", "unreadable"}

    @property
    def place(self) -> str:
        """The place, in the form that editors and terminals make a link of."""
        cell = f":cell {self.cell}" if self.cell else ""
        return f"{self.path}{cell}:{self.line}:{self.column}"

    @property
    def message(self) -> str:
        """Say in one sentence what was found."""
        match self.rule:
            case "import":
                return f"imports {self.what}"
            case "dynamic-import":
                return f"loads {self.what} by name"
            case "command":
                return f"starts the program {self.what}"
            case "service":
                return f"makes a client of {self.what}"
            case "integration":
                return f"has {self.what} log by itself"
            case "unreadable":
                return f"cannot be read: {self.what}"
        return f"cannot tell what {self.what} gets: it is not a literal"
