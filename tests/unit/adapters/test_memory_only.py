from __future__ import annotations

import os
import uuid

from trackbridge.errors import Unsupported
from trackbridge.protocol import Absent, Limits, find_adapter, open_backend, parse_url
from trackbridge.records.writes import RunWrites


def test_a_name_is_a_store_of_this_process(opened, start):
    name = uuid.uuid4().hex
    first = opened(f"memory://{name}")
    run_id = start(first)
    first.close()
    assert run_id in opened(f"memory://{name}").runs.get([run_id])
    assert opened(f"memory://{name}2").runs.get([run_id]) == {}


def test_the_empty_name_is_a_name(opened, start):
    run_id = start(opened("memory://"))
    assert run_id in opened("memory://").runs.get([run_id])


def test_it_declares_what_it_is():
    spec = find_adapter(parse_url("memory://x"))
    assert spec.in_process
    assert [name for name, found in spec.capabilities.items() if isinstance(found, Absent)] == ["cross_process"]
    assert open_backend("memory://x").limits == Limits()


def test_a_forked_process_is_told_that_nobody_would_see_its_writes(opened, start):
    adapter = opened(f"memory://{uuid.uuid4().hex}")
    run_id = start(adapter)
    child = os.fork()
    if child == 0:
        try:
            adapter.runs.write(run_id, RunWrites({"lost": 1}))
        except Unsupported as error:
            os._exit(0 if error.capability == "cross_process" else 2)
        os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
