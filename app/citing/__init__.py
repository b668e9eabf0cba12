"""From what a generator wrote to citations: markers, and the exact sentences that a claim rests on."""
