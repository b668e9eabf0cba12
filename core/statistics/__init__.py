"""What a difference is worth: intervals, tests, power, agreement and drift; pure, and the same for the same seed."""
