"""Runs, feedback and corrections in the shapes of other programs, personal data masked."""
