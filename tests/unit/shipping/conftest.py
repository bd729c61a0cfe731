"""A memory backend whose calls can be made to fail, and what is needed to deliver to it."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace

import pytest
import stamina

from trackbridge.protocol import Limits, open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.writes import RunHeader
from trackbridge.shipping import Deliverer
from trackbridge.shipping.delivery import Ledger

_numbers = itertools.count()


class Faulty:
    """Passes every call on, once `fault(family, method, arguments)` has not raised; keeps a list of the calls."""

    def __init__(self, adapter):
        self._adapter = adapter
        self.calls = []
        self.fault = lambda *_: None

    def __getattr__(self, name):
        return _Family(self, name, getattr(self._adapter, name))


class _Family:
    def __init__(self, owner, name, family):
        self._owner, self._name, self._family = owner, name, family

    def __getattr__(self, method):
        real = getattr(self._family, method)
        if not callable(real):
            return real

        def call(*args, **kwargs):
            self._owner.calls.append((self._name, method))
            self._owner.fault(self._name, method, args)
            return real(*args, **kwargs)

        return call


class Site:
    """One run at one backend that can be made to fail."""

    def __init__(self, limits: Limits, name: str = "site"):
        backend = open_backend(f"memory://shipping-{next(_numbers)}")
        self.faulty = Faulty(backend.adapter)
        self.backend = replace(backend, limits=limits, adapter=self.faulty)
        self.run_id = new_run_id()
        backend.adapter.experiments.ensure("e")
        backend.adapter.runs.create(RunHeader(self.run_id, "e", 1))
        self.real = backend.adapter
        self.name = name
        self.ledger = Ledger(name, required=True)
        self.released = threading.Event()

    def deliverer(self, **options) -> Deliverer:
        return Deliverer(self.backend, self.run_id, "w" * 16, self.ledger, **options)

    @property
    def run(self):
        return self.real.runs.get([self.run_id])[self.run_id]

    def points(self):
        return list(self.real.metrics.read(self.run_id))


@pytest.fixture
def make_site():
    return lambda limits=None, name="site": Site(limits or Limits(), name)


@pytest.fixture
def site(make_site) -> Site:
    return make_site()


@pytest.fixture(autouse=True)
def quick_retries():
    with stamina.set_testing(True, attempts=3, cap=True):
        yield
