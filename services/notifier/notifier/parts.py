"""How many parts an SMS has: it is paid for by the part."""

# The letters a phone can show by seven bits each (GSM 03.38); the second row counts twice.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_DOUBLE = frozenset("^{}\\[~]|€\f")
#: Letters in a message of one part, and in each part of a longer one: seven bits, sixteen bits.
_SHORT = ((160, 153), (70, 67))


def parts_of(text: str) -> int:
    """Return the parts the text is sent in, at least one.

    One letter beyond the seven bits, as nearly every Vietnamese sentence has, makes all of them
    sixteen bits long.

    Source: 3GPP TS 23.038; 3GPP TS 23.040, 9.2.3.24.1.
    """
    is_basic = all(letter in _BASIC or letter in _DOUBLE for letter in text)
    one, each = _SHORT[0] if is_basic else _SHORT[1]
    doubled = sum(letter in _DOUBLE for letter in text)
    length = len(text) + doubled if is_basic else len(text.encode("utf-16-le")) // 2
    return 1 if length <= one else -(-length // each)
