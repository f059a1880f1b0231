"""One run of the embedder over a folder, with a small real encoder."""

from __future__ import annotations

import os

from fakes import choose
from image_tagging.pipeline.configs import EmbeddingConfig
from image_tagging.pipeline.embedding import embed_found
from image_tagging.progress import no_progress
from image_tagging.sources import find_images
from image_tagging.store import Role, WorkingStore


def embed(folder, out, encoder=None, *, batch_size=4, num_threads=2, choice=None, watch=no_progress):
    """One run; its summary and {file: (hash_id, embedding)} of all pictures' first files, in order."""
    with WorkingStore(str(out)) as store:
        store.inputs.choose(Role.FOLDER, str(folder))
        config = EmbeddingConfig(batch_size=batch_size, num_threads=num_threads)
        summary = embed_found(store, find_images(str(folder)), choice or choose(encoder), config, watch)
        pictures = {
            os.path.relpath(record.ref.path, str(folder)): (record.hash_id, record.embedding.tolist())
            for record in store.pictures.records(summary.encoder)
        }
    return summary, pictures
