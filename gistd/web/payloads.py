"""What webhooks of gistd's own tell, as JSON."""

import json
from datetime import datetime
from typing import Any

from gistd.core import events
from gistd.core.events import Event, Kind
from gistd.http import owner_name, path_of
from gistd.index import File, Gist, Subscription

DIALECT = "gistd"


def _payload(webhook: Subscription, event: Event) -> str:
    origin = events.origin(webhook)
    told: dict[str, Any] = {"event": event.kind, "delivery": event.uuid, "at": _moment(event.at)}
    if event.gist is not None:
        told["gist"] = _gist(origin, event.gist, event.files)
    if event.by is not None:
        told["by"] = event.by
    if event.fork is not None:
        told["fork"] = {"id": event.fork, "url": f"{origin}/{event.by}/{event.fork}"}
    return json.dumps(told, ensure_ascii=False)


def _gist(origin: str, gist: Gist, files: Any) -> dict[str, Any]:
    return {
        "id": gist.id,
        "url": origin + path_of(gist),
        "clone_url": f"{origin}{path_of(gist)}.git",
        "owner": owner_name(gist),
        "title": gist.title,
        "description": gist.description,
        "visibility": gist.visibility,
        "topics": gist.topic_names,
        "created_at": _moment(gist.created_at),
        "updated_at": _moment(gist.updated_at),
        "expires_at": _moment(gist.expires_at),
        "revision": gist.head,
        "files": [_file(file) for file in files],
    }


def _file(file: File) -> dict[str, Any]:
    return {"path": file.path, "blob": file.blob, "size": file.size, "language": file.language}


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


events.register(DIALECT, {kind: str(kind) for kind in Kind}, _payload)
