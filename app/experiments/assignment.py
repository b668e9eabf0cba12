"""Who gets the variant: a share of the readers, the same ones for as long as the comparison runs; pure.

A keyed hash puts every reader at a place in [0, 1) that depends on the comparison's name and on nothing else: nothing
is stored, several processes agree, and two comparisons choose their readers independently. A reader below the share
gets the variant, so that raising the share never takes it from anybody.
"""

from hashlib import blake2b, sha256

_BITS = 53
"""As many as a float holds: every place is exact, and 1 is never reached."""


def place_of(experiment: str, subject: str) -> float:
    """Return the place in [0, 1) of a reader (or a question) in a comparison."""
    key = sha256(experiment.encode()).digest()
    digest = blake2b(subject.encode("utf-8", "replace"), key=key, digest_size=8).digest()
    return (int.from_bytes(digest) >> (64 - _BITS)) / float(1 << _BITS)


def is_chosen(experiment: str, subject: str, share: float) -> bool:
    """Return whether a reader is among the share of a comparison that gets the variant."""
    return place_of(experiment, subject) < share
