"""git: the only package that imports pygit2 or starts git.

`Store` is the data directory, `Repository` one gist in it; `upload` and `receive` speak git's protocol.
"""

import pygit2
from pygit2.enums import ConfigLevel

from .diff import ChangeCounts, ChangedFile, Line
from .diff import between as lines_between
from .fetch import Answers
from .maintenance import Sizes, collect
from .objects import File, Signature, blob_id
from .process import version as git_version
from .receive import Push
from .repository import FileChange, Repository, Revision
from .rules import Limits, PushLimits, check_files, check_path, folded, shown
from .store import FOLDERS, Missing, Store

libgit2_version = pygit2.LIBGIT2_VERSION

__all__ = [
    "FOLDERS",
    "Answers",
    "ChangeCounts",
    "ChangedFile",
    "File",
    "FileChange",
    "Limits",
    "Line",
    "Missing",
    "Push",
    "PushLimits",
    "Repository",
    "Revision",
    "Signature",
    "Sizes",
    "Store",
    "blob_id",
    "check_files",
    "check_path",
    "collect",
    "folded",
    "git_version",
    "libgit2_version",
    "lines_between",
    "shown",
]

# Nobody else's configuration: libgit2 would refuse every repository if one of these files is unreadable (T29).
for _level in (ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL, ConfigLevel.PROGRAMDATA):
    pygit2.settings.search_path[_level] = "/nonexistent"
# The data directory is ours by being configured; after a restore its files may belong to another account (T30).
pygit2.settings.owner_validation = False
pygit2.settings.enable_fsync_gitdir(True)
