"""Checks what an answer says against the passages it was made from."""
