"""Bytes of one file to canonical text and elements: one module per format, `registry` picks."""
