"""Elections among the runs of racing creators, over every order in which their requests can arrive (R1)."""

from __future__ import annotations

import random
import threading
from types import SimpleNamespace

import pytest

from trackbridge.errors import Rejected
from trackbridge_mlflow.tags import ALONE, LEAD
from trackbridge_mlflow.twins import elect, precedence


class Server:
    """MLflow as far as elections go: requests one at a time, in an order that a seed decides."""

    def __init__(self, creators, seed):
        self.runs, self.dice = {}, random.Random(seed)
        self.turn = threading.Condition()
        self.waiting, self.left, self.chosen = set(), creators, None

    def request(self, caller, act):
        """Wait until all who still have something to ask are waiting, and it is this caller's turn."""
        with self.turn:
            self.waiting.add(caller)
            self.choose()
            assert self.turn.wait_for(lambda: self.chosen == caller, timeout=60)
            try:
                return act()
            finally:
                self.waiting.discard(caller)
                self.chosen = None

    def choose(self):
        if self.chosen is None and len(self.waiting) == self.left:
            self.chosen = self.dice.choice(sorted(self.waiting)) if self.waiting else None
            self.turn.notify_all()

    def leave(self):
        with self.turn:
            self.left -= 1
            self.choose()


class Caller:
    """One creator: the client that `elect` is given, and its own run."""

    def __init__(self, server, name):
        self.server, self.name, self.tracking = server, name, self

    def create(self):
        self.server.request(self.name, lambda: self.server.runs.setdefault(self.name, ({}, {})))

    def find(self):
        def look():
            return [
                SimpleNamespace(
                    info=SimpleNamespace(run_id=run_id, start_time=5),
                    data=SimpleNamespace(params=dict(params), tags=dict(tags)),
                )
                for run_id, (params, tags) in self.server.runs.items()
            ]

        return sorted(self.server.request(self.name, look), key=precedence)

    def set_tag(self, run_id, tag):
        self.server.request(self.name, lambda: self.server.runs[run_id][1].update({tag.key: tag.value}))

    def log_param(self, run_id, param):
        def write():
            params, _ = self.server.runs[run_id]
            if params.setdefault(param.key, param.value) != param.value:
                raise Rejected("Changing param values is not allowed")

        self.server.request(self.name, write)


def race(creators, seed):
    server, led = Server(creators, seed), {}
    names = random.Random(seed).sample([f"{n:02}" for n in range(20)], creators)

    def play(caller):
        caller.create()
        led[caller.name] = elect(caller, caller.find).info.run_id
        server.leave()

    threads = [threading.Thread(target=play, args=(Caller(server, name),)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return server.runs, led


@pytest.mark.parametrize("creators", [2, 3, 5])
def test_all_agree_whatever_the_order(creators):
    for seed in range(200):
        runs, led = race(creators, seed)
        assert len(led) == creators
        (leader,) = set(led.values())
        elected = [run_id for run_id, (params, _) in runs.items() if params.get(LEAD) == run_id]
        assert elected in ([], [leader]), seed
        assert len([run_id for run_id, (_, tags) in runs.items() if ALONE in tags]) <= 1, seed


def test_a_run_without_a_rival_gets_no_param():
    runs, led = race(1, 0)
    ((run_id, (params, tags)),) = runs.items()
    assert (led, params, list(tags)) == ({run_id: run_id}, {}, [ALONE])


def test_where_the_elected_one_was_removed_by_hand_the_least_of_the_rest_leads():
    denied = {name: ({LEAD: "no"}, {}) for name in ("b", "c")}
    server = Server(1, 0)
    server.runs = denied
    caller = Caller(server, "reader")
    assert elect(caller, caller.find).info.run_id == "b"
