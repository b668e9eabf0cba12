"""Asks the cases of a dataset and keeps what was answered and measured."""
