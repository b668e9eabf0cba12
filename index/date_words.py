"""The words around numbers that say whether a number is a date: months, what is numbered, what is counted."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MONTHS = (
    "january jan januar jänner enero ene janvier janv",
    "february feb februar febrero février fevrier févr",
    "march mar märz maerz mär marzo mars",
    "april apr abril abr avril avr",
    "may mai mayo",
    "june jun juni junio juin",
    "july jul juli julio juillet juil",
    "august aug agosto ago août aout",
    "september sept sep septiembre septembre",
    "october oct oktober okt octubre octobre",
    "november nov noviembre novembre",
    "december dec dezember dez diciembre dic décembre decembre déc",
)
MONTH_NUMBERS = {
    name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()
}
MONTH_NAMES = frozenset(MONTH_NUMBERS)
"""Names of months and their abbreviations, in lower case."""
ORDINALS = {
    word: number
    for number, words in enumerate(
        (
            "first 1st 1. erstes ersten primer 1er premier",
            "second 2nd 2. zweites zweiten segundo deuxième",
            "third 3rd 3. drittes dritten tercer troisième",
            "fourth 4th 4. viertes vierten cuarto quatrième",
        ),
        start=1,
    )
    for word in words.split()
}

NUMBERED = _words(
    "port iso din en iec rfc ieee room raum zimmer error code fehler extension ext durchwahl ticket issue pr case "
    "form section page chapter number no nr id sku model order invoice rechnung building zip plz postcode pin "
    "tel phone fax telefon line step article clause case bug"
)
"""What a number after them counts or names, instead of a year."""

COUNTED = _words(
    "employees people persons users customers members seats devices files documents pages words characters lines "
    "requests tokens items units pieces rows records hours days weeks months minutes seconds ms mb gb tb kb km m kg "
    "g l miles meters metres feet dollars euros euro usd eur gbp chf percent points steps times calories watts volts "
    "mitarbeiter mitarbeitende leute personen nutzer stunden tage wochen monate minuten sekunden prozent seiten "
    "zeichen wörter stück empleados personas usuarios horas días euros dólares páginas salariés employés personnes "
    "utilisateurs heures jours pages"
)
"""What a number before them counts."""

YEAR_BEFORE = _words(
    "in since year by before after until during from im jahr seit vor nach bis en desde año antes depuis année dès "
    "avant après"
)
JOINED = _words("mid pre post early late end since anfang mitte ende")
