"""Which of the images at an input are those of stage 3, and which those of stage 4."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..records import Found, FoundArchive, FoundImage, OtherFile


class StageImages:
    """The found items that one of the two stages handles; ``left_out`` counts those of the other stage."""

    def __init__(self, found: Iterable[Found], archives: bool) -> None:
        self._found = found
        self._archives = archives
        self.left_out = 0

    def where_the_rest_belongs(self) -> str:
        """Return a sentence on what was left out, empty where nothing was."""
        if not self.left_out:
            return ""
        if self._archives:
            return "Images outside archives are for image-tagging classify (stage 3)"
        return "Images in archives are for image-tagging classify-zip (stage 4)"

    def __iter__(self) -> Iterator[Found]:
        for item in self._found:
            of_archive = isinstance(item, FoundArchive) or bool(item.ref.members)
            if of_archive == self._archives or not isinstance(item, (FoundImage, FoundArchive, OtherFile)):
                yield item
            elif not isinstance(item, OtherFile):
                self.left_out += 1
