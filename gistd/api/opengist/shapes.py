"""Opengist's objects: what comes in becomes a draft or a change, what goes out is made of a gist."""

import base64
from datetime import UTC, datetime
from typing import Any, NamedTuple

from marshmallow import ValidationError, fields, post_load, validates_schema
from marshmallow.validate import OneOf, Regexp

from gistd.api import Shape
from gistd.core import listings, revisions, text
from gistd.core.access import Actor
from gistd.core.drafts import KEEP, LIFETIMES, MAX_DESCRIPTION, MAX_TITLE, MAX_TOPICS, Change, Draft
from gistd.core.gists import Contents
from gistd.http import clone_url, owner_name, page_url
from gistd.index import VISIBILITIES, Gist, User
from gistd.store import ChangeCounts, File, FileChange, Revision

MAX_FILES_SHOWN = 50
MAX_BYTES_SHOWN = 512 * 1024
COMMITS_SHOWN = 10
FORKS_SHOWN = 10

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
    encoding = fields.String(allow_none=True, load_default=None, validate=OneOf(["utf-8", "base64"]))

    @post_load
    def _decode(self, data: dict[str, Any], **_: Any) -> "FileIn.Given":
        content = data["content"]
        return FileIn.Given(None if content is None else _bytes(content, data["encoding"]), data["filename"])

    class Given(NamedTuple):
        """What a request says about a file: bytes and a name, each of them or none."""

        content: bytes | None
        filename: str | None


class _GistIn(Shape):
    title = fields.String(allow_none=True, load_default=None, metadata={"maxLength": MAX_TITLE})
    description = fields.String(allow_none=True, load_default=None, metadata={"maxLength": MAX_DESCRIPTION})
    visibility = Visibility(allow_none=True, load_default=None)
    topics = fields.List(fields.String(), allow_none=True, load_default=None, metadata={"maxItems": MAX_TOPICS})
    slug = fields.String(allow_none=True, load_default=None)
    expire = fields.String(allow_none=True, load_default=None, validate=OneOf(["never", *LIFETIMES, "custom"]))
    files = fields.Dict(
        keys=fields.String(), values=fields.Nested(FileIn, allow_none=True), allow_none=True, load_default=None
    )

    @validates_schema
    def _check_expire(self, data: dict[str, Any], **_: Any) -> None:
        if data["expire"] == "custom" and not data.get("expires_at"):
            raise ValidationError("custom goes with expires_at", "expire")


def _expiry(data: dict[str, Any]) -> datetime | None:
    """The moment, which wins, or the end of the lifetime; None is never."""
    lifetime = LIFETIMES.get(data["expire"] or "")
    return data.get("expires_at") or (datetime.now(UTC) + lifetime if lifetime else None)


class GistCreateRequest(_GistIn):
    """GistCreateRequest; becomes a Draft."""

    expires_at = Moment(allow_none=True, load_default=None)

    @post_load
    def _draft(self, data: dict[str, Any], **_: Any) -> Draft:
        return Draft(
            files=_new_files(data["files"] or {}),
            title=data["title"] or "",
            description=data["description"] or "",
            visibility=data["visibility"] or "public",
            topics=data["topics"] or (),
            slug=data["slug"] or "",
            expires_at=_expiry(data),
        )


class GistUpdateRequest(_GistIn):
    """GistUpdateRequest; becomes a Change. `expires_at` null, or `expire` never, lets it live for ever."""

    expires_at = Moment(allow_none=True)

    @validates_schema
    def _check_something_is_set(self, data: dict[str, Any], **_: Any) -> None:
        words = [data[name] for name in ("title", "description", "visibility", "topics", "slug", "expire")]
        if not data["files"] and "expires_at" not in data and all(word is None for word in words):
            raise ValidationError("at least one of description, title, visibility, or files must be set", "files")

    @post_load
    def _change(self, data: dict[str, Any], **_: Any) -> Change:
        files = [_file_change(name, entry) for name, entry in (data["files"] or {}).items()]
        words = {name: data[name] for name in ("title", "description", "visibility", "topics", "slug")}
        told = data["expire"] is not None or "expires_at" in data
        return Change(files=files, expires_at=_expiry(data) if told else KEEP, **words)


def _new_files(entries: dict[str, FileIn.Given | None]) -> dict[str, bytes]:
    """Files without content are dropped; one without a name gets one by its place among the rest."""
    files: dict[str, bytes] = {}
    for key, entry in sorted(entries.items()):
        if entry is not None and entry.content:
            name = key.strip() or f"gistfile{len(files) + 1}.txt"
            if name in files:
                raise ValidationError(f"duplicate filename: {name}", "files")
            files[name] = entry.content
    return files


def _file_change(key: str, entry: FileIn.Given | None) -> FileChange:
    content, name = entry or (None, None)
    if content is None and name is None:
        return FileChange(key, delete=True)
    if name is not None and not name.strip():
        raise ValidationError("filename cannot be empty", "files")
    return FileChange(key, content=content, new_path=name and name.strip())


def _bytes(content: str, encoding: str | None) -> bytes:
    try:
        return base64.b64decode(content, validate=True) if encoding == "base64" else content.encode()
    except UnicodeEncodeError as error:
        raise ValidationError("not valid Unicode", "content") from error
    except ValueError as error:
        raise ValidationError("not valid base64", "content") from error


class UserUpdateRequest(Shape):
    """UpdateUserRequest: what is to be different about the caller's account."""

    username = fields.String(
        allow_none=True,
        load_default=None,
        validate=Regexp(r"[A-Za-z0-9-]{1,24}\Z", error="1 to 24 letters, digits and -"),
    )
    email = fields.String(allow_none=True, load_default=None)

    @validates_schema
    def _check_something_is_set(self, data: dict[str, Any], **_: Any) -> None:
        if data["username"] is None and data["email"] is None:
            raise ValidationError("at least one of username or email must be set", "username")


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
    parent = listings.parent(actor, gist)
    history = revisions.history(gist, 0, COMMITS_SHOWN, contents.revision, contents.repository)
    return {
        **simple_gist(gist),
        "fork_of": parent and simple_gist(parent),
        "forks": [simple_gist(fork) for fork in listings.forks(actor, gist, 1, FORKS_SHOWN).gists],
        "files": {file.path: _file(contents, file) for file in contents.files[:MAX_FILES_SHOWN]},
        "commits": [commit(gist, *entry) for entry in history],
        "truncated": len(contents.files) > MAX_FILES_SHOWN,
    }


def _file(contents: Contents, file: File) -> dict[str, Any]:
    content = contents.look(file)
    if content is None:
        return _damaged(file)
    type = text.mime_type(content)
    words = text.decode(content)
    shown = content if file.path.endswith(".ipynb") else content[:MAX_BYTES_SHOWN]  # half a notebook is none
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


def _damaged(file: File) -> dict[str, Any]:
    """A file that cannot be read: nothing of it is here, and its own address says why."""
    return {
        "filename": file.path,
        "type": "application/octet-stream",
        "language": "Binary",
        "size": file.size,
        "truncated": True,
        "content": "",
        "encoding": "base64",
    }


def _language(path: str, type: str, is_text: bool) -> str:
    if is_text:
        return text.language(path) or "Text"
    family, _, kind = type.partition("/")
    if family in ("image", "audio", "video"):
        return f"{family.capitalize()} ({kind.upper()})"
    return "PDF" if kind == "pdf" else "Binary"


def commit(gist: Gist, revision: Revision, counts: ChangeCounts) -> dict[str, Any]:
    user = revisions.author(gist, revision)
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
