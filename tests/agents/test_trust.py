"""Which key may go where, which option may do what, and that only a person's word changes it."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError

import pytest

from palaestra.agents.engines.openai import OpenAIEngine
from palaestra.agents.engines.vllm import VllmEngine
from palaestra.agents.failures import BadInput
from palaestra.agents.trust import HOSTS, NOTHING, Address, Allowed, CodeRun, KeySent, canonical
from palaestra.agents.vllm_options import HARMLESS, HARMLESS_VALUES, risk


def goes(variable: str, url: str, *pairs: str) -> bool:
    """Whether the key may be sent there, these pairs being allowed."""
    return KeySent(variable, url).refusal(Allowed.typed(pairs, False)) is None


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("OPENAI_API_KEY", "https://api.openai.com/v1"),
        ("OPENAI_API_KEY", "https://eu.api.openai.com/v1"),
        ("OPENAI_API_KEY", "https://API.OpenAI.com.:443/v1"),
        ("GROQ_API_KEY", "https://api.groq.com/openai/v1"),
        ("GEMINI_API_KEY", "https://generativelanguage.googleapis.com/v1beta/openai"),
        ("ANYTHING_AT_ALL", "http://127.0.0.1:8000/v1"),
        ("ANYTHING_AT_ALL", "http://127.8.9.10/v1"),
        ("ANYTHING_AT_ALL", "http://localhost:8000/v1"),
        ("ANYTHING_AT_ALL", "http://LOCALHOST./v1"),
        ("ANYTHING_AT_ALL", "http://[::1]:8000/v1"),
        ("ANYTHING_AT_ALL", "https://[0:0:0:0:0:0:0:1]/v1"),
    ],
)
def test_a_key_goes_to_its_own_host_and_to_this_machine(variable: str, url: str) -> None:
    assert goes(variable, url)


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("OPENAI_API_KEY", "https://evil.example/v1"),
        ("AWS_SECRET_ACCESS_KEY", "https://api.openai.com/v1"),  # any other secret, to a host of good name
        ("GROQ_API_KEY", "https://api.openai.com/v1"),
        ("openai_api_key", "https://api.openai.com/v1"),  # another variable
        ("OPENAI_API_KEY", "http://api.openai.com/v1"),  # in the clear
        ("OPENAI_API_KEY", "https://api.openai.com.evil.example/v1"),
        ("OPENAI_API_KEY", "https://evil.example/api.openai.com/v1"),
        ("OPENAI_API_KEY", "https://xapi.openai.com/v1"),
        ("OPENAI_API_KEY", "https://openai.com/v1"),
        ("OPENAI_API_KEY", "https://x.api.openai.com/v1"),
        ("OPENAI_API_KEY", "http://localhost.evil.example/v1"),
        ("OPENAI_API_KEY", "http://evil.localhost/v1"),
        ("OPENAI_API_KEY", "http://127.0.0.1.evil.example/v1"),
        ("OPENAI_API_KEY", "http://2130706433/v1"),
        ("OPENAI_API_KEY", "http://0x7f000001/v1"),
        ("OPENAI_API_KEY", "http://0177.0.0.1/v1"),
        ("OPENAI_API_KEY", "http://127.1/v1"),
        ("OPENAI_API_KEY", "http://0.0.0.0/v1"),
        ("OPENAI_API_KEY", "http://128.0.0.1/v1"),
        ("OPENAI_API_KEY", "http://[::ffff:7f00:1]/v1"),
        ("OPENAI_API_KEY", "http://[::2]/v1"),
    ],
)
def test_a_key_goes_nowhere_else(variable: str, url: str) -> None:
    assert not goes(variable, url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com@evil.example/v1",
        "https://api.openai.com:443@evil.example/v1",
        "https://evil.example#@api.openai.com/v1",
        "https://evil.example\\@api.openai.com/v1",
        "https://evil.example\\.api.openai.com/v1",
        "https://api.openai.com%40evil.example/v1",
        "https://api.openai.com%2eevil.example/v1",
        "https://api.openai.com\n.evil.example/v1",
        "https://api.openai.com /v1",
        " https://api.openai.com/v1",
        "https://api.openai.com/v1\n",
        "https:///api.openai.com/v1",
        "https:api.openai.com/v1",
        "//api.openai.com/v1",
        "https://api.openai.com:/v1",
        "https://api.openai.com:443:80/v1",
        "https://api..openai.com/v1",
        "https://api.openai.com../v1",
        "https://\N{FULLWIDTH LATIN SMALL LETTER A}pi.openai.com/v1",
        "https://api\N{IDEOGRAPHIC FULL STOP}openai.com/v1",
        "https://openrouter.ai\N{KELVIN SIGN}/v1",
        "https://api.openai.com\N{SOFT HYPHEN}/v1",
        "http://[::1%25eth0]/v1",
        "http://[::1/v1",
        "http://[127.0.0.1]/v1",
        "http://",
    ],
)
def test_an_address_that_could_be_read_in_two_ways_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="address") as refused:
        Address.of(url)
    assert "openai" not in str(refused.value), "what was given isn't quoted"


def test_the_hosts_of_providers_are_told_as_they_are_compared() -> None:
    for variable, hosts in HOSTS.items():
        assert re.fullmatch(r"[A-Z_]+", variable)
        assert all(canonical(host) == host for host in hosts)
        assert all(goes(variable, f"https://{host}/v1") for host in hosts)


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("MY_KEY=gateway.example", "https://gateway.example/v1"),
        ("MY_KEY=Gateway.EXAMPLE.", "https://gateway.example:8443/v1"),
        ("MY_KEY=gateway.example", "http://GATEWAY.example./v1"),  # in the clear: somebody said so
        ("MY_KEY=[FD00:0:0::1]", "http://[fd00::1]:8000/v1"),
        ("MY_KEY=fd00::1", "http://[fd00::1]:8000/v1"),
        ("MY_KEY=10.0.0.7", "http://10.0.0.7:8000/v1"),
    ],
)
def test_a_person_may_send_a_key_elsewhere(allowed: str, url: str) -> None:
    assert not goes("MY_KEY", url)
    assert goes("MY_KEY", url, "OTHER=elsewhere.example", allowed)
    assert not goes("OTHER_KEY", url, allowed)
    assert not goes("MY_KEY", "https://other.example/v1", allowed)


@pytest.mark.parametrize(
    "pair",
    ["", "MY_KEY", "MY_KEY=", "=gateway.example", "MY_KEY=https://gateway.example", "MY_KEY=*", "MY_KEY=a/b",
     "MY_KEY=gateway.example:80", "MY_KEY=*.example", "MY KEY=gateway.example", "MY_KEY=[::1]:80", "A="],
)  # fmt: skip
def test_what_is_no_pair_is_refused(pair: str) -> None:
    with pytest.raises(
        BadInput, match=r"no variable and host(.|\n)*--allow-key OPENAI_API_KEY=gateway.example"
    ):
        Allowed.typed([pair], False)


def test_the_refusal_names_the_pair_and_the_remedy() -> None:
    refusal = KeySent("OPENAI_API_KEY", "https://Evil.example:9/v1").refusal(NOTHING)
    assert refusal is not None
    own = "api.openai.com or eu.api.openai.com or us.api.openai.com"
    assert refusal.what == f"it would send the key in OPENAI_API_KEY, which is for {own}, to evil.example"
    assert "--allow-key OPENAI_API_KEY=evil.example" in refusal.remedy
    assert "key_variable: null" in refusal.remedy
    refusal = KeySent("MY_KEY", "https://evil.example/v1").refusal(NOTHING)
    assert refusal is not None
    assert "MY_KEY, whose own host isn't known, to evil.example" in refusal.what
    refusal = KeySent("XAI_API_KEY", "http://api.x.ai/v1").refusal(NOTHING)
    assert refusal is not None
    assert refusal.what.endswith("to api.x.ai unencrypted")
    assert "https://" in refusal.remedy


def test_what_is_allowed_can_be_changed_by_nobody() -> None:
    allowed = Allowed(frozenset({("MY_KEY", "Gateway.example.")}), remote_code=True)
    assert allowed == Allowed.typed(["MY_KEY=gateway.example"], True)
    for name in ("keys", "remote_code"):
        with pytest.raises(FrozenInstanceError):
            setattr(allowed, name, getattr(NOTHING, name))
    assert Allowed() == NOTHING
    assert Allowed(frozenset(), False) == NOTHING


def test_an_engine_tells_what_it_needs() -> None:
    url = "https://evil.example/v1"
    assert list(OpenAIEngine(model="m", url=url, key_variable="K").needs()) == [KeySent("K", url)]
    assert list(OpenAIEngine(model="m", url=url, key_variable=None).needs()) == []
    harmless = {"max_num_seqs": 4, "quantization": "fp8", "distributed_executor_backend": "mp"}
    assert list(VllmEngine(options=harmless).needs()) == []
    (need,) = VllmEngine(options={"seed": 1, "trust_remote_code": True}).needs()
    assert need == CodeRun("options.trust_remote_code", "runs the Python code in the model's folder")
    refusal = need.refusal(NOTHING)
    assert refusal is not None
    assert "`options.trust_remote_code` runs the Python code" in refusal.what
    assert "--allow-remote-code" in refusal.remedy
    assert need.refusal(Allowed(remote_code=True)) is None
    assert need.refusal(Allowed(frozenset({("K", "evil.example")}))) is not None


@pytest.mark.parametrize("variable", ["", "A B", "$(id)", "A=B", "K\n", "K --allow-remote-code"])
def test_a_variable_has_a_name_that_can_stand_in_a_command(variable: str) -> None:
    with pytest.raises(ValueError, match="key_variable"):
        OpenAIEngine(model="m", key_variable=variable)


@pytest.mark.parametrize(
    "option",
    ["trust_remote_code", "trust-remote-code", "Trust_Remote_Code", "hf_overrides", "worker_cls",
     "worker_extension_cls", "scheduler_cls", "logits_processors", "download_dir", "compilation_config",
     "kv_transfer_config", "otlp_traces_endpoint", "io_processor_plugin", "reasoning_parser_plugin",
     "model_loader_extra_config", "additional_config", "speculative_config", "profiler_config", "hf_token",
     "code_revision", "hf_config_path", "model", "log_config_file", "master_addr", "model_class_overrides",
     "default_mm_loras", "allowed_local_media_path", "an_option_of_the_next_version"],
)  # fmt: skip
def test_an_option_that_may_do_more_than_set_a_size_is_a_persons_to_allow(option: str) -> None:
    assert risk(option, {"trust_remote_code": True}) is not None


@pytest.mark.parametrize("name", [*HARMLESS_VALUES])
@pytest.mark.parametrize("value", ["my.module.Class", "plugin", None, {"auto": 1}, ["auto"], ""])
def test_some_options_are_harmless_with_some_values_only(name: str, value: object) -> None:
    assert all(risk(name, each) is None for each in HARMLESS_VALUES[name])
    assert risk(name, value) is not None


def test_no_option_that_names_code_a_folder_or_an_address_is_among_the_harmless() -> None:
    telling = re.compile(
        r"cls|class|plugin|parser|dir$|path|file|addr|host|port$|url|endpoint|config$|remote|(?<![a-z])code"
    )
    assert [name for name in HARMLESS if telling.search(name)] == ["generation_config"]
