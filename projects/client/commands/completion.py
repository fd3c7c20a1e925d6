"""`pm completion`: print a shell completion script."""

from __future__ import annotations

from projects.client.grammar import Verb, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def completion(context: Context) -> None:
    """Print the completion script of a shell."""
    from projects.client.completion import SCRIPTS

    context.write(SCRIPTS[context.options.shell])


VERB = Verb(
    "",
    'Print a shell completion script; for bash: eval "$(pm completion bash)".',
    completion,
    (option("shell", choices=("bash", "zsh", "fish"), metavar="SHELL", help="bash, zsh or fish"),),
)
