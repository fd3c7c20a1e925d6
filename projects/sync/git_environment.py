"""The environment in which pm runs git: the user's access to remotes, and nothing else of the user's settings.

git reads no configuration of the system or the user. `git_remote` reads what all of it, the repository's included,
says about the remote, and hands that over in GIT_CONFIG_COUNT; see git-config(1).
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What is left of the GIT_* variables: programs and certificates for the connection.
KEPT = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_PROXY_COMMAND", "GIT_EXEC_PATH")
KEPT_PREFIXES = ("GIT_SSL_", "GIT_PROXY_SSL_", "GIT_HTTP_")
KEPT_FOR_PROMPTS = ("GIT_ASKPASS", "GIT_TERMINAL_PROMPT")
# Variables that name configuration, needed only to read it.
CONFIGURATION = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_PARAMETERS")
COUNTED = ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
SETTINGS = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("core.bigFileThreshold", "8m"),  # larger objects are never read into memory as a whole
    ("core.logAllRefUpdates", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("fetch.fsckObjects", "true"),
    ("fetch.prune", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("fetch.writeCommitGraph", "false"),
    ("push.followTags", "false"),
    ("push.gpgSign", "false"),
    ("push.recurseSubmodules", "no"),
    ("advice.pushUpdateRejected", "false"),
    ("http.lowSpeedLimit", "1"),  # bytes in a second
    ("http.lowSpeedTime", "60"),  # seconds
)
ALLOWED_PROTOCOLS = "file:git:http:https:ssh"
SSH_OPTIONS = "-o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15"


def for_reading_config(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which git reads the user's configuration."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith("GIT_") or name in CONFIGURATION or name.startswith(COUNTED) or name == "GIT_EXEC_PATH"
    }
    return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}


def for_store(
    environ: Mapping[str, str],
    settings: Iterable[tuple[str, str]] = (),
    *,
    terminal: bool = False,
    own_config: bool = False,
) -> dict[str, str]:
    """Return the environment in which git works on the local copy.

    With `terminal`, git and ssh may ask for a password. With `own_config`, git also reads the user's own
    configuration, which a local remote needs for `safe.directory`.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith("GIT_")
        or name in KEPT
        or name.startswith(KEPT_PREFIXES)
        or (terminal and name in KEPT_FOR_PROMPTS)
        or (own_config and name in CONFIGURATION and name != "GIT_CONFIG_PARAMETERS")
    }
    kept |= {
        "LC_ALL": "C",
        "LANGUAGE": "",
        "GIT_ALLOW_PROTOCOL": ALLOWED_PROTOCOLS,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
    if not own_config:
        kept |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    pairs = [*SETTINGS, *settings]
    if not terminal:
        ssh = next((value for name, value in reversed(pairs) if name.lower() == "core.sshcommand"), None)
        kept |= _without_prompts(kept, ssh)
    kept["GIT_CONFIG_COUNT"] = str(len(pairs))
    for number, (name, value) in enumerate(pairs):
        kept[f"GIT_CONFIG_KEY_{number}"] = name
        kept[f"GIT_CONFIG_VALUE_{number}"] = value
    return kept


def _without_prompts(environ: Mapping[str, str], ssh: str | None) -> dict[str, str]:
    """Return the variables that keep git, ssh and credential helpers from asking."""
    changes = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",  # empty: neither core.askPass nor SSH_ASKPASS is tried
        "SSH_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",  # Git Credential Manager
    }
    command = environ.get("GIT_SSH_COMMAND") or ssh or ("" if environ.get("GIT_SSH") else "ssh")
    # Other programs have other options; without a terminal and SSH_ASKPASS they can't ask either.
    if os.path.basename(command.partition(" ")[0]) == "ssh":
        changes["GIT_SSH_COMMAND"] = f"{command} {SSH_OPTIONS}"
    return changes
