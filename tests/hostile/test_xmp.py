"""XMP sidecars of strangers: refused in one line, nothing of them is resolved."""

import pytest

from image_tagging.errors import InputError
from image_tagging.interchange import MODEL, ExportedPicture, ExportedTag, ExportOptions, sidecar_format

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
BOMB = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 10))

BAD = {
    "text": (b"taken in June", "is not XML"),
    "picture": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "is not XML"),
    "cut": (f"<rdf:RDF xmlns:rdf='{RDF}'><rdf:Description>".encode(), "is not XML"),
    "crossed": (b"<a><b></a></b>", "is not XML"),
    "half UTF-16": (b"\xff\xfe<\x00a", "is not XML"),
    "no encoding": (b'<?xml version="1.0" encoding="martian"?><a/>', "is not XML"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no rdf:Description"),
    "deep": (b"<a>" * 100_000, "nested too deep"),
    "file of this machine": (
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><a>&f;</a>",
        "document type",
    ),
    "entities of gigabytes": (
        f"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b0 'x'>{BOMB}]><a>&b9;</a>".encode(),
        "document type",
    ),
    "no list": (
        f"<rdf:RDF xmlns:rdf='{RDF}'><rdf:Description><dc:subject xmlns:dc='http://purl.org/dc/elements/1.1/'>cat"
        "</dc:subject></rdf:Description></rdf:RDF>".encode(),
        "no list",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_xmp_is_refused_in_one_line(name):
    before, words = BAD[name]
    one = ExportedPicture("h", (), "PNG", 1, 1, (ExportedTag("tiles", 0.9, MODEL),))
    with pytest.raises(InputError, match=words) as error:
        sidecar_format("xmp", ExportOptions()).content(one, None, before)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 200
