"""Find pictures of an output folder: by words, by pictures, by what is known of them.

:mod:`.found` is the use-case, :mod:`.table` opens the mapped embeddings, :mod:`.vectors` makes terms vectors,
:mod:`.filters` says which pictures pass, :mod:`.copying` copies what was found.
"""

from __future__ import annotations

from .copying import copy_found
from .found import Found, FoundPicture, search_pictures

__all__ = ["Found", "FoundPicture", "copy_found", "search_pictures"]
