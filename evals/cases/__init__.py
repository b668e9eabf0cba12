"""Test cases: what they say, where they are kept, and where their evidence stands in the documents of today."""
