"""TensorboardService: series, their points, samples and exports."""

from __future__ import annotations

import math
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import aiplatform_v1 as v1

from emulators.vertex import Remote

Client = v1.TensorboardServiceClient
SCALAR = v1.TensorboardTimeSeries.ValueType.SCALAR


def series(boards: Client, run: str, display_name: str = "loss", **fields: Any) -> str:
    made = v1.TensorboardTimeSeries(**{"display_name": display_name, "value_type": SCALAR, **fields})
    return boards.create_tensorboard_time_series(parent=run, tensorboard_time_series=made).name


def points(values: dict[int, float], wall_s: int = 0) -> list[v1.TimeSeriesDataPoint]:
    return [
        v1.TimeSeriesDataPoint(
            step=step, scalar=v1.Scalar(value=value), wall_time={"seconds": wall_s + abs(step) % 10**6}
        )
        for step, value in values.items()
    ]


def data(name: str, values: dict[int, float], **more: Any) -> v1.TimeSeriesData:
    identifier = name.rpartition("/")[2]
    return v1.TimeSeriesData(tensorboard_time_series_id=identifier, value_type=SCALAR, values=points(values, **more))


def write(boards: Client, run: str, *given: v1.TimeSeriesData) -> None:
    boards.write_tensorboard_run_data(tensorboard_run=run, time_series_data=list(given))


def exported(boards: Client, name: str, **request: Any) -> list[v1.TimeSeriesDataPoint]:
    return list(boards.export_tensorboard_time_series_data(request={"tensorboard_time_series": name, **request}))


def test_every_float_comes_back_exactly(clients: dict[tuple[str, str], Any], boards: Client, run: str) -> None:
    name = series(boards, run)
    values = {
        0: 0.1,
        1: -0.0,
        2: 5e-324,
        3: math.inf,
        4: -math.inf,
        5: math.nan,
        -6: 1.0,
        2**62: 1.7976931348623157e308,
    }
    write(boards, run, data(name, values))
    for transport in ("grpc", "rest"):
        read = exported(clients["TensorboardService", transport], name, order_by="step")
        assert [point.step for point in read] == sorted(values)
        assert [repr(point.scalar.value) for point in read] == [repr(values[step]) for step in sorted(values)]


def test_a_time_out_of_range_is_refused(boards: Client, run: str) -> None:
    late = data(series(boards, run), {0: 1.0}, wall_s=2**40)
    with pytest.raises(exceptions.InvalidArgument, match="time of the point"):
        write(boards, run, late)


def test_the_same_step_again_overwrites(boards: Client, run: str) -> None:
    name = series(boards, run)
    write(boards, run, data(name, {1: 1.0, 2: 2.0}))
    write(boards, run, data(name, {2: 3.0}, wall_s=100))
    read = exported(boards, name, order_by="step desc")
    assert [(point.step, point.scalar.value) for point in read] == [(2, 3.0), (1, 1.0)]
    assert read[0].wall_time.timestamp() == 102


def test_an_export_is_whole_and_in_no_order_unless_asked(boards: Client, run: str) -> None:
    name = series(boards, run)
    write(boards, run, data(name, {step: step / 3 for step in range(2500)}))
    pages = boards.export_tensorboard_time_series_data(request={"tensorboard_time_series": name}).pages
    sizes = [len(page.time_series_data_points) for page in pages]
    assert sizes == [1000, 1000, 500]
    steps = [point.step for point in exported(boards, name, page_size=20_000)]
    assert steps != sorted(steps)
    assert sorted(steps) == list(range(2500))
    assert [point.step for point in exported(boards, name, order_by="step", page_size=7)] == list(range(2500))[:2500]


def test_an_export_may_be_filtered(boards: Client, run: str) -> None:
    name = series(boards, run)
    write(boards, run, data(name, dict.fromkeys(range(10), 0.0)))
    assert {point.step for point in exported(boards, name, filter="step > 3 AND step <= 5")} == {4, 5}
    late = 'wall_time >= "1970-01-01T00:00:08Z"'
    assert {point.step for point in exported(boards, name, filter=late)} == {8, 9}


def test_a_read_of_more_than_a_thousand_points_is_a_random_sample(boards: Client, run: str) -> None:
    name = series(boards, run)
    write(boards, run, data(name, dict.fromkeys(range(1000), 0.0)))
    assert len(read(boards, name)) == 1000
    write(boards, run, data(name, {1000: 0.0}))
    first, second = read(boards, name), read(boards, name)
    assert len(set(first)) == len(set(second)) == 1000
    write(boards, run, data(name, dict.fromkeys(range(3000), 0.0)))
    assert set(read(boards, name)) != set(read(boards, name))
    assert len(read(boards, name, max_data_points=2999)) == 2999
    assert sorted(read(boards, name, max_data_points=-1)) == list(range(3000))
    for refused in (10_001, -2):
        with pytest.raises(exceptions.InvalidArgument):
            read(boards, name, max_data_points=refused)


def read(boards: Client, name: str, **more: Any) -> list[int]:
    answer = boards.read_tensorboard_time_series_data(request={"tensorboard_time_series": name, **more})
    return [point.step for point in answer.time_series_data.values]


def batch_read(boards: Client, board: str, names: list[str]) -> v1.BatchReadTensorboardTimeSeriesDataResponse:
    return boards.batch_read_tensorboard_time_series_data(request={"tensorboard": board, "time_series": names})


def test_a_batch_read_takes_twenty_series_and_samples_each(boards: Client, run: str) -> None:
    made = [v1.TensorboardTimeSeries(display_name=f"m{index}", value_type=SCALAR) for index in range(21)]
    requests = [v1.CreateTensorboardTimeSeriesRequest(parent=run, tensorboard_time_series=one) for one in made]
    experiment = run.rpartition("/runs/")[0]
    batch = boards.batch_create_tensorboard_time_series(parent=experiment, requests=requests)
    names = [one.name for one in batch.tensorboard_time_series]
    write(boards, run, data(names[0], dict.fromkeys(range(1500), 0.0)), data(names[1], {0: 1.0}))
    board = run.rpartition("/experiments/")[0]
    answer = batch_read(boards, board, names[:20])
    assert [len(one.values) for one in answer.time_series_data] == [1000, 1, *[0] * 18]
    with pytest.raises(exceptions.InvalidArgument, match=r"Maximum of 20 TensorboardTimeSeries to read\."):
        batch_read(boards, board, names)


def test_a_write_takes_five_thousand_points_and_is_all_or_nothing(boards: Client, run: str, remote: Remote) -> None:
    name = series(boards, run)
    write(boards, run, data(name, dict.fromkeys(range(5000), 0.0)))
    other = series(boards, run, "other")
    with pytest.raises(exceptions.InvalidArgument, match="5001"):
        write(boards, run, data(name, dict.fromkeys(range(5000), 1.0)), data(other, {0: 1.0}))
    missing = data(f"{run}/timeSeries/missing", {0: 1.0})
    with pytest.raises(exceptions.NotFound):
        write(boards, run, data(other, {0: 1.0}), missing)
    assert {point.scalar.value for point in exported(boards, name)} == {0.0}
    assert exported(boards, other) == []
    assert len(remote.violations()) == 1


def test_points_must_be_of_their_series_type(boards: Client, run: str) -> None:
    name = series(boards, run, value_type=v1.TensorboardTimeSeries.ValueType.TENSOR)
    with pytest.raises(exceptions.InvalidArgument):
        write(boards, run, data(name, {0: 1.0}))
    tensor = v1.TimeSeriesDataPoint(step=1, tensor=v1.TensorboardTensor(value=b"x"))
    wrong = v1.TimeSeriesData(
        tensorboard_time_series_id=name.rpartition("/")[2],
        value_type=v1.TensorboardTimeSeries.ValueType.TENSOR,
        values=[tensor, *points({2: 1.0})],
    )
    with pytest.raises(exceptions.InvalidArgument):
        write(boards, run, wrong)


def test_a_series_knows_its_greatest_step_and_time(boards: Client, run: str) -> None:
    name = series(boards, run)
    write(boards, run, data(name, {-7: 0.0}))
    assert boards.get_tensorboard_time_series(name=name).metadata.max_step == -7
    write(boards, run, data(name, {3: 0.0, 2: 0.0}))
    kept = boards.get_tensorboard_time_series(name=name)
    assert (kept.metadata.max_step, kept.metadata.max_wall_time.timestamp()) == (3, 7)
    etag = kept.etag
    write(boards, run, data(name, {4: 0.0}))
    assert boards.get_tensorboard_time_series(name=name).etag == etag


def test_a_whole_experiment_is_written_at_once(boards: Client, run: str) -> None:
    experiment = run.rpartition("/runs/")[0]
    made = v1.TensorboardRun(display_name="other")
    other = boards.create_tensorboard_run(parent=experiment, tensorboard_run=made, tensorboard_run_id="other").name
    names = [series(boards, run), series(boards, other)]
    requests = [
        v1.WriteTensorboardRunDataRequest(tensorboard_run=one, time_series_data=[data(name, {0: 1.0})])
        for one, name in zip([run, other], names, strict=True)
    ]
    boards.write_tensorboard_experiment_data(tensorboard_experiment=experiment, write_run_data_requests=requests)
    assert [len(exported(boards, name)) for name in names] == [1, 1]


def test_display_names_are_unique_among_siblings(boards: Client, run: str) -> None:
    series(boards, run, "loss")
    with pytest.raises(exceptions.AlreadyExists):
        series(boards, run, "loss")
    with pytest.raises(exceptions.AlreadyExists):
        boards.create_tensorboard_run(
            parent=run.rpartition("/runs/")[0],
            tensorboard_run=v1.TensorboardRun(display_name="run"),
            tensorboard_run_id="x",
        )
    assert series(boards, run, "Loss")


def test_what_is_immutable_or_required_is_held_to(boards: Client, run: str) -> None:
    name = series(boards, run)
    changed = v1.TensorboardTimeSeries(name=name, value_type=v1.TensorboardTimeSeries.ValueType.TENSOR)
    with pytest.raises(exceptions.InvalidArgument, match="immutable"):
        boards.update_tensorboard_time_series(tensorboard_time_series=changed, update_mask={"paths": ["value_type"]})
    with pytest.raises(exceptions.InvalidArgument, match=r"tensorboard_time_series\.value_type"):
        boards.create_tensorboard_time_series(
            parent=run, tensorboard_time_series=v1.TensorboardTimeSeries(display_name="x")
        )


def test_one_tensorboard_is_the_default(boards: Client, parent: str) -> None:
    for name in ("first", "second"):
        made = v1.Tensorboard(display_name=name, is_default=True)
        boards.create_tensorboard(parent=parent, tensorboard=made).result()
    found = boards.list_tensorboards(request={"parent": parent, "filter": "is_default=true"})
    assert [board.display_name for board in found] == ["second"]
    assert len(list(boards.list_tensorboards(parent=parent))) == 2


def test_a_deleted_run_takes_its_series_and_points(boards: Client, run: str) -> None:
    name = series(boards, run)
    write(boards, run, data(name, {0: 1.0}))
    board = run.rpartition("/experiments/")[0]
    assert boards.get_tensorboard(name=board).run_count == 1
    boards.delete_tensorboard_run(name=run).result()
    with pytest.raises(exceptions.NotFound):
        exported(boards, name)
    assert boards.get_tensorboard(name=board).run_count == 0
    assert boards.read_tensorboard_size(tensorboard=board).storage_size_byte == 0


def test_a_read_mask_keeps_what_it_names(boards: Client, run: str) -> None:
    series(boards, run)
    request = {"parent": run, "read_mask": {"paths": ["display_name"]}}
    (found,) = boards.list_tensorboard_time_series(request=request)
    assert found == v1.TensorboardTimeSeries(display_name="loss")
