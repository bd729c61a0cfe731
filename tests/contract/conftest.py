"""Runs test modules of an adapter's author in a pytest of their own."""

import textwrap

import pytest

TOY = '''
"""An adapter that is honest until a test says otherwise: memory under another scheme."""
from dataclasses import replace

from trackbridge.adapters.memory.adapter import MemoryAdapter
from trackbridge.adapters.memory.plugin import trackbridge_adapters as memory
from trackbridge.adapters.memory.state import state_of
from trackbridge.protocol import Absent, Capabilities, Deviation, hookimpl

(honest,) = memory()
present = dict(honest.capabilities.items())


class Toy(MemoryAdapter):
    """Memory, so far."""


changes = {}
{body}


@hookimpl
def trackbridge_adapters():
    opened = {{"open": lambda url: Toy(state_of(url.location)), **changes}}
    return (replace(honest, schemes=("toy",), **opened),)
'''

CONTRACT = """
from trackbridge.testing import Contract

class TestToy(Contract):
    url = "toy://bench"
"""


@pytest.fixture
def author(pytester, monkeypatch):
    """Give a function that installs the adapter `toy` and runs a test module over it, in a process of its own.

    Args of the function: the body of the adapter's module, the test module, more files, and pytest's arguments.
    """

    def run(*arguments, adapter="", tests=CONTRACT, **files):
        dedented = textwrap.dedent(adapter)
        pytester.makepyfile(toy_adapter=TOY.replace("{body}", dedented).replace("{{", "{").replace("}}", "}"))
        pytester.makepyfile(test_toy=textwrap.dedent(tests), **{k: textwrap.dedent(v) for k, v in files.items()})
        info = pytester.mkdir("toy-0.1.dist-info")
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 0.1\n")
        (info / "entry_points.txt").write_text("[trackbridge]\ntoy = toy_adapter\n")
        monkeypatch.setenv("PYTHONPATH", str(pytester.path))
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # to look for plugins takes as long as the rest
        own = ("-p", "trackbridge.testing.pytest_plugin")
        return pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", *own, "-W", "error", *arguments)

    return run
