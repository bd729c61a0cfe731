"""Vertex AI as a back end of trackbridge."""
