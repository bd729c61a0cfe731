"""Weights & Biases as a back end of trackbridge."""
