"""What the words and signs around a number measure: units with their conversion, currencies, weekdays; pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """A unit: `factor` base units of its dimension, counted from `offset` (which only temperatures have)."""

    dimension: str
    factor: float
    offset: float = 0.0


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _measures(*rows: tuple[str, float, str]) -> dict[str, Measure]:
    return {
        word: Measure(dimension, factor)
        for dimension, factor, words in rows
        for word in words.split()
    }


MEASURES = _measures(
    ("time", 1 / 60_000, "ms millisecond milliseconds"),
    ("time", 1 / 60, "second seconds sec secs sekunde sekunden segundo segundos seconde secondes"),
    ("time", 1.0, "minute minutes min mins minuten minuto minutos"),
    ("time", 60.0, "hour hours hr hrs stunde stunden hora horas heure heures"),
    ("time", 1440.0, "day days tag tage tagen día días jour jours"),
    ("time", 10080.0, "week weeks woche wochen semana semanas semaine semaines"),
    ("time", 20160.0, "fortnight fortnights"),
    ("time", 43830.0, "month months monat monate monaten mes meses mois"),
    ("time", 525960.0, "year years yr yrs jahr jahre jahren año años ans"),
    ("time", 5259600.0, "decade decades"),
    ("working time", 1440.0, "workday workdays arbeitstag arbeitstage arbeitstagen werktag werktage werktagen"),
    ("length", 0.001, "mm millimetre millimetres millimeter millimeters"),
    ("length", 0.01, "cm centimetre centimetres centimeter centimeters"),
    ("length", 1.0, "metre metres meter meters metern metro metros mètre mètres"),
    ("length", 1000.0, "km kilometre kilometres kilometer kilometers kilometern kilómetro kilómetros kilomètre kilomètres"),
    ("length", 0.0254, "inch inches"),
    ("length", 0.3048, "foot feet ft"),
    ("length", 0.9144, "yard yards"),
    ("length", 1609.344, "mile miles"),
    ("mass", 0.000001, "mg milligram milligrams"),
    ("mass", 0.001, "gram grams gramm gramme grammes gramo gramos"),
    ("mass", 1.0, "kg kilo kilos kilogram kilograms kilogramm"),
    ("mass", 1000.0, "ton tons tonne tonnes tonnen"),
    ("mass", 0.45359, "lb lbs"),
    ("mass", 0.02835, "oz ounce ounces"),
    ("data", 0.125, "bit bits"),
    ("data", 1.0, "byte bytes"),
    ("data", 1e3, "kb kilobyte kilobytes kib"),
    ("data", 1e6, "mb megabyte megabytes mib"),
    ("data", 1e9, "gb gigabyte gigabytes gib"),
    ("data", 1e12, "tb terabyte terabytes tib"),
    ("data", 125.0, "kbit kbps"),
    ("data", 125e3, "mbit mbps megabit megabits"),
    ("data", 125e6, "gbit gbps gigabit gigabits"),
    ("volume", 1.0, "litre litres liter liters litro litros"),
    ("volume", 0.001, "ml millilitre millilitres milliliter milliliters"),
    ("volume", 3.785, "gallon gallons"),
    ("voltage", 1.0, "volt volts"),
    ("power", 1.0, "watt watts"),
    ("power", 1000.0, "kw kilowatt kilowatts"),
    ("frequency", 1.0, "hz hertz"),
    ("frequency", 1e6, "mhz megahertz"),
    ("frequency", 1e9, "ghz gigahertz"),
    ("percent", 1.0, "percent percentage prozent pct"),
    ("turns", 1.0, "time times mal veces vez fois"),
)  # fmt: skip
"""Units by their words in lower case; the base units are minute, metre, kilogram, byte, litre, volt, watt, hertz."""
SYMBOLS = {
    "s": MEASURES["second"], "h": MEASURES["hour"], "m": MEASURES["metre"], "g": MEASURES["gram"],
    "l": MEASURES["litre"], "L": MEASURES["litre"], "V": MEASURES["volt"], "W": MEASURES["watt"],
    "B": MEASURES["byte"], "t": MEASURES["tonne"], "C": Measure("temperature", 1.0),
    "F": Measure("temperature", 5 / 9, 32.0), "K": Measure("temperature", 1.0, 273.15), "%": MEASURES["percent"],
}  # fmt: skip
"""Units of one letter: read only right after a number in digits, and as they are written."""
SCALES_OF_DEGREES = {
    "c": SYMBOLS["C"],
    "f": SYMBOLS["F"],
    "celsius": SYMBOLS["C"],
    "fahrenheit": SYMBOLS["F"],
}
SCALELESS = frozenset(("degree", "degrees", "grad"))
"""Degrees of a scale that the text leaves to its reader."""
CURRENCIES = {
    "€": "eur", "$": "usd", "£": "gbp", "¥": "jpy", "eur": "eur", "usd": "usd", "gbp": "gbp", "euro": "eur",
    "euros": "eur", "dollar": "usd", "dollars": "usd", "dólares": "usd", "pound": "gbp", "pounds": "gbp", "chf": "chf",
    "francs": "chf", "franken": "chf", "nok": "nok", "kroner": "nok", "sek": "sek", "jpy": "jpy", "yen": "jpy",
}  # fmt: skip
BETWEEN = _words(
    "working business calendar full consecutive additional extra more further paid unpaid whole other bezahlte"
)
"""Words that may stand between a number and its unit."""
WORKING = _words("working business")
WORKING_AFTER = _words("laborables laborable hábiles hábil ouvrables ouvrable ouvrés ouvré")
PER = _words("per pro par por al je each every")
RATES = {
    word: MEASURES[unit].factor
    for unit, words in (
        ("hour", "hourly stündlich"),
        ("day", "daily täglich diario quotidien"),
        ("week", "weekly wöchentlich semanal hebdomadaire"),
        ("month", "monthly monatlich mensual mensuel"),
        ("year", "yearly annually annual jährlich anual annuel annum"),
    )
    for word in words.split()
}
"""Adverbs that say how often, by the minutes between two times."""
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday mondays montag montags lunes lundi",
            "tuesday tuesdays dienstag dienstags martes mardi",
            "wednesday wednesdays mittwoch mittwochs miércoles mercredi",
            "thursday thursdays donnerstag donnerstags jueves jeudi",
            "friday fridays freitag freitags viernes vendredi",
            "saturday saturdays samstag samstags sábado samedi",
            "sunday sundays sonntag sonntags domingo dimanche",
        )
    )
    for name in names.split()
}
"""Names of weekdays in lower case; Monday is 0."""
