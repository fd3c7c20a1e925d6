"""The README and docs/ name all that a user can meet: commands, flags, settings, codes, routes."""

from __future__ import annotations

import itertools
import re
import shlex

import pytest

from discovery.checks import RULES
from discovery.management.commands.runserver_discover import Command
from discovery.portfile import ServerInfo
from projects import workspace
from projects.api.exceptions import ERROR_CODES, REFUSALS
from projects.client import errors, grammar, prime
from projects.client.setup import texts
from projects.client.vocabulary import ALIASES, COMMANDS, KEYED, PHRASES
from projects.config_schema import OPTIONS, variable_of
from projects.entities.registry import ENTITIES
from tests import reference
from tests.conftest import LONG_TESTS
from tests.processes import CHECKOUT

README = (CHECKOUT / "README.md").read_text()
PAGES = {path.name: path.read_text() for path in sorted((CHECKOUT / "docs").glob("*.md"))}
VERBS = [(noun, verb) for noun in COMMANDS for verb in grammar.verbs_of(noun)]


def codes(tree: type[errors.ClientError]) -> set[str]:
    return {tree.code} | {code for child in tree.__subclasses__() for code in codes(child)}


def test_reference_of_commands_is_up_to_date() -> None:
    assert reference.commands() == PAGES["commands.md"], "run python -m tests.reference"


@pytest.mark.parametrize("name", ["README.md", *PAGES])
def test_documented_commands_and_flags_exist(name: str) -> None:
    text = README if name == "README.md" else PAGES[name]
    for noun, verb in re.findall(r"`pm ([a-z-]+)(?: ([a-z-]+))?", text):
        if noun in COMMANDS:
            names = [known.name for known in grammar.verbs_of(noun)]
            exists = verb in (*names, "-h") or f"{noun} {verb}" in (*PHRASES, *KEYED)
            assert exists or "" in names or not verb, f"pm {noun} {verb}"


def test_readme_is_short() -> None:
    lines = README.splitlines()
    assert len(lines) <= 150
    assert not [line for line in lines if len(line) > 110]


def test_flags_of_the_server_are_documented() -> None:
    parser = Command().create_parser("manage.py", "runserver_discover")
    theirs = {"-h", "--help", "--version", "--verbosity", "--settings", "--pythonpath", "--traceback"}
    theirs |= {"--no-color", "--force-color", "--skip-checks", "-v"}
    ours = {flag for action in parser._actions for flag in action.option_strings} - theirs
    assert len(ours) >= 11
    documented = PAGES["server.md"] + PAGES["discovery.md"]
    assert not [flag for flag in ours if not re.search(rf"`{flag}[` ]", documented)]


@pytest.mark.parametrize("key", OPTIONS)
def test_setting_is_documented_with_its_variable_and_default(key: str) -> None:
    assert f"| `{key}` | `{variable_of(key)}` | `{OPTIONS[key].default}` |" in PAGES["server.md"]


@pytest.mark.parametrize(
    "name",
    ["PM_CONFIG_DIR", "PM_SERVER_URL", "PM_TOKEN", "PM_AUTOSTART", "PM_ACTOR", "PM_ALLOW_REMOTE", "PM_SESSION"],
)
def test_variable_is_documented(name: str) -> None:
    assert re.search(f"`{name}[`=]", PAGES["server.md"])


@pytest.mark.parametrize("code", sorted((codes(errors.ClientError) | set(ERROR_CODES)) - {""}))
def test_error_code_is_documented(code: str) -> None:
    assert f"`{code}`" in PAGES["api.md"]


@pytest.mark.parametrize(("name", "identifier"), [(rule[0], rule[4]) for rule in RULES])
def test_discovery_setting_and_its_check_are_documented(name: str, identifier: str) -> None:
    assert re.search(rf"\| `DISCOVERY_{name}` \|.*`discovery\.{identifier}` \|", PAGES["discovery.md"])


@pytest.mark.parametrize("key", ServerInfo.FIELDS)
def test_key_of_the_port_file_is_documented(key: str) -> None:
    section = PAGES["server.md"].partition("## `server.json`")[2].partition("\n## ")[0]
    assert re.search(rf"^\| [^|]*`{key}`[^|]* \|", section, re.M)


@pytest.mark.parametrize("name", [*workspace.SECRET_FILES, "server.json", "server.lock", "write.lock", "config.toml"])
def test_file_of_the_config_directory_is_documented(name: str) -> None:
    assert f"`{name}`" in README


def test_named_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.M))
    texts = README + (CHECKOUT / "CONTRIBUTING.md").read_text()
    assert set(re.findall(r"\bmake ([a-z-]+)", texts)) - {"it", "sure"} <= targets


def test_internal_links_have_a_target() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in README.splitlines()
        if line.startswith("#")
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= headings
    texts = [(CHECKOUT, README), *((CHECKOUT / "docs", text) for text in PAGES.values())]
    for folder, text in texts:
        for path in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert (folder / path).exists(), path


def command_lines(text: str) -> list[list[str]]:
    """Return the calls of `pm` in the shell blocks of a text, each as its arguments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    calls = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    ours = [call for call in calls if call and call[0] in ("pm", ".venv/bin/pm")]
    return [list(itertools.takewhile(lambda word: word not in ("|", "<", ">", "&&", ";"), call))[1:] for call in ours]


@pytest.mark.parametrize("name", ["README.md", "docs/agents.md"])
def test_documented_command_lines_are_valid(name: str) -> None:
    calls = command_lines((CHECKOUT / name).read_text())
    assert len(calls) > 3
    for call in calls:
        found = grammar.find(call)
        assert found.verb is not None, call
        grammar.parse(found)


def test_commands_in_agent_texts_are_valid() -> None:
    guide = re.sub(r"^```(sh)?\n.*?^```", "", (CHECKOUT / "docs/agents.md").read_text(), flags=re.M | re.S)
    spans = [span for span in re.findall(r"`([^`]+)`", guide + texts.LINES.decode()) if span.startswith("pm ")]
    named = re.findall(r"\b(pm [a-z]+(?:-[a-z]+)*(?: \S+)*?)(?=  |[;)]|$)", prime.HOW.replace("CURSOR", "0"), re.M)
    assert len(spans) > 10
    assert len(named) > 10
    for text in (
        *spans,
        *named,
        *re.findall(r"pm server start|pm project create .*", prime.NO_SERVER + prime.NO_PROJECT),
    ):
        complaint = complaint_about(text.split()[1:])
        assert not complaint or "required" in complaint, text


def complaint_about(argv: list[str]) -> str:
    """Return what the parser finds wrong."""
    try:
        call = grammar.find(argv)
        if not grammar.wants_help(call.tokens):
            grammar.parse(call)
    except errors.UsageError as error:
        return str(error)
    return ""


def test_agent_guide_names_every_exit_and_refusal() -> None:
    guide = (CHECKOUT / "docs/agents.md").read_text()
    assert command_lines(guide)[0] == ["prime"]
    for code in (*REFUSALS.values(), "VALIDATION_ERROR", "NOT_FOUND", "NO_SERVER", "UNRESPONSIVE"):
        assert f"`{code}`" in guide, code
    for status in (0, 1, 2, 3, 4, 130):
        assert f"| {status} |" in guide


@pytest.mark.parametrize(("old", "new"), ALIASES.items())
def test_old_flag_is_documented_and_works(old: str, new: str) -> None:
    assert old in PAGES["commands.md"] or old == "--status-value"
    assert any(new in flags for _, verb in VERBS for flags, _ in verb.options)


def test_every_resource_of_the_api_and_page_is_documented() -> None:
    from drf_spectacular.generators import SchemaGenerator

    from projects.web.urls import urlpatterns

    resources = {"/".join(path.split("/")[:4]) for path in SchemaGenerator().get_schema(public=True)["paths"]}
    assert len(resources) >= 15
    assert not [resource for resource in resources if f"`{resource}/" not in PAGES["api.md"]]
    pages = {str(route.pattern).partition("/")[0].partition("<")[0] for route in urlpatterns}
    internal = {"live", "favicon.ico", "login", "health", "ready", "style.css"}
    assert not [page for page in pages - internal if f"`/{page}" not in PAGES["board.md"]]


def make_targets() -> list[str]:
    [line] = [line for line in (CHECKOUT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:")]
    return line.split()[1:]


@pytest.mark.parametrize("target", make_targets())
def test_make_target_is_documented_and_run_by_ci(target: str) -> None:
    documented = (CHECKOUT / "CONTRIBUTING.md").read_text()
    assert re.search(rf"^make {target}( |$)", documented, re.M)
    run = {word for line in (CHECKOUT / ".ci" / "run").read_text().splitlines() for word in line.split()}
    # The fast tests are part of `make test`.
    assert {target, f"{target}-short", target.removesuffix("-fast")} & run


def test_long_tests_exist() -> None:
    names = [line for line in LONG_TESTS.read_text().splitlines() if not line.startswith("#")]
    for name in names:
        path, _, function = name.partition("::")
        assert f"def {function}(" in (CHECKOUT / path).read_text(), name
    assert names == sorted(set(names))


def test_formats_and_registers_of_the_log_are_documented() -> None:
    rows = [line for line in PAGES["sync.md"].splitlines() if line.startswith("| ")]
    formats = {line.split(" | ")[0].strip("| "): line for line in rows}
    for entity in ENTITIES:
        if not entity.travelling:
            continue
        if entity.since > 1:
            assert entity.plural.replace("_", " ") in formats[str(entity.since)]
        registers: dict[str, list[str]] = {}
        for field in entity.travelling:
            registers.setdefault(field.register, []).append(field.name)
            if field.since > entity.since:
                assert f"`{field.name}`" in formats[str(field.since)], f"{entity.name}.{field.name}"
        for names in registers.values():
            row = f"| `{entity.name}` | {', '.join(f'`{name}`' for name in names)} |"
            assert len(names) == 1 or row in rows, row
