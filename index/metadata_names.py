"""The names under which documents say when they hold, what they replace and what sets them apart from others.

Names are compared in one spelling: 'Last-Updated', 'last updated' and 'last_updated' are the same.
"""

import re

DATE_KEYS = (
    "effective",
    "effective_date",
    "effective_from",
    "valid_from",
    "in_force_from",
    "date",
    "version_date",
    "last_updated",
    "updated",
    "updated_at",
    "last_update",
    "last_reviewed",
    "revised",
    "revision_date",
    "published",
    "publish_date",
)
VERSION_KEYS = (
    "version",
    "product_version",
    "doc_version",
    "document_version",
    "applies_to",
    "release",
)
PERIOD_KEYS = ("fiscal_year", "reporting_period", "period", "year", "quarter")
STATUS_KEYS = ("status", "doc_status", "document_status", "state", "lifecycle")
SUPERSEDED_BY_KEYS = ("superseded_by", "replaced_by", "obsoleted_by", "successor")
SUPERSEDES_KEYS = ("supersedes", "replaces", "obsoletes")
EXPIRY_KEYS = (
    "expires",
    "expires_on",
    "expiry",
    "expiry_date",
    "expiration_date",
    "valid_until",
    "valid_to",
    "gültig_bis",
)
REVIEW_KEYS = ("review_by", "review_due", "next_review", "next_review_date")
STATUS_FLAGS = ("deprecated", "archived", "draft")
"""Names that say by themselves what a document is, unless their value is no."""
VARIANT_KEYS = frozenset(
    (
        "deployment",
        "deployment_type",
        "edition",
        "environment",
        "region",
        "country",
        "plan",
        "tier",
        "product",
        "platform",
        "language",
    )
)
NAMED_VARIANT_KEYS = VARIANT_KEYS - {"product", "platform", "language"}
"""Those of which a question that names one excludes the others; the name of a product is often just a topic."""
KNOWN_NAMES = frozenset(
    (
        *DATE_KEYS,
        *VERSION_KEYS,
        *PERIOD_KEYS,
        *STATUS_KEYS,
        *STATUS_FLAGS,
        *SUPERSEDED_BY_KEYS,
        *SUPERSEDES_KEYS,
        *EXPIRY_KEYS,
        *REVIEW_KEYS,
        *VARIANT_KEYS,
    )
)
"""All of them."""


def metadata_name(name: str) -> str:
    """Return a name as it is compared: in lower case, with `_` for blanks and hyphens."""
    return re.sub(r"[\s-]+", "_", name.strip().casefold())
