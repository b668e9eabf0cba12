"""The parts of an answer that quotes: rank sentences, complete lists, write the draft; see `app.extractive`."""
