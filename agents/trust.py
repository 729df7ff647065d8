"""What a scenario file or a run folder can't do unless a person allows it: send keys to others, run code.

Both are data, perhaps a stranger's, and a resumed run plays what its folder says. So the settings of an
engine tell what they need, and it is granted by the command line (`--allow-key`, `--allow-remote-code`)
or by an argument of `palaestra.play` alone: nothing that is read from a file grants anything.

A key goes to the hosts of its provider over TLS, and to this machine. Hosts are compared as the whole name
that a client would look up; an address that two parsers could read in two ways is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, ip_address
from types import MappingProxyType
from typing import Self

from palaestra.agents.failures import BadInput

VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
"""The name of an environment variable; messages show it as a part of a command."""
OPENAI_HOSTS = frozenset({"api.openai.com", "eu.api.openai.com", "us.api.openai.com"})
_GOOGLE = frozenset({"generativelanguage.googleapis.com"})
HOSTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "ANTHROPIC_API_KEY": frozenset({"api.anthropic.com"}),
        "CEREBRAS_API_KEY": frozenset({"api.cerebras.ai"}),
        "DEEPSEEK_API_KEY": frozenset({"api.deepseek.com"}),
        "FIREWORKS_API_KEY": frozenset({"api.fireworks.ai"}),
        "GEMINI_API_KEY": _GOOGLE,
        "GOOGLE_API_KEY": _GOOGLE,
        "GROQ_API_KEY": frozenset({"api.groq.com"}),
        "HF_TOKEN": frozenset({"router.huggingface.co"}),
        "MISTRAL_API_KEY": frozenset({"api.mistral.ai"}),
        "NVIDIA_API_KEY": frozenset({"integrate.api.nvidia.com"}),
        "OPENAI_API_KEY": OPENAI_HOSTS,
        "OPENROUTER_API_KEY": frozenset({"openrouter.ai"}),
        "PERPLEXITY_API_KEY": frozenset({"api.perplexity.ai"}),
        "TOGETHER_API_KEY": frozenset({"api.together.xyz", "api.together.ai"}),
        "XAI_API_KEY": frozenset({"api.x.ai"}),
    }
)
"""The hosts of the provider that issues a key, by the variable that its documents keep the key in."""
LOOPBACK = IPv4Network("127.0.0.0/8"), IPv6Address("::1")

# ASCII alone, and no character on which parsers of addresses disagree.
_HOST = r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+"
_ADDRESS = re.compile(rf"(https?)://({_HOST})(?::[0-9]{{1,5}})?(?:/[^\s?#@\\]*)?", re.ASCII)


def canonical(host: str) -> str:
    """`host` as it is compared: in lower case, without a last dot; of IPv6 the shortest form, no brackets.

    Raises:
        ValueError: it is no host alone, such as one with a port.
    """
    if ":" in host or "[" in host:
        return str(IPv6Address(host.removeprefix("[").removesuffix("]")))
    name = host.removesuffix(".")
    if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", name):
        raise ValueError(f"{host!r} is no host")
    return name.lower()


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, of an address `http(s)://host[:port][/path]`.

    Attributes:
        host: see `canonical`.
        encrypted: whether it is spoken to over TLS.
    """

    host: str
    encrypted: bool

    @classmethod
    def of(cls, url: str) -> Self:
        """Where `url` leads; where it is no such address, raises `ValueError` without quoting it."""
        if "@" in url:
            raise ValueError("no names or passwords in an address: it is written into the run folder")
        if "?" in url or "#" in url:
            raise ValueError("no ?query in an address: it is written into the run folder, keys with it")
        found = _ADDRESS.fullmatch(url)
        try:
            if found is not None:
                return cls(canonical(found[2]), found[1] == "https")
        except ValueError:
            pass
        raise ValueError("an address is http:// or https://, a host in ASCII, perhaps a port and a path")

    @property
    def here(self) -> bool:
        """Whether it is this machine, by its name or number for itself."""
        try:
            return ip_address(self.host) in LOOPBACK[0] or ip_address(self.host) == LOOPBACK[1]
        except ValueError:
            return self.host == "localhost"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a person allows files to do. By default nothing beyond what is harmless.

    Attributes:
        keys: pairs of an environment variable and a host that gets its value, beside the key's own hosts.
        remote_code: whether engines may run code that a model's folder or an option names.

    Raises:
        BadInput: a pair is none.
    """

    keys: frozenset[tuple[str, str]] = frozenset()
    remote_code: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", frozenset(_pair(name, host) for name, host in self.keys))

    @classmethod
    def typed(cls, pairs: Iterable[str], remote_code: bool) -> Self:
        """What the options of a command say: `NAME=HOST` each time, and whether remote code is allowed."""
        parted = (pair.partition("=") for pair in pairs)
        return cls(frozenset((name, host) for name, _, host in parted), remote_code)


def _pair(name: str, host: str) -> tuple[str, str]:
    try:
        if re.fullmatch(VARIABLE, name):
            return name, canonical(host)
    except ValueError:
        pass
    raise BadInput(
        f"--allow-key {name}={host}: this is no variable and host",
        "Name the variable and the host alone, such as --allow-key OPENAI_API_KEY=gateway.example",
    )


NOTHING = Allowed()


@dataclass(frozen=True, slots=True)
class Refusal:
    """What isn't allowed, and what a person does who wants it."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class KeySent:
    """An engine needs to send the key in an environment variable to an address."""

    variable: str
    url: str

    def refusal(self, allowed: Allowed) -> Refusal | None:
        """Why `allowed` is too little; None where it is enough."""
        address, own = Address.of(self.url), HOSTS.get(self.variable, frozenset())
        pair = f"{self.variable}={address.host}"
        if address.here or (self.variable, address.host) in allowed.keys:
            return None
        if address.host not in own:
            known = f"which is for {' or '.join(sorted(own))}" if own else "whose own host isn't known"
            return Refusal(
                f"it would send the key in {self.variable}, {known}, to {address.host}",
                f"If it may have this key: --allow-key {pair} (a server that needs none: key_variable: null)",
            )
        if not address.encrypted:
            return Refusal(
                f"it would send the key in {self.variable} to {address.host} unencrypted",
                f"Write https:// in its `url`; or: --allow-key {pair}",
            )
        return None


@dataclass(frozen=True, slots=True)
class CodeRun:
    """An engine needs a setting that can run code, write files or reach other machines.

    Attributes:
        setting: which one.
        why: what it can do, in words that follow its name.
    """

    setting: str
    why: str

    def refusal(self, allowed: Allowed) -> Refusal | None:
        """Why `allowed` is too little; None where it is enough."""
        if allowed.remote_code:
            return None
        return Refusal(
            f"`{self.setting}` {self.why}", "If you trust this file and its model: --allow-remote-code"
        )


Need = KeySent | CodeRun
"""What an engine with certain settings can't do without."""
