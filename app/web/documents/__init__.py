"""The Documents page: what is known, how it came in, and who may read it."""
