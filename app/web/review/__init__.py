"""The Review page: the queue of flags."""
