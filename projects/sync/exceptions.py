"""What can go wrong when a board travels through git.

    SyncError
    ├── Malformed        the log breaks its format
    │   └── Newer        a newer version of pm wrote the format
    ├── Rewritten        the ref was rewound, replaced or deleted
    ├── OtherBoard       the ref holds the log of another board
    ├── Diverged         a checkpoint differs from the folded log
    ├── Busy             another sync holds the lock
    ├── Raced            another clone published first: fetch, apply and try again
    └── GitError         git failed
        ├── TimedOut         git ran longer than its limit
        ├── StoreDamaged     the local copy is not usable, or pm did not create it
        ├── NoSuchRemote     the repository has no remote of this name
        ├── Unreachable      the remote does not answer, or is not a repository
        ├── RemoteDamaged    the remote answers, but lacks objects or is damaged
        ├── NeedsPassword    the remote asks for a password or key that is not available here
        └── Refused          the remote answers, but refuses: no permission, or a hook

Each message is one line for the user.
"""

from __future__ import annotations

OFF = "sync is off in this clone; a person turns it on with: pm sync enable"
REMOVE = "remove it, and sync again"  # of a damaged local copy; unpublished changes are in the database


class SyncError(Exception):
    """The board was not synchronized."""


class Malformed(SyncError):
    """The log breaks its format."""


class Newer(Malformed):
    """A newer version of pm wrote the log."""


class Rewritten(SyncError):
    """The ref was rewound, replaced or deleted."""


class OtherBoard(SyncError):
    """The ref holds the log of another board."""


class Diverged(SyncError):
    """A checkpoint differs from the folded log."""


class Busy(SyncError):
    """Another sync holds the lock."""


class Raced(SyncError):
    """Another clone published first."""


class GitError(SyncError):
    """git failed."""


class TimedOut(GitError):
    """git ran longer than its limit."""


class StoreDamaged(GitError):
    """The local copy is not usable."""


class NoSuchRemote(GitError):
    """The repository has no remote of this name."""


class Unreachable(GitError):
    """The remote does not answer, or is not a repository."""


class RemoteDamaged(GitError):
    """The remote answers, but lacks objects or is damaged."""


class NeedsPassword(GitError):
    """The remote asks for a password or key that is not available here."""


class Refused(GitError):
    """The remote refuses."""
