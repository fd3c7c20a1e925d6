"""How often a token, a user or an address may do something on a team's server.

The counts are in the database, so all workers and nodes share them. A worker takes several permits at once and counts
those down in memory: reading a board must not cost a write for each request. A limit is never exceeded; a caller whose
requests go to many workers may reach it a little early, as each worker keeps what it took.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper

from projects.engine import dialect

MINUTE, HOUR = 60, 3600
MAX_KEPT = 10_000  # subjects that a worker remembers
_COUNT = """
INSERT INTO team_ratelimit (key, ends_at, used) VALUES (%s, %s, %s)
ON CONFLICT (key) DO UPDATE SET
  used = CASE WHEN team_ratelimit.ends_at < excluded.ends_at THEN excluded.used
              ELSE team_ratelimit.used + excluded.used END,
  ends_at = CASE WHEN team_ratelimit.ends_at < excluded.ends_at THEN excluded.ends_at ELSE team_ratelimit.ends_at END
WHERE team_ratelimit.ends_at < excluded.ends_at OR team_ratelimit.used < %s
RETURNING used
"""
_RETURN = "UPDATE team_ratelimit SET used = used - 1 WHERE key = %s AND used > 0"
_FORGET = "DELETE FROM team_ratelimit WHERE ends_at < %s"


@dataclass(frozen=True)
class Limit:
    """`most` times in each period of so many seconds; a worker takes `batch` permits at once."""

    name: str
    most: int
    seconds: int
    batch: int = 1


# What a person or a script of one office reaches only by mistake; failures of a sign-in, not successes, count.
SIGN_INS_OF_ADDRESS = Limit("failed sign-ins from this address", 30, 15 * MINUTE)
SIGN_INS_OF_NAME = Limit("failed sign-ins of this name", 100, HOUR)
REFUSED_TOKENS = Limit("refused tokens from this address", 60, MINUTE)
DEVICE_CODES = Limit("sign-ins from this address", 20, 10 * MINUTE)
DEVICE_QUESTIONS = Limit("questions about a sign-in from this address", 600, MINUTE, 20)
DEVICE_GUESSES = Limit("unknown codes", 20, 10 * MINUTE)
PROVIDER_SIGN_INS = Limit("sign-ins through the provider from this address", 60, 10 * MINUTE)
EXPORTS = Limit("exports and backups of this user", 30, 10 * MINUTE)

Claim = tuple[Limit, str]  # a limit, and whom it is about


def calls(token: str, user: str, address: str) -> list[Claim]:
    """Return what a call of the API counts for; `token` is "" for a browser."""
    most = settings.PM_CALLS_PER_MINUTE
    if not most:
        return []
    batch = max(1, most // 60)
    found = [
        (Limit("calls of this user", 2 * most, MINUTE, 2 * batch), user),
        (Limit("calls from this address", 4 * most, MINUTE, 4 * batch), network(address)),
    ]
    return [(Limit("calls of this token", most, MINUTE, batch), token), *found] if token else found


class Limiter:
    """Counts for one worker; threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[int, int]] = {}  # digest: the end of the period, permits left
        self._forgot_at = 0.0

    def take(self, claims: Sequence[Claim], now: float | None = None) -> tuple[Limit, int] | None:
        """Count one for each claim, and return None; or count for none of the rest, and return the limit and a wait.

        The wait is in seconds. It must not be called in a transaction: what a rollback takes back is not counted.
        """
        moment = time.time() if now is None else now
        missing: list[tuple[Claim, str, int]] = []
        with self._lock:
            for limit, subject in claims:
                digest = digest_of(limit, subject)
                ends, left = self._kept.get(digest, (0, 0))
                if ends <= moment:
                    missing.append(((limit, subject), digest, end_of(limit, moment)))
                elif left > 0:
                    self._kept[digest] = ends, left - 1
                elif limit.batch > 1 and left < 0:
                    return limit, _wait(ends, moment)
                else:
                    missing.append(((limit, subject), digest, ends))
        if not missing:
            return None
        with dialect.beside_writers(), connection.cursor() as cursor:
            self._forget(cursor, moment)
            for (limit, _), digest, ends in missing:
                cursor.execute(_COUNT, [digest, ends, limit.batch, limit.most])
                row = cursor.fetchone()
                left = limit.batch - max(0, row[0] - limit.most) if row else 0
                with self._lock:
                    self._kept[digest] = ends, left - 1
                if left <= 0:
                    return limit, _wait(ends, moment)
        return None

    def give_back(self, claims: Sequence[Claim]) -> None:
        """Take back one count of each claim, of limits with a batch of one."""
        with dialect.beside_writers(), connection.cursor() as cursor:
            for limit, subject in claims:
                cursor.execute(_RETURN, [digest_of(limit, subject)])

    def _forget(self, cursor: CursorWrapper, moment: float) -> None:
        """Delete periods that have ended, once a minute."""
        if moment < self._forgot_at + MINUTE:
            return
        self._forgot_at = moment
        cursor.execute(_FORGET, [int(moment)])
        with self._lock:
            if len(self._kept) > MAX_KEPT:
                self._kept = {digest: kept for digest, kept in self._kept.items() if kept[0] > moment}


def network(address: str) -> str:
    """Return the address; of IPv6 its first 64 bits, the smallest network that a customer gets."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else parsed.exploded[:19]


def message(limit: Limit, wait: int) -> str:
    """Return the message for a person who has reached a limit."""
    again = f"{wait} seconds" if wait < 2 * MINUTE else f"{math.ceil(wait / MINUTE)} minutes"
    return f"too many {limit.name}: at most {limit.most} in {_period(limit.seconds)}; try again in {again}"


def _period(seconds: int) -> str:
    minutes = seconds // MINUTE
    return {1: "a minute", 60: "an hour"}.get(minutes, f"{minutes} minutes")


def digest_of(limit: Limit, subject: str) -> str:
    """Return the key under which the uses of a limit by a subject are counted."""
    return hashlib.sha256(f"{limit.name}\0{subject}".encode()).hexdigest()


def end_of(limit: Limit, moment: float) -> int:
    """Return the end of the period, the same for all workers and nodes."""
    return (int(moment) // limit.seconds + 1) * limit.seconds


def _wait(ends: int, moment: float) -> int:
    return max(1, math.ceil(ends - moment))


limiter = Limiter()
