"""The report as one self-contained page: no script, no font, no picture from anywhere, and a policy that forbids them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from typing import Any, Final

from trackbridge.migration.job import Result
from trackbridge.migration.outcomes import Outcome
from trackbridge.migration.report.verdict import Safety, plural, safety

__all__ = ["as_page"]

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_SHOWN: Final = 500  # things in one table; the document has all of them
_DIFFERENCES: Final = 20
_TEXT: Final = 300
_CHECKS: Final = {
    "full": "Every run was read back from the target and compared value by value: each point, and each artifact's bytes.",
    "counts": "Only counts and lists were compared.",
    "none": "Nothing was read back from the target.",
}
_SENTENCES: Final = {"copied": "copied", "completed": "completed", "already": "there already", "failed": "failed"}


def as_page(result: Result, document: dict[str, Any]) -> bytes:
    """Give the document."""
    judged = safety(result)
    body = "\n".join(
        (
            *_head(result, judged),
            *_sums(document),
            *_failed([one for one in result.outcomes if one.state == "failed"]),
            *_different([one for one in result.outcomes if one.verdict == "different"]),
            *_surplus(document["surplus"]),
            *_known(judged),
            *_noted([one for one in result.outcomes if one.good and (one.notes or one.running)]),
            *_signature(judged, document),
        )
    )
    style = files(__package__).joinpath("style.css").read_text("utf-8")
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n'  # or the browser would ask the server for one
        f"<title>{escape(judged.headline)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n{body}\n"
        f"</main>\n</body>\n</html>\n"
    ).encode("utf-8", "replace")


def _head(result: Result, judged: Safety) -> Iterator[str]:
    yield "<h1>Migration</h1>"
    yield (
        f'<p class="sub"><code>{escape(result.source)}</code> <span class="arrow">→</span> '
        f"<code>{escape(result.target)}</code></p>"
    )
    reasons = "".join(f"<li>{escape(reason)}" for reason in judged.reasons)
    yield (
        f'<div class="verdict {"pass" if judged.safe else "fail"}"><strong>{"✓" if judged.safe else "✗"} '
        f"{escape(judged.headline)}</strong><br><span>{escape(_CHECKS[result.verify])}</span>"
        f"{f'<ul>{reasons}</ul>' if reasons else ''}</div>"
    )


def _sums(document: dict[str, Any]) -> Iterator[str]:
    sent = document["sent"]
    yield "<h2>What was moved</h2>"
    heads = "".join(f'<th class="n">{escape(word)}' for word in ("all", *_SENTENCES.values(), "equal", "different"))
    yield f"<table><tr><th>{heads}</tr>"
    for kind, counts in document["counts"].items():
        cells = "".join(_count(name, counts[name]) for name in ("all", *_SENTENCES, "equal", "different"))
        yield f"<tr><td>{escape(kind)}s{cells}</tr>"
    yield "</table>"
    yield (
        f'<p class="sub">Sent: {plural(sent["points"], "point")}, {plural(sent["files"], "file")} '
        f"({_bytes(sent['bytes'])}). {escape(document['began'])} to {escape(document['ended'])}: "
        f"{document['seconds']:,.1f} s, {document['runs_per_s']:,.1f} runs/s.</p>"
    )


def _count(name: str, count: int) -> str:
    bad = name in {"failed", "different"} and count
    return f'<td class="n{" fail" if bad else ""}">{count:,}'


def _failed(rows: list[Outcome]) -> Iterator[str]:
    if not rows:
        return
    yield f'<h2>What failed</h2>{_cut(rows)}<table class="failed"><tr><th>what<th>why<th>what to do</tr>'
    for one in rows[:_SHOWN]:
        failure = one.failure
        why = f"{failure.kind}: {failure.message}" if failure else "unknown"
        clause = f' <span class="note">[{escape(failure.clause)}]</span>' if failure and failure.clause else ""
        yield f"<tr><td>{_what(one)}<td>{escape(why)}{clause}<td>{escape((failure and failure.remedy) or '')}</tr>"
    yield "</table>"


def _different(rows: list[Outcome]) -> Iterator[str]:
    if not rows:
        return
    yield f"<h2>What differs</h2>{_cut(rows)}"
    for one in rows[:_SHOWN]:
        yield f"<h3>{_what(one)}</h3><table><tr><th>what<th>source<th>target</tr>"
        for difference in one.differences[:_DIFFERENCES]:
            yield (
                f'<tr><td>{escape(difference.what)}<td class="value">{_value(difference.source)}'
                f'<td class="value">{_value(difference.target)}</tr>'
            )
        yield "</table>"
        if len(one.differences) > _DIFFERENCES:
            yield f'<p class="sub">… and {len(one.differences) - _DIFFERENCES} more, in migration.json.</p>'


def _surplus(counts: dict[str, int]) -> Iterator[str]:
    if counts:
        yield "<h2>What travelled as artifacts</h2>"
        yield '<p class="sub">No record holds these; they lie below trackbridge-surplus/ of their run, with a manifest.</p>'
        yield f"<ul>{''.join(f'<li>{escape(name)}: {count:,}' for name, count in counts.items())}</ul>"


def _known(judged: Safety) -> Iterator[str]:
    if judged.known:
        yield "<h2>What stays behind</h2>"
        yield '<p class="sub">Declared: it was not meant to move, and is lost with the source.</p>'
        yield f"<ul>{''.join(f'<li>{escape(line)}' for line in judged.known)}</ul>"


def _noted(rows: list[Outcome]) -> Iterator[str]:
    if rows:
        yield f"<h2>What to know</h2>{_cut(rows)}<ul>"
        for one in rows[:_SHOWN]:
            notes = [*one.notes, *(["it has not ended"] if one.running and not one.notes else [])]
            yield f"<li>{_what(one)}: {escape('; '.join(notes))}"
        yield "</ul>"


def _signature(judged: Safety, document: dict[str, Any]) -> Iterator[str]:
    agreed = "I have read this report, and the source may be deleted." if judged.safe else "I have read this report."
    yield '<h2>Signature</h2><div class="sign">'
    yield f"<p>{agreed}{' What stays behind is known to me.' if judged.known else ''}</p>"
    yield '<p class="lines"><span>Name</span><span>Date</span><span>Signature</span></p></div>'
    yield f"<footer>{escape(document['format'])}. Every digest is in migration.json beside this page.</footer>"


def _what(one: Outcome) -> str:
    named = f" {escape(one.name)}" if one.name and one.name != one.id else ""
    where = f' <span class="note">in {escape(one.experiment)}</span>' if one.experiment else ""
    return f"{one.kind} <code>{escape(one.id)}</code>{named}{where}"


def _value(text: str | None) -> str:
    if text is None:
        return '<i class="missing">missing</i>'
    return f"<code>{escape(text if len(text) <= _TEXT else text[:_TEXT] + '…')}</code>"


def _cut(rows: Iterable[Outcome]) -> str:
    count = len(list(rows))
    return f'<p class="sub">The first {_SHOWN} of {count:,}; migration.json has all.</p>' if count > _SHOWN else ""


def _bytes(count: int) -> str:
    size, units = float(count), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while size >= 1_000 and (bigger := next(units, None)):
        size, unit = size / 1_000, bigger
    return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
