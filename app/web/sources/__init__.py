"""The drawer that opens a source at the cited words."""
