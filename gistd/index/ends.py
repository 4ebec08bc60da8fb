"""What has expired stays so, whatever becomes of the machine's clock.

Once that was seen, the moment is kept as minus itself, which is before 1970: every condition that asks whether it is
still to come holds as it is, and when it was is not lost.
"""

from datetime import datetime
from typing import Any

from . import tallies
from .models import Credential, Gist, now
from .writing import write

_ENDS: tuple[Any, ...] = (Gist.expires_at, Credential.expires_at)


def is_kept(moment: datetime) -> bool:
    """Whether the moment is one that was kept as seen."""
    return moment.timestamp() < 0


def keep() -> None:
    """Let all that has expired by now stay so."""
    at = now()
    seen = [(end, end.between(1, at)) for end in _ENDS]
    if any(end.model.select().where(over).exists() for end, over in seen):
        with write():
            for end, over in seen:
                _turn(end, over)
            tallies.settle_lapsed()


def take_back() -> int:
    """Let what expired before its time, as the clock stands now, go on; returns how many gists and tokens that are."""
    with write():
        taken = sum(_turn(end, end < -end.db_value(now())) for end in _ENDS)
        tallies.settle_lapsed()
        return taken


def _turn(end: Any, condition: Any) -> int:
    return int(end.model.update({end: 0 - end}).where(condition).execute())
