"""The parts of the command `footnote review` beside looking at flags and deciding them."""
