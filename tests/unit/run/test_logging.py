"""What a run takes, refuses and hands over (P, T, M, X2, X4)."""

import math
import threading
import warnings

import numpy as np
import pytest

import trackbridge as tb
from trackbridge.errors import Conflict, Rejected


class Scalar:
    shape = ()

    def item(self):
        return 0.25


def test_metrics_of_every_kind(place):
    with place.start() as run:
        run.log_metric("loss", 1.0, step=3, timestamp=7)
        run.log_metric("loss", 2, 4, timestamp=7)
        run.log_metric("loss", Scalar(), timestamp=7)
        run.log_metrics({"a": 1.0, "b": math.nan}, step=1, timestamp=8)
        run.log_series("s", [3, 1], [1.0, 2], [9, 9])
        run.log_series("s", None, (5.0,), [9])
        run.log_series("s", None, [])
    assert [p for p in place.points(run.id) if p[0] == "loss"] == [
        ("loss", 3, 7, 1.0), ("loss", 4, 7, 2.0), ("loss", 5, 7, 0.25),
    ]  # fmt: skip
    assert [p for p in place.points(run.id) if p[0] == "s"] == [("s", 1, 9, 2.0), ("s", 3, 9, 1.0), ("s", 4, 9, 5.0)]
    assert {p[0] for p in place.points(run.id)} == {"loss", "a", "b", "s"}


def test_numpy_arrays_are_series(place):
    with place.start() as run:
        run.log_series("s", np.arange(3), np.array([1, 2, 3], dtype=np.float32), np.array([5, 6, 7]))
        run.log_metric("m", np.float64(0.5), step=np.int64(3), timestamp=1)
    assert place.points(run.id) == [("m", 3, 1, 0.5), ("s", 0, 5, 1.0), ("s", 1, 6, 2.0), ("s", 2, 7, 3.0)]


BAD_CALLS = {
    "a string as a metric": lambda run: run.log_metric("loss", "0.3"),
    "a bool as a metric": lambda run: run.log_metric("loss", True),
    "a complex metric": lambda run: run.log_metric("loss", 1j),
    "a float step": lambda run: run.log_metric("loss", 1.0, step=1.0),
    "a step beyond int64": lambda run: run.log_metric("loss", 1.0, step=2**63),
    "a time before 1970": lambda run: run.log_metric("loss", 1.0, timestamp=-1),
    "one bad metric of two": lambda run: run.log_metrics({"a": 1.0, "b": None}),
    "metrics that are no dict": lambda run: run.log_metrics([1.0]),
    "a short series": lambda run: run.log_series("s", [1], [1.0, 2.0]),
    "a text as a series": lambda run: run.log_series("s", None, "123"),
    "a param without a name": lambda run: run.log_param("", 1),
    "a param of no known type": lambda run: run.log_param("p", object()),
    "one bad param of two": lambda run: run.log_params({"good": 1, "": 1}),
    "a tag that is no string": lambda run: run.set_tag("t", 1),
    "a reserved tag": lambda run: run.set_tag("trackbridge.x", "1"),
    "one bad tag of two": lambda run: run.set_tags({"good": "1", "bad": None}),
    "notes that are no string": lambda run: run.set_notes(1),
    "an artifact that is not there": lambda run: run.log_artifact("absent.bin"),
    "a folder as an artifact": lambda run: run.log_artifact("."),
    "a path that leads out": lambda run: run.log_text("x", "../x"),
    "an unknown mode": lambda run: run.log_artifact(__file__, mode="move"),
    "a dataset without a name": lambda run: run.use_dataset(name=""),
    "a dict that is no JSON": lambda run: run.log_dict({"a": object()}, "a.json"),
    "a figure that is none": lambda run: run.log_figure(object(), "a.png"),
    "an image that is none": lambda run: run.log_image(object(), "a.png"),
    "a table that is none": lambda run: run.log_table(object(), "a.csv"),
    "a model that no saver knows": lambda run: run.log_model(object(), "model"),
    "a version of nothing": lambda run: run.register_model("absent", "m"),
}


@pytest.mark.parametrize("what", BAD_CALLS)
def test_a_bad_call_raises_and_leaves_nothing(place, what):
    with place.start() as run, pytest.raises(Rejected) as caught:
        BAD_CALLS[what](run)
    assert caught.value.clause
    left = place.run(run.id)
    assert (left.params, left.tags, left.metrics, left.datasets) == ({}, {}, {}, ())
    assert place.files(run.id) == {}
    assert left.status == "FINISHED"


@pytest.mark.parametrize("what", BAD_CALLS)
def test_a_bad_call_may_warn_instead(place, monkeypatch, what):
    monkeypatch.setenv("TRACKBRIDGE_ON_ERROR", "warn")
    with place.start() as run, pytest.warns(UserWarning, match=r"\[\w\d\]") as caught:
        BAD_CALLS[what](run)
    assert caught[0].filename == __file__
    assert place.run(run.id).metrics == {}


def test_params_are_written_once(place):
    with place.start(params={"a": {"b": 1}}) as run:
        run.log_param("a.b", 1)
        for value in (2, 1.0, True, "1"):
            with pytest.raises(Conflict) as caught:
                run.log_param("a.b", value)
            assert caught.value.clause == "P3"
        with pytest.raises(Conflict):
            run.log_params({"fresh": 1, "a.b": 2})
    assert place.run(run.id).params == {"a.b": 1}


def test_tags_and_notes(place):
    with place.start(tags={"a": "1", "b": "1"}, name="first") as run:
        run.set_tags({"a": "2", "c": "文"})
        run.delete_tag("b")
        run.delete_tag("never")
        run.set_notes("why")
        run.set_name("second")
        assert run.name == "second"
    held = place.run(run.id)
    assert held.tags == {"a": "2", "c": "文"}
    assert (held.name, held.attributes) == ("second", {"notes": "why"})


def test_secrets_are_redacted_before_anything_is_handed_on(place):
    secret = "sk-" + "a1B2c3D4" * 6
    url = f"https://user:{secret}@example.com/x"
    with place.start(params={"p": url, "api_key": secret}, tags={"t": url}, name=f"run {secret}") as run:
        run.set_notes(url)
        run.use_dataset("d", uri=f"s3://k:{secret}@bucket/x")
        run.use_dataset(f"d {secret}", secret, context=secret, schema=f'{{"a": "{secret}"}}')
        run.set_name(f"then {secret}")
        assert run.name == "then ***"
        with pytest.raises(ZeroDivisionError), place.start() as inner:
            raise ZeroDivisionError(url)
    assert secret not in repr((place.run(run.id), place.run(inner.id)))


def test_a_finished_run_takes_nothing_more(place):
    run = place.start()
    run.log_metric("loss", 1.0)
    run.finish()
    for act in (
        lambda: run.log_metric("loss", 1.0), lambda: run.log_metric("loss", 1.0, step=2), lambda: run.log_param("p", 1),
        lambda: run.set_tag("t", "x"), lambda: run.log_text("x", "x"), lambda: run.use_dataset("d"),
    ):  # fmt: skip
        with pytest.raises(Rejected, match="is finished"):
            act()
    assert len(place.points(run.id)) == 1


def test_a_closed_run_warns_on_the_fast_path_too(place, monkeypatch):
    monkeypatch.setenv("TRACKBRIDGE_ON_ERROR", "warn")
    run = place.start()
    run.log_metric("loss", 1.0)
    run.finish()
    with pytest.warns(UserWarning, match="is finished"):
        run.log_metric("loss", 1.0)


def test_threads_log_to_one_run(place):
    with place.start() as run:

        def work(number):
            for step in range(200):
                run.log_metric(f"m{number % 2}", float(step), step=step * 8 + number)
            run.log_params({"shared": 1, f"own{number}": number})

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(place.points(run.id)) == 1_600
    assert len(place.run(run.id).params) == 9


def test_functions_act_on_the_active_run(place):
    with pytest.raises(tb.ConfigurationError, match="no run is active"):
        tb.log_metric("loss", 1.0)
    with place.start() as outer:
        tb.log_metric("loss", 1.0)
        with place.start() as inner:
            tb.log_metric("loss", 2.0)
            seen = []
            thread = threading.Thread(target=lambda: seen.append(tb.active_run()))
            thread.start()
            thread.join()
            assert seen == [inner]
        assert tb.active_run() is outer
        tb.set_tag("t", "x")
    assert [p[3] for p in place.points(outer.id)] == [1.0]
    assert [p[3] for p in place.points(inner.id)] == [2.0]
    assert place.run(outer.id).tags == {"t": "x"}


def test_functions_look_like_their_methods():
    import inspect

    assert list(inspect.signature(tb.log_metric).parameters) == ["name", "value", "step", "timestamp"]


def test_logging_warns_of_nothing_by_itself(place):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with place.start(params={"a": 1}) as run:
            run.log_metric("loss", 1.0)
