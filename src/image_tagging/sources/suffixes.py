"""What a file is taken for by its name: an image, an archive, or something that need not be looked into."""

from __future__ import annotations

import os

from ..files import file_name
from .archives import ARCHIVE_SUFFIXES, suffixes_of

#: What cameras, browsers, games, drawing programs and archives call an image. Documents (PDF, EPS) and data grids are
#: left out.
IMAGE_SUFFIXES = frozenset(
    ".apng .ase .aseprite .avif .avifs .blp .bmp .cur .dcx .dds .dib .fit .fits .flc .fli .ftc .ftu .gbr .gif "
    ".heic .heif .hif .icb .ico .icns .im .j2c .j2k .jfif .jp2 .jpc .jpe .jpeg .jpf .jpg .jpx .kra .mpo .msp "
    ".ora .pbm .pcx .pfm .pgm .png .pnm .ppm .psd .qoi .ras .rgb .rgba .sgi .tga .tif .tiff .vda .vst .webp "
    ".xbm .xpm".split()
)

#: What cameras save instead of a picture; programs for photos make one of it.
RAW_SUFFIXES = frozenset(
    ".3fr .ari .arw .bay .cr2 .cr3 .crw .dcr .dng .erf .fff .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf .raw "
    ".rw2 .rwl .sr2 .srf .srw .x3f".split()
)

#: Drawings of which the file holds no picture of all layers, or none in a documented way.
DRAWING_SUFFIXES = frozenset(".svg .svgz .eps .ai .xcf .pyxel .clip .psb .emf .wmf .pct .pict".split())

#: Images that nothing here decodes: raw photos, drawings, data of light. They are reported, and not read.
UNREAD_SUFFIXES = frozenset({*RAW_SUFFIXES, *DRAWING_SUFFIXES, *".exr .hdr .ff .jxl .jxr .wdp".split()})

#: Drawings that are zips inside: their layers are no images of the data set.
ZIPPED_DRAWING_SUFFIXES = frozenset({".kra", ".ora", ".pyxel"})

#: Files that lie next to images by the million, and documents and programs that are zips inside: neither is opened.
OTHER_SUFFIXES = frozenset(
    # text, tables, notes next to images
    ".txt .json .jsonl .ndjson .geojson .csv .tsv .xml .xmp .yaml .yml .toml .ini .cfg .conf .log .md .rst .html .htm "
    ".css .caption .captions .tags .prompt .sha1 .sha256 .md5 .url .lnk .srt .vtt .thm .aae .info .nfo .lst .list "
    # code
    ".py .pyc .ipynb .js .ts .mjs .map .c .h .cc .cpp .hpp .cs .java .class .go .rs .rb .php .sh .bat .cmd .ps1 .sql "
    # documents and programs; many of them are zips
    ".pdf .ps .doc .docx .docm .dotx .xls .xlsx .xlsm .xlsb .ppt .pptx .pptm .ppsx .odt .ods .odp "
    ".odg .ott .rtf .tex .epub .mobi .azw .azw3 .djvu .pages .numbers .key .vsdx .xps .oxps .jar .war .ear .aar .apk "
    ".aab .ipa .xpi .crx .vsix .nupkg .whl .egg .msi .exe .dll .so .dylib .bin .dat .iso .dmg .appx .msix .kmz .3mf "
    ".sketch .fig .xd .usdz .blend .fbx .obj .mtl .gltf .glb .stl .unity .prefab .meta .asset .import .tres "
    # sound, film, fonts
    ".mp3 .wav .flac .ogg .oga .opus .m4a .aac .wma .mid .mp4 .m4v .mov .avi .mkv .webm .wmv .flv .mpg .mpeg .3gp .ogv "
    ".ttf .otf .woff .woff2 "
    # numbers, models, databases
    ".npy .npz .pt .pth .ckpt .safetensors .onnx .pkl .pickle .joblib .h5 .hdf5 .parquet .arrow .feather .avro "
    ".tfrecord .db .db3 .sqlite .sqlite3 .store .lmdb .mdb .index .idx "
    # other archives, and compressed files that by their name hold no archive
    ".7z .rar .cbr .cb7 .gz .bz2 .xz .zst .lz4 .lzma .cab".split()
)


def is_image_name(name: str) -> bool:
    """Whether a file of this name is taken for an image, in any case of the suffix."""
    return _suffix(name) in IMAGE_SUFFIXES


def is_archive_name(name: str) -> bool:
    """Whether a file of this name is taken for an archive, in any case of the suffix."""
    return not ARCHIVE_SUFFIXES.isdisjoint(suffixes_of(name))


def is_unread_name(name: str) -> bool:
    """Whether a file of this name is an image that nothing here decodes."""
    return _suffix(name) in UNREAD_SUFFIXES


def is_zipped_drawing_name(name: str) -> bool:
    """Whether a file of this name is a drawing that is a zip inside."""
    return _suffix(name) in ZIPPED_DRAWING_SUFFIXES


def is_other_name(name: str) -> bool:
    """Whether a file of this name is passed over without a look: its suffix is known, or it is hidden."""
    return _suffix(name) in OTHER_SUFFIXES or file_name(name).startswith(".")


def is_table_name(name: str) -> bool:
    """Whether a file of this name is a table, which may hold images or paths: it is looked into."""
    return _suffix(name) == ".parquet"


def is_passed_over(name: str) -> bool:
    """Whether a file of this name is neither opened nor taken for an image or an archive."""
    return is_other_name(name) and not (is_image_name(name) or is_archive_name(name))


def _suffix(name: str) -> str:
    return os.path.splitext(file_name(name))[1].lower()
