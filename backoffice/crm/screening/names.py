"""Names as words that can be compared: without case, accents, punctuation, legal forms and titles; in Latin letters.

"ALMAZ-ANTEY, OAO" and "«Алмаз-Антей»" are the same two words.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

import jellyfish

from backoffice.crm.screening.entry import Kind

WORDS_MAX: Final = 24
"""Words of a name that are looked at."""

_CODE_CHARS_MIN: Final = 2
_PLAIN: Final = {"kh": "h", "dh": "d", "gh": "g"}
_ASPIRATED: Final = re.compile("|".join(_PLAIN))
_WORD: Final = re.compile(r"[^\W_]+")
_APOSTROPHES: Final = re.compile("['`’‘ʼ´]")  # noqa: RUF001 - the apostrophes that lists use
_CYRILLIC: Final = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ",
        (
            *("a", "b", "v", "g", "d", "e", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t"),
            *("u", "f", "kh", "ts", "ch", "sh", "shch", "", "y", "", "e", "yu", "ya", "i", "i", "ie", "g"),
        ),
        strict=True,
    )
)
_LETTERS: Final = str.maketrans(
    {**_CYRILLIC, "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i"}  # noqa: RUF001 - the Turkish letter
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEGAL_FORMS: Final = _words(
    "ab ag as asa ao aps bhd bv bvba co company corp corporation cv doo eood fze fzc fzco fzllc gmbh inc incorporated "
    "jsc kg kk lda limited llc llp lp ltd ltda mbh nv oao ojsc ooo oy oyj pao pjsc plc pt pte pty pvt sa sae sal sarl "
    "sas sdn se srl sro spa tov ou uab zao zrt cjsc kft zoo concern"
)
_TITLES: Final = _words("mr mrs ms dr prof sir haji hajji hadji sheikh shaykh general colonel gen col maj")
_PARTICLES: Final = _words("al el ul bin ben ibn abu bint de la di da van von der den del the and of for y e")
_GENERIC: Final = _words(
    "bank banking capital center centre commercial construction consulting defence defense development engineering "
    "enterprise enterprises exchange export finance financial foundation fund general global group holding holdings "
    "import industrial industries industry institute insurance international investment investments joint logistics "
    "management marine maritime national oil organization partners petroleum production products research science "
    "scientific services shipping society state stock systems technologies technology trade trading transport trust "
    "union western eastern northern southern world first new"
)


@lru_cache(maxsize=65_536)
def words_of(name: str, kind: Kind) -> tuple[str, ...]:
    """Return the words of a name that tell it from others, in their order.

    Legal forms and titles go, unless nothing else would be left.
    """
    text = unicodedata.normalize("NFC", name.casefold()).translate(_LETTERS)
    text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    text = _APOSTROPHES.sub("", text)
    words = _joined_initials(_WORD.findall(text))[:WORDS_MAX]
    dropped = _TITLES if kind is Kind.PERSON else _LEGAL_FORMS
    return tuple(word for word in words if word not in dropped) or tuple(words)


def forms_of(name: str, kind: Kind) -> list[tuple[str, ...]]:
    """Return the words of a name, and once more with particles written together with what follows: "binladin"."""
    words = words_of(name, kind)
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in _PARTICLES:
            joined[-1] += word
        else:
            joined.append(word)
    return [form for form in dict.fromkeys((words, tuple(joined))) if form]


@lru_cache(maxsize=262_144)
def sound_of(word: str) -> str:
    """Return how a word sounds (Metaphone), or nothing if it is too short for that to tell, or no word.

    Vowels that begin a word, and aspirated consonants, are one: Usama and Osama, Qadhafi and Qadafi.
    """
    if len(word) <= 2 or not (word.isascii() and word.isalpha()):
        return ""
    code = jellyfish.metaphone(_ASPIRATED.sub(lambda found: _PLAIN[found[0]], word))
    if len(code) < _CODE_CHARS_MIN:
        return ""
    return "A" + code[1:] if code[0] in "AEIOU" else code


def weight_of(word: str) -> float:
    """Return how much a word says, before it is known how common it is: 1 for a name, less for words of a trade."""
    if word in _PARTICLES:
        return 0.1
    if word in _GENERIC:
        return 0.25
    return 0.5 if len(word) == 1 else 1.0


def _joined_initials(words: list[str]) -> list[str]:
    """Return the words with single letters that follow each other written as one: "b v" is "bv", "i b m" is "ibm"."""
    joined: list[str] = []
    was_letter = False
    for word in words:
        is_letter = len(word) == 1
        if is_letter and was_letter:
            joined[-1] += word
        else:
            joined.append(word)
        was_letter = is_letter
    return joined
