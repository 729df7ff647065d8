"""Planted pairs: questions with a right and a wrong answer, made from a seed, true by construction.

Judges are audited on them. There are four kinds of question: arithmetic, logic, facts in a given text, and
the form of the answer. The wrong answer is the right one with an error of a graded size, in the same words,
so that neither length nor style tells them apart. In two thirds of the pairs (of form: in none, as it would
break it) one of the two is also made longer, and one more polished, by words that say nothing; each as often
the right one as the wrong one. So a judge that likes length or polish is found out, and gains nothing by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, pairwise
from random import Random
from typing import Literal

from palaestra.agents.calls import derive_seed

Side = Literal["right", "wrong", ""]
SLIGHT, MIDDLING, GROSS = SIZES = (1, 2, 3)
"""How far a wrong answer is from the right one."""
BATTERY = "1"
"""The version of the battery: another one asks other things."""
DEFAULT_PAIRS = 500
PADDING = (
    " That is what follows from the question as it was put, and there is nothing further to be said of it.",
    " This takes into account all that was given above, and it is what one arrives at in the end.",
    " So much can be said about it here, and with that the question has been dealt with as it was asked.",
)
POLISH = (
    "Certainly! Here is the answer: **{}**",
    "Great question! **Answer:** {}",
    "Of course. In short: *{}*",
)


@dataclass(frozen=True, slots=True)
class PlantedPair:
    """A question with a right and a wrong answer.

    Attributes:
        number: in the battery, from 0.
        kind: a key of `KINDS`.
        question, right, wrong: the texts.
        size: of the error: `SLIGHT`, `MIDDLING` or `GROSS`.
        longer, styled: which answer was made longer, and which more polished; "" for neither.
    """

    number: int
    kind: str
    question: str
    right: str
    wrong: str
    size: int
    longer: Side = ""
    styled: Side = ""


def planted_pairs(count_of: int = DEFAULT_PAIRS, seed: int = 0) -> tuple[PlantedPair, ...]:
    """The battery: as many pairs, no question twice, the kinds, sizes and treatments each as often as can be.

    Args:
        count_of: how many, ≥ 1.
        seed: of the battery; the same always gives the same.
    """
    seen: set[str] = set()
    return tuple(_planted(number, seed, seen) for number in range(count_of))


def _planted(number: int, seed: int, seen: set[str]) -> PlantedPair:
    kind = list(KINDS)[number % len(KINDS)]
    turn = number // len(KINDS)
    size, treatment = SIZES[turn % 3], turn // 3 % 6
    for attempt in count():
        random = Random(derive_seed("planted", BATTERY, seed, number, attempt))
        question, right, wrong = KINDS[kind](random, size)
        if question not in seen and right != wrong:
            break
    seen.add(question)
    if kind == "form" or treatment < 2:
        return PlantedPair(number, kind, question, right, wrong, size)
    longer: Side = "right" if treatment % 2 else "wrong"
    styled: Side = "right" if treatment < 4 else "wrong"
    texts = {"right": right, "wrong": wrong}
    texts[styled] = random.choice(POLISH).format(texts[styled])
    texts[longer] += random.choice(PADDING)
    return PlantedPair(number, kind, question, texts["right"], texts["wrong"], size, longer, styled)


Texts = tuple[str, str, str]
"""A question, its right answer, and a wrong one."""
NAMES = ("Ada", "Ben", "Cleo", "Dov", "Edna", "Finn", "Gus", "Hana", "Igor", "June", "Kurt", "Lena", "Milo")
TOWNS = ("Arlow", "Bexham", "Corvale", "Dunmere", "Elsted", "Farley", "Glenby", "Harwick")
TRADES = ("baker", "carpenter", "dentist", "florist", "potter", "tailor", "weaver", "printer")
COLOURS = ("red", "green", "blue", "white", "black", "brown", "yellow", "purple", "orange", "grey")
THINGS = ("coin", "key", "ring", "stamp", "shell", "button")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _off(random: Random, number: int, size: int) -> int:
    """A wrong number: next to `number`, some tenths away, or of another order of magnitude."""
    away = {
        SLIGHT: random.choice((-1, 1)),
        MIDDLING: random.choice((-1, 1)) * max(3, round(number * random.uniform(0.1, 0.3))),
        GROSS: max(50, 9 * number),
    }[size]
    return abs(number + away) if number + away != -number else number + abs(away)


def _arithmetic(random: Random, size: int) -> Texts:
    a, b, c = random.randint(12, 89), random.randint(12, 89), random.randint(3, 9)
    name, thing = random.choice(NAMES), random.choice(THINGS)
    question, result, answer = random.choice(
        (
            (f"What is {a} plus {b}?", a + b, f"{a} plus {b} is {{}}."),
            (f"What is {a + b} minus {b}?", a, f"{a + b} minus {b} is {{}}."),
            (f"What is {a} times {c}?", a * c, f"{a} times {c} is {{}}."),
            (
                f"{name} has {a} {thing}s and finds {b} more. How many {thing}s does {name} have now?",
                a + b,
                f"{name} now has {{}} {thing}s.",
            ),
            (
                f"A {thing} costs {c} euros. What do {a} of them cost?",
                a * c,
                "They cost {} euros in all.",
            ),
        )
    )
    return question, answer.format(result), answer.format(_off(random, result, size))


def _logic(random: Random, size: int) -> Texts:
    if random.random() < 0.5:
        return _order(random, size)
    start, days = random.randrange(7), random.randint(8, 60)
    right = (start + days) % 7
    wrong = (right + {SLIGHT: random.choice((1, 6)), MIDDLING: random.choice((2, 5))}.get(size, 3)) % 7
    answer = "It will be a {}."
    question = f"Today is {DAYS[start]}. Which day of the week is it in {days} days?"
    return question, answer.format(DAYS[right]), answer.format(DAYS[wrong])


def _order(random: Random, size: int) -> Texts:
    tall = random.sample(NAMES, 5)
    facts = [f"{a} is taller than {b}." for a, b in pairwise(tall[:4])]
    random.shuffle(facts)
    place, word = random.choice(((0, "tallest"), (3, "shortest")))
    wrong = {SLIGHT: tall[1 if place == 0 else 2], MIDDLING: tall[3 - place], GROSS: tall[4]}[size]
    answer = f"The {word} of them is {{}}."
    return f"{' '.join(facts)} Who is the {word}?", answer.format(tall[place]), answer.format(wrong)


def _reading(random: Random, size: int) -> Texts:
    name, other = random.sample(NAMES, 2)
    town, first_town, far = random.sample(TOWNS, 3)
    trade, other_trade, no_trade = random.sample(TRADES, 3)
    year, rooms = random.randint(1951, 2019), random.randint(12, 48)
    near = year + random.choice((-1, 1))
    text = (
        f"{name} was born in {first_town} and learned to be a {trade} there. In {year} {name} moved to "
        f"{town}, into a house with {rooms} windows. {other}, a {other_trade}, had lived next door since "
        f"{year - 9}."
    )
    asked, answer, right, wrong = random.choice(
        (
            (
                f"In which year did {name} move?",
                f"{name} moved in {{}}.",
                year,
                {SLIGHT: near, MIDDLING: year - 9, GROSS: year + 300}[size],
            ),
            (
                f"To which town did {name} move?",
                f"{name} moved to {{}}.",
                town,
                {SLIGHT: first_town, MIDDLING: far, GROSS: f"the {other_trade}"}[size],
            ),
            (
                f"What is {name}'s trade?",
                f"{name} is a {{}}.",
                trade,
                {SLIGHT: other_trade, MIDDLING: no_trade, GROSS: "window"}[size],
            ),
            (
                f"How many windows does {name}'s house have?",
                "The house has {} windows.",
                rooms,
                _off(random, rooms, size),
            ),
        )
    )
    return f"{text} {asked}", answer.format(right), answer.format(wrong)


def _form(random: Random, size: int) -> Texts:
    return random.choice((_list, _capitals, _last_word))(random, size)


def _list(random: Random, size: int) -> Texts:
    many = random.randint(4, 6)
    drawn = random.sample(COLOURS, many + 2)
    asked, other = drawn[:many], [*drawn[many:], *drawn[2:many]]
    wrong = {
        SLIGHT: ", ".join(asked[:-1]) + " and " + asked[-1],
        MIDDLING: ", ".join([other[0], *asked[1:]]),
        GROSS: "; ".join(other),
    }[size]
    question = (
        f"Name exactly {many} colours, among them {drawn[0]} and {drawn[1]}, separated by commas only, "
        "and write nothing else."
    )
    return question, ", ".join(asked), wrong


def _capitals(random: Random, size: int) -> Texts:
    name, trade, town = random.choice(NAMES), random.choice(TRADES), random.choice(TOWNS)
    words = f"{name} works as a {trade} in {town}".upper().split()
    changed = {SLIGHT: {random.randrange(len(words))}, MIDDLING: set(range(1, 4)), GROSS: set(range(7))}[size]
    wrong = " ".join(word.lower() if place in changed else word for place, word in enumerate(words))
    question = f"Say in capital letters only that {name} works as a {trade} in {town}."
    return question, " ".join(words) + ".", wrong + "."


def _last_word(random: Random, size: int) -> Texts:
    name, trade, town, colour = (random.choice(of) for of in (NAMES, TRADES, TOWNS, COLOURS))
    right = f"The {trade} {name} from {town} paints the door {colour}"
    wrong = {
        SLIGHT: f"The {trade} {name} from {town} paints a {colour} door",
        MIDDLING: f"The {colour} door is painted by the {trade} {name} from {town}",
        GROSS: f"{colour.capitalize()} is the door that the {trade} {name} from {town} paints",
    }[size]
    question = (
        f"Write one sentence in which the {trade} {name} from {town} paints a door. "
        f"Its last word has to be: {colour}."
    )
    return question, right + ".", wrong + "."


KINDS: dict[str, Callable[[Random, int], Texts]] = {
    "arithmetic": _arithmetic,
    "logic": _logic,
    "reading": _reading,
    "form": _form,
}
"""The kinds of question."""
