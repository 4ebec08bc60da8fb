"""Opengist's objects: what comes in becomes a draft or a change, what goes out is made of a gist."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from gistd.api import Shape
from gistd.core import gists, text
from gistd.core.access import Actor
from gistd.core.drafts import Change, Draft
from gistd.core.gists import Contents
from gistd.http import clone_url, owner_name, page_url
from gistd.index import VISIBILITIES, Gist, User
from gistd.store import ChangeCounts, File, FileChange, Revision

MAX_FILES_SHOWN = 50
MAX_BYTES_SHOWN = 512 * 1024
COMMITS_SHOWN = 10
FORKS_SHOWN = 10

_EXPIRE = {
    "1hour": timedelta(hours=1),
    "12hours": timedelta(hours=12),
    "1day": timedelta(days=1),
    "7days": timedelta(days=7),
    "15days": timedelta(days=15),
}

# ---------------------------------------------------------------------- in


class Visibility(fields.String):
    """A visibility by its name, or by Opengist's number for it. A typo must not publish a private gist."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        word = super()._deserialize(value, attr, data, **options)
        word = VISIBILITIES[int(word)] if word in ("0", "1", "2") else word
        if word not in VISIBILITIES:
            raise ValidationError(f"must be one of {', '.join(VISIBILITIES)}")
        return word


class Moment(fields.Field[datetime | None]):
    """RFC 3339, or without a zone in the server's own; an empty string is none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> datetime | None:
        try:
            return datetime.fromisoformat(value).astimezone(UTC) if value != "" else None
        except (TypeError, ValueError, OverflowError) as error:
            raise ValidationError("must be a time such as 2030-01-31T12:00:00Z") from error


class FileIn(Shape):
    content = fields.String(allow_none=True, load_default=None)
    filename = fields.String(allow_none=True, load_default=None)


class _GistIn(Shape):
    title = fields.String(allow_none=True, load_default=None)
    description = fields.String(allow_none=True, load_default=None)
    visibility = Visibility(allow_none=True, load_default=None)
    topics = fields.List(fields.String(), allow_none=True, load_default=None)
    slug = fields.String(allow_none=True, load_default=None)
    files = fields.Dict(
        keys=fields.String(), values=fields.Nested(FileIn, allow_none=True), allow_none=True, load_default=None
    )


class GistCreateRequest(_GistIn):
    """GistCreateRequest; becomes a Draft."""

    expire = fields.String(allow_none=True, load_default=None)
    expires_at = Moment(allow_none=True, load_default=None)

    @validates_schema
    def _check_expire(self, data: dict[str, Any], **_: Any) -> None:
        word = data["expire"] or "never"
        if word not in _EXPIRE and word != "never" and not (word == "custom" and data["expires_at"]):
            raise ValidationError(f"must be one of never, {', '.join(_EXPIRE)}", "expire")

    @post_load
    def _draft(self, data: dict[str, Any], **_: Any) -> Draft:
        lifetime = _EXPIRE.get(data["expire"] or "")
        return Draft(
            files=_new_files(data["files"] or {}),
            title=data["title"] or "",
            description=data["description"] or "",
            visibility=data["visibility"] or "public",
            topics=data["topics"] or (),
            slug=data["slug"] or "",
            expires_at=data["expires_at"] or (datetime.now(UTC) + lifetime if lifetime else None),
        )


class GistUpdateRequest(_GistIn):
    """GistUpdateRequest; becomes a Change."""

    @validates_schema
    def _check_something_is_set(self, data: dict[str, Any], **_: Any) -> None:
        if not data["files"] and all(data[name] is None for name in data if name != "files"):
            raise ValidationError("at least one of description, title, visibility, or files must be set", "files")

    @post_load
    def _change(self, data: dict[str, Any], **_: Any) -> Change:
        files = [_file_change(name, entry) for name, entry in (data.pop("files") or {}).items()]
        return Change(files=files, **data)


def _new_files(entries: dict[str, dict[str, str | None] | None]) -> dict[str, bytes]:
    """Files without content are dropped; one without a name gets one by its place among the rest."""
    files: dict[str, bytes] = {}
    for key in sorted(entries):
        content = (entries[key] or {}).get("content")
        if content:
            name = key.strip() or f"gistfile{len(files) + 1}.txt"
            if name in files:
                raise ValidationError(f"duplicate filename: {name}", "files")
            files[name] = _bytes(content)
    return files


def _file_change(key: str, entry: dict[str, str | None] | None) -> FileChange:
    content, name = (entry or {}).get("content"), (entry or {}).get("filename")
    if content is None and name is None:
        return FileChange(key, delete=True)
    if name is not None and not name.strip():
        raise ValidationError("filename cannot be empty", "files")
    return FileChange(key, content=None if content is None else _bytes(content), new_path=name and name.strip())


def _bytes(content: str) -> bytes:
    try:
        return content.encode()
    except UnicodeEncodeError as error:
        raise ValidationError("content is not valid Unicode", "files") from error


# ---------------------------------------------------------------------- out


def simple_user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "login": user.username,
        "username": user.username,
        "avatar_url": "",
        "type": "User",
        "created_at": time(user.created_at),
    }


def private_user(user: User) -> dict[str, Any]:
    return {**simple_user(user), "email": user.email}


def simple_gist(gist: Gist) -> dict[str, Any]:
    return {
        "id": gist.id,
        "slug_url": gist.slug or gist.id,
        "owner": _owner(gist),
        "title": gist.title,
        "html_url": page_url(gist),
        "description": gist.description,
        "public": gist.visibility == "public",
        "visibility": gist.visibility,
        "like_count": gist.like_count,
        "fork_count": gist.fork_count,
        "clone_url": clone_url(gist),
        "ssh_url": "",
        "topics": gist.topic_names,
        "archived": gist.archived,
        "created_at": time(gist.created_at),
        "updated_at": time(gist.updated_at),
        "expires_at": gist.expires_at and time(gist.expires_at),
    }


def _owner(gist: Gist) -> dict[str, Any]:
    if gist.owner is not None:
        return simple_user(gist.owner)
    name = owner_name(gist)
    return {
        "id": 0,
        "login": name,
        "username": name,
        "avatar_url": "",
        "type": "User",
        "created_at": time(gist.created_at),
    }


def full_gist(actor: Actor, contents: Contents) -> dict[str, Any]:
    gist = contents.gist
    parent = gists.parent(actor, gist)
    return {
        **simple_gist(gist),
        "fork_of": parent and simple_gist(parent),
        "forks": [simple_gist(fork) for fork in gists.forks(actor, gist, 1, FORKS_SHOWN).gists],
        "files": {file.path: _file(contents, file) for file in contents.files[:MAX_FILES_SHOWN]},
        "commits": [commit(gist, *entry) for entry in gists.history(contents, 0, COMMITS_SHOWN)],
        "truncated": len(contents.files) > MAX_FILES_SHOWN,
    }


def _file(contents: Contents, file: File) -> dict[str, Any]:
    content = contents.read(file)
    type = text.mime_type(content)
    words = text.decode(content)
    shown = content[:MAX_BYTES_SHOWN]
    if words is None:
        encoding, body = "base64", base64.b64encode(shown).decode()
    else:
        encoding = "" if type in ("application/json", "image/svg+xml") else "utf-8"
        # A character that the cut goes through is left out.
        body = words if len(shown) == len(content) else shown.decode(errors="ignore")
    return {
        "filename": file.path,
        "type": type,
        "language": _language(file.path, type, is_text=words is not None),
        "size": file.size,
        "truncated": len(shown) < len(content),
        "content": body,
        "encoding": encoding,
    }


def _language(path: str, type: str, is_text: bool) -> str:
    if is_text:
        return text.language(path) or "Text"
    family, _, kind = type.partition("/")
    if family in ("image", "audio", "video"):
        return f"{family.capitalize()} ({kind.upper()})"
    return "PDF" if kind == "pdf" else "Binary"


def commit(gist: Gist, revision: Revision, counts: ChangeCounts) -> dict[str, Any]:
    user = gists.author(gist, revision)
    return {
        "version": revision.id,
        "author": {"name": revision.author_name, "email": revision.author_email},
        "user": user and simple_user(user),
        "change_status": {
            "files_changed": counts.files,
            "additions": counts.additions,
            "deletions": counts.deletions,
            "total": counts.additions + counts.deletions,
        },
        "committed_at": time(revision.authored_at),
    }


def time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
