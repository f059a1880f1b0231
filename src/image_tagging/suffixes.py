"""What a file is taken for by its name: an image, an archive, or something that need not be looked into."""

from __future__ import annotations

import os

ARCHIVE_SUFFIXES = frozenset({".zip", ".cbz"})

#: What cameras, browsers, games and archives call an image. Documents (PDF, EPS) and data grids are left out.
IMAGE_SUFFIXES = frozenset(
    ".apng .avif .avifs .bmp .cur .dds .dib .gif .heic .heif .hif .ico .icns .j2k .jfif .jp2 .jpe .jpeg .jpg "
    ".mpo .pbm .pcx .pgm .png .pnm .ppm .psd .qoi .sgi .tga .tif .tiff .webp .xbm .xpm".split()
)

#: Files that lie beside images by the million, and documents and programs that are zips inside: neither is opened.
OTHER_SUFFIXES = frozenset(
    # text, tables, notes beside images
    ".txt .json .jsonl .ndjson .geojson .csv .tsv .xml .xmp .yaml .yml .toml .ini .cfg .conf .log .md .rst .html .htm "
    ".css .caption .captions .tags .prompt .sha1 .sha256 .md5 .url .lnk .srt .vtt .thm .aae .info .nfo .lst .list "
    # code
    ".py .pyc .ipynb .js .ts .mjs .map .c .h .cc .cpp .hpp .cs .java .class .go .rs .rb .php .sh .bat .cmd .ps1 .sql "
    # documents and programs; many of them are zips
    ".pdf .ps .eps .ai .svg .svgz .doc .docx .docm .dotx .xls .xlsx .xlsm .xlsb .ppt .pptx .pptm .ppsx .odt .ods .odp "
    ".odg .ott .rtf .tex .epub .mobi .azw .azw3 .djvu .pages .numbers .key .vsdx .xps .oxps .jar .war .ear .aar .apk "
    ".aab .ipa .xpi .crx .vsix .nupkg .whl .egg .msi .exe .dll .so .dylib .bin .dat .iso .dmg .appx .msix .kmz .3mf "
    ".sketch .fig .kra .ora .xd .usdz .blend .fbx .obj .mtl .gltf .glb .stl .unity .prefab .meta .asset .import .tres "
    # sound, film, fonts
    ".mp3 .wav .flac .ogg .oga .opus .m4a .aac .wma .mid .mp4 .m4v .mov .avi .mkv .webm .wmv .flv .mpg .mpeg .3gp .ogv "
    ".ttf .otf .woff .woff2 "
    # raw photos, which nothing here decodes
    ".arw .cr2 .cr3 .crw .dng .nef .nrw .orf .pef .raf .raw .rw2 .srw "
    # numbers, models, databases
    ".npy .npz .pt .pth .ckpt .safetensors .onnx .pkl .pickle .joblib .h5 .hdf5 .parquet .arrow .feather .avro "
    ".tfrecord .db .db3 .sqlite .sqlite3 .store .lmdb .mdb .index .idx "
    # other archives, which are not read
    ".7z .rar .cbr .cb7 .tar .gz .tgz .bz2 .tbz2 .xz .txz .zst .lz4 .lzma .cab".split()
)


def is_image_name(name: str) -> bool:
    """Whether a file of this name is taken for an image, in any case of the suffix."""
    return _suffix(name) in IMAGE_SUFFIXES


def is_archive_name(name: str) -> bool:
    """Whether a file of this name is taken for an archive, in any case of the suffix."""
    return _suffix(name) in ARCHIVE_SUFFIXES


def is_other_name(name: str) -> bool:
    """Whether a file of this name is passed over without a look: its suffix is known, or it is hidden."""
    return _suffix(name) in OTHER_SUFFIXES or os.path.basename(name).startswith(".")


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()
