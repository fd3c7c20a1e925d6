"""Simple command lines are parsed as argparse parses them, which is built from the same tables."""

from __future__ import annotations

import argparse
import random
from typing import Any

import pytest

from projects.client import argparse_parser, argv, grammar
from projects.client.argv import normalised
from projects.client.errors import UsageError
from projects.client.vocabulary import COMMANDS

EVERY_VERB = [(noun, verb) for noun in COMMANDS for verb in grammar.verbs_of(noun)]
IDS = [f"{noun} {verb.name}".strip() for noun, verb in EVERY_VERB]
WORDS = ["", "-", "-1", "-x y", "0", "3", "1.5", "nan", "PONE-1", "a b", "a=b", "todo", "todo,done", "task", "=", "é"]


def parsed_by(parser: argparse.ArgumentParser, tokens: list[str]) -> dict[str, Any] | None:
    try:
        return vars(parser.parse_args(tokens))
    except UsageError:
        return None


def line(chance: random.Random, verb: grammar.Verb) -> list[str]:
    """Return a random command line for a verb, more often valid than not."""
    found: list[str] = []
    for flags, settings in (*verb.options, *grammar.GLOBALS):
        needed = settings.get("required", not flags[0].startswith("-"))
        for _ in range(chance.choice((1, 1, 1, 1, 0, 2)) if needed else chance.choice((0, 0, 0, 0, 0, 1, 2))):
            value = chance.choice([*settings.get("choices", ("3", "todo")), *chance.sample(WORDS, 1)])
            if not flags[0].startswith("-"):
                found.append(value)
            elif settings.get("action") == "store_true":
                found.append(flags[0])
            else:
                found += chance.choice(([flags[0], value], [f"{flags[0]}={value}"]))
    if chance.random() < 0.2:
        chance.shuffle(found)
    return found


ENOUGH = 20  # simple lines


@pytest.mark.parametrize(("noun", "verb"), EVERY_VERB, ids=IDS)
def test_simple_command_line_is_parsed_like_argparse(noun: str, verb: grammar.Verb) -> None:
    chance = random.Random(f"{noun} {verb.name}")
    table = (*grammar.GLOBALS, *verb.options)
    parser = argparse_parser.build(grammar.program(noun, verb), verb.options, grammar.GLOBALS)
    read = 0
    for _ in range(1500):  # of a command with many flags, few random lines are simple
        if read > ENOUGH:
            break
        try:
            tokens = normalised(line(chance, verb), table, "pm")
        except UsageError:
            continue
        values = argv.read(table, tokens)
        if values is not None:
            assert values == parsed_by(parser, tokens), tokens
            read += 1
    assert read > ENOUGH or any(settings.get("nargs") == "*" for _, settings in verb.options)


def test_two_dashes_may_be_a_value() -> None:
    # argparse of Python 3.11 turns it into an empty list.
    assert grammar.parse(grammar.find(["comment", "create", "--work-item", "P-1", "--content=--"])).content == "--"


def test_values_of_one_call_are_not_those_of_the_next() -> None:
    first = grammar.parse(grammar.find(["project", "update", "P", "--clear", "description"]))
    second = grammar.parse(grammar.find(["project", "update", "P"]))
    assert (first.clear, second.clear) == (["description"], [])
