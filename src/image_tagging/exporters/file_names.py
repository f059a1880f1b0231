"""Names of placed images: an archive may call its members in ways that lead elsewhere."""

from __future__ import annotations

import os
import re

#: Names that Windows keeps for devices, with any suffix: a picture of that name would be sent to one.
DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\xb9\xb2\xb3]) *(\.|$)", re.IGNORECASE)


def file_name(name: str, *, windows: bool = os.name == "nt") -> str:
    """Return a name that stays in its folder, however an archive calls its member.

    On Windows ``C:x.png`` lies on a drive, ``a.png:x`` in a hidden stream of another file, and ``CON.png`` is no file
    but the console; dots and spaces at the end of a name do not count there.
    """
    if not windows:
        safe = re.sub(r"[/\x00]", "_", name)
        return safe if safe.strip(". ") else safe + "_"
    safe = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", name)
    safe = re.sub(r"[. ]+$", lambda end: "_" * len(end[0]), safe) or "_"
    return f"_{safe}" if DEVICES.match(safe) else safe
