"""The review queue: flags are looked at, decided, and turned into test cases."""
