"""The server as tests and people start it."""

from __future__ import annotations

from emulators.sagemaker import Remote
from servers import sagemaker


def test_a_killed_server_has_all_that_it_acknowledged(services, tmp_path):
    first = sagemaker.start(services, tmp_path)
    client = Remote(first["url"]).client()
    client.create_experiment(ExperimentName="kept", Tags=[{"Key": "team", "Value": "risk"}])
    services.kill(int(first["pid"]))

    second = sagemaker.start(services, tmp_path)
    client = Remote(second["url"]).client()
    arn = client.describe_experiment(ExperimentName="kept")["ExperimentArn"]
    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "risk"}]
    services.kill(int(second["pid"]))
