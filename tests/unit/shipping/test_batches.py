"""Batches to the limits."""

from hypothesis import given
from hypothesis import strategies as st

from trackbridge.protocol import Limits
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.log import LoggedParams
from trackbridge.records.writes import AttributeWrite, Stamp, TagWrite
from trackbridge.shipping.batches import atoms_of, gather, write_chunks

LIMITS = Limits(params_per_write=3, tags_per_write=4, items_per_write=5)


def _records(params, tags, attributes, datasets):
    return [
        *(LoggedParams({f"p{n}": n}) for n in range(params)),
        *(TagWrite(f"t{n}", "x", Stamp(n, "w", n)) for n in range(tags)),
        *(AttributeWrite(f"a{n}", n, Stamp(n, "w", n)) for n in range(attributes)),
        *(DatasetRecord(f"d{n}") for n in range(datasets)),
    ]


@given(*[st.integers(0, 12)] * 4)
def test_chunks_keep_the_limits_and_lose_nothing(params, tags, attributes, datasets):
    chunks = list(write_chunks(_records(params, tags, attributes, datasets), LIMITS))
    for chunk in chunks:
        assert len(chunk.params) <= 3
        assert len(chunk.tags) + len(chunk.attributes) <= 4
        assert 0 < len(atoms_of(chunk)) <= 5
    total = [atom for chunk in chunks for atom in atoms_of(chunk)]
    assert len(total) == params + tags + attributes + datasets
    assert gather(atoms_of(gather(total))) == gather(total)


def test_what_fits_is_one_call():
    assert len(list(write_chunks(_records(2, 1, 1, 1), LIMITS))) == 1


def test_only_the_latest_write_of_a_tag_is_sent():
    tags = [TagWrite("t", value, Stamp(wall, "w", 0)) for value, wall in (("b", 2), ("c", 3), ("a", 1))]
    (chunk,) = write_chunks(tags, LIMITS)
    assert [write.value for write in chunk.tags] == ["c"]


def test_a_param_is_the_first_and_a_dataset_is_sent_once():
    records = [LoggedParams({"p": 1}), LoggedParams({"p": 2}), DatasetRecord("d"), DatasetRecord("d")]
    (chunk,) = write_chunks(records, LIMITS)
    assert chunk.params == {"p": 1}
    assert len(chunk.datasets) == 1
