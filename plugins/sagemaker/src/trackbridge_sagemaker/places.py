"""Which trial a run's component belongs to: SageMaker puts at most 50 into one."""

from __future__ import annotations

import threading
from typing import Final

from trackbridge.errors import NotFound, TrackbridgeError
from trackbridge_sagemaker.client import Client
from trackbridge_sagemaker.errors import already_exists, limit_exceeded
from trackbridge_sagemaker.names import trial_name

__all__ = ["Places"]

_TRIALS: Final = 1_000  # quotas are fewer; a component beyond them is in no trial, and AWS's pages do not list it


class Places:
    """Finds a trial with room. What was found last is tried first."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._open: dict[str, int] = {}

    def ensure_first(self, experiment: str) -> None:
        """Make the first trial of an experiment, so that its first runs find it."""
        if experiment not in self._open:
            self._make(experiment, 1)
            self._note(experiment, 1)

    def put(self, component: str, experiment: str) -> str:
        """Put a component into a trial of an experiment, and give the trial; "" where the account has no room left.

        Args:
            component: The component's name.
            experiment: The experiment's native name.
        """
        for n in range(self._open.get(experiment, 1), _TRIALS):
            trial = trial_name(experiment, n)
            try:
                self._associate(component, experiment, trial, n)
            except TrackbridgeError as error:
                if not limit_exceeded(error):
                    raise
                if "Trials" in str(error) and "Trial Components" not in str(error):
                    return ""
                continue
            self._note(experiment, n)
            return trial
        return ""

    def _associate(self, component: str, experiment: str, trial: str, n: int) -> None:
        try:
            self._client.call("associate_trial_component", TrialComponentName=component, TrialName=trial)
        except NotFound:
            self._make(experiment, n)
            self._client.call("associate_trial_component", TrialComponentName=component, TrialName=trial)
        except TrackbridgeError as error:
            if not already_exists(error):
                raise

    def _make(self, experiment: str, n: int) -> None:
        try:
            self._client.call(
                "create_trial",
                TrialName=trial_name(experiment, n),
                ExperimentName=experiment,
                DisplayName=experiment if n == 1 else f"{experiment[:110]}-{n}",
            )
        except TrackbridgeError as error:
            if not already_exists(error):
                raise

    def _note(self, experiment: str, n: int) -> None:
        with self._lock:
            self._open[experiment] = max(n, self._open.get(experiment, 1))
