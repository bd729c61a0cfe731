"""Faults in what a search finds, and in which order."""

import math
from dataclasses import replace
from itertools import islice

from trackbridge.adapters.memory.runs import MemoryRuns
from trackbridge.query import And, Compare, Field, In, Not, Or, OrderKey

EVALUATION, ORDERING, SEARCH = "trackbridge.query.evaluation", "trackbridge.query.ordering", "trackbridge.store.search"


def test_the_clause_notices(clause, fault, kill):
    kill(clause, fault)


def tree(change):
    """Change every search on its way to being matched; `change` takes and gives an expression."""
    return lambda patch: patch.around(
        SEARCH, "matcher", lambda matcher, expression: matcher(rebuilt(expression, change))
    )


def rebuilt(expression, change):
    match expression:
        case And(parts) | Or(parts):
            expression = type(expression)(tuple(rebuilt(part, change) for part in parts))
        case Not(part):
            expression = Not(rebuilt(part, change))
    return change(expression)


def comparison(symbol, other):
    return tree(
        lambda one: replace(one, operator=other) if isinstance(one, Compare) and one.operator == symbol else one
    )


def swapped(one):
    return Or(one.parts) if isinstance(one, And) else And(one.parts) if isinstance(one, Or) else one


def missing_differs(on, field, test):
    known = on(field, test)
    return lambda run: known(run) or (field.family == "params" and field.name not in run.params and test(math.pi))


def bool_is_number(compare, symbol, literal):
    test = compare(symbol, literal)
    return lambda value: test(int(value) if isinstance(value, bool) and not isinstance(literal, bool | str) else value)


def types_mix(compare, symbol, literal):
    test = compare(symbol, literal)
    return lambda value: test(str(value) if isinstance(literal, str) else value)


def nan_differs(compare, symbol, literal):
    test = compare(symbol, literal)
    return lambda value: test(value) or (symbol == "!=" and isinstance(value, float) and math.isnan(value))


def rounded(compare, symbol, literal):
    test = compare(symbol, float(literal) if type(literal) is int else literal)
    return lambda value: test(float(value) if type(value) is int else value)


def folded(compare, symbol, literal):
    test = compare(symbol, literal.casefold() if isinstance(literal, str) else literal)
    return lambda value: test(value.casefold() if isinstance(value, str) else value)


def no_escape(pattern, text, *, fold):
    return pattern(text.replace("\\", ""), fold=fold)


def scan(change):
    """Change what the memory adapter goes through; `change` takes an iterator of runs and the scan."""
    return lambda patch: patch.around(
        MemoryRuns, "scan", lambda scanned, self, wanted: iter(change(scanned(self, wanted), wanted))
    )


def any_experiment(scanned, self, wanted):
    return scanned(self, replace(wanted, experiments=None))


def nulls_by_direction(column, value, descending):
    return (-1,) if value is None and descending else column(value, descending)


def as_text(rank, value):
    return rank(str(value) if isinstance(value, int) else value)


def newest_id_first(total_order, keys):
    return tuple(
        OrderKey(key.field, descending=True) if key.field == Field("run", "id") and len(keys) != 1 else key
        for key in total_order(keys)
    )


def one_key(key_of, keys):
    return key_of(keys[:1])


def one_more(query, where, experiments, order_by, limit, **more):
    return query(where, experiments, order_by, limit and limit + 1, **more)


MUTANTS = {
    "parts of a metric are its last": (
        "S1",
        tree(
            lambda one: (
                replace(one, field=replace(one.field, part="last"))
                if getattr(one, "field", 0) and one.field.part in {"min", "max"}
                else one
            )
        ),
    ),
    "all experiments are searched": ("S1", lambda patch: patch.around(MemoryRuns, "scan", any_experiment)),
    "an experiment's runs by the beginning of its name": (
        "S1",
        scan(
            lambda runs, wanted: (
                run for run in runs if wanted.experiments is None or run.experiment in wanted.experiments[:1]
            )
        ),
    ),
    "not is ignored": ("S2", tree(lambda one: one.part if isinstance(one, Not) else one)),
    "and is or": ("S2", tree(swapped)),
    "at most is below": ("S2", comparison("<=", "<")),
    "above is at least": ("S2", comparison(">", ">=")),
    "only the first of a list": (
        "S2",
        tree(lambda one: replace(one, values=one.values[:1]) if isinstance(one, In) else one),
    ),
    "not in is in": ("S2", tree(lambda one: replace(one, negated=False) if isinstance(one, In) else one)),
    "like is ilike": ("S3", comparison("like", "ilike")),
    "ilike is like": ("S3", comparison("ilike", "like")),
    "what is missing differs": ("S3", lambda patch: patch.around(EVALUATION, "_on", missing_differs)),
    "bool is a number": ("S3", lambda patch: patch.around(EVALUATION, "_comparison", bool_is_number)),
    "types mix": ("S3", lambda patch: patch.around(EVALUATION, "_comparison", types_mix)),
    "NaN differs": ("S3", lambda patch: patch.around(EVALUATION, "_comparison", nan_differs)),
    "numbers are compared as floats": ("S3", lambda patch: patch.around(EVALUATION, "_comparison", rounded)),
    "case does not matter": ("S3", lambda patch: patch.around(EVALUATION, "_comparison", folded)),
    "escapes are ignored": ("S3", lambda patch: patch.around(EVALUATION, "_pattern", no_escape)),
    "nulls first downward": ("S4", lambda patch: patch.around(ORDERING, "_column", nulls_by_direction)),
    "numbers sort as text": ("S4", lambda patch: patch.around(ORDERING, "_rank", as_text)),
    "ties by the newest": ("S4", lambda patch: patch.around(ORDERING, "total_order", newest_id_first)),
    "only the first key": ("S4", lambda patch: patch.around(SEARCH, "order_key", one_key)),
    "the default is upward": (
        "S4",
        lambda patch: patch.put(
            ORDERING, "DEFAULT_ORDER", (OrderKey(Field("run", "started")), OrderKey(Field("run", "id")))
        ),
    ),
    "second page lost": ("S5", scan(lambda runs, _: islice(runs, 50))),
    "limit off by one": ("S5", lambda patch: patch.around("trackbridge.store.runs", "make_query", one_more)),
    "every tenth run skipped": ("S5", scan(lambda runs, _: (run for n, run in enumerate(runs) if n % 10 != 9))),
}
