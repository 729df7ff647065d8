"""How requests reach one server: HTTP on aiohttp, which takes a tenth of the CPU time of clients like httpx.

No redirect is followed: it would take the prompts, and with some servers the key, to a stranger. No cookie
is kept, and no password is read from `.netrc`. Proxies are those of the environment, looked up once.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientHttpProxyError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from yarl import URL

from palaestra.agents.failures import EngineUnavailable
from palaestra.agents.trust import Address, canonical

PATHS = MODELS, COMPLETIONS = "/models", "/chat/completions"
SECONDS_TO_CONNECT = 10.0
SECONDS_KEPT = 4.0
"""How long a connection that nobody uses is kept: less than servers keep theirs (uvicorn 5 s), as a request
that meets one that is being closed is lost."""
LONGEST_HEADER = 64 * 1024
"""Bytes of a header's line; gateways write long ones."""
OTHER_FILES = 256
"""Files and connections that a process has open beside those to a server."""


class Unreached(Exception):
    """A request without an answer; its words say why."""


class Late(Unreached):
    """A request whose answer did not come in time."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a server answered; its headers are found by their names in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Transport:
    """To one server, until `close`.

    Args:
        url: its base address.
        headers: of every request; none of them is a proxy's to see where the server is spoken to over TLS.

    Raises:
        EngineUnavailable: it is no address, or the environment names a proxy for it that isn't HTTP.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        try:
            self._places = {path: URL(url + path) for path in PATHS}
        except ValueError as error:
            raise EngineUnavailable(f"{url} is no address: {error}", "Mend `engines.NAME.url`.") from None
        # Each request's own: what a session has as headers of all, aiohttp sends a proxy's CONNECT, too.
        self._headers = {"GET": dict(headers), "POST": {**headers, "Content-Type": "application/json"}}
        self._proxy = _Proxy.to(url)
        self._limits = set[asyncio.Timeout]()
        self._session = ClientSession(
            connector=TCPConnector(limit=0, keepalive_timeout=SECONDS_KEPT),
            timeout=ClientTimeout(total=None, sock_connect=SECONDS_TO_CONNECT),
            cookie_jar=DummyCookieJar(),
            max_line_size=LONGEST_HEADER,
            max_field_size=LONGEST_HEADER,
            proxy=self._proxy.address,
        )

    async def get(self, path: str, timeout: float) -> HttpAnswer:
        """The answer to a request for `path`; raises `Unreached`."""
        return await self._request("GET", path, timeout)

    async def post(self, path: str, body: bytes, timeout: float) -> HttpAnswer:
        """The answer to JSON that is sent to `path`; raises `Unreached`."""
        return await self._request("POST", path, timeout, body)

    async def _request(self, method: str, path: str, timeout: float, body: bytes | None = None) -> HttpAnswer:
        limit = asyncio.timeout(timeout)
        self._limits.add(limit)
        try:
            # A limit of the whole: one between two pieces of an answer may be kept alive by blanks.
            async with (
                limit,
                self._session.request(
                    method,
                    self._places[path],
                    headers=self._headers[method],
                    data=body,
                    allow_redirects=False,
                ) as answer,
            ):
                return HttpAnswer(answer.status, answer.headers, await answer.read())
        except TimeoutError:
            if self._session.closed:
                raise Unreached("can't be reached: it was closed") from None
            raise Late("gave no answer in time") from None
        except (ClientError, OSError, ValueError) as error:  # what can't be read is a ValueError, too
            raise Unreached(f"can't be reached{self._proxy.told_of(error)}") from None
        except RuntimeError:  # it was closed meanwhile
            raise Unreached("can't be reached") from None
        finally:
            self._limits.discard(limit)

    async def close(self) -> None:
        """Let go of all connections; what is under way raises `Unreached`."""
        for limit in self._limits:  # a session's close doesn't end answers that have begun to come
            if not limit.expired():
                limit.reschedule(0)
        await self._session.close()


class Connections:
    """Those that this process may have open, shared by all servers that it asks.

    Attributes:
        taken: how many are promised just now.
    """

    def __init__(self) -> None:
        self.taken = 0

    def room(self, wanted: int) -> int:
        """How many of so many there are, after asking the system for more; one at least."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        files = self.taken + wanted + OTHER_FILES
        if soft != resource.RLIM_INFINITY and soft < files:
            with contextlib.suppress(OSError, ValueError):
                most = files if hard == resource.RLIM_INFINITY else min(files, hard)
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
                soft = most
            return max(1, min(wanted, soft - OTHER_FILES - self.taken))
        return wanted

    def take(self, wanted: int) -> int:
        """The same, and they are promised until they are given back."""
        given = self.room(wanted)
        self.taken += given
        return given

    def give_back(self, given: int) -> None:
        """Of those that were taken."""
        self.taken -= given


CONNECTIONS = Connections()
"""Of this process."""


@dataclass(frozen=True, slots=True)
class _Proxy:
    """What requests go by, and the environment's variable that names it; no address where none does."""

    variable: str = ""
    address: URL | None = None

    @classmethod
    def to(cls, url: str) -> Self:
        """The one that the environment names for an address.

        What is asked of this machine stays on it: its key was allowed for that alone.

        Raises:
            EngineUnavailable: what is named is no proxy of kind HTTP.
        """
        if Address.of(url).here:
            return cls()
        address, proxies = urlsplit(url), getproxies()
        kind = address.scheme if proxies.get(address.scheme) else "all"
        named, host = proxies.get(kind), address.hostname or ""
        if not named or proxy_bypass(address.netloc) or _within(host, proxies.get("no", "")):
            return cls()
        variable = f"{kind.upper()}_PROXY"
        try:
            proxy = URL(named if "://" in named else f"http://{named}")
            canonical(proxy.host or "")
        except ValueError:  # its words would quote a password
            what = f"the environment variable {variable} names no address of a proxy"
            raise EngineUnavailable(what, "Mend or unset it; NO_PROXY takes names of hosts.") from None
        if proxy.scheme not in ("http", "https"):
            what = f"the environment names a proxy of kind {proxy.scheme} for {host}"
            raise EngineUnavailable(what, "Name one of kind http, or none: NO_PROXY takes names of hosts.")
        return cls(variable, proxy)

    def told_of(self, error: Exception) -> str:
        """What failed, in words that follow "can't be reached": the proxy, or what the error is called."""
        if isinstance(error, ClientHttpProxyError):
            return f": the proxy that {self.variable} names refuses with status {error.status}"
        if self.address and isinstance(error, ClientConnectorError) and error.host == self.address.host:
            return f": the proxy that {self.variable} names is not there"
        return f" ({type(error).__name__})"


def _within(host: str, networks: str) -> bool:
    """Whether a host is a number within one of these networks, told as "10.0.0.0/8,localhost"."""
    for network in networks.split(","):
        with contextlib.suppress(ValueError):
            if ip_address(host) in ip_network(network.strip(), strict=False):
                return True
    return False
