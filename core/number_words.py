"""What number words count, in English, German, Spanish and French; pure.

`UNITS` and `TENS` are put together by whoever reads a text ('twenty-five', 'treinta y cinco'); German writes them
as one word, so that its numbers up to 99 are in `WHOLE`.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BELOW_TWENTY = (
    "zero null cero zéro",
    "one eins",
    "two zwei dos deux",
    "three drei tres trois",
    "four vier cuatro quatre",
    "five fünf cinco cinq",
    "six sechs seis",
    "seven sieben siete sept",
    "eight acht ocho huit",
    "nine neun nueve neuf",
    "ten zehn diez dix",
    "eleven elf onze",
    "twelve zwölf doce douze",
    "thirteen dreizehn trece treize",
    "fourteen vierzehn catorce quatorze",
    "fifteen fünfzehn quince quinze",
    "sixteen sechzehn dieciséis seize",
    "seventeen siebzehn diecisiete",
    "eighteen achtzehn dieciocho",
    "nineteen neunzehn diecinueve",
)
_TENS = (
    "twenty zwanzig veinte vingt",
    "thirty dreißig dreissig treinta trente",
    "forty fourty vierzig cuarenta quarante",
    "fifty fünfzig cincuenta cinquante",
    "sixty sechzig sesenta soixante",
    "seventy siebzig setenta septante",
    "eighty achtzig ochenta huitante",
    "ninety neunzig noventa nonante",
)
_TWENTIES = "veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve"
_GERMAN_ONES = "ein zwei drei vier fünf sechs sieben acht neun"
_GERMAN_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"

SMALL = {word: number for number, words in enumerate(_BELOW_TWENTY) for word in words.split()}
"""0 to 19. The Spanish 'once' is left out: in English it says 'one time'."""
TENS = {word: 10 * number for number, words in enumerate(_TENS, 2) for word in words.split()}
WHOLE = {
    f"{one}und{tens}": 10 * row + column
    for row, tens in enumerate(_GERMAN_TENS.split(), 2)
    for column, one in enumerate(_GERMAN_ONES.split(), 1)
} | {word: 20 + number for number, word in enumerate(_TWENTIES.split(), 1)}
"""Numbers from 21 to 99 that are one word."""
ARTICLES = _words("a an un una uno une ein eine einem einen einer eines")
"""Words that mean one before a unit, and nothing before any other noun."""
JOINING = _words("and y et und")
"""Words that may stand between the parts of a number."""
HUNDREDS = {"hundred": 100, "hundert": 100, "cien": 100, "ciento": 100}
SCALES = {
    "k": 1e3, "thousand": 1e3, "tausend": 1e3, "mil": 1e3, "mille": 1e3,
    "m": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "millions": 1e6, "millionen": 1e6, "millón": 1e6, "millones": 1e6,
    "bn": 1e9, "billion": 1e9, "billions": 1e9, "milliarde": 1e9, "milliarden": 1e9, "milliard": 1e9, "milliards": 1e9,
    "trillion": 1e12,
}  # fmt: skip
DOZENS = {"dozen": 12, "dozens": 12, "dutzend": 12, "docena": 12, "douzaine": 12}
HALVES = _words("half halb halbe halben halbes halber medio media demi demie")
PARTS = {
    "third": 3,
    "thirds": 3,
    "quarter": 4,
    "quarters": 4,
    "fifth": 5,
    "fifths": 5,
    "drittel": 3,
    "viertel": 4,
}
MULTIPLES = {"once": 1, "twice": 2, "thrice": 3, "einmal": 1, "zweimal": 2, "dreimal": 3}
ORDINALS = {
    word: number
    for number, words in enumerate(
        (
            "first erste ersten erster erstes primer primera premier première",
            "second zweite zweiten zweiter zweites segundo segunda deuxième",
            "third dritte dritten dritter drittes tercer tercera troisième",
            "fourth vierte vierten vierter viertes cuarto cuarta quatrième",
            "fifth fünfte fünften quinto quinta cinquième",
            "sixth sechste sechsten sexto sexta sixième",
            "seventh siebte siebten séptimo séptima septième",
            "eighth achte achten octavo octava huitième",
            "ninth neunte neunten noveno novena neuvième",
            "tenth zehnte zehnten décimo décima dixième",
            "eleventh elfte elften",
            "twelfth zwölfte zwölften",
        ),
        start=1,
    )
    for word in words.split()
}
