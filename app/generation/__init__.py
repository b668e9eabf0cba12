"""Answers written by a language model: prompt, request, failures, cost."""
