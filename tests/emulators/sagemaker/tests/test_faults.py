"""Throttling, faults, signatures, accounts apart, and the emulator's own answers held to the model."""

from __future__ import annotations

import threading
import time

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from emulators.sagemaker import Emulator, control, model, service
from emulators.sagemaker.errors import ServiceError

OTHER = "999988887777"


def test_calls_over_the_rate_are_throttled(account, sagemaker, refused):
    account.turn(throttle_rps=0.001, throttle_burst=2)
    sagemaker.list_experiments()
    sagemaker.list_experiments()
    assert refused(sagemaker.list_experiments) == ("ThrottlingException", "Rate exceeded")
    account.turn(throttle_rps=1000)
    sagemaker.list_experiments()


def test_the_rate_fills_the_bucket_up_to_the_burst():
    bucket = control._Bucket(2.0)
    assert [bucket.take(0.001, 2) for _ in range(3)] == [True, True, False]
    bucket.filled -= 1500  # seconds at 0.001 a second
    assert [bucket.take(0.001, 2) for _ in range(2)] == [True, False]
    bucket.filled -= 1_000_000
    assert [bucket.take(0.001, 2) for _ in range(3)] == [True, True, False]


def test_botocore_waits_a_throttling_out(account):
    account.fail("error", code="ThrottlingException", times=2)
    patient = account.client(retries={"total_max_attempts": 4, "mode": "standard"})
    patient.create_experiment(ExperimentName="e")
    assert [one.outcome for one in account.calls()] == ["ThrottlingException", "ThrottlingException", "ok"]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 429),
        ("InternalFailure", 500),
        ("ServiceUnavailable", 503),
        ("AccessDeniedException", 400),
    ],
)
def test_errors_on_demand(account, sagemaker, refused, code, status):
    account.fail("error", operation="Create*", code=code, status=status, times=1, skip=1, retry_after_s=3)
    sagemaker.create_experiment(ExperimentName="before")
    with pytest.raises(sagemaker.exceptions.ClientError) as caught:
        sagemaker.create_experiment(ExperimentName="hit")
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "3"
    sagemaker.create_experiment(ExperimentName="hit")  # nothing was done before
    outcomes = [one.outcome for one in account.calls("CreateExperiment")]
    assert outcomes == ["ok", code, "ok"]


def test_faults_of_one_operation_come_one_after_the_other(account, sagemaker, refused):
    account.fail("error", operation="ListTrials", code="First")
    account.fail("error", operation="ListTrials", code="Second", times=2)
    assert [refused(sagemaker.list_trials)[0] for _ in range(3)] == ["First", "Second", "Second"]
    sagemaker.list_trials()
    assert account.state()["faults"] == []


def test_a_connection_is_cut_before_or_after_the_work(account, sagemaker, refused):
    account.fail("cut", operation="CreateExperiment")
    with pytest.raises(ConnectionClosedError):
        sagemaker.create_experiment(ExperimentName="e")
    assert refused(sagemaker.describe_experiment, ExperimentName="e")[0] == "ResourceNotFound"
    account.fail("cut-after", operation="CreateExperiment")
    with pytest.raises(ConnectionClosedError):
        sagemaker.create_experiment(ExperimentName="e")
    assert sagemaker.describe_experiment(ExperimentName="e")["ExperimentName"] == "e"
    assert [one.outcome for one in account.calls("CreateExperiment")] == ["cut", "cut-after"]


def test_answers_are_late_or_broken(account, sagemaker):
    account.fail("slow", operation="CreateExperiment", seconds=0.5)
    hasty = account.client(read_timeout=0.2)
    with pytest.raises(ReadTimeoutError):
        hasty.create_experiment(ExperimentName="e")
    deadline = time.monotonic() + 10
    while not account.calls("CreateExperiment"):  # it is done all the same
        assert time.monotonic() < deadline
        time.sleep(0.02)
    sagemaker.create_trial(TrialName="t", ExperimentName="e")
    account.fail("garbage", operation="ListTrials")
    assert "TrialSummaries" not in sagemaker.list_trials()  # botocore takes what is no JSON for an empty answer
    assert len(sagemaker.list_trials()["TrialSummaries"]) == 1


def test_a_fault_may_be_a_matter_of_chance(account, sagemaker):
    account.fail("error", times=None, probability=0.5)
    for _ in range(40):
        try:
            sagemaker.list_trials()
        except sagemaker.exceptions.ClientError:
            continue
    assert 8 < len([one for one in account.calls() if one.outcome == "ok"]) < 32


def test_wrong_commands_are_refused(account):
    for wrong in ({"colour": 1}, {"same_point": "never"}):
        with pytest.raises(ValueError, match=r"colour|same_point"):
            account.turn(**wrong)
    for wrong in ({"kind": "sulk"}, {"kind": "slow", "colour": 1}):
        with pytest.raises(ValueError, match=r"sulk|colour"):
            account.fail(**wrong)


def test_accounts_and_regions_share_nothing(account, emulator, sagemaker, refused):
    sagemaker.create_experiment(ExperimentName="e")
    other = emulator.account(OTHER)
    account.turn(default_page=1)
    account.fail("error", code="Mine", times=None)
    arn = other.client().create_experiment(ExperimentName="e")["ExperimentArn"]
    assert arn == f"arn:aws:sagemaker:us-east-1:{OTHER}:experiment/e"
    assert other.state()["switches"]["default_page"] == 10
    assert other.client(region="eu-west-1").list_experiments()["ExperimentSummaries"] == []
    other.empty()
    account.restore()
    assert sagemaker.describe_experiment(ExperimentName="e")["ExperimentName"] == "e"


def test_signatures_are_verified_where_a_key_is_set(account, sagemaker, metrics, refused):
    account.turn(secret_key="secret")
    sagemaker.create_trial_component(TrialComponentName="c", DisplayName="d")
    point = {"MetricName": "m", "Timestamp": time.time(), "Value": 1.0}
    metrics.batch_put_metrics(TrialComponentName="c", MetricData=[point])
    account.turn(secret_key="another")
    assert refused(sagemaker.list_trials)[0] == "InvalidSignatureException"


def test_an_unsigned_call_is_refused(account, refused):
    from botocore import UNSIGNED

    client = account.client(signature_version=UNSIGNED)
    assert refused(client.list_trials)[0] == "MissingAuthenticationTokenException"


def test_what_is_not_emulated_says_so(sagemaker, refused):
    code, message = refused(sagemaker.list_training_jobs)
    assert (code, "does not know ListTrainingJobs" in message) == ("UnknownOperationException", True)


def test_an_unsound_answer_of_the_emulator_itself_is_loud():
    shape = model.operation("sagemaker", "DescribeTrial").output_shape
    for answer in ({"TrialName": "a_b"}, {"Colour": "red"}, {"TrialName": 1}):
        with pytest.raises(ServiceError, match="unsound") as caught:
            service.sound(shape, answer)
        assert caught.value.status == 500


def test_writers_at_once_make_one(account, emulator):
    """Of eight creations of one name at once, seven are refused; of eight versions, each has its number."""
    sagemaker = account.client()
    sagemaker.create_model_package_group(ModelPackageGroupName="g")
    outcomes, numbers = [], []

    def write():
        try:
            sagemaker.create_experiment(ExperimentName="e")
            outcomes.append("made")
        except sagemaker.exceptions.ClientError:
            outcomes.append("refused")
        arn = sagemaker.create_model_package(ModelPackageGroupName="g", SourceUri="s3://b/k")["ModelPackageArn"]
        numbers.append(int(arn.rpartition("/")[2]))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made"] + ["refused"] * 7
    assert sorted(numbers) == list(range(1, 9))


def test_a_stopped_emulator_has_all_that_it_acknowledged(tmp_path):
    with Emulator(tmp_path, throttle_burst=7) as first:
        account = first.account()
        assert account.state()["switches"]["throttle_burst"] == 7
        account.client().create_trial_component(TrialComponentName="c", Parameters={"p": {"NumberValue": 0.5}})
        point = {"MetricName": "m", "Timestamp": time.time(), "Value": 1.5, "Step": 3}
        account.client("sagemaker-metrics").batch_put_metrics(TrialComponentName="c", MetricData=[point])
    with Emulator(tmp_path) as second:
        found = second.account().client().describe_trial_component(TrialComponentName="c")
    assert found["Parameters"] == {"p": {"NumberValue": 0.5}}
    assert [one["Last"] for one in found["Metrics"]] == [1.5]
