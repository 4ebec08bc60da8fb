"""What ends at a moment, and a clock that may be set back or ahead."""

from contextlib import suppress
from datetime import datetime

from gistd import index
from gistd.errors import Unavailable

from . import jobs


def seen(moment: datetime | None) -> None:
    """Somebody was told that this is over: from now on it is, whatever the clock says."""
    if moment is not None and not index.ends.is_kept(moment):
        with suppress(Unavailable):
            index.ends.keep()


@jobs.regular
def keep() -> None:
    """What has expired stays so, also if nobody has asked for it by its name."""
    index.ends.keep()
