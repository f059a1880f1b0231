"""The house: packages hide their modules behind small public lists, and imports run one way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "src" / "image_tagging"
PACKAGES = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))

#: The public names of each package; another package may import nothing else of it.
PUBLIC = {
    "cli": "classify_main interrupted list_models main",
    "datasets": (
        "Advice Background FileErrors HASH_TO_TAGS HashList JsonObjectWriter LISTS_MARK METADATA_ENDING MOST_KEPT "
        "OTHER_SETS VerdictLabel VerdictLabels close_pairs join_labels "
        "NotedImages RECORDS_MARK Rows Split Splitter TAGGED_METADATA TAG_TO_HASHES TaggedEmbeddings UNTAGGED_FOLDER "
        "as_float32 as_scaled_float32 audit_dataset differ_in_case draw_of gather input_keys json_entries json_entry "
        "json_object json_pieces "
        "like_other_sets metadata_paths near_duplicate_groups read_background read_embeddings read_tag_lists "
        "record_writer require_pyarrow untagged_metadata_name write_lists"
    ),
    "demo": "DemoSummary DrawnDataset DrawnMountain KINDS draw draw_dataset draw_mountain run_demo",
    "encoders": (
        "BUILTIN ComputeOptions DEFAULT_MODEL DEFAULT_PRETRAINED Encoder EncoderChoice EncoderFamily TextEncoder "
        "automatic_encoder load_encoder near_duplicate_cosine register_encoder require_this_version "
        "encoder_names inspect_builtin inspect_clip inspect_onnxruntime inspect_openvino inspect_torch unused_gpu "
        "weights_cache"
    ),
    "exporters": (
        "OUTPUT_CSV OUTPUT_JSON DatasetFiles EarlierResults InputFiles PictureScores Placing PlacingPlan Planner "
        "ModelScore scores_of_picture "
        "ResultFormats ResultScore ResultWriter ResultsSize ScoredPicture Scoring TableRow TagFolder TakenOut "
        "WrittenResults earlier_layout folders_of_tag has_csv has_results read_results read_scores read_table "
        "remove_results require_place file_name pictures_of_tag require_results_ours results rewrite_results "
        "AnswersInOrder TagAnswers scores_frame take_out take_out_images write_csv"
    ),
    "images": "Decoders Preprocess Sharpness decoder_version picture_of",
    "interchange": (
        "COPY EXAMPLE HARDLINK MODEL SYMLINK VERDICT ExportFolder ExportOptions ExportedPicture ExportedPictures "
        "ExportedTag FolderFormat SidecarFormat folder_format "
        "sidecar_format"
    ),
    "parquet": (
        "Costs DELTA DICTIONARY Footer Leaf Page RowGroup Table TableErrors has_pyarrow read_footer repeating "
        "table_writer write_rows"
    ),
    "pipeline": (
        "ClassifyConfig ClassifySummary EmbeddingConfig EmbeddingSummary FileCache ForgetSummary ImageEmbeddings "
        "ImageScores LEAST_BACKGROUND ProcessConfig ProcessSummary SortConfig SortSummary TagAnswer ThresholdSummary "
        "TrainConfig TrainSummary at_hand choose_encoder classify_images embed_images forget_tag process_dataset "
        "progress_bar require_sortable score_images set_threshold sort_images train_tag_models ChangedInputs "
        "InputImages OutputInput forget_input list_inputs move_input VerdictsUsed ImportedVerdicts export_verdicts "
        "import_verdicts list_verdicts verdict_records Drawn Judged MODES Review ShownPage "
        "AlikeOffer KeptThreshold give_alike give_pinned keep_threshold offer_alike "
        "ListConfig ListSummary list_images FoundPictures FoundPicture copy_found search_pictures thumbnails_of_found "
        "Repeat RepeatGroup Repeats RepeatsScript find_repeats hidden_repeats write_repeats_page write_script "
        "Diagnosis Finding diagnose installed_versions "
        "ExportConfig ExportSummary export_results "
        "write_found_page ScoresOfPicture picture_scores tags_said take_pinned threshold_figures"
    ),
    "reports": (
        "PagePicture PageSection RunReport RunWithoutTag ShownImage component_style draw_thumbnails explain "
        "interval_bar limits precision_in_words "
        "require_report_ours require_reports_ours share text_reports_of "
        "write_picture_page write_report"
    ),
    "runners": (
        "MEAN_IMAGES LocalRunner OpenShards Preparer RayRunner Runner ShardDone ShardRunner ShardWork Work cut local"
    ),
    "search": (
        "FileTerm Filter NearTerm PathFilter Query Range Ranked inverse_lengths SideFilter TagFilter Term TextTerm "
        "nearest parse_arguments parse_text sum_of_terms"
    ),
    "sources": (
        "DataSetRules SourceReader ThreadReaders find_images is_archive may_be_opened require_patterns "
        "ListedBy Manifest write_manifest"
    ),
    "storage": (
        "LocalStorage ObjectInfo RemoteStorage Storage WorkingCopy copy_of_file copy_of_folder is_at_url list_objects "
        "object_info parse_url read_object read_part stated_size storage_at"
    ),
    "store": (
        "ENCODER FoundSummary KnownInput PLACING Pictures PlacedFile PlacedFiles Role STORE_NAME StoreFile TRAINING "
        "UNFINISHED_PLACING WorkingStore WrittenFrom one_run_at_a_time "
        "CHECK NO YES InForce VERDICTS_NAME Verdict VerdictCounts VerdictLines Verdicts count_verdicts in_force "
        "is_database read_verdicts verdict_lines UNSURE "
        "CollectedFile REPEATS_NAME "
        "CollectedPicture EMBEDDINGS_NAME GROUPS_NAME LENGTHS_NAME NAMES_NAME stamp_of_array is_run_at_work "
        "open_array write_array"
    ),
    "tag_models": (
        "AnswerTally AveragePrecision CardedModel Coverage DEFAULT_THRESHOLD EXAMPLES Expected Floats ImageCounts Kind "
        "LOGISTIC_REGRESSION ListedModel MODELS_FOLDER MOUNTAIN ModelCard "
        "ModelList MountainFigures OutOfFold Reader SUFFIX SVM Scorer Stack TagModel TagModels answering_kinds "
        "average_precision_of best_kind bin_labels bin_numbers examine find_model_files "
        "generate_model_path kind_named kind_names kinds list_folder load_tag_models longest_file_name "
        "model_names model_path model_stem quote_tag register_kind report_name require_model_ours save_tag_model "
        "scorer_of sigmoid unit_rows unregister_kind "
        "ChangedThreshold YOU card_path change_threshold files_of_tag parse_report_name read_card set_by_you"
    ),
    "web": "ReviewConfig serve_review",
    "writing": (
        "appended_text copy_image folder_below has_temporary_folder link_image make_folder move_below names_below "
        "new_database new_file new_text remove_below remove_empty_folder remove_leftovers require_no_journal "
        "require_ours require_plain require_plain_database require_plain_journals scratch_file small_temporary_file "
        "status_below temporary_file"
    ),
    "training": (
        "Aim Fitted LearnedModel LearnedTag Method Recipe TagIndex TagLearner TextPrior Training ValidationReport "
        "active as_aim methods one_thread_a_product parse_aim register_method unregister_method"
    ),
}


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Module (dotted, below the root; empty for the root itself) and name of each import of this package's code."""
    home = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            base = home[: len(home) - node.level + 1]
            module = ".".join((*base, *((node.module or "").split(".") if node.module else ())))
        elif (node.module or "").split(".")[0] == "image_tagging":
            module = (node.module or "").partition(".")[2]
        else:
            continue
        yield from ((module, alias.name) for alias in node.names)


def cross_imports() -> Iterator[tuple[str, str, str, str]]:
    """File, its package (or module at the top), the imported module and the name, of imports between packages."""
    for path in sorted(ROOT.rglob("*.py")):
        relative = path.relative_to(ROOT)
        home = relative.parts[0].removesuffix(".py")
        for module, name in imports(path):
            target = module.split(".")[0] or name
            if home not in {target, "__init__"}:
                yield str(relative), home, module, name


def test_the_top_of_the_package_is_a_short_listing():
    assert len(list(ROOT.glob("*.py"))) <= 11  # two of them are the package itself and its entry
    assert len(PACKAGES) <= 19


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_what_it_is_and_names_its_public_list(package):
    module = import_module(f"image_tagging.{package}")
    assert len(module.__doc__.strip()) > 20
    assert sorted(module.__all__) == sorted(PUBLIC[package].split())
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_other_packages_import_public_names_alone():
    deep = [
        f"{path}: from {module} import {name}"
        for path, _, module, name in cross_imports()
        if module.split(".")[0] in PACKAGES and ("." in module or name not in PUBLIC[module.split(".")[0]].split())
    ]
    assert deep == []


def test_packages_form_no_cycle():
    graph: dict[str, set[str]] = {}
    for _, home, module, _ in cross_imports():
        if module:
            graph.setdefault(home, set()).add(module.split(".")[0])
    assert list(TopologicalSorter(graph).static_order())


def test_modules_and_functions_keep_their_size():
    long_modules, long_functions = [], []
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > 250:
            long_modules.append(path.name)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and _code_lines(node) > 50:
                long_functions.append(f"{path.name}: {node.name}")
    assert (long_modules, long_functions) == ([], [])


def _code_lines(function: ast.FunctionDef) -> int:
    """The lines of a function without its docstring."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines
