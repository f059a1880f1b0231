"""``builtin``, the encoder that comes with the package and needs no download.

:mod:`.encoder` puts an embedding together from :mod:`.network` (the weights in ``builtin.onnx``) and :mod:`.classical`
(features); :mod:`.letterbox` brings pictures of any size into one square.
"""

NAME = "builtin"

#: The version of its embeddings. It changes with every change that moves one, in weights or features.
VERSION = "learned-1"
