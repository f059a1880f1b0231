"""The list of formats is closed: no plug-in of Pillow that is not on it is available where images are decoded."""

from __future__ import annotations

import io
import json
import sys

import numpy as np
import PIL
import pytest
from PIL import Image, UnidentifiedImageError

from image_tagging.addresses import ImageRef
from image_tagging.images.decoders import Decoders
from image_tagging.images.formats import FORMATS, common_formats, open_image, other_formats
from samples import drawn, encoded, png

#: Plug-ins that only write, start programs, open what is inside by any format, or only recognise files.
LEFT_OUT = {
    *("BufrStubImagePlugin", "EpsImagePlugin", "FpxImagePlugin", "GribStubImagePlugin", "Hdf5StubImagePlugin"),
    *("IptcImagePlugin", "MicImagePlugin", "MpegImagePlugin", "PalmImagePlugin", "PdfImagePlugin", "WmfImagePlugin"),
}


def formats_there(picture):
    """The formats and plug-ins of the decoding process after all are loaded that can be, as JSON in bytes."""
    Image.init()
    other_formats()
    plugins = [name for name, module in sys.modules.items() if name.endswith("ImagePlugin") and module]
    told = {"open": list(Image.OPEN), "id": Image.ID, "plugins": plugins}
    return np.frombuffer(json.dumps(told).encode(), dtype=np.uint8)


def test_a_decoding_process_has_the_listed_formats_and_no_other():
    with Decoders(processes=1) as decoders, decoders.decoded(ImageRef("a"), png()) as image:
        told = json.loads(image.prepared(formats_there).tobytes())
    assert set(told["open"]) == set(told["id"]) == {*common_formats(), *other_formats()} <= FORMATS
    assert not {name.rpartition(".")[2] for name in told["plugins"]} & LEFT_OUT
    assert {f"PIL.{name}" for name in PIL._plugins} - {f"PIL.{name}" for name in LEFT_OUT} == set(told["plugins"])


@pytest.mark.parametrize("name", ["BMP", "DIB", "GIF", "JPEG", "PPM", "PNG", "WEBP", "TIFF", "TGA", "ICO", "PCX"])
def test_listed_formats_are_opened(name):
    assert open_image(io.BytesIO(encoded(drawn(size=(32, 32)), name))).format == name


def test_what_is_left_out_is_not_opened_where_pillow_would():
    data = encoded(drawn(), "EPS")
    assert Image.open(io.BytesIO(data)).format == "EPS"
    with pytest.raises(UnidentifiedImageError):
        open_image(io.BytesIO(data))
