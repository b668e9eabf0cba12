"""The words that turn a statement round: negations, duties and choices, pairs of opposites; pure.

English, German, Spanish and French.
"""

import re

_NEGATION = r"not(?! only)|no longer|never|cannot|neither|nor|no(?=[ -]\w)|nicht|kein\w*|niemals|nunca|jamais|ne"
_DUTY = (
    r"required|mandatory|must|obligatory|compulsory|(?:have|has|need|needs) to|verpflichtend|pflicht|müssen|"
    r"obligatorio|obligatoire"
)
_CHOICE = (
    r"optional|optionally|voluntary|at (?:your|their) discretion|(?:not|n['’]t) (?:required|mandatory|have to|need)|"
    r"need not|freiwillig|opcional|facultatif"
)
NEGATION = re.compile(rf"\b(?:{_NEGATION})\b|n['’]t\b", re.I)
"""What says no of its own: two of them in a statement undo each other."""
DENIAL = re.compile(
    rf"\b(?:{_NEGATION}|can['’]t|none|nobody|no one|nothing|nowhere|without|hardly|nie|niemand|ohne|jamás|nadie|ningun[oa]?|"
    r"ningún|sin|aucune?|personne ne|sans|fails? to|failed to|refus\w+ to|unable to|lacks?|(?<!to )avoid)\b|n['’]t\b",
    re.I,
)
"""Negations, and words that have one in them: nobody, without, fails to."""
DUTY = re.compile(rf"\b(?:{_DUTY})\b", re.I)
CHOICE = re.compile(rf"\b(?:{_CHOICE})\b", re.I)
MODAL = re.compile(
    rf"\b(?P<choice>{_CHOICE}|may|might|can|could|(?:is|are) (?:allowed|permitted|free) to|(?:do|does) not need to|darf|dürfen|"
    rf"kann|können|puede|pueden|peut|peuvent)\b|"
    rf"\b(?P<duty>{_DUTY}|shall|had to|(?:is|are) obliged to|muss|doit|doivent|debe|deben)\b",
    re.I,
)
"""A duty or a choice, told by the name of its group."""
ALTERNATIVES = tuple(
    tuple(re.compile(rf"\b(?:{words})\b", re.I) for words in group)
    for group in (
        (
            "remote|remotely|from home|at home",
            r"in[- ](?:the )?office|from (?:the|an) office|on[- ]?site|in person",
        ),
        ("paid|bezahlt", "unpaid|unbezahlt"),
        (
            "allowed|permitted|erlaubt|permitido|autorisé",
            "forbidden|prohibited|banned|verboten|prohibido|interdit",
        ),
        ("full[- ]time", "part[- ]time"),
        ("enabled", "disabled"),
        ("included", "excluded"),
        (
            "daily",
            "weekly",
            "biweekly|fortnightly",
            "monthly",
            "quarterly",
            "annually|yearly",
        ),
    )
)
"""Groups of words of which a statement has one: two that differ in it contradict each other."""
