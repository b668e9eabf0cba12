"""Words of which a statement has one: two of a group that differ contradict each other, or undo a negation.

The opposites that passages in conflict are told by, some of more than one word, are in `core.polarity`.
"""

_PAIRS = (
    "possible | impossible",
    "before prior vor antes avant | after following nach después después après",
    "above over exceeding | below under beneath",
    "more | less fewer",
    "higher greater larger bigger | lower smaller",
    "longer | shorter",
    "earlier sooner | later",
    "older oldest | newer newest younger latest",
    "maximum most höchstens | minimum least mindestens",
    "increase increases increased rise rises rose grew grow growth | decrease decreases decreased fall falls fell drop dropped shrank decline declined",
    "start starts started begin begins began opens | end ends ended finish finishes finished closes",
    "inside within indoors | outside beyond outdoors",
    "internal internally | external externally",
    "manual manually hand | automatic automatically",
    "enable enables on | disable disables off",
    "include includes including | exclude excludes excluding",
    "accept accepted accepts approve approved approves | reject rejected rejects refuse refused refuses decline denies denied",
    "morning | afternoon | evening | night",
    "public | private",
    "mandatory compulsory obligatory required | optional voluntary",
    "with | without",
    "same | different",
    "gain gains profit | loss losses",
    "north northern | south southern | east eastern | west western",
    "left | right",
    "add adds added | remove removes removed deduct deducted",
    "employer | employee employees",
    "buyer | seller",
    "import imports imported | export exports exported",
    "online remotely | onsite offline",
    "temporary temporarily | permanent permanently",
    "primary | secondary",
    "first | last",
    "encrypted | unencrypted",
    "locked locks lock | unlocked unlocks unlock",
    "hourly | daily",
    "full | partial",
    "breakfast | lunch | dinner",
    "input | output",
    "upload uploads | download downloads",
    "domestic | foreign abroad",
    "oldest earliest | newest latest",
    "early | late",
    "open opens | close closes closed",
    "succeed succeeds succeeded | fail fails failed",
    "buy buys bought | sell sells sold",
    "lend lends lent | borrow borrows borrowed",
    "hot warm | cold cool",
    "men male | women female",
    "father | mother",
    "win wins won | lose loses lost",
    "never | always",
    "single | married",
)


def _group(line: str) -> dict[str, int]:
    return {word: side for side, words in enumerate(line.split("|")) for word in words.split()}


GROUPS = tuple(_group(line) for line in _PAIRS)
"""Words in lower case with the side of their group that they stand on."""
PREFIXES = ("un", "in", "im", "non", "dis", "ir", "il")
"""What turns a word into its opposite."""
