"""The vocabulary of trackbridge: frozen records, their canonical form and digests; nothing here does I/O."""
