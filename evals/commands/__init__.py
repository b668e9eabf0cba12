"""The commands of `footnote eval`: thin, one module each."""
