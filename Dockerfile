# The program in a container: docs/container.md. Light by default; EXTRAS adds what CLIP on PyTorch, HEIC or the review need.
ARG BASE=python:3.12-slim

FROM ${BASE} AS build
# Extras of pyproject.toml, such as "review,heif" or "torch"; an index with other builds of libraries; the version.
ARG EXTRAS=""
ARG EXTRA_INDEX=""
ARG VERSION="0.1.0.dev0"
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN python3 -m venv /opt/image-tagging
RUN SETUPTOOLS_SCM_PRETEND_VERSION_FOR_IMAGE_TAGGING_TOOLS="$VERSION" /opt/image-tagging/bin/python -m pip install --no-cache-dir ${EXTRA_INDEX:+--extra-index-url "$EXTRA_INDEX"} ".${EXTRAS:+[$EXTRAS]}"

FROM ${BASE}
COPY --from=build /opt/image-tagging /opt/image-tagging
# Any user may work there: the one below, or that of `--user`. Weights that are fetched are kept in /cache.
RUN mkdir -p /cache /work && chmod 1777 /cache /work
ENV PATH="/opt/image-tagging/bin:$PATH" HOME="/tmp" HF_HOME="/cache" PYTHONDONTWRITEBYTECODE="1"
WORKDIR /work
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["image-tagging"]
CMD ["--help"]
