"""The closing summary of each command, as a person sees it in a terminal or a notebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Optional

from rich.console import Console

from ..exporters import WrittenResults
from ..pipeline import ClassifySummary, EmbeddingSummary, ProcessSummary, TrainSummary
from ..records import Failure
from ..tag_models import kind_named
from ..text import command_line, counted, counted_pictures, shortened, tag_in_words
from ..training import ValidationReport
from .input_screen import in_inputs, show_inputs
from .next_steps import after_classify, after_process, after_train, to_review
from .placed_notes import show_few, show_placed, where_placed
from .screen import line, screen
from .tag_tables import answering_reports, explain_precision, show_answers, show_counts, show_reports
from .verdict_screen import show_used

#: Skipped files, and tags, that the screen names of each kind; the log or the report names further ones.
_SHOWN = 10


#: A background of fewer pictures changes little.
_LITTLE = 1000


def show_process(summary: ProcessSummary, log: Optional[str] = None) -> None:
    """Print what stage 1 did."""
    console = screen()
    if summary.tags:
        show_counts(console, summary.tags, summary.files)
        line(console)
    _show_embedding(console, summary.embedding, log)
    why = "its tag cannot be learned, unless from its name alone (CLIP, train --prior=text)"
    folders = summary.empty_tags[:_SHOWN]
    notes = [f"The folder {tag_in_words(tag)} holds no image: {why}." for tag in folders]
    _show_notes(console, notes, len(summary.empty_tags))
    _show_notes(console, summary.warnings, len(summary.warnings))
    _show_inputs(console, summary)
    _show_end(console, summary.files, summary.seconds, summary.embedding.images)
    show_next(console, after_process(summary))


def _show_inputs(console: Console, summary: ProcessSummary) -> None:
    """Print what became of the files of other inputs in the output folder."""
    if summary.namesake:
        other = shortened(summary.namesake, 1000)
        line(console, f"  The metadata file is numbered: {other} has the same name, and keeps its own.", style="yellow")


def show_train(summary: TrainSummary, *, is_part: bool = False) -> None:
    """Print what stage 2 did: a table of tags, with the one average precision of each.

    As ``is_part`` of the whole job it says nothing of a background, nor where files are.
    """
    console = screen()
    reports = answering_reports(summary.reports)
    show_reports(console, reports, summary.page)
    line(console)
    what = f"{counted(len(reports), 'tag')}, {counted(summary.images, 'picture')}"
    line(console, f"{what}, encoder {summary.encoder.label}")
    line(
        console, f"{explain_precision(report.precision for report in reports)}; kind: the one that answers for the tag"
    )
    line(console, f"({_kinds_in_words(summary.reports)}). All figures are in the reports.")
    notes = [f"The tag {tag_in_words(tag)} was not learned: {reason}." for tag, reason in summary.skipped[:_SHOWN]]
    _show_notes(console, notes, len(summary.skipped), f"; all are in {summary.reports_folder}")
    if summary.verdicts:
        show_used(console, summary.verdicts)
    if summary.unknown:
        note = f"  The metadata lacks {counted(summary.unknown, 'listed image')}: run stage 1 again to learn from all."
        line(console, note, style="yellow")
    for warning in summary.warnings:
        line(console, f"  {warning}", style="yellow")
    if summary.background is None and not is_part:
        note = (
            "  Tags were distinguished from each other alone: among pictures of other things many will get a wrong tag."
        )
        line(
            console,
            f"{note} To distinguish them from your mountain: --background, or image-tagging sort",
            style="yellow",
        )
    elif summary.background is not None and summary.background < _LITTLE and not is_part:
        note = f"  The background has {counted(summary.background, 'picture')}: fewer than {_LITTLE:,} help little."
        line(console, note, style="yellow")
    for advice in summary.advice:
        line(console, f"  To look at: {advice.sentence}", style="yellow")
    if not is_part:
        _show_end(console, (summary.models, summary.reports_folder, summary.page), summary.seconds, None)
        show_next(console, after_train(summary))


def _kinds_in_words(reports: Iterable[ValidationReport]) -> str:
    """Return the short names of the kinds that were trained, and their names."""
    kinds = map(kind_named, dict.fromkeys(report.kind for report in reports))
    return ", ".join(f"{kind.abbreviation}: {kind.name}" for kind in kinds)


def show_classify(summary: ClassifySummary, log: Optional[str] = None, page: str = "") -> None:
    """Print what stage 3 or 4 did.

    As a part of the whole job, whose ``page`` shows all tags, it does not say where files are.
    """
    console = screen()
    _show_embedding(console, summary.embedding, log)
    _show_failures(console, "could not be placed", summary.place_failures, summary.place_failed, log)
    tags = len({tag for _, tag in summary.models})
    used = f"{counted(len(summary.models), 'model')} of {counted(tags, 'tag')}"
    line(console, f"{used}; {where_placed(summary)}")
    show_few(console, summary)
    show_answers(console, summary, page)
    for warning in summary.model_warnings:
        line(console, f"  {warning}", style="yellow")
    if share := summary.share_outside:
        command = command_line("sort", "EXAMPLES", summary.directory)
        note = (
            f"  Most of these pictures ({share:.0%}) are unlike all that the tags were distinguished from, and many of"
        )
        line(
            console, f"{note} their tags wrong. To distinguish them, train --background, or: {command}", style="yellow"
        )
    show_placed(console, summary)
    if summary.differing:
        note = f"  {counted(summary.differing, 'picture')}: the metadata holds another embedding than was computed;"
        line(console, note + " the computed one was used.", style="yellow")
    _show_stages(console, summary)
    _show_written(console, summary.written)
    if summary.left_out:
        what, command = ("plain image", "classify") if summary.of_archives else ("archive", "classify-zip")
        note = f"  Left out {counted(summary.left_out, what)}: use image-tagging {command} for that."
        line(console, note, style="yellow")
    if not page:
        _show_end(console, summary.files, summary.seconds, summary.embedding.images)
    show_next(console, after_classify(summary, page))
    if not page:
        show_next(console, to_review(summary.folder))


def _show_stages(console: Console, summary: ClassifySummary) -> None:
    """Print what became of the entries that earlier runs wrote into ``output.json``."""
    is_single = len(summary.embedding.inputs) < 2
    if summary.replaced and (summary.dropped or is_single):  # those of other inputs were scored again, none is lost
        gone = (
            f", of which {summary.dropped:,} {'is' if summary.dropped == 1 else 'are'} not among these images"
            if summary.dropped
            else ""
        )
        note = f"  output.json: replaced {counted(summary.replaced, 'picture')} of the last run of this stage{gone}."
        line(console, note, style="yellow" if gone else "")
    if summary.kept:
        stage = "3 (classify)" if summary.of_archives else "4 (classify-zip)"
        line(console, f"  output.json: kept {counted(summary.kept, 'picture')} of stage {stage}.")


def _show_written(console: Console, written: WrittenResults) -> None:
    """Print which scores are not in the results, and what became of files of earlier runs."""
    if written.left_out:
        share = f"{written.scores:,} of {written.scores + written.left_out:,} scores"
        line(console, f"  Written: {share}; the others are below what --scores asks for.")
    if written.left_out_tagged:
        many = f"{written.left_out_tagged:,} of them {'is' if written.left_out_tagged == 1 else 'are'}"
        note = f"  {many} of a tag that the picture has, which --scores tagged writes: thresholds can be low."
        line(console, note, style="yellow")
    if written.removed:
        names = " and ".join(written.removed)
        line(
            console, f"  Removed {names}: the scores there were of an earlier run, and --results_format leaves it out."
        )
    if written.earlier_layout:
        note = "the layout of earlier versions: it is a sixth as large now, with the same columns"
        line(console, f"  {written.earlier_layout} was in {note}.")


def _show_embedding(console: Console, summary: EmbeddingSummary, log: Optional[str]) -> None:
    parts = [in_inputs(counted_pictures(summary.pictures, summary.images), summary)]
    if summary.archives:
        parts.append(counted(len(summary.archives), "archive"))
    codes = Counter(summary.failure_codes).most_common()
    skipped = sum(count for _, count in codes)
    why = f" ({', '.join(f'{count:,} {code}' for code, count in codes)})" if len(codes) > 1 else ""
    parts.append(f"{skipped:,} skipped{why}")
    if others := sum(summary.passed_over.values()):
        parts.append(f"{counted(others, 'file')} of other kinds")
    line(console, ", ".join(parts))
    where = f"on {summary.computed_on}" if summary.computed_on else "all known before"
    line(console, f"Encoder {summary.encoder.label}: {counted(summary.computed, 'embedding')} computed, {where}")
    _show_failures(console, "skipped", summary.failures, skipped, log)
    show_inputs(console, summary)
    if summary.left_out:
        line(console, f"  Left out: {', '.join(count.words for count in summary.left_out)}.", style="yellow")
    if summary.no_encoder:
        missing = summary.failure_codes["no-encoder"]
        needs = f"{counted(missing, 'image')} {'needs' if missing == 1 else 'need'} the encoder {summary.encoder.label}"
        note = f"  {needs}, which is not available ({summary.no_encoder}): not scored; the next run tries again."
        line(console, note, style="yellow")
    if shared := summary.shared_count:
        held = len(summary.shared_hashes)
        them = "them" if held == shared else f"{held:,} of them"
        have = "pictures have" if shared > 1 else "picture has"
        note = f"  {shared:,} {have} the pixel hash of another (a palette swap, say). All are kept apart"
        line(console, note + (f"; {log} names {them}." if log else "."), style="yellow")


def _show_failures(console: Console, what: str, failures: Sequence[Failure], count: int, log: Optional[str]) -> None:
    """Print the first failures of ``count``, of which the log names ``failures``."""
    for failure in failures[:_SHOWN]:
        path = shortened(failure.ref.path, 1000)
        reason = "" if failure.code == "no-encoder" else f": {failure.reason}"  # said once, below
        line(console, f"  {what}: {path}{reason} ({failure.code})", style="yellow")
    if count > _SHOWN:
        where = f"; {'all' if count == len(failures) else f'{len(failures):,}'} are in {log}" if log else ""
        line(console, f"  … and {count - _SHOWN:,} more{where}", style="yellow")


def _show_notes(console: Console, notes: Sequence[str], count: int, where: str = "") -> None:
    """Print notes, the first of ``count``, and how many more there are."""
    for note in notes:
        line(console, f"  {note}", style="yellow")
    if more := count - len(notes):
        line(console, f"  … and {more:,} more{where}", style="yellow")


def _show_end(console: Console, files: Iterable[str], seconds: float, images: Optional[int]) -> None:
    for file in files:
        line(console, f"Written {file}")
    rate = f" ({images / seconds:,.0f} images/s)" if images and seconds else ""
    line(console, f"Time {seconds:,.1f} s{rate}")


def show_next(console: Console, sentence: str) -> None:
    """Print what to do next, where there is something."""
    if sentence:
        line(console, sentence)
