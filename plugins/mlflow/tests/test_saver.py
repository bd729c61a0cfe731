"""Models saved and loaded with MLflow's flavors."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from sklearn.linear_model import LinearRegression

from trackbridge.errors import Rejected
from trackbridge.run.signature import infer_signature
from trackbridge_mlflow.saver import trackbridge_model_savers

(SAVER,) = trackbridge_model_savers()
X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]])
Y = np.array([1.0, 2.0, 3.0])


def test_what_it_knows():
    assert SAVER.can_save(LinearRegression())
    assert not SAVER.can_save(LinearRegression)
    assert not SAVER.can_save({"a": 1})
    assert not SAVER.can_save("model.pkl")


def test_a_scikit_learn_model_loads_here_and_with_mlflow(tmp_path):
    import mlflow

    model = LinearRegression().fit(X, Y)
    saved = SAVER.save(model, tmp_path, infer_signature(X, Y), X[:2])
    assert (saved.flavor, saved.runs_code, saved.input_example) == ("mlflow.sklearn", False, "input_example.json")
    assert SAVER.can_load(tmp_path)
    assert np.allclose(SAVER.load(tmp_path, False).predict(X), model.predict(X))
    assert np.allclose(mlflow.pyfunc.load_model(str(tmp_path)).predict(X), model.predict(X))
    described = yaml.safe_load((tmp_path / "MLmodel").read_text())
    assert "tensor" in described["signature"]["inputs"]
    assert mlflow.active_run() is None


def test_a_python_model_is_loaded_with_trust_only(tmp_path):
    import mlflow

    class Doubled(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return [2 * value for value in model_input]

    saved = SAVER.save(Doubled(), tmp_path, None, None)
    assert (saved.flavor, saved.runs_code) == ("mlflow.pyfunc", True)
    with pytest.raises(Rejected):
        SAVER.load(tmp_path, False)
    assert SAVER.load(tmp_path, True).predict([1, 2]) == [2, 4]
