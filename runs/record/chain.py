"""What makes damage to a log visible: a record's number in its episode, and a checksum of all until there.

A line of the log ends in `,"check":"17-9f86d081"}`: it is record 17 of its episode, from 0, and
9f86d081 is the CRC-32 of that episode's lines up to it, each taken up to its `,"check"`. So each
episode is sound or damaged for itself, however they alternate in the log. That guards against
accidents: bits, lines and whole episodes that are lost, doubled or swapped. It does not guard against
forgery, as anybody can compute it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from zlib import crc32

import orjson

from palaestra.runs.record.records import Record

SEALED = b'%b,"check":"%d-%08x"}\n'
"""A line: what it says up to its last brace, its number in its episode, the checksum up to here."""
CHECK_BEGINS = b',"check":"'
CHECK = re.compile(rb',"check":"(0|[1-9]\d*)-([0-9a-f]{8})"}\n')


class Head(NamedTuple):
    """How far an episode is in the log: its records, and their checksum."""

    records: int = 0
    checksum: int = 0

    def __str__(self) -> str:
        """As `run.json` keeps it: "18-9f86d081"."""
        return f"{self.records}-{self.checksum:08x}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """What `str` made; raises `ValueError`."""
        records, checksum = text.split("-")
        return cls(int(records), int(checksum, 16))


Heads = Mapping[int, Head]
"""How far each episode is, by its number."""
BEGINNING = Head()


class Sealed(NamedTuple):
    """A line of the log as it claims to be.

    Attributes:
        body: without its check.
        number: of the record in its episode.
        checksum: of the episode up to here.
    """

    body: bytes
    number: int
    checksum: int

    def follows(self, head: Head) -> bool:
        """Whether it is the next record of the episode that is this far."""
        return self.number == head.records and crc32(self.body, head.checksum) == self.checksum

    @property
    def head(self) -> Head:
        """How far its episode is with it."""
        return Head(self.number + 1, self.checksum)

    def record(self) -> Record:
        """What it says; raises `ValueError` where it is no JSON object of an episode."""
        record = orjson.loads(b"%b}" % self.body)
        if not isinstance(record.get("episode"), int):
            raise ValueError("it names no episode")
        return dict(record)


def opened(line: bytes) -> Sealed:
    """A line of the log with its check taken off; raises `ValueError` where it has none at its end."""
    place = line.rfind(CHECK_BEGINS)
    found = CHECK.fullmatch(line, place) if place > 0 else None
    if found is None:
        raise ValueError("it has no check")
    return Sealed(line[:place], int(found[1]), int(found[2], 16))


class Chain:
    """Seals the records of a log.

    Args:
        heads: how far each episode is in it already.
    """

    def __init__(self, heads: Heads) -> None:
        self.heads = dict(heads)

    def sealed(self, record: Record) -> bytes:
        """The record as the next line of its episode."""
        episode = record["episode"]
        records, checksum = self.heads.get(episode, BEGINNING)
        body = orjson.dumps(record)[:-1]
        checksum = crc32(body, checksum)
        self.heads[episode] = Head(records + 1, checksum)
        return SEALED % (body, records, checksum)


def sealed(records: Iterable[Record]) -> Iterator[bytes]:
    """The lines of a new log."""
    chain = Chain({})
    return (chain.sealed(record) for record in records)
