"""Notices what changed without anybody changing it."""
