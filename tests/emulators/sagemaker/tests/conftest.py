"""One emulator in this process; each test finds its account empty and its switches as they are by default."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulators.sagemaker import Emulator, Remote


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture(scope="session")
def clients(emulator) -> dict[str, Any]:
    account = emulator.account()
    # Nothing is checked on the way out, so that the server is what refuses.
    return {name: account.client(name, parameter_validation=False) for name in ("sagemaker", "sagemaker-metrics")}


@pytest.fixture
def account(emulator) -> Remote:
    account = emulator.account()
    account.restore()
    account.empty()
    return account


@pytest.fixture
def sagemaker(account, clients) -> Any:
    return clients["sagemaker"]


@pytest.fixture
def metrics(account, clients) -> Any:
    return clients["sagemaker-metrics"]


@pytest.fixture
def refused() -> Callable[..., tuple[str, str]]:
    """Give the code and the message that a call is refused with."""

    def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            call(**request)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    return refused


@pytest.fixture
def component(sagemaker) -> str:
    """Make experiment ``exp``, trial ``trial`` and component ``comp`` in it; give the component's ARN."""
    sagemaker.create_experiment(ExperimentName="exp")
    sagemaker.create_trial(TrialName="trial", ExperimentName="exp")
    arn = sagemaker.create_trial_component(TrialComponentName="comp")["TrialComponentArn"]
    sagemaker.associate_trial_component(TrialComponentName="comp", TrialName="trial")
    return arn
