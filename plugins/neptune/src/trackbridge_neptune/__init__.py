"""Dumps of Neptune as a read-only back end of trackbridge."""
