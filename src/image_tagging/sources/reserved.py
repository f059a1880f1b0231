"""Names that systems reserve: what has one lies among images, and is no part of a data set.

This is the one list, for folders and archives alike; docs/data-sets.md says it for people. A name that a person may
give to a folder of examples is not on it: ``trash``, ``cache``, ``thumbs`` and ``output`` are tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate
from functools import lru_cache
from typing import Optional

#: Folders, by the reason why they are left out; ``*`` is any text. Windows and the disks of cameras and phones do not
#: tell capitals from small letters, and other systems show what these wrote: names hold in any case.
RESERVED_FOLDERS = {
    "trash": (
        "$RECYCLE.BIN",  # Windows
        *(".Trash", ".Trash-*", ".Trashes"),  # Linux, macOS
        "Network Trash Folder",  # file servers for Macs
        *("#recycle", "@Recycle", ".recycle"),  # Synology, QNAP; Samba, Unraid, TrueNAS
        "files_trashbin",  # Nextcloud, ownCloud
        ".dtrash",  # digiKam
    ),
    "thumbnails": (
        *("@eaDir", "@SynoResource"),  # Synology
        *(".@__thumb", "@Transcode"),  # QNAP
        "appdata_oc*",  # Nextcloud
        ".thumbnails",  # Linux, Android
        "_PAlbTN",  # Nokia
        *("iPod Photo Cache", "iPad Photo Cache"),  # iTunes
        "* Previews.lrdata",  # Lightroom
        *(".picasaoriginals", "Corel Auto-Preserve"),  # Picasa, PaintShop: photos as they were before they were edited
        "*.trickplay",  # Jellyfin
        ".dropbox.cache",
    ),
    "snapshots": (
        *("#snapshot", "@Recently-Snapshot", "@sharesnap"),  # Synology, QNAP
        *("~snapshot", ".snapshot", ".snapshots", ".zfs"),  # NetApp, Btrfs, ZFS
        "files_versions",  # Nextcloud, ownCloud
        ".stversions",  # Syncthing
        "Backups.backupdb",  # Time Machine
    ),
    "system": (
        *("System Volume Information", "FOUND.[0-9][0-9][0-9]"),  # Windows
        *("$WINDOWS.~BT", "$WINDOWS.~WS", "$WinREAgent"),
        *("__MACOSX", ".Spotlight-V100", ".fseventsd", ".TemporaryItems"),  # macOS
        *("lost+found", "LOST.DIR"),  # Linux, Android
        *("@tmp", "@sharebin"),  # Synology
    ),
}

#: Folders whose names are words, which are reserved in capitals alone.
RESERVED_IN_CAPITALS = {"RECYCLER": "trash"}  # Windows XP

#: Files. Others of systems (``Thumbs.db``, ``desktop.ini``) are no images by their suffixes.
RESERVED_FILES = {
    "system": ("._*",),  # macOS, on disks of other systems
    "trash": (".trashed-*",),  # Android
    "cloud": (".*.icloud",),  # macOS, in place of a file that is not on this disk
}

#: A folder that holds this file is shown in no gallery of Android.
NO_MEDIA = ".nomedia"

#: The libraries of Apple's photo programs are folders: photos lie in these of a library, and all else is made of them.
LIBRARIES = (".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary")
PHOTOS_OF_LIBRARIES = frozenset({"originals", "masters", "modified"})


def _compiled(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern.lower()) for pattern in patterns))


_FOLDERS = {reason: _compiled(names) for reason, names in RESERVED_FOLDERS.items()}
_FILES = {reason: _compiled(names) for reason, names in RESERVED_FILES.items()}


def folder_reason(name: str, parent: str = "") -> Optional[str]:
    """Return why a folder is no part of a data set by its name, or by that of its parent; ``None`` where it is one."""
    if parent.lower().endswith(LIBRARIES):
        return None if name.lower() in PHOTOS_OF_LIBRARIES else "thumbnails"
    return _reserved_folder(name)


def may_be_left_out(folders: Iterable[str]) -> bool:
    """Return whether any of the folders on a way may be left out by its name: quick where most are called alike."""
    return any(_reserved_folder(name) or name.lower().endswith(LIBRARIES) for name in set(folders))


@lru_cache(maxsize=4096)
def _reserved_folder(name: str) -> Optional[str]:
    if name in RESERVED_IN_CAPITALS:
        return RESERVED_IN_CAPITALS[name]
    return _reason(name, _FOLDERS)


def file_reason(name: str) -> Optional[str]:
    """Return why a file is no part of a data set by its name, ``None`` where it is one."""
    return _reason(name, _FILES) if name.startswith(".") else None


def _reason(name: str, by_reason: dict[str, re.Pattern[str]]) -> Optional[str]:
    lower = name.lower()
    for reason, pattern in by_reason.items():
        if pattern.match(lower):
            return reason
    return "hidden" if name.startswith(".") and name.strip(".") else None
