# Any base with Python 3.11+ and its venv module will do, Debian's own included.
# By digest, so that a build tomorrow is the build of today. To renew it, look the tag's digest up:
# docker buildx imagetools inspect python:3.13-slim
ARG BASE_IMAGE=python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b

FROM ${BASE_IMAGE} AS build
WORKDIR /src
# /build has the tools and stays behind; /venv has what runs, without even pip.
RUN python3 -m venv /build && python3 -m venv --without-pip /venv
# The dependencies change less often than the source: they keep their own layer.
COPY requirements-build.lock requirements.lock requirements-sbom.lock ./
# One dependency comes as source: it is built here, with the locked tools.
RUN /build/bin/python -m pip install -qq --no-cache-dir --no-compile --require-hashes \
        -r requirements-build.lock \
    && /build/bin/python -m pip wheel -qq --no-cache-dir --no-deps --no-build-isolation \
        --require-hashes --wheel-dir /wheels -r requirements.lock \
    && /build/bin/python -m pip --python /venv/bin/python install -qq --no-cache-dir --no-deps \
        --no-index /wheels/*.whl
# What lists the image's parts reads /venv from outside, and stays behind as well.
RUN python3 -m venv --without-pip /sbom \
    && /build/bin/python -m pip --python /sbom/bin/python install -qq --no-cache-dir --no-compile \
        --require-hashes -r requirements-sbom.lock
COPY pyproject.toml README.md LICENSE ./
COPY scripts/provenance.py scripts/provenance.py
COPY srhooks srhooks
COPY templates templates
COPY static static
RUN /build/bin/hatchling build --target wheel \
    && /build/bin/python -m pip --python /venv/bin/python install -qq --no-cache-dir --no-deps \
        --no-index dist/*.whl \
    && /sbom/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
        --output-file /venv/sbom.cdx.json /venv/bin/python
# What was built, and of what: --build-arg REVISION="$(git rev-parse HEAD)", BUILDER=an address of yours.
ARG BASE_IMAGE REVISION BUILDER
RUN python3 scripts/provenance.py dist/*.whl > /venv/provenance.json

FROM ${BASE_IMAGE}
ARG BASE_IMAGE VERSION REVISION SOURCE_URL
LABEL org.opencontainers.image.title="srhooks" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE_URL}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}" \
      org.opencontainers.image.description="See SmartRecruiters webhooks happen, live, and keep them healthy" \
      org.opencontainers.image.licenses="MIT"
# A fixed number, so that a volume's files keep their owner from one image to the next.
RUN useradd --uid 10001 --home-dir /data --create-home --shell /usr/sbin/nologin srhooks
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8080 \
    DATABASE_URL=sqlite:////data/srhooks.db
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
CMD ["srhooks", "serve"]
