"""`pm waiver`: what people closed although evidence was missing; `pm waive` does it."""

from __future__ import annotations

from projects.client.commands.entity import verbs_of

VERBS = tuple(verb for verb in verbs_of("waiver") if verb.name != "create")
