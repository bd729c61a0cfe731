"""What is a query and what is not (S1, S2): the trees, and the words for each fault."""

import inspect

import pytest

from trackbridge.errors import Rejected
from trackbridge.query import And, Compare, Field, In, IsNull, Not, Or, OrderKey, parse, parse_order

NAME, STARTED = Field("run", "name"), Field("run", "started")
NAMED = Compare(NAME, "=", "a")


def param(name):
    return Field("params", name)


def metric(name, part="last"):
    return Field("metrics", name, part)


FIELDS = {
    "id": Field("run", "id"),
    "name": NAME,
    "status": Field("run", "status"),
    "experiment": Field("run", "experiment"),
    "parent": Field("run", "parent"),
    "params.lr": param("lr"),
    "params.`model.lr`": param("model.lr"),
    "params.`a``b`": param("a`b"),
    "params.in": param("in"),
    "params.2": param("2"),
    "params.größe": param("größe"),
    "tags.`mlflow.user`": Field("tags", "mlflow.user"),
    "metrics.loss": metric("loss"),
    "metrics.loss.last": metric("loss", "last"),
    "metrics.loss.min": metric("loss", "min"),
    "metrics.loss.max": metric("loss", "max"),
    "metrics.loss.count": metric("loss", "count"),
    "metrics.`loss.min`": metric("loss.min"),
    "metrics.`loss.min`.max": metric("loss.min", "max"),
    "metrics.min": metric("min"),
    "metrics.`val/auc@5`": metric("val/auc@5"),
    "datasets.digest": Field("datasets", "", "digest"),
    "datasets.name": Field("datasets", "", "name"),
    "datasets.version": Field("datasets", "", "version"),
    "datasets.uri": Field("datasets", "", "uri"),
    "datasets.context": Field("datasets", "", "context"),
}


@pytest.mark.parametrize("text", FIELDS)
def test_field(text):
    assert parse(f"{text} = 'x'") == Compare(FIELDS[text], "=", "x")


LITERALS = {
    "1": 1,
    "-1": -1,
    "+1": 1,
    "1180591620717411303424": 2**70,
    "1.5": 1.5,
    ".5": 0.5,
    "5.": 5.0,
    "-0.0": -0.0,
    "1e-3": 0.001,
    "1E+3": 1000.0,
    "1e999": float("inf"),
    "-Inf": float("-inf"),
    "true": True,
    "FALSE": False,
    "'it''s'": "it's",
    '"it\'s"': "it's",
    '"a ""b"""': 'a "b"',
    "''": "",
    "''''": "'",
    r"'\n\%'": r"\n\%",
    "'😀\n'": "😀\n",
}


@pytest.mark.parametrize("text", LITERALS)
def test_literal(text):
    expression = parse(f"params.x = {text}")
    assert repr(expression.value) == repr(LITERALS[text])


TIMES = {
    "'2024-05-01'": 1714521600000,
    "2024-05-01": 1714521600000,
    "'2024-05-01T12:30:00'": 1714566600000,
    "2024-05-01T12:30:00Z": 1714566600000,
    "'2024-05-01 14:30:00+02:00'": 1714566600000,
    "'2024-05-01T12:30:00.125'": 1714566600125,
    "'2024-05-01T12:30:00.0005'": 1714566600000.5,
    "'1969-12-31T23:59:59.999Z'": -1,
    "1714566600000": 1714566600000,
}


@pytest.mark.parametrize("text", TIMES)
def test_time(text):
    assert repr(parse(f"started >= {text}")) == repr(Compare(STARTED, ">=", TIMES[text]))
    assert parse(f"started not in ({text})") == In(STARTED, (TIMES[text],), negated=True)


SHAPES = {
    "params.x!=1": Compare(param("x"), "!=", 1),
    "params.x<-1": Compare(param("x"), "<", -1),
    "name LIKE 'a%'": Compare(NAME, "like", "a%"),
    "name iLike 'a'": Compare(NAME, "ilike", "a"),
    "name in ('a',\"b\")": In(NAME, ("a", "b")),
    "params.x in (1, 'a', true)": In(param("x"), (1, "a", True)),
    "name NOT  IN ('a')": In(NAME, ("a",), negated=True),
    "params.x not in (1, 2.5)": In(param("x"), (1, 2.5), negated=True),
    "name is null": IsNull(NAME),
    "name Is Not Null": IsNull(NAME, negated=True),
    "not name = 'a'": Not(NAMED),
    "not(name = 'a')": Not(NAMED),
    "not not name = 'a'": Not(Not(NAMED)),
    "((name = 'a'))": NAMED,
    "name = 'a' and name = 'a' and name = 'a'": And((NAMED, NAMED, NAMED)),
    "name = 'a' and (name = 'a' and name = 'a')": And((NAMED, And((NAMED, NAMED)))),
    "name = 'a' or name = 'a' and name = 'a'": Or((NAMED, And((NAMED, NAMED)))),
    "(name = 'a' or name = 'a') AND name = 'a'": And((Or((NAMED, NAMED)), NAMED)),
    "not name = 'a' and name = 'a'": And((Not(NAMED), NAMED)),
    "\n name\t=\n'a' ": NAMED,
}


@pytest.mark.parametrize("text", SHAPES)
def test_shape(text):
    assert parse(text) == SHAPES[text]


FAULTS = [
    ("", 1, "S2", "expected a field"),
    ("metrics.loss > and", 16, "S2", "expected a value such as 'text', 0.9 or true, found 'and'"),
    ("metrics.loss", 13, "S2", "expected an operator (=, !=, <, <=, >, >=, in, not in, like, ilike, is null"),
    ("metrics.loss > ", 15, "S2", "found the end"),
    ("0.9 < metrics.loss", 1, "S2", "expected a field such as metrics.loss or tags.team, 'not' or '(', found '0.9'"),
    ("name = 'a' name", 12, "S2", "expected 'and', 'or' or the end, found 'name'"),
    ("(name = 'a'", 12, "S2", "expected ')', found the end"),
    ("name = 'a')", 11, "S2", "expected the end, found ')'"),
    ("name = 'a' #", 12, "S2", "found '#'"),
    ("name = 'a' and\n name !! 'x'", 22, "S2", "there is no operator '!!' [S2] Write one of = != < <= > >=."),
    ("name == 'a'", 6, "S2", "there is no operator '==' [S2] Write =."),
    ("name <> 'a'", 6, "S2", "Write !=."),
    ("name = 'a' && name = 'b'", 12, "S2", "Write and."),
    ("name = 'a' || name = 'b'", 12, "S2", "Write or."),
    ("tags.team = risk", 13, "S2", "Put text in quotes: 'risk'."),
    ("tags.team = null", 13, "S2", "Write 'is null' or 'is not null'."),
    ("tags.team is 'a'", 14, "S2", "expected 'not' or 'null'"),
    ("tags.team not like 'a'", 15, "S2", "expected 'in', found 'like'"),
    ("tags.team like 3", 16, "S2", "expected a text in quotes"),
    ("tags.team = 'risk", 13, "S2", "the quote ' is never closed"),
    ('tags.team = "a"" and', 13, "S2", 'the quote " is never closed'),
    ("tags.team in ()", 15, "S2", "expected a value"),
    ("tags.team in ('a' 'b')", 19, "S2", "expected ')' or ',', found"),
    ("tags.team in ('a',)", 19, "S2", "expected a value"),
    ("params.x = 1_000", 12, "S2", "'1_000' is no number"),
    ("params.x = 5and", 12, "S2", "'5and' is no number"),
    ("params.x = 2024-05-01", 12, "S2", "Put text in quotes: '2024-05-01'."),
    ("params.x = ٣", 12, "S2", "expected a value"),
    ("params.x = 1" + "0" * 4300, 12, "P2", "the number has 4301 digits"),
    ("metrics.loss = nan", 16, "S3", "metrics.x is not null and not metrics.x <= inf"),
    ("params.x not in (1, 'a')", 21, "S3", "never true"),
    ("params.x not in (1, true)", 21, "S3", "never true"),
    (r"name like 'a\'", 11, "S3", "ends with a single backslash"),
    ("started > 'yesterday'", 11, "S2", "'yesterday' is no time [S2] Write an ISO time"),
    ("started > '2024-13-01'", 11, "S2", "is no time"),
    ("started = true", 11, "S2", "'true' is no time"),
    ("ended like '2024%'", 7, "S2", "ended is a time, not a text"),
    ("loss > 1", 1, "S1", "there is no field 'loss' [S1] Write metrics.loss, params.loss or tags.loss."),
    ("metric.loss > 1", 1, "S1", "Did you mean metrics?"),
    ("Status = 'RUNNING'", 1, "S1", "Did you mean status?"),
    ("params.model.lr = 1", 1, "S1", "a name with dots needs backquotes [S1] Write params.`model.lr`."),
    ("name = 'a' and metrics.a.b.min > 1", 16, "S1", "Write metrics.`a.b`.min."),
    ("metrics.loss.mean > 1", 1, "S1", "Write metrics.`loss.mean`."),
    ("metrics.`loss`.`min` > 1", 1, "S1", "Write metrics.`loss.min`."),
    ("params.learning-rate > 1", 1, "S1", "Write params.`learning-rate`."),
    ("params.😀 > 1", 1, "S1", "Write params.`😀`."),
    ("params. > 1", 1, "S1", "a name is missing after params. [S1] Write params.x, or params.`x.y`."),
    ("params.`` > 1", 1, "S1", "a name is missing"),
    ("datasets = 'a'", 1, "S1", "Write datasets.digest."),
    ("params.`x = 1", 1, "S1", "the backquote is never closed"),
    ("datasets.digst = 'a'", 1, "S1", "a dataset has no 'digst' [S1] Did you mean digest?"),
    ("name.x = 'a'", 1, "S1", "the field name has no parts"),
]


@pytest.mark.parametrize(("text", "position", "clause", "words"), FAULTS, ids=[fault[0][:40] for fault in FAULTS])
def test_fault(text, position, clause, words):
    with pytest.raises(Rejected) as caught:
        parse(text)
    assert caught.value.clause == clause
    assert f"the query is wrong at position {position}: " in str(caught.value)
    assert words in str(caught.value)


def test_caret_stands_under_the_fault():
    with pytest.raises(Rejected) as caught:
        parse("name = 'a' and\n\tloss.x > 1")
    assert str(caught.value).splitlines()[1:] == ["   loss.x > 1", "   ^^^^^^"]


def test_long_query_is_shown_around_the_fault():
    with pytest.raises(Rejected) as caught:
        parse("name = 'a' and " * 100 + "loss > 1" + " and name = 'a'" * 100)
    query, caret = str(caught.value).splitlines()[1:]
    assert len(query) <= 102
    assert query[caret.index("^") :].startswith("loss > 1")


def test_deep_nesting_is_refused_in_words():
    levels = 90
    assert repr(parse("not " * levels + "name = 'a'")).count("Not(") == levels
    with pytest.raises(Rejected, match="deeper than 100 levels"):
        parse("not " * 20_000 + "name = 'a'")
    with pytest.raises(Rejected, match="deeper than 100 levels"):
        parse("(name = 'a' and not " * 5_000 + "name = 'a'" + ")" * 5_000)


def test_parentheses_alone_are_no_nesting():
    assert parse("(" * 5_000 + "name = 'a'" + ")" * 5_000) == NAMED


def test_long_lists_are_no_nesting():
    assert len(parse("id in (" + ", ".join(f"'{n}'" for n in range(5_000)) + ")").values) == 5_000
    assert len(parse(" or ".join(["name = 'a'"] * 5_000)).parts) == 5_000


ID_KEY = OrderKey(Field("run", "id"))

ORDERS = [
    ([], (OrderKey(STARTED, descending=True), ID_KEY)),
    (["metrics.val_auc desc"], (OrderKey(metric("val_auc"), descending=True), ID_KEY)),
    (["metrics.`a.b`.min ASC", "name"], (OrderKey(metric("a.b", "min")), OrderKey(NAME), ID_KEY)),
    (["id DESC"], (OrderKey(Field("run", "id"), descending=True),)),
    (("params.desc desc",), (OrderKey(param("desc"), descending=True), ID_KEY)),
]


@pytest.mark.parametrize(("keys", "expected"), ORDERS)
def test_order(keys, expected):
    assert parse_order(keys) == expected


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("name", "Write ['name']."),
        (["name desc, id"], "position 10:"),
        (["name down"], "expected 'asc', 'desc' or the end, found 'down'"),
        (["datasets.name"], "a run has many datasets"),
        ([""], "expected a field"),
        ([3], "not 3"),
        (["loss"], "there is no field 'loss'"),
    ],
)
def test_bad_order(keys, words):
    with pytest.raises(Rejected) as caught:
        parse_order(keys)
    assert words.replace("position 10:", "position 10:") in str(caught.value)


@pytest.mark.parametrize("query", [None, 3, b"name = 'a'"])
def test_query_is_a_string(query):
    with pytest.raises(Rejected, match="a query is a string"):
        parse(query)


def test_faults_are_ours_whatever_comes():
    source = inspect.getsource(inspect)
    for begin in range(0, 4_000, 37):
        with pytest.raises(Rejected):
            parse(source[begin : begin + 60])
