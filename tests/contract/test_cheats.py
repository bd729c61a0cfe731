"""Every way of cheating fails, in a pytest of its own: at collection, or without a certificate."""

import json

import pytest

pytest_plugins = ["pytester"]

FAST = ("-k", "G8-approval or T2 or M6-anything")
PURGE = ("-k", "R7-the-adapter-itself-purges")
ABSENT = "changes['capabilities'] = Capabilities(**{**present, 'purge': Absent('upstream', 'the vendor keeps all')})\n"
REFUSING = """
    from trackbridge.adapters.memory.runs import MemoryRuns
    from trackbridge.errors import Unsupported

    class Runs(MemoryRuns):
        def purge(self, run_id):
            {what}

    class Toy(MemoryAdapter):
        def __init__(self, state):
            super().__init__(state)
            self.runs = Runs(state)
"""


def said(result):
    return "\n".join([*result.outlines, *result.errlines])


def absent(what):
    return "\n".join([ABSENT, REFUSING.replace("\n    ", "\n").replace("{what}", what)])


class TestHonest:
    def test_a_choice_of_checks_passes_without_a_certificate(self, author):
        result = author(*FAST)
        assert result.ret == 0
        assert "no certificate: not every check was selected" in said(result)

    def test_an_absent_capability_that_refuses_by_name_is_no_failure(self, author):
        result = author(*PURGE, adapter=absent("raise Unsupported('cannot', capability='purge')"))
        assert result.ret == 0
        result.assert_outcomes(passed=1, deselected=result.parseoutcomes()["deselected"])

    def test_a_name_without_the_prefix_is_collected_all_the_same(self, author):
        tests = """
            from trackbridge.testing import Contract

            class Anything(Contract):
                url = "toy://bench"
        """
        result = author(*PURGE, tests=tests)
        result.assert_outcomes(passed=1, deselected=result.parseoutcomes()["deselected"])

    def test_own_tests_and_fixtures_may_stand_beside_the_checks(self, author):
        tests = """
            import pytest
            from trackbridge.testing import Contract, Scale

            class TestToy(Contract):
                scale = Scale(points=10)

                @pytest.fixture
                def backend_url(self):
                    return "toy://other"

                def test_mine(self, backend_url):
                    assert backend_url == "toy://other"
        """
        result = author("-k", "purges or mine", tests=tests)
        result.assert_outcomes(passed=2, deselected=result.parseoutcomes()["deselected"])


class TestDeclaration:
    def test_an_undeclared_capability(self, author):
        adapter = "changes['capabilities'] = Capabilities(**{k: v for k, v in present.items() if k != 'trail'})"
        result = author(*FAST, adapter=adapter)
        assert result.ret != 0
        assert "trail" in said(result)

    def test_a_core_capability_that_is_absent(self, author):
        adapter = "changes['capabilities'] = Capabilities(**{**present, 'search': Absent('never', 'no')})"
        result = author(*FAST, adapter=adapter)
        assert result.ret != 0
        assert "the capability search is core and cannot be absent" in said(result)

    def test_a_core_capability_taken_away_afterwards(self, author):
        adapter = """
            made = Capabilities(**present)
            object.__setattr__(made, "search", Absent("never", "no"))
            changes["capabilities"] = made
        """
        result = author(*FAST, adapter=adapter)
        assert result.ret != 0
        assert "the capability search is core and cannot be absent" in said(result)

    def test_capabilities_that_check_nothing(self, author):
        adapter = """
            class Lax(Capabilities):
                __slots__ = ()
                def __post_init__(self):
                    pass
            changes["capabilities"] = Lax(**{**present, "search": Absent("never", "no")})
        """
        result = author(*FAST, adapter=adapter)
        assert result.ret != 0
        assert "the capabilities of toy are a Lax" in said(result)

    def test_an_absence_without_a_reason(self, author):
        adapter = "changes['capabilities'] = Capabilities(**{**present, 'purge': Absent('never', ' ')})"
        result = author(*FAST, adapter=adapter)
        assert result.ret != 0
        assert "must give its reason" in said(result)

    def test_a_deviation_that_no_situation_could_provoke(self, author):
        adapter = "changes['deviations'] = (Deviation('moody', 'M1', 'it depends', 'it is like that'),)"
        result = author(*FAST, adapter=adapter)
        assert result.ret != 0
        assert "no check can provoke the deviations moody" in said(result)


class TestInversion:
    @pytest.mark.parametrize(
        ("what", "words"),
        [
            ("super().purge(run_id)", "yet the check passed"),
            ("pass", "Unsupported naming it was due"),
            ("raise NotImplementedError", "Unsupported naming it was due"),
            ("raise Unsupported('cannot', capability='bulk')", "Unsupported naming it was due"),
            ("raise Unsupported('cannot')", "Unsupported naming it was due"),
        ],
        ids=["passes", "does-nothing", "another-error", "another-capability", "names-none"],
    )
    def test_an_absent_capability_must_refuse_by_name(self, author, what, words):
        result = author(*PURGE, adapter=absent(what))
        assert result.ret == 1
        result.assert_outcomes(failed=1, deselected=result.parseoutcomes()["deselected"])
        assert words in said(result)

    def test_a_present_capability_may_not_refuse(self, author):
        adapter = REFUSING.replace("\n    ", "\n").replace("{what}", "raise Unsupported('no', capability='purge')")
        result = author(*PURGE, adapter=adapter)
        assert result.ret == 1


HEADER = """
import pytest
from trackbridge.testing import Contract

class Mixin:
    def test_clause(self): pass

"""
IN_THE_CLASS = {
    "overridden": ("class TestToy(Contract):\n    def test_clause(self): pass", "TestToy overrides test_clause"),
    "overridden_with_none": ("class TestToy(Contract):\n    test_clause = None", "TestToy overrides test_clause"),
    "overridden_by_a_mixin": ("class TestToy(Mixin, Contract):\n    pass", "Mixin overrides test_clause"),
    "constructor": ("class TestToy(Contract):\n    def __init__(self): pass", "TestToy overrides __init__"),
    "own_parametrization": (
        "class TestToy(Contract):\n    def pytest_generate_tests(self, metafunc): pass",
        "TestToy overrides pytest_generate_tests",
    ),
    "skip": ("@pytest.mark.skip(reason='later')\nclass TestToy(Contract):\n    pass", "the mark skip would"),
    "skipif": ("@pytest.mark.skipif(True, reason='x')\nclass TestToy(Contract):\n    pass", "the mark skipif would"),
    "xfail": ("@pytest.mark.xfail(strict=False)\nclass TestToy(Contract):\n    pass", "the mark xfail would"),
    "mark_as_an_attribute": ("class TestToy(Contract):\n    pytestmark = [pytest.mark.skip]", "the mark skip would"),
    "mark_of_the_module": ("pytestmark = pytest.mark.xfail(strict=False)\nclass TestToy(Contract):\n    pass", "xfail"),
}


def test_tampering_in_a_class_fails_at_collection(author):
    modules = {f"test_{name}": HEADER + body for name, (body, _) in IN_THE_CLASS.items()}
    result = author("-k", "no-such-test", **modules)  # the guard is no test, so -k does not leave it out
    assert result.ret == pytest.ExitCode.INTERRUPTED
    errors = said(result).split("ERROR collecting ")[1:]
    assert len(errors) == len(IN_THE_CLASS)
    for error in errors:
        name = error.split(".py")[0].removeprefix("test_")
        assert "TestToy tampers with the contract suite" in error
        assert IN_THE_CLASS[name][1] in error


IN_THE_SUITE = {
    "clause deleted from the base": ("del Contract.test_clause", "Contract.test_clause was deleted"),
    "clause replaced in the base": ("Contract.test_clause = lambda self: 0", "Contract.test_clause was replaced"),
    "code of the base replaced": (
        "Contract.test_clause.__code__ = (lambda self, check, backend_url, request: None).__code__",
        "Contract.test_clause was replaced",
    ),
    "check deleted": (
        "from trackbridge.testing import checks; checks._registered.pop('M2-a-point-sent-twice-is-one')",
        "the check M2-a-point-sent-twice-is-one was taken out of the suite",
    ),
    "code of a check replaced": (
        "from trackbridge.testing.clauses import metrics; metrics.twice.__code__ = (lambda lab: None).__code__",
        "the check M2-a-point-sent-twice-is-one was replaced",
    ),
    "registry replaced": (
        "from trackbridge.testing import checks; kept = checks.all_checks()[:3]; checks.all_checks = lambda: kept",
        "was taken out of the suite",
    ),
    "check added": (
        "from trackbridge.testing import checks; checks.check('M2', 'mine', capability='metrics')(lambda lab: None)",
        "the check M2-mine was added to the suite",
    ),
}


@pytest.mark.parametrize(("line", "words"), IN_THE_SUITE.values(), ids=IN_THE_SUITE)
def test_tampering_with_the_suite_fails_at_collection(author, line, words):
    result = author("-k", "no-such-test", tests=f"{HEADER}{line}\nclass TestToy(Contract):\n    pass\n")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "TestToy tampers with the contract suite" in said(result)
    assert words in said(result)


MODIFIED = {
    "removed": ("del items[3]", "1 checks were deselected by code"),
    "emptied": ("items.clear()", "checks were deselected by code"),
    "deselected": ("config.hook.pytest_deselected(items=[items.pop()])", "1 checks were deselected by code"),
    "skipped": ("items[0].add_marker(pytest.mark.skip(reason='later'))", "the mark skip"),
    "expected to fail": ("items[0].add_marker(pytest.mark.xfail(strict=False))", "the mark xfail"),
}


@pytest.mark.parametrize(("code", "words"), MODIFIED.values(), ids=MODIFIED)
def test_a_conftest_that_picks_checks_fails_at_collection(author, code, words):
    picks(author, f"def pytest_collection_modifyitems(config, items):\n    {code}\n", words)


def test_a_conftest_that_picks_checks_after_everybody_else_fails_at_collection(author):
    hook = "@pytest.hookimpl(tryfirst=True, wrapper=True)\ndef pytest_collection_modifyitems(items):\n    yield\n"
    picks(author, f"{hook}    items.pop()\n", "1 checks were deselected by code")


def picks(author, hook, words):
    result = author(conftest=f"import pytest\n{hook}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "was tampered with" in said(result)
    assert words in said(result)


EVASIONS = {
    "skipping in a fixture": """
        import pytest
        @pytest.fixture(autouse=True)
        def lazy():
            pytest.skip("later")
    """,
    "skipping in a hook": """
        import pytest
        def pytest_runtest_setup(item):
            pytest.skip("later")
    """,
    "expected failure in a fixture": """
        import pytest
        @pytest.fixture(autouse=True)
        def lazy(request):
            pytest.xfail("later")
    """,
}


@pytest.mark.parametrize("conftest", EVASIONS.values(), ids=EVASIONS)
def test_a_check_that_is_skipped_at_run_time_has_failed(author, conftest):
    result = author(*FAST, conftest=conftest)
    assert result.ret == 1
    assert "never skipped" in said(result)
    assert "skipped" not in result.parseoutcomes()


def test_a_suite_without_its_plugin_checks_nothing_and_fails(author):
    result = author("-p", "no:trackbridge.testing.pytest_plugin")
    assert result.ret != 0
    assert "fixture 'check' not found" in said(result)


def test_checks_that_are_not_carried_out_give_no_certificate(author):
    conftest = """
        def pytest_pyfunc_call(pyfuncitem):
            return True
    """
    result = author(conftest=conftest)
    assert result.ret == 1
    assert "no certificate: no check ran" in said(result)


def test_a_probe_that_imports_the_adapter(author):
    probe = """
        def make(url):
            from toy_adapter import Toy
            return Toy
    """
    result = author(*FAST, adapter="changes['probe'] = 'toy_probe:make'", toy_probe=probe)
    assert result.ret == 1
    assert "the probe of toy is not independent: toy_probe imports toy_adapter" in said(result)


def test_a_probe_that_reads_through_the_store(author):
    probe = """
        from trackbridge.store import connect
        make = connect
    """
    result = author(*FAST, adapter="changes['probe'] = 'toy_probe:make'", toy_probe=probe)
    assert result.ret == 1
    assert "the probe of toy is not independent" in said(result)


def test_a_deviation_that_nobody_provokes_fails_a_suite_that_is_otherwise_kept(author, pytester):
    adapter = "changes['deviations'] = (Deviation('inf-clamped', 'M1', 'the greatest number', 'so it is'),)"
    tests = """
        from trackbridge.testing import Contract, Scale

        class TestToy(Contract):
            url = "toy://bench"
            scale = Scale(points=1_000, big_bytes=10_000, examples=1)
    """
    result = author("--trackbridge-report", "report", adapter=adapter, tests=tests)
    assert result.parseoutcomes().keys() == {"passed"}
    assert result.ret == 1
    assert "no certificate: M1: the deviation inf-clamped is declared and nothing provokes it" in said(result)
    (report,) = json.loads((pytester.path / "report" / "conformance.json").read_text())
    rows = {row["clause"]: row["verdict"] for row in report["rows"]}
    assert report["backend"] == "toy://bench"
    assert [clause for clause, verdict in rows.items() if verdict == "failed"] == ["M1"]
    assert {clause for clause, verdict in rows.items() if verdict == "refused"} == {"R2", "R4", "R8", "G5"}
    assert "| M1 |" in (pytester.path / "report" / "conformance.md").read_text()
