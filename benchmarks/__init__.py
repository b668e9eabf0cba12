"""Runnable comparisons with named peers; nothing imports them."""
