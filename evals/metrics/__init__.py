"""What an answer is worth, without a judge: pure functions; a metric that does not apply is None, never NaN."""
