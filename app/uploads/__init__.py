"""Documents that somebody drops into the chat: read and answered from for this session only."""
