"""One HTML file that says how the answers are: for a committee, and for those who make them better."""
