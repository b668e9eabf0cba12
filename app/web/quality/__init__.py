"""The Quality page: how the answers have been, as plots."""
