"""``archive+file://``, ``archive+s3://``, ``archive+gs://``: a whole backend in files that Parquet readers understand.

Every entity (an experiment, a run, a model) has a folder of its own with a log of numbered commits. A commit is a file
that is created whole and only if it is absent, so that all writers agree on one order without any server. From time to
time a log is folded into tables; docs/reference/archive-format.md describes all files.
"""
