"""MLflow as a back end of trackbridge."""
