"""SageMaker as a back end of trackbridge."""
