"""The one way to write: all files of the program are made here, and no other module opens one for writing.

A stranger may have made the folder that results go to, with links under the names of our files, or a user may keep
files of these names there. Therefore a file is made under a name that is drawn at random and that nothing else has
(``O_CREAT | O_EXCL | O_NOFOLLOW``), and then moved into place; it replaces only a file that holds a text by which ours
are recognised. A folder below that of the results is used only if no link leads out of the latter. A file that is
appended to, or that SQLite opens, must be a plain file with one name.

Windows has no ``O_NOFOLLOW``: there a link is found by looking at the name before the file is opened.
"""

from __future__ import annotations

from .folders import folder_below, make_folder
from .moving import move_below, names_below, remove_below, remove_empty_folder, status_below
from .new_files import (
    copy_image,
    has_temporary_folder,
    link_image,
    new_database,
    new_file,
    new_text,
    remove_leftovers,
    require_ours,
    scratch_file,
    small_temporary_file,
    temporary_file,
)
from .plain_files import (
    appended_text,
    require_no_journal,
    require_plain,
    require_plain_database,
    require_plain_journals,
)

__all__ = [
    "appended_text",
    "copy_image",
    "folder_below",
    "has_temporary_folder",
    "link_image",
    "make_folder",
    "move_below",
    "names_below",
    "new_database",
    "new_file",
    "new_text",
    "remove_below",
    "remove_empty_folder",
    "remove_leftovers",
    "require_no_journal",
    "require_ours",
    "require_plain",
    "require_plain_database",
    "require_plain_journals",
    "scratch_file",
    "small_temporary_file",
    "status_below",
    "temporary_file",
]
