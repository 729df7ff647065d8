"""The JSON files in which a folder says what it is: typed, replaced whole, and refused by field when damaged.

A field that this version doesn't know is kept, so that writing a document back loses nothing.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from palaestra.agents.failures import PalaestraError, RunUnreadable
from palaestra.runs.record.disk import replace, unnamed

KEPT = ConfigDict(extra="allow", frozen=True)
"""How documents and their parts are read: unknown fields are kept, and nothing is changed in place."""


class Document(BaseModel):
    """A JSON file of a fixed name in a folder.

    Attributes:
        file_name: of the file.
        folder_is: what a folder with such a file is, such as "the folder of a run".
        remedy: what to do about a folder that is none.
        unreadable: how the failure to read one is raised.
    """

    model_config = KEPT
    file_name: ClassVar[str]
    folder_is: ClassVar[str]
    remedy: ClassVar[str]
    unreadable: ClassVar[type[PalaestraError]] = RunUnreadable

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The document in `folder`; raises `unreadable` when there is none, or it is damaged.

        Where only the file is there that was to become it, that one counts if it is whole: who wrote it was
        killed before it got its name.
        """
        path = folder / cls.file_name
        try:
            return cls.model_validate_json(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError) as error:
            with contextlib.suppress(OSError, ValidationError):
                return cls.model_validate_json(unnamed(path).read_bytes())
            raise cls.unreadable(f"{folder} is not {cls.folder_is}", cls.remedy) from error
        except OSError as error:
            raise cls.unreadable(f"{path} can't be read: {error.strerror}") from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            what = f"`{place}`: {first['msg']}" if place else first["msg"]
            raise cls.unreadable(f"{path} is damaged: {what}", "Restore the file from a copy.") from error

    def write(self, folder: Path) -> None:
        """Replace the document in `folder`, whole or not at all; raises `RunUnwritable`.

        Fields of the document itself that are None are left out.
        """
        told = self.model_dump(mode="json")
        write_json(
            folder / self.file_name, {name: value for name, value in told.items() if value is not None}
        )


def write_json(path: Path, data: Mapping[str, JsonValue]) -> None:
    """Replace the file `path` by `data`, whole or not at all; raises `RunUnwritable`."""
    # A folder's name may hold bytes that are no text in any encoding: they are told as "?".
    replace(path, json.dumps(data, indent=2, ensure_ascii=False).encode(errors="replace"))
