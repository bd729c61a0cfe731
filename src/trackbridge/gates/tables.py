"""What the tables of a gate have besides what all tables of settings have."""

from __future__ import annotations

from fractions import Fraction

from trackbridge.config.tables import Key, Table
from trackbridge.gates.checks import Allowance
from trackbridge.gates.checks.readings import exact

__all__ = ["GateTable", "Key"]


class GateTable(Table):
    """A table of a gate."""

    def allowance(self, name: str) -> Allowance | None:
        """Give how much worse is allowed: ``0.005``, or ``"0.5%"`` of the baseline's magnitude."""
        value = self.value(name)
        if not isinstance(value, str):
            amount = self.number(name, least=0)
            return None if amount is None else Allowance(exact(amount))
        try:
            share = Fraction(value.removesuffix("%").strip())
        except (ValueError, ZeroDivisionError):
            share = Fraction(-1)
        if not value.endswith("%") or share < 0 or "/" in value:
            raise self.wrong(name, 'a number of 0 or more, or a share such as "0.5%"')
        return Allowance(share / 100, relative=True)
