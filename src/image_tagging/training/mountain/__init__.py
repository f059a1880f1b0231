"""A tag on the mountain: distinguished from a background, with probabilities and a threshold that are true there.

The background is a sample of the mountain's unlabelled pictures. :mod:`.sample` prepares it once for all tags,
:mod:`.fit` fits the models of one tag to its examples and a part of it, :mod:`.prevalence` estimates how much of the
mountain has the tag, :mod:`.calibration` makes margins probabilities of that mountain, :mod:`.thresholds` says from
which probability up a picture is tagged, and :mod:`.figures` what is to be expected of the model.
"""
