"""Words that announce a person before a name, and what is said of people after one; pure."""

import re

from app.privacy.name_words import words_of

_CUE = re.compile(
    r"(?:\bname(?:s|d)?(?: is| was| to|:| -)?|\bnamed (?:him|her|them|after)|\bi am|\bi['’]m|\bthis is"
    r"|\b(?:call|calls|called|changed?|correct) (?:me|him|her|it)(?: to)?|"
    r"\bcalled|\bdear|\bhi|\bhello|\bhey|\bthanks,?|\bregards,?|\bsincerely,?|\bcheers,?"
    r"|\bsigned(?: by)?|\bwritten by|\bauthor(?:ed by)?:?|"
    r"\bcc:|\bfrom:|\bto:|\battn:?|\bcontact:?|\bowner:?|\bmanager:?|\bassignee:?|\breporter:?"
    r"|\bapproved by:?|\bprepared by:?|"
    r"\breviewed by:?|\bcreated by:?|\breports to|\b(?:speak|spoke|talk) (?:to|with)|\bfollow up with"
    r"|\bmeet with|\bemployee:?|\bpatient:?|"
    r"\bcustomer:?|\bclient:?|\bspouse:?|\bhusband|\bwife|\bson|\bdaughter|\bbrother|\bsister|\bmother"
    r"|\bfather|\bfounder|"
    r"\b(?:said|told|asked|met|married|thanked|hired|leave me|remember me),?"
    r"|\b(?:mr|mrs|ms|dr|prof|señora?|sra?|herrn?|frau|monsieur|madame|mme|signora?"
    r"|senhora?|pani?)\.?|"
    r"\bje m['’]appelle|\bich hei(?:ß|ss)e|\bmi nombre es|\bme llamo|\bmeu nome é|\bmi chiamo|\bnazywam się)"
    r"[ \t,:]{0,3}\s{0,2}[\"“*_]{0,2}\Z",
    re.I,
)
_LABELLED = re.compile(
    r"\b(?:first |last |full |sur|given |family |maiden |middle )?names?[ \t]{0,2}[:=][ \t*]{0,3}\Z",
    re.I,
)
# Trying the pattern above at every name took 3 of 4 ms: most names stand after another last word.
_CUE_ENDS = words_of(
    "name names named is was to i'm i’m am me him her them it after called call dear hi hello hey thanks "
    "regards sincerely cheers "
    "signed by author cc from attn contact owner manager assignee reporter with employee patient "
    "customer client spouse husband wife "
    "son daughter brother sister mother father founder said told asked met married thanked hired mr mrs "
    "ms dr prof m'appelle "
    "señor señora sr sra herr herrn frau monsieur madame mme signor signora senhor senhora pan pani "
    "heiße heisse es llamo é chiamo się"
)
_AFTER_WORD = ' \t\n.,:=*"“_-'
_PERSON_VERB = re.compile(
    r"(?:['’]s)?,? (?:said|says|told|asked|replied|lives|lived|was born|died|married|graduated|retired"
    r"|resigned|thinks|loves|had given|"
    r"and (?:his|her|their) (?:wife|husband|son|daughter|team|boss)|can i|can you|could you|please|speak"
    r"|is (?:a very|my|our|his|her|from|on leave|out of office)|"
    r"spent|has (?:approved|joined|left|been (?:promoted|hired))|joined|will (?:join|be back))\b",
    re.I,
)


def is_announced(text: str, start: int) -> bool:
    """Whether the words before a position announce a name: `Dear`, `contact:`, `my name is`, `Mr`."""
    before = text[max(0, start - 40) : start]
    words = before.rstrip(_AFTER_WORD).rsplit(None, 1)
    if not words or words[-1].lstrip('("“*_[').lower() not in _CUE_ENDS:
        return False
    return _CUE.search(before) is not None or _LABELLED.search(before) is not None


def says_of_people(text: str, end: int) -> bool:
    """Whether what follows a position is said of people: `said`, `lives`, `joined`."""
    return _PERSON_VERB.match(text, end) is not None
