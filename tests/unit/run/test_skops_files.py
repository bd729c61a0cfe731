"""Equal scikit-learn models are equal files, whatever the memory they lay in (C2)."""

import copy
import zipfile

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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
