"""The options by which a person allows what no file can, the same for every command that starts engines."""

from __future__ import annotations

from typing import Annotated

import typer

AllowKey = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-key",
        metavar="NAME=HOST",
        help="Send the key in the environment variable NAME to HOST, which isn't its provider's. Repeatable.",
    ),
]
AllowRemoteCode = Annotated[
    bool,
    typer.Option(
        "--allow-remote-code",
        help="Let engines run code that a model's folder brings or `options` name. Only for files you trust.",
    ),
]
