"""Every page of the documentation does what it says, links to what exists, and leaves no clause out."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md")), *sorted(PROJECT.glob("plugins/*/README.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)#\s]+)(?:#[^)]*)?\)")
SERVER = re.compile(r"^<!-- (?P<shown>\S+://\S+) is (?P<fixture>\w+) -->$", re.MULTILINE)


def _name(page: Path) -> str:
    return str(page.relative_to(PROJECT))


def _servers(page: Path) -> dict[str, str]:
    """Give the fixtures of the servers that a page is played on, by the addresses that it shows for them."""
    return {match["shown"]: match["fixture"] for match in SERVER.finditer(page.read_text(encoding="utf-8"))}


def _played(page: Path) -> object:
    return pytest.param(page, marks=[pytest.mark.server] if _servers(page) else [])


@pytest.mark.parametrize("page", [_played(page) for page in PAGES], ids=_name)
def test_the_page_does_what_it_says(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    addresses = [f"{shown} is {request.getfixturevalue(fixture)['url']}" for shown, fixture in _servers(page).items()]
    kept = {"TRACKBRIDGE_JOURNAL_DIR"}  # this session's own, not the user's
    environment = {
        name: text for name, text in os.environ.items() if name in kept or not name.startswith("TRACKBRIDGE_")
    }
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("player.py"), page, *addresses],
        cwd=tmp_path,
        env={**environment, "MPLBACKEND": "Agg", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [unquote(match["target"]) for match in LINK.finditer(page.read_text(encoding="utf-8"))]
    broken = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert broken == []


def test_every_page_is_reachable_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [PROJECT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        targets = [unquote(match["target"]) for match in LINK.finditer(page.read_text(encoding="utf-8"))]
        waiting += [(page.parent / target).resolve() for target in targets if "://" not in target]
    assert [_name(page) for page in PAGES if page not in seen and "plugins" not in page.parts] == []


def test_every_clause_is_explained() -> None:
    from trackbridge.testing.suite import CLAUSES

    page = (PROJECT / "docs/reference/clauses.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\*\*([A-Z]\d)\*\*", page, flags=re.MULTILINE)
    assert explained == list(CLAUSES)
