"""Decides whether a run may go out."""
