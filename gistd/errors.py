"""What can go wrong, in the words of the house. Faces turn these into the shape of their protocol."""


class GistdError(Exception):
    """The root of every error gistd raises on purpose.

    `message` is written for whoever made the request; `status` is the HTTP status that a face answers
    with unless its protocol says otherwise.
    """

    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(GistdError):
    """There is no such thing, or the actor may not know that there is."""

    status = 404


class Unauthenticated(GistdError):
    """The credential is missing, wrong, expired or revoked."""

    status = 401


class Forbidden(GistdError):
    """The actor may see the thing, but not do this to it."""

    status = 403


class LacksScope(Forbidden):
    """The credential was not given for this."""

    def __init__(self, scope: str) -> None:
        super().__init__("token lacks required scope/permission")
        self.scope = scope


class NotYours(Forbidden):
    """Only the owner may do this; the actor is somebody else."""


class Invalid(GistdError):
    """What was sent breaks a rule. `fields` says which field breaks which, `path` which file it is about, if one."""

    status = 422

    def __init__(self, message: str, fields: dict[str, list[str]] | None = None, path: str | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}
        self.path = path


class TooLarge(Invalid):
    """What was sent is over one of the limits in the settings."""


class Conflict(GistdError):
    """Somebody else already holds that name, or changed the thing first. `fields` says which field it is about."""

    status = 409

    def __init__(self, message: str, fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class PreconditionFailed(GistdError):
    """It is not in the state any more in which the caller said that they had seen it."""

    status = 412


class TooManyRequests(GistdError):
    """Too many failed attempts; `retry_after` is in seconds."""

    status = 429

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(GistdError):
    """The index or a repository does not answer; worth another try."""

    status = 503


class Full(Unavailable):
    """There is no room left for what was to be written."""

    status = 507


class ConfigurationError(GistdError):
    """A setting makes no sense; nothing was started."""
