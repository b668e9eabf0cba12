"""Live comparisons: which readers get which variant, and what the other one would have said."""
