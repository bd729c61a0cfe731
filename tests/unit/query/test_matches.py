"""What a query finds (S3, D2): one run, many questions."""

import math
import subprocess
import sys
import time

import pytest

from trackbridge.query import matcher, matches, order_key, parse, parse_order
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricSummary
from trackbridge.records.runs import RunRecord

NAN, INF = math.nan, math.inf
RUN = RunRecord(
    id="a" * 32,
    name="gbm-50%_off\\",
    experiment="Straße",
    status="FINISHED",
    started_ms=1714566600000,
    params={
        "big": 2**70, "one": 1, "float": 1.0, "text": "1", "yes": True, "none": None, "nan": NAN,
        "list": [1, 2], "lines": "a\nb", "2^53+1": 2**53 + 1,
    },
    tags={"team": "risk", "empty": "", "nfd": "e\u0301"},
    metrics={
        "loss": MetricSummary(0.3, 9, 0, 0.1, 0.9, 10),
        "loss.min": MetricSummary(7.0, 0, 0, 7.0, 7.0, 1),
        "lost": MetricSummary(NAN, 1, 0, 0.5, INF, 2),
    },
    datasets=(
        DatasetRecord("train", "v1", "sha256:11", "s3://a", "training"),
        DatasetRecord("test", None, "sha256:22", None, "test"),
    ),
)  # fmt: skip

TRUE = [
    "metrics.loss > 0.2 and tags.team = 'risk'",
    "metrics.loss.min = 0.1 and metrics.loss.max = 0.9 and metrics.loss.count = 10",
    "metrics.`loss.min` = 7",
    "params.big = 1180591620717411303424",
    "params.big = 1180591620717411303424.0",
    "params.big < 1180591620717411303425",
    "params.`2^53+1` > 9007199254740992.0",
    "params.`2^53+1` != 9007199254740992.0",
    "params.one = 1.0 and params.float = 1 and params.text = '1' and params.yes = true",
    "params.one in (3, 'a', 1)",
    "params.one not in (2, 3)",
    "params.yes != false",
    "params.none is null and params.missing is null",
    "params.nan is not null and params.list is not null and tags.empty is not null",
    "params.nan is not null and not params.nan <= inf",
    "not tags.missing = 'x'",
    "not tags.missing != 'x'",
    "tags.team > 'Z' and tags.team < 'risk2'",
    "tags.nfd != 'é'",
    "name like 'gbm%'",
    r"name like 'gbm-50\%\_off\\'",
    "name like '%50%off%'",
    "name like 'gbm-50__off_'",
    "params.lines like 'a%b' and params.lines like 'a_b'",
    "tags.empty like '' and tags.empty like '%'",
    "experiment ilike 'STRASSE' and experiment ilike 'straße'",
    "name ilike 'GBM-%'",
    "metrics.lost.max = inf and metrics.lost.min = 0.5",
    "datasets.digest = 'sha256:22'",
    "datasets.digest != 'sha256:22'",
    "datasets.name in ('x', 'test') and datasets.context like 'tr%'",
    "datasets.version not in ('v2')",
    "datasets.uri is not null and datasets.schema is null",
    "started >= '2024-05-01T12:30:00Z' and started < '2024-05-02'",
    "started in (1714566600000)",
    "ended is null and parent is null",
    "status in ('FINISHED', 'FAILED')",
    f"id = '{'a' * 32}'",
]

FALSE = [
    "tags.missing = 'x'",
    "tags.missing != 'x'",
    "tags.missing not in ('x')",
    "tags.missing like '%'",
    "params.text = 1",
    "params.text != 1",
    "params.one != 'a'",
    "params.one not in ('a')",
    "params.one = true",
    "params.yes = 1",
    "params.yes != 0",
    "params.none = 'None'",
    "params.list = '[1, 2]'",
    "params.list != 1",
    "params.nan != 1",
    "params.nan <= inf",
    "params.nan not in (1)",
    "metrics.lost != 0",
    "not metrics.lost is not null",
    "metrics.loss = '0.3'",
    "metrics.loss.count > 10",
    "name like 'GBM%'",
    "name like 'gbm'",
    r"name like 'gbm\%'",
    "experiment like 'STRASSE'",
    "datasets.digest = 'sha256:33'",
    "datasets.uri is null",
    "started > '2024-05-01T12:30:00.000' and started < '2024-05-01T12:30:00.0005'",
    "ended > '2024-01-01'",
    "status = 'finished'",
]


@pytest.mark.parametrize("query", TRUE)
def test_found(query):
    assert matches(parse(query), RUN)


@pytest.mark.parametrize("query", FALSE)
def test_not_found(query):
    assert not matches(parse(query), RUN)


def test_patterns_take_no_exponential_time():
    slow = RunRecord("b" * 32, "a" * 20_000, "e", "RUNNING", 0)
    holds = matcher(parse("name like '" + "%a" * 40 + "%b'"))
    begin = time.perf_counter()
    assert not holds(slow)
    assert time.perf_counter() - begin < 2


def test_columns_of_many_types_have_one_order():
    found = [
        RunRecord(f"{n:032x}", None, "e", "RUNNING", 0, params={} if value is ... else {"x": value})
        for n, value in enumerate(["b", 2, None, True, [1], NAN, "a", ..., -0.0, 0, False, 0.0, -INF, 2**70, 1.5])
    ]
    upward = [False, True, NAN, -INF, -0.0, 0, 0.0, 1.5, 2, 2**70, "a", "b", [1], None, None]
    assert shown(sorted(found, key=order_key(parse_order(["params.x"])))) == list(map(repr, upward))
    downward = [[1], "b", "a", 2**70, 2, 1.5, 0, 0.0, -0.0, -INF, NAN, True, False, None, None]
    assert shown(sorted(found, key=order_key(parse_order(["params.x desc"])))) == list(map(repr, downward))


def shown(runs):
    return [repr(run.params.get("x")) for run in runs]


def test_default_order_is_started_desc_then_id():
    found = [RunRecord(f"{n:032x}", None, "e", "RUNNING", started) for n, started in enumerate([1, 3, 2, 3])]
    ordered = sorted(found, key=order_key(parse_order([])))
    assert [int(run.id, 16) for run in ordered] == [1, 3, 2, 0]


def test_only_parsing_loads_the_parser():
    script = (
        "import sys, trackbridge.query as q\n"
        "assert 'lark' not in sys.modules\n"
        "q.parse_order([])\n"
        "assert 'lark' not in sys.modules\n"
        "q.parse('id = 1')\n"
        "assert 'lark' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
