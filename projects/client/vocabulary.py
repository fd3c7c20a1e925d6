"""The words of the command line as data: commands, flags and values, and what else people and agents call them.

The parser, help, completion and reference read these tables. A command is a module of `commands` with its name: a verb
has a VERB, a noun has VERBS. To add a verb, add its module and its line in COMMANDS: synonyms whose command does not
exist have no effect, so they may be there before.
"""

from __future__ import annotations

WORK, LOOK, WRITE, NOUN, BOARD = "work", "look", "write", "nouns", "board and server"  # in the order of `pm -h`
EVERY = ("*",)  # all verbs of a command


class Command:
    """A word after `pm`: its group in the help, and its summary.

    `light` names the verbs that need only the standard library, unless they draw a table or use an explicit URL.
    """

    def __init__(self, group: str, summary: str, *, light: tuple[str, ...] = EVERY) -> None:
        self.group = group
        self.summary = summary
        self.light = light


COMMANDS = {
    "begin": Command(WORK, "claim an item, or take up your own or the next ready one, and show it"),
    "ready": Command(WORK, "what you can start now; --explain says why an item is not ready"),
    "done": Command(WORK, "set items to done"),
    "back": Command(WORK, "give an item back, so that others can take it"),
    "note": Command(WORK, "comment on an item, record a decision or a handover"),
    "ask": Command(WORK, "ask people about an item, with choices and a default"),
    "wait": Command(WORK, "wait for the answer to a question"),
    "answer": Command(WORK, "answer a question, as a person"),
    "create": Command(WRITE, "create an item"),
    "plan": Command(WRITE, "create many items with their links, all or none"),
    "update": Command(WRITE, "change items"),
    "show": Command(LOOK, "items with their description, links and comments"),
    "list": Command(LOOK, "the unfinished items of the board"),
    "tree": Command(LOOK, "the open items below their parents"),
    "inbox": Command(LOOK, "what waits for a person"),
    "news": Command(LOOK, "what others changed since your last look"),
    "log": Command(LOOK, "the history of an item"),
    "search": Command(LOOK, "search titles, descriptions and comments"),
    "commits": Command(LOOK, "the commits that name an item"),
    "orphans": Command(LOOK, "open items that commits name, and done ones that none names"),
    "who": Command(LOOK, "which sessions are live, and what each holds"),
    "whoami": Command(LOOK, "who you act as, in which session, and why"),
    "work-item": Command(NOUN, "epics, stories and tasks: list, ready, claim, show, create, update, move …"),
    "project": Command(NOUN, "projects and their statistics"),
    "sprint": Command(NOUN, "sprints: plan, start, complete, report"),
    "question": Command(NOUN, "questions about work items: list, create, answer, withdraw"),
    "comment": Command(NOUN, "comments on work items"),
    "dependency": Command(NOUN, "which items block others"),
    "time-entry": Command(NOUN, "timers and time spent on work items"),
    "review": Command(NOUN, "what was handed in, and what people decided"),
    "waiver": Command(NOUN, "what people closed although evidence was missing, and why"),
    "swim-lane": Command(NOUN, "the columns of the board"),
    "activity": Command(NOUN, "who changed what, and when"),
    "changes": Command(NOUN, "what changed since the last call, for polling"),
    "prime": Command(BOARD, "print instructions and the board's state for an agent"),
    "setup": Command(BOARD, "set an agent program up to work with this board", light=()),
    "mcp": Command(BOARD, "serve the board to an agent program, as an MCP server"),
    "hook": Command(BOARD, "handle an event of an agent program"),
    "init": Command(BOARD, "create the config directory and a commented config.toml", light=()),
    "demo": Command(BOARD, "fill an empty board with an example and open it", light=()),
    "server": Command(BOARD, "the repository's server: start, stop, status, wait, list, open, logs", light=()),
    "sync": Command(BOARD, "share the board with other clones through git, or as a file", light=("",)),
    "backup": Command(BOARD, "back up the database while the server runs", light=()),
    "restore-backup": Command(BOARD, "replace the database with a backup", light=()),
    "doctor": Command(BOARD, "check the directory, the server and the database", light=()),
    "completion": Command(BOARD, "print a shell completion script", light=()),
    "schema": Command(BOARD, "print the API's OpenAPI document", light=()),
}

# Other words for nouns, in the singular; the plural follows. Flags are for `list` and `create`.
NOUNS = {
    "item": "work-item",
    "issue": "work-item",
    "ticket": "work-item",
    "card": "work-item",
    "workitem": "work-item",
    "wi": "work-item",
    "epic": "work-item --type=epic",
    "story": "work-item --type=story",
    "task": "work-item --type=task",
    "bug": "work-item --type=bug",
    "chore": "work-item --type=chore",
    "iteration": "sprint",
    "dep": "dependency",
    "link": "dependency",
    "column": "swim-lane",
    "lane": "swim-lane",
    "swimlane": "swim-lane",
    "timer": "time-entry",
    "worklog": "time-entry",
}
PRESET = ("list", "create")  # the verbs for which the flags in NOUNS are

# Verbs of nouns that mean the same: the first one that the noun has.
VERBS = (
    ("list", "ls"),
    ("show", "get", "view", "describe", "info", "details"),
    ("create", "add", "new"),
    ("update", "edit", "set", "modify", "change"),
    ("delete", "remove", "rm", "del"),
    ("complete", "finish", "close", "done", "end"),
    ("start",),
    ("restore", "undelete"),
)

# Other words for commands. `{}` takes a word that follows and `--flag={}` passes it as this flag.
PHRASES = {
    "claim": "begin",
    "take": "begin",
    "pick": "begin",
    "next": "ready --limit=1",
    "close": "done",
    "finish": "done",
    "complete": "done",
    "resolve": "done",
    "release": "back",
    "unclaim": "back",
    "add": "create",
    "new": "create",
    "view": "show",
    "get": "show",
    "ls": "list",
    "edit": "update",
    "set": "update",
    "assign": "update {} --assignee={}",
    "question ask": "ask",
    "question wait": "wait",
    "question answer": "answer",
    "reply": "answer",
    "history": "log",
    "find": "search",
    "blocked": "list --blocked",
    "block": "dependency create --blocked={} --blocking={}",
    "me": "whoami",
    "agents": "who",
    "notifications": "inbox",
    "pending": "inbox",
    "sessions": "who",
    "open": "server open",
    "web": "server open",
    "ui": "server open",
    "guide": "prime",
    "instructions": "prime",
    "onboard": "prime",
    "stats": "project stats",
    "work-item begin": "begin",
    "work-item start": "begin",
    "work-item take": "begin",
    "work-item close": "done",
    "work-item done": "done",
    "work-item finish": "done",
    "work-item complete": "done",
    "work-item assign": "work-item update {} --assignee={}",
    "work-item comment": "note",
    "work-item note": "note",
    "work-item search": "search",
    "work-item find": "search",
    "work-item tree": "tree",
    "work-item log": "log",
    "work-item history": "log",
    "work-item children": "work-item list --parent={}",
    "work-item blocked": "work-item list --blocked",
    "sprint current": "sprint list --status=active",
    "sprint active": "sprint list --status=active",
}

# What a word means if an item's key follows it.
KEYED = {
    "start": "begin",
    "delete": "work-item delete",
    "remove": "work-item delete",
    "rm": "work-item delete",
    "move": "work-item move",
    "restore": "work-item restore",
    "status": "update {} --status={}",
    "priority": "update {} --priority={}",
    "label": "update {} --add-label={}",
    "tag": "update {} --add-label={}",
    "work-item": "show",
    "comment": "note",
    "activity": "log",
    "sprint add": "update {} --sprint=active",
}

# Commands that do not exist or need more words, and what was probably meant; several where that is open. `{KEY}` takes
# a word that follows.
SUGGESTIONS = {
    "start": ("begin", "server start"),
    "stop": ("server stop",),
    "status": ("prime", "server status"),
    "info": ("prime",),
    "board": ("list", "server open"),
    "dependency KEY": (
        "dependency create --blocked={KEY} --blocking={KEY}",
        "dependency create --blocked={KEY} --blocking={KEY} --type=relates_to",
    ),
    "reopen": ("update {KEY} --status=todo",),
    "unassign": ("update {KEY} --assignee=none",),
    "user": ("who",),
    "users": ("who",),
    "export": ("sync export",),
    "import": ("sync import --file={FILE}",),
    "server restart": ("server stop && pm server start",),
    "project current": ("project list",),
    "config": ("doctor",),
    "log": ("news", "activity list"),
    "changes": ("news", "changes --since=0"),
    "list --done": ("list --status=done", "list --include-done"),
    "work-item list --done": ("work-item list --status=done", "work-item list --include-done"),
    "work-item ready --mine": ("list --assignee=@me",),
    "ready --mine": ("list --assignee=@me",),
    "work-item reopen": ("update {KEY} --status=todo",),
}

# Flags of the predecessor, agile-board, so that its scripts keep working.
ALIASES = {
    "--project-id": "--project",
    "--parent-id": "--parent",
    "--sprint-id": "--sprint",
    "--assignee-id": "--assignee",
    "--work-item-id": "--work-item",
    "--story-points": "--points",
    "--status-value": "--status",
    "--version": "--expected-version",
}
# Other names of flags: the first that the command has and whose choices include the value. `{ID}` is a positional.
FLAGS = ALIASES | {
    "--project": "{PROJECT}",
    "--project-id": "--project {PROJECT}",
    "--id": "{ID} {KEY}",
    "--key": "{ID} {KEY}",
    "--title": "{TITLE}",
    "--item": "--work-item --blocked {ID} {KEY}",
    "--json": "--output=json",
    "--table": "--output=table",
    "--format": "--output",
    "-o": "--output",
    "-a": "--assignee",
    "-d": "--description",
    "-l": "--label",
    "-m": "--message --content {TEXT}",
    "-n": "--limit",
    "-p": "--priority --project {PROJECT}",
    "-q": "--search",
    "-s": "--status",
    "-t": "--type",
    "--kind": "--type",
    "--item-type": "--type",
    "--state": "--status",
    "--query": "--search",
    "--desc": "--description",
    "--body": "--description --content {TEXT}",
    "--content": "{TEXT}",
    "--text": "--content --description {TEXT}",
    "--message": "--content {TEXT}",
    "--labels": "--label",
    "--tag": "--label",
    "--tags": "--label",
    "--add-labels": "--add-label",
    "--add-tag": "--add-label",
    "--remove-labels": "--remove-label",
    "--remove-tag": "--remove-label",
    "--epic": "--parent",
    "--estimate": "--points",
    "--owner": "--assignee",
    "--to": "--assignee",
    "--mine": "--assignee=@me",
    "--unassign": "--assignee=none",
    "--active": "--status=active",
    "--current": "--status=active",
    "--depends-on": "--needs --blocking",
    "--blocked-by": "--needs --blocking",
    "--by": "--blocking",
    "--due-date": "--due",
    "--reason": "--message --close-reason",
    "--acceptance": "--accept",
    "--include-closed": "--include-done",
    "--plain": "--lines",
    "--order": "--sort",
    "--order-by": "--sort",
    "--sort-by": "--sort",
    "--max": "--limit",
}
# Flags that change nothing, and the verbs that accept them: none of these asks, and begin takes the next item anyway.
WITHOUT_EFFECT = {"--yes": ("delete", "init"), "-y": ("delete", "init"), "--next": ("begin",)}

# Other words for the values of flags, in lower case with underscores: the first that is one of the flag's choices.
VALUES = {
    "0": "critical",
    "1": "high",
    "2": "medium",
    "3": "low",
    "4": "low",
    "p0": "critical",
    "p1": "high",
    "p2": "medium",
    "p3": "low",
    "p4": "low",
    "urgent": "critical",
    "highest": "critical",
    "normal": "medium",
    "lowest": "low",
    "to_do": "todo",
    "doing": "in_progress",
    "wip": "in_progress",
    "started": "in_progress",
    "inprogress": "in_progress",
    "in_review": "review",
    "closed": "done completed",
    "complete": "done completed",
    "completed": "done",
    "finished": "done completed",
    "resolved": "done",
    "canceled": "cancelled",
    "current": "active",
    "epics": "epic",
    "stories": "story",
    "tasks": "task",
    "bugs": "bug",
    "chores": "chore",
    "defect": "bug",
    "user_story": "story",
}
# Values that do not exist, and what to use instead.
SUGGESTED_VALUES = {"feature": "story", "enhancement": "story", "subtask": "task", "sub_task": "task"}
# Words for several values of a flag that takes a list.
GROUPS = {"open": "backlog,todo,in_progress,review,blocked", "closed": "done,cancelled"}
ALL = ("all", "any")  # every value of such a flag
