"""Prompt templates: data in a scenario's `prompts.yaml`, overridable in any scenario file.

A template is one text a purpose, with `{variables}`, in LangChain's f-string form; filled by its
formatter alone, since to import its `PromptTemplate` takes a second of CPU time at every command. What
fills a variable is only ever text: braces in it are not templates, and the engines see to it that
control tokens in it are not control tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path

from langchain_core.utils.formatting import formatter

from palaestra.agents.calls import Scalar
from palaestra.agents.declared import parse
from palaestra.agents.failures import BadInput

LITERAL = "Write {{ and }} for literal braces."
MEMORY = Path(__file__).parent / "memory.yaml"


@dataclass(frozen=True, slots=True)
class Template:
    """A text with `{variables}`, and their names."""

    text: str
    variables: tuple[str, ...]


class Prompts:
    """Templates by purpose.

    Args:
        templates: the text of each template.
        overrides: texts that replace templates of the same name.
        common: variables that every override may use, beside those of the template it replaces.

    Raises:
        BadInput: an override that names no template, or uses an unknown variable.
    """

    def __init__(
        self,
        templates: Mapping[str, str],
        overrides: Mapping[str, str] | None = None,
        common: Iterable[str] = (),
    ) -> None:
        self._common = frozenset(common)
        self._templates = {purpose: _template(purpose, text) for purpose, text in templates.items()}
        self._rendered: dict[tuple[Scalar | type, ...], str] = {}
        for purpose, text in (overrides or {}).items():
            self._templates[purpose] = self._override(purpose, text)

    def _override(self, purpose: str, text: str) -> Template:
        if purpose not in self._templates:
            raise BadInput(
                f"there is no prompt named {purpose!r}", f"The prompts are: {', '.join(self._templates)}."
            )
        known = self._common.union(self._templates[purpose].variables)
        template = _template(purpose, text)
        if unknown := set(template.variables) - known:
            raise BadInput(
                f"prompt {purpose!r} uses {', '.join(sorted(unknown))}",
                f"Its variables are: {', '.join(sorted(known)) or 'none'}.",
            )
        return template

    def render(self, purpose: str, variables: Mapping[str, Scalar]) -> str:
        """The text of template `purpose` filled with `variables`; unused ones are ignored.

        Raises:
            LookupError: there is no such template, or it uses a variable that has no value.
        """
        template = self._templates.get(purpose)
        if template is None:
            raise LookupError(f"there is no prompt {purpose!r}; {nearest(purpose, self._templates)}")
        try:
            used = [variables[name] for name in template.variables]
        except KeyError as error:
            [name] = error.args
            raise LookupError(
                f"prompt {purpose!r} uses {{{name}}}, which has no value; {nearest(name, variables)}"
            ) from error
        key = (purpose, *used, *map(type, used))  # 1 and True are one key, but not one word
        text = self._rendered.get(key)
        if text is None:
            if len(self._rendered) >= 4096:
                self._rendered.clear()
            filled = dict(zip(template.variables, used, strict=True))
            text = self._rendered[key] = formatter.format(template.text, **filled).strip()
        return text


def _template(purpose: str, text: str) -> Template:
    try:
        fields = [field for field in formatter.parse(text) if field[1] is not None]
    except ValueError as error:
        raise BadInput(f"prompt {purpose!r}: {error}", LITERAL) from error
    if any(spec or conversion for _, _, spec, conversion in fields):
        raise BadInput(f"prompt {purpose!r} formats a variable", "Write {name} alone, without : or !.")
    names = {name for _, name, _, _ in fields if name is not None}
    if wrong := sorted(name for name in names if not name.isidentifier()):
        raise BadInput(f"prompt {purpose!r} has {{{wrong[0]}}}, which is no variable's name", LITERAL)
    return Template(text, tuple(sorted(names)))


def nearest(name: str, known: Iterable[str]) -> str:
    """What somebody who wrote `name` may have meant, of what is `known`."""
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known) or 'none'}"


@lru_cache(maxsize=64)
def read_prompts(
    path: Path, overrides: tuple[tuple[str, str], ...] = (), common: tuple[str, ...] = ()
) -> Prompts:
    """The prompts in the YAML file `path` with `overrides`, shared by all episodes that ask for the same.

    Those of `memory.yaml`, which agents of all scenarios have, are among them.

    Raises:
        BadInput: the file is no mapping of names to templates, or an override doesn't fit.
    """
    return Prompts(_read(MEMORY) | _read(path), dict(overrides), common)


@cache
def _read(path: Path) -> dict[str, str]:
    """The templates in the file `path`, by purpose."""
    if not path.is_file():
        raise BadInput(f"there is no file of prompts {path}", "A scenario's `prompts_file` says where it is.")
    found = parse(path, "a file of prompts", listed="palaestra scenarios", begin="rules: You play a game.")
    for name, text in found.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise BadInput(f"{path}: the prompt {name!r} is {text!r}", "A prompt has a name and is a text.")
    templates = {str(name): str(text) for name, text in found.items()}
    for name, text in templates.items():
        try:
            _template(name, text)
        except BadInput as error:
            raise BadInput(f"{path}:{found.places[name][0]}: {error.args[0]}", error.remedy) from error
    return templates
