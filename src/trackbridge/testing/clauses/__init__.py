"""The checks, a module a family; `trackbridge.testing.checks` finds them all."""
