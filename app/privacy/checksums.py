"""Check digits of numbers that have them; pure. Each takes digits and letters without separators."""

import hashlib

_BASE58 = {
    sign: at for at, sign in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")
}


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others (ISO/IEC 7812: cards; also personnummer)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban(value: str) -> bool:
    """Whether an IBAN has the remainder 1 modulo 97 (ISO 13616)."""
    moved = (value[4:] + value[:4]).upper()
    if not (moved.isascii() and moved.isalnum()):
        return False
    return int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1


def weighted(digits: str, weights: tuple[int, ...], modulus: int) -> int:
    """Return the weighted sum of the first digits, modulo `modulus`."""
    return (
        sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % modulus
    )


def pesel(digits: str) -> bool:
    """Whether the eleventh digit of a Polish PESEL fits."""
    return (weighted(digits[:10], (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), 10) + int(digits[10])) % 10 == 0


def cpf(digits: str) -> bool:
    """Whether both check digits of a Brazilian CPF fit."""
    if len(set(digits)) == 1:
        return False
    for count in (9, 10):
        rest = sum(int(digits[at]) * (count + 1 - at) for at in range(count)) * 10 % 11 % 10
        if rest != int(digits[count]):
            return False
    return True


def nhs(digits: str) -> bool:
    """Whether the tenth digit of a British NHS number fits."""
    check = 11 - weighted(digits[:9], (10, 9, 8, 7, 6, 5, 4, 3, 2), 11)
    return (0 if check == 11 else check) == int(digits[9])


def insee(digits: str) -> bool:
    """Whether the key of a French social security number of 15 digits fits."""
    return 97 - int(digits[:13]) % 97 == int(digits[13:15])


def dni(value: str) -> bool:
    """Whether the letter of a Spanish DNI or NIE fits."""
    number = value[:-1].upper().replace("X", "0").replace("Y", "1").replace("Z", "2")
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == value[-1].upper()


def base58(value: str) -> bool:
    """Whether a Bitcoin address in Base58Check has its checksum."""
    number = 0
    for sign in value:
        if sign not in _BASE58:
            return False
        number = number * 58 + _BASE58[sign]
    try:
        raw = number.to_bytes(25, "big")
    except OverflowError:
        return False
    return hashlib.sha256(hashlib.sha256(raw[:21]).digest()).digest()[:4] == raw[21:]
