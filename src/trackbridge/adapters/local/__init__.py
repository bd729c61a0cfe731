"""``local://DIR``: a SQLite database and content-addressed files, safe for several processes; the default."""
