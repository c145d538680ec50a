"""Finds the entries of a list whose names are like a subject's, and says how like, from 0 to 100.

Names are compared word by word. Two words are alike if they are the same, if few letters differ (Damerau–Levenshtein),
if they sound the same (Metaphone), or if one begins the other, as Telecom does Telecommunications. Each word counts by
how rare it is on the list: that both are called George says little, that both are called Habbash much. A word is
matched once. Of the two names the one that is covered better counts more, for middle names are left out and trades are
added; but a single word does not carry a name of several.

Dates of birth and countries move the score by a few points. They decide among weak likenesses; a strong one is
reported whatever they say, since dates are guessed, and mistyped, and lied about.
"""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

import msgspec
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from backoffice.crm.screening.entry import Entry, Subject
from backoffice.crm.screening.names import forms_of, sound_of, weight_of

REPORTED_FROM: Final = 80
"""A hit is reported from this score on."""
STRONG_FROM: Final = 90
"""From this score of the names alone, nothing else keeps a hit from being reported."""
HITS_MAX: Final = 50
"""The best of each subject; more would mean that its name is a list's worst."""

_ALIKE_FROM: Final = 0.8
_SOUNDS_ALIKE: Final = 0.9
_BEGINS_ALIKE: Final = 0.9
_BEGINNING_CHARS_MIN: Final = 6
_RUN_TOGETHER_FROM: Final = 90.0
_BIRTH_SAME: Final = 5
_BIRTH_NEAR_YEARS: Final = 2
_BIRTH_APART: Final = -15
_COUNTRY_SAME: Final = 3
_COUNTRY_OTHER: Final = -5
_KIND_OTHER: Final = -10
_WEAK_NAME: Final = -5
_LOOKED_AT_FROM: Final = REPORTED_FROM - _BIRTH_SAME - _COUNTRY_SAME


class Match(msgspec.Struct, frozen=True):
    """An entry that a subject is like."""

    entry: Entry
    score: int
    """0 to 100, with all that speaks for and against it."""
    name_score: int
    """0 to 100, of the names alone."""
    said: str
    """The subject's name that was compared."""
    listed: str
    """The entry's name that it is most like."""


class Watchlist:
    """Entries, arranged so that one subject is screened against tens of thousands of names within milliseconds."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries: list[Entry] = []
        self._names: list[tuple[int, str, bool, tuple[str, ...]]] = []
        """Entry, name, whether the name is weak, words."""
        for number, entry in enumerate(entries):
            self._entries.append(entry)
            for is_weak, names in ((False, entry.names), (True, entry.weak_names)):
                for name in names:
                    for words in forms_of(name, entry.kind):
                        self._names.append((number, name, is_weak, words))
        self._with_word: defaultdict[str, list[int]] = defaultdict(list)
        for number, (_entry, _name, _is_weak, words) in enumerate(self._names):
            for word in dict.fromkeys(words):
                self._with_word[word].append(number)
        self._words = sorted(self._with_word)
        self._by_sound: defaultdict[str, list[str]] = defaultdict(list)
        for word in self._words:
            if code := sound_of(word):
                self._by_sound[code].append(word)
        self._run_together = ["".join(words) for *_, words in self._names]
        self._weights = {word: self._weight_of(word) for word in self._words}
        self._name_weights = [sum(self._weights[word] for word in words) for *_, words in self._names]

    def __len__(self) -> int:
        return len(self._entries)

    def screen(self, subject: Subject) -> list[Match]:
        """Return what is to be reported, the most alike first, each entry once."""
        best: dict[int, Match] = {}
        forms = [(said, words) for said in subject.names for words in forms_of(said, subject.kind)]
        for said, words in forms:
            for number in self._candidates(words):
                entry_number, listed, is_weak, listed_words = self._names[number]
                name_score = self._likeness(words, listed_words)
                if name_score < _LOOKED_AT_FROM:
                    continue
                entry = self._entries[entry_number]
                score = _weighed(name_score, subject, entry, is_weak=is_weak)
                known = best.get(entry_number)
                if score >= REPORTED_FROM and (known is None or (score, name_score) > (known.score, known.name_score)):
                    best[entry_number] = Match(entry, score, name_score, said, listed)
        return sorted(best.values(), key=lambda match: (-match.score, -match.name_score, match.entry.id))[:HITS_MAX]

    def _candidates(self, words: tuple[str, ...]) -> list[int]:
        """Return the names that share enough with these words to be looked at closely."""
        shared: defaultdict[int, float] = defaultdict(float)
        for word in dict.fromkeys(words):
            weight = self._weight(word)
            nearest: dict[int, float] = {}
            for other, alike in self._like(word).items():
                says = alike * max(weight, self._weights[other])
                for number in self._with_word[other]:
                    nearest[number] = max(nearest.get(number, 0.0), says)
            for number, says in nearest.items():
                shared[number] += says
        whole = sum(self._weight(word) for word in words)
        found = [number for number, says in shared.items() if _bound(says, whole, self._name_weights[number])]
        together = process.extract(
            "".join(words), self._run_together, scorer=fuzz.ratio, score_cutoff=_RUN_TOGETHER_FROM, limit=HITS_MAX
        )
        return list(dict.fromkeys([*found, *(number for _name, _score, number in together)]))

    def _like(self, word: str) -> dict[str, float]:
        """Return the list's words that are like one, with how like."""
        alike = {
            other: score
            for other, score, _ in process.extract(
                word, self._words, scorer=OSA.normalized_similarity, score_cutoff=_ALIKE_FROM, limit=None
            )
        }
        for other in self._by_sound.get(sound_of(word), ()):
            alike[other] = max(alike.get(other, 0.0), _SOUNDS_ALIKE)
        if len(word) >= _BEGINNING_CHARS_MIN:
            for other in islice(self._words, bisect_left(self._words, word), None):
                if not other.startswith(word):
                    break
                alike[other] = max(alike.get(other, 0.0), _BEGINS_ALIKE)
            for end in range(_BEGINNING_CHARS_MIN, len(word)):
                if word[:end] in self._with_word:
                    alike[word[:end]] = max(alike.get(word[:end], 0.0), _BEGINS_ALIKE)
        if word in self._with_word:
            alike[word] = 1.0
        return alike

    def _weight(self, word: str) -> float:
        return self._weights.get(word) or self._weight_of(word)

    def _weight_of(self, word: str) -> float:
        count = len(self._with_word.get(word, ()))
        rarity = math.log(1 + len(self._names) / (1 + count)) / math.log(1 + len(self._names)) if self._names else 1.0
        return weight_of(word) * max(rarity, 0.1)

    def _likeness(self, said: tuple[str, ...], listed: tuple[str, ...]) -> int:
        """Return how like two names are, from 0 to 100."""
        together = round(fuzz.ratio("".join(said), "".join(listed), score_cutoff=_RUN_TOGETHER_FROM))
        pairs = sorted(
            (
                (alike, i, j)
                for i, one in enumerate(said)
                for j, other in enumerate(listed)
                if (alike := likeness_of_words(one, other)) > 0
            ),
            key=lambda pair: (-pair[0], pair[1], pair[2]),
        )
        of_said, of_listed = [0.0] * len(said), [0.0] * len(listed)
        for alike, i, j in pairs:
            if not of_said[i] and not of_listed[j]:
                of_said[i] = of_listed[j] = alike
        one, other = self._covered(said, of_said), self._covered(listed, of_listed)
        more, less = max(one, other), min(one, other)
        share = 0.7 if min(_telling(said), _telling(listed)) > 1 or len(said) == len(listed) else 0.4
        return max(together, round(100 * (share * more + (1 - share) * less)))

    def _covered(self, words: Sequence[str], alike: Sequence[float]) -> float:
        weights = [self._weight(word) for word in words]
        return sum(weight * each for weight, each in zip(weights, alike, strict=True)) / sum(weights)


def likeness_of_words(one: str, other: str) -> float:
    """Return how like two words are: 1 if they are the same, 0 if they are not alike."""
    if one == other:
        return 1.0
    alike = OSA.normalized_similarity(one, other, score_cutoff=_ALIKE_FROM)
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= _BEGINNING_CHARS_MIN and longer.startswith(shorter):
        alike = max(alike, _BEGINS_ALIKE)
    if alike < _SOUNDS_ALIKE and (code := sound_of(one)) and code == sound_of(other):
        alike = _SOUNDS_ALIKE
    return float(alike)


def _bound(shared: float, one: float, other: float) -> bool:
    """Return whether names of these weights, which share so much, may be alike enough."""
    covered = sorted((min(shared / one, 1.0), min(shared / other, 1.0)))
    return 100 * (0.7 * covered[1] + 0.3 * covered[0]) >= _LOOKED_AT_FROM


def _telling(words: tuple[str, ...]) -> int:
    """Return how many words are more than a particle or an initial."""
    return sum(weight_of(word) > 0.2 and len(word) > 1 for word in words)


def _weighed(name_score: int, subject: Subject, entry: Entry, *, is_weak: bool) -> int:
    """Return the score with all that speaks for and against it; a strong likeness of names stays to be reported."""
    score = name_score
    if subject.birth is not None and entry.births:
        birth = subject.birth
        if not all(birth.is_apart_from(other) for other in entry.births):
            score += _BIRTH_SAME
        elif min(birth.years_from(other) for other in entry.births) >= _BIRTH_NEAR_YEARS:
            score += _BIRTH_APART
    if subject.countries and entry.countries:
        score += _COUNTRY_SAME if set(subject.countries) & set(entry.countries) else _COUNTRY_OTHER
    if subject.kind is not entry.kind:
        score += _KIND_OTHER
    if is_weak:
        score += _WEAK_NAME
    floor = REPORTED_FROM if name_score >= STRONG_FROM else 0
    return max(min(score, 100), floor)
