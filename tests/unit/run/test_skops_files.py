"""Equal scikit-learn models are equal files, whatever the memory they lay in (C2)."""

import copy
import io
import zipfile

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from skops.io import dumps

from trackbridge.run.savers.skops import trackbridge_model_savers

X = np.arange(40.0).reshape(20, 2)
y = np.arange(20) % 2


@pytest.mark.parametrize(
    "model",
    [make_pipeline(StandardScaler(), LogisticRegression()), GradientBoostingClassifier(n_estimators=3, random_state=0)],
    ids=["pipeline", "trees"],
)
def test_equal_models_are_equal_files(model, tmp_path) -> None:
    (saver,) = trackbridge_model_savers()
    model.fit(X, y)
    files = []
    for n in range(2):
        folder = tmp_path / str(n)
        folder.mkdir()
        saver.save(copy.deepcopy(model), folder, None, None)
        files.append((folder / "model.skops").read_bytes())
        loaded = saver.load(folder, True)
        assert (loaded.predict_proba(X) == model.predict_proba(X)).all()
    assert files[0] == files[1]


def test_what_lay_between_the_fields_of_a_tree_is_gone(monkeypatch, tmp_path) -> None:
    (saver,) = trackbridge_model_savers()
    model = DecisionTreeClassifier(random_state=0).fit(X, y)
    files = []
    for n, filler in enumerate((b"\x00", b"\xff")):
        monkeypatch.setattr(skops.io, "dumps", lambda one, filler=filler: with_filler(dumps(one), filler))
        folder = tmp_path / str(n)
        folder.mkdir()
        saver.save(model, folder, None, None)
        files.append((folder / "model.skops").read_bytes())
        assert (saver.load(folder, True).predict(X) == model.predict(X)).all()
    assert files[0] == files[1]


def with_filler(content: bytes, filler: bytes) -> bytes:
    """Fill the seven bytes after the last field of every node, which scikit-learn leaves as they were in memory."""
    out, filled = io.BytesIO(), 0
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            array = np.load(io.BytesIO(data)) if name.endswith(".npy") else np.zeros(1)
            if array.dtype.names:
                head, nodes = data[: -array.nbytes], bytearray(data[-array.nbytes :])
                for end in range(64, len(nodes) + 1, 64):
                    nodes[end - 7 : end] = filler * 7
                    filled += 1
                data = head + bytes(nodes)
            target.writestr(name, data)
    assert filled
    return out.getvalue()


def test_another_model_is_another_file(tmp_path) -> None:
    (saver,) = trackbridge_model_savers()
    saver.save(LogisticRegression(C=1.0).fit(X, y), tmp_path, None, None)
    first = (tmp_path / "model.skops").read_bytes()
    saver.save(LogisticRegression(C=0.5).fit(X, y), tmp_path, None, None)
    assert (tmp_path / "model.skops").read_bytes() != first


def test_no_address_is_left(tmp_path) -> None:
    (saver,) = trackbridge_model_savers()
    saver.save(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y), tmp_path, None, None)
    with zipfile.ZipFile(tmp_path / "model.skops") as archive:
        names = archive.namelist()
    assert names == ["schema.json", *(f"{n}.npy" for n in range(1, len(names)))]
