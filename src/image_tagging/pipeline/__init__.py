"""The use-cases, in the order in which a user meets them. Read this first.

:func:`sort_images` is the whole job, by the use-cases that follow.

:func:`process_dataset` (stage 1) finds images, adds their embeddings to the working store and writes the metadata.
:func:`train_tag_models` (stage 2) learns tag models from it. :func:`classify_images` (stages 3 and 4, which differ in
where images come from and in their table) embeds further images, scores them by all models and places them in bins.
:func:`set_threshold` and :func:`forget_tag` change what an output folder has of one tag.
:class:`Review` is a person's review of an output folder, as pages show it, without HTTP.
:class:`FileCache` lists images by their content hash in a table for other programs. :func:`embed_images` and
:func:`score_images` give arrays, of paths or pictures in memory, and write nothing.

An output folder is a collection of inputs: :func:`list_inputs`, :func:`forget_input` and :func:`move_input`.

Names are imported from their modules on first use: the command line needs only the configs.
"""

from __future__ import annotations

from .. import lazy_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .arrays import ImageEmbeddings, ImageScores, embed_images, score_images
    from .chosen_encoder import choose_encoder
    from .classify import classify_images
    from .configs import ClassifyConfig, EmbeddingConfig, ProcessConfig
    from .doctor.checks import Diagnosis, diagnose
    from .doctor.finding import Finding
    from .doctor.versions import installed_versions
    from .export import ExportSummary, export_results
    from .export_config import ExportConfig
    from .file_cache import FileCache
    from .forget import ForgetSummary, forget_tag
    from .inputs import ChangedInputs, OutputInput, forget_input, list_inputs, move_input
    from .list_config import ListConfig
    from .manifests import ListSummary, list_images
    from .process import process_dataset
    from .remote_files import at_hand
    from .repeats import (
        Repeat,
        RepeatGroup,
        Repeats,
        RepeatsScript,
        find_repeats,
        hidden_repeats,
        write_repeats_page,
        write_script,
    )
    from .review import (
        MODES,
        AlikeOffer,
        Drawn,
        Judged,
        KeptThreshold,
        Review,
        ScoresOfPicture,
        ShownPage,
        give_alike,
        give_pinned,
        keep_threshold,
        offer_alike,
        picture_scores,
        tags_said,
        take_pinned,
        threshold_figures,
    )
    from .search import FoundPicture, FoundPictures, copy_found, search_pictures, thumbnails_of_found, write_found_page
    from .shown_progress import progress_bar
    from .sort import require_sortable, sort_images
    from .sort_config import SortConfig
    from .sort_training import LEAST_BACKGROUND
    from .summaries import (
        ClassifySummary,
        EmbeddingSummary,
        InputImages,
        ProcessSummary,
        SortSummary,
        TrainSummary,
    )
    from .tag_answers import TagAnswer
    from .thresholds import ThresholdSummary, set_threshold
    from .train import train_tag_models
    from .train_config import TrainConfig
    from .train_verdicts import VerdictsUsed
    from .verdicts import (
        ImportedVerdicts,
        export_verdicts,
        import_verdicts,
        list_verdicts,
        verdict_records,
    )

__all__ = [
    "LEAST_BACKGROUND",
    "MODES",
    "AlikeOffer",
    "ChangedInputs",
    "ClassifyConfig",
    "ClassifySummary",
    "Diagnosis",
    "Drawn",
    "EmbeddingConfig",
    "EmbeddingSummary",
    "ExportConfig",
    "ExportSummary",
    "FileCache",
    "Finding",
    "ForgetSummary",
    "FoundPicture",
    "FoundPictures",
    "ImageEmbeddings",
    "ImageScores",
    "ImportedVerdicts",
    "InputImages",
    "Judged",
    "KeptThreshold",
    "ListConfig",
    "ListSummary",
    "OutputInput",
    "ProcessConfig",
    "ProcessSummary",
    "Repeat",
    "RepeatGroup",
    "Repeats",
    "RepeatsScript",
    "Review",
    "ScoresOfPicture",
    "ShownPage",
    "SortConfig",
    "SortSummary",
    "TagAnswer",
    "ThresholdSummary",
    "TrainConfig",
    "TrainSummary",
    "VerdictsUsed",
    "at_hand",
    "choose_encoder",
    "classify_images",
    "copy_found",
    "diagnose",
    "embed_images",
    "export_results",
    "export_verdicts",
    "find_repeats",
    "forget_input",
    "forget_tag",
    "give_alike",
    "give_pinned",
    "hidden_repeats",
    "import_verdicts",
    "installed_versions",
    "keep_threshold",
    "list_images",
    "list_inputs",
    "list_verdicts",
    "move_input",
    "offer_alike",
    "picture_scores",
    "process_dataset",
    "progress_bar",
    "require_sortable",
    "score_images",
    "search_pictures",
    "set_threshold",
    "sort_images",
    "tags_said",
    "take_pinned",
    "threshold_figures",
    "thumbnails_of_found",
    "train_tag_models",
    "verdict_records",
    "write_found_page",
    "write_repeats_page",
    "write_script",
]

__getattr__ = lazy_names(
    __name__,
    remote_files="at_hand",
    arrays="ImageEmbeddings ImageScores embed_images score_images",
    classify="classify_images",
    configs="ClassifyConfig EmbeddingConfig ProcessConfig",
    file_cache="FileCache",
    forget="ForgetSummary forget_tag",
    inputs="ChangedInputs OutputInput forget_input list_inputs move_input",
    list_config="ListConfig",
    manifests="ListSummary list_images",
    process="process_dataset",
    repeats="Repeat RepeatGroup Repeats RepeatsScript find_repeats hidden_repeats write_repeats_page write_script",
    review="AlikeOffer Drawn Judged KeptThreshold MODES Review ScoresOfPicture ShownPage give_alike give_pinned "
    "keep_threshold offer_alike picture_scores tags_said take_pinned threshold_figures",
    shown_progress="progress_bar",
    sort="require_sortable sort_images",
    sort_config="SortConfig",
    chosen_encoder="choose_encoder",
    sort_training="LEAST_BACKGROUND",
    search="FoundPictures FoundPicture copy_found search_pictures thumbnails_of_found write_found_page",
    export="ExportSummary export_results",
    export_config="ExportConfig",
    thresholds="ThresholdSummary set_threshold",
    summaries="ClassifySummary EmbeddingSummary InputImages ProcessSummary SortSummary TrainSummary",
    tag_answers="TagAnswer",
    train="train_tag_models",
    train_config="TrainConfig",
    train_verdicts="VerdictsUsed",
    **{
        "doctor.checks": "Diagnosis diagnose",
        "doctor.finding": "Finding",
        "doctor.versions": "installed_versions",
    },
    verdicts="ImportedVerdicts export_verdicts import_verdicts list_verdicts verdict_records",
)
