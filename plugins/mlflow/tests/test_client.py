"""The client's stores: a lost race is tried again at once, for MLflow's own inserts race."""

import pytest

from trackbridge.errors import Transient
from trackbridge.protocol import open_backend
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.routes import route_to

URL = "mlflow+sqlite:///{}/mlflow.db"


@pytest.fixture
def client(tmp_path):
    adapter = open_backend(URL.format(tmp_path)).adapter
    yield adapter.runs._client
    adapter.close()


def lost_race():
    from mlflow.exceptions import MlflowException

    return MlflowException("(sqlite3.IntegrityError) UNIQUE constraint failed: tags.key, tags.run_uuid")


class Store:
    def __init__(self, failures):
        self.failures = failures
        self.calls = 0

    def set_tag(self, run_id, tag):
        self.calls += 1
        if self.calls <= self.failures:
            raise lost_race()
        return run_id, tag


def opened_on(client: Client, store) -> Client:
    client._stores = (store, store)
    return client


@pytest.mark.parametrize("failures", [0, 1, 4])
def test_a_lost_race_is_run_again(client, failures):
    store = Store(failures)
    assert opened_on(client, store).tracking.set_tag("r", "t") == ("r", "t")
    assert store.calls == failures + 1


def test_a_race_lost_without_end_is_transient(client):
    store = Store(99)
    with pytest.raises(Transient, match="UNIQUE"):
        opened_on(client, store).tracking.set_tag("r", "t")
    assert store.calls == 5


def test_a_run_without_a_place_for_artifacts_is_not_given_the_working_directory(client):
    with pytest.raises(Transient, match="no place for the artifacts"):
        route_to("", client)
