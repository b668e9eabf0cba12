"""Personal data and secrets: found, replaced before anything leaves the process, and put back in the answer."""
