"""Ways to where MLflow keeps artifacts: each knows one kind of place and nothing of runs."""

from trackbridge_mlflow.routes.base import Route
from trackbridge_mlflow.routes.choice import route_to

__all__ = ["Route", "route_to"]
