"""Faults in models, versions, stages, aliases, approvals and the trail."""

import uuid
from dataclasses import replace
from itertools import islice

from trackbridge.adapters.memory.registry import MemoryRegistry
from trackbridge.protocol import Mirror
from trackbridge.records.trail import GENESIS, decode_entry, entry_hash
from trackbridge.registry.chain import Chain
from trackbridge.registry.fold import Fold

FOLD, ACTS, STATE = "trackbridge.registry.fold", "trackbridge.registry.acts", "trackbridge.registry.state"
REGISTRY = "trackbridge.registry.registry"


def test_the_clause_notices(clause, fault, kill):
    kill(clause, fault)


def adapter(name, wrapper):
    """Replace a method of the memory registry by ``wrapper(original, self, …)``."""
    return lambda patch: patch.around(MemoryRegistry, name, wrapper)


def specs(change):
    """Change what every version is made with, on its way out."""
    return adapter(
        "versions",
        lambda versions, self, model: (
            replace(one, spec=replace(one.spec, **change(one.spec))) for one in versions(self, model)
        ),
    )


def fold_after(change):
    """Change the fold after every entry; `change` takes fold and entry."""

    def apply(original, self, entry):
        original(self, entry)
        change(self, entry)

    return lambda patch: patch.around(Fold, "apply", apply)


def transition(change):
    """Change the proposal of every transition; `change` takes the options and gives some otherwise."""

    def wrapper(original, state, number, stage, **options):
        return original(state, number, stage, **{**options, **change(options)})

    return lambda patch: patch.around(ACTS, "transition", wrapper)


def number_used_again(delete, self, model, number):
    delete(self, model, number)
    del self._state.model(model).versions[number]


def any_number(create, self, model, spec, number=None):
    return create(self, model, spec)


def name_used_again(ensure, self, name):
    if name in self._state.models and self._state.models[name].deleted:
        del self._state.models[name]
    ensure(self, name)


def deleted_listed(listed, self):
    yield from (self.get_model(name) for name in sorted(self._state.models))


def all_versions_edited(edit, self, model, number, **more):
    for other in self._state.model(model).versions:
        edit(self, model, other, **more)


def fresh_token(create, self, model, spec, number=None):
    return create(self, model, replace(spec, token=uuid.uuid4().hex), number)


def one_a_stage(fold, entry):
    if entry.action == "transition":
        for number, stage in list(fold.stages.items()):
            if stage == entry.stage and number != entry.version:
                fold.stages[number] = "None"


def other_models_too(mirror, self, model, shown):
    mirror(self, model, shown)
    for name, other in self._state.models.items():
        if name != model:
            for number, state in shown.versions.items():
                if number in other.versions:
                    other.versions[number].stage = state.stage


def archives_every_stage(original, state, number, stage, *, displace, **options):
    act = original(state, number, stage, displace=displace, **options)
    others = tuple(one for one in state.versions if one != number)
    return replace(act, archived=others) if act and displace else act


def always_an_entry(original, state, number, stage, **options):
    from trackbridge.registry.outside import draft

    return original(state, number, stage, **options) or draft("transition", number, stage=stage, from_stage=stage)


def overwritten(append, self, model, n, data):
    self._state.model(model).entries[n] = data
    return True


def says_created(append, self, model, n, data):
    return append(self, model, n, data) or True


def not_verified(model, stored, mirrored=None):
    stored = list(stored)
    return Chain(tuple(decode_entry(data) for data in stored), entry_hash(stored[-1]) if stored else GENESIS)


def head_forgotten(get, self, name):
    native = get(self, name)
    return native and replace(native, mirrored=None)


def old_mirror_wins(mirror, self, model, shown):
    held = self._state.model(model)
    held.mirrored = None
    mirror(self, model, shown)


def anonymous(sealed, chain, act, author):
    return replace(sealed(chain, act, author), comment=None)


def of_any_version(concerning, entries, number):
    return iter(entries)


def only_once(original, state, alias, number):
    return None if alias in state.fold.holders else original(state, alias, number)


def alias_kept(fold, entry):
    if entry.action == "delete_alias":
        fold.holders[entry.alias] = entry.version


def promotion_approves(fold, entry):
    if entry.action == "transition":
        fold.approvals[entry.version] = "approved"


def promotion_resets(fold, entry):
    if entry.action == "transition":
        fold.approvals.pop(entry.version, None)


def unmirrored(mirror, self, model, shown):
    states = {number: replace(state, approval="pending") for number, state in shown.versions.items()}
    mirror(self, model, Mirror(shown.count, shown.head, states))


def no_such_alias(check, alias):
    return alias


MUTANTS = {
    "a deleted number is used again": ("G1", adapter("delete_version", number_used_again)),
    "a given number is ignored": ("G1", adapter("create_version", any_number)),
    "a deleted name is used again": ("G1", adapter("ensure_model", name_used_again)),
    "deleted models are listed": ("G1", adapter("list_models", deleted_listed)),
    "second page of versions lost": (
        "G1",
        lambda patch: patch.around(
            MemoryRegistry, "versions", lambda versions, self, model: iter(list(versions(self, model))[:9])
        ),
    ),
    "descriptions of models lost": (
        "G1",
        adapter("edit_model", lambda edit, self, name, *, description, tags: edit(self, name, description=None, tags=tags)),
    ),
    "models in order of arrival": ("G1", adapter("list_models", lambda listed, self: iter(list(listed(self))[::-1]))),
    "the token is ignored": ("G2", adapter("create_version", fresh_token)),
    "every version is edited": ("G2", adapter("edit_version", all_versions_edited)),
    "digest lost": ("G2", specs(lambda spec: {"digest": None})),
    "signature lost": ("G2", specs(lambda spec: {"signature": None})),
    "path cut to its folder": ("G2", specs(lambda spec: {"artifact_path": spec.artifact_path.rpartition("/")[0]})),
    "time of creation in seconds": ("G2", specs(lambda spec: {"created_ms": spec.created_ms // 1_000})),
    "one version a stage": ("G3", fold_after(one_a_stage)),
    "a transition touches another model": ("G3", adapter("set_mirror", other_models_too)),
    "the least version of a stage": (
        "G3",
        lambda patch: patch.around(
            REGISTRY, "_by_name", lambda by_name, state, which: min(
                (one for one in state.versions.values() if one.stage == which), key=lambda one: one.number, default=None
            ) or by_name(state, which)
        ),
    ),
    "any text is a stage": ("G3", lambda patch: patch.put(REGISTRY, "check_stage", lambda stage: stage)),
    "the archived version stays listed": (
        "G4",
        lambda patch: patch.put(FOLD, "stage_changes", lambda entry: {entry.version: entry.stage}),
    ),
    "archives unasked": ("G4", transition(lambda options: {"displace": True})),
    "archives nothing": ("G4", transition(lambda options: {"displace": False})),
    "archives the other stages too": ("G4", lambda patch: patch.around(ACTS, "transition", archives_every_stage)),
    "archives into Archived": ("G4", lambda patch: patch.put(ACTS, "check_archive_mode", lambda mode, stage: mode)),
    "staying is an entry": ("G4", lambda patch: patch.around(ACTS, "transition", always_an_entry)),
    "loses its first entry": ("G5", adapter("entries", lambda entries, self, model, start=0: entries(self, model, start + 1))),
    "second page of entries lost": (
        "G5",
        adapter("entries", lambda entries, self, model, start=0: islice(entries(self, model, start), 4)),
    ),
    "the last entry wins": ("G5", adapter("append_entry", overwritten)),
    "says created where it was not": ("G5", adapter("append_entry", says_created)),
    "nobody verifies": ("G5", lambda patch: patch.put(STATE, "verify_chain", not_verified)),
    "the head is forgotten": ("G5", adapter("get_model", head_forgotten)),
    "an older mirror wins": ("G5", adapter("set_mirror", old_mirror_wins)),
    "comments lost": ("G5", lambda patch: patch.around("trackbridge.registry.commit", "_sealed", anonymous)),
    "outside changes are not seen": ("G5", lambda patch: patch.put(STATE, "outside_changes", lambda window, shown: ())),
    "the history of all for one": ("G5", lambda patch: patch.around(REGISTRY, "_concerning", of_any_version)),
    "what is expected is ignored": ("G6", transition(lambda options: {"expected": None})),
    "an alias stays where it is": ("G7", lambda patch: patch.around(ACTS, "set_alias", only_once)),
    "a deleted alias stays": ("G7", fold_after(alias_kept)),
    "any text is an alias": ("G7", lambda patch: patch.around(REGISTRY, "check_alias", no_such_alias)),
    "aliases are not mirrored": (
        "G7",
        adapter("set_mirror", lambda mirror, self, model, shown: mirror(self, model, Mirror(shown.count, shown.head, {
            number: replace(state, aliases=()) for number, state in shown.versions.items()}))),
    ),
    "a rejection is an approval": ("G8", lambda patch: patch.around(
        ACTS, "approval", lambda approval, state, number, decision: approval(state, number, "approved"))),
    "promoting approves": ("G8", fold_after(promotion_approves)),
    "promoting takes an approval back": ("G8", fold_after(promotion_resets)),
    "approvals are not mirrored": ("G8", adapter("set_mirror", unmirrored)),
}  # fmt: skip
