# One image, three jobs: `web` (the default), `ingest` and `slack`. See docker-compose.yml and docs/operations.md.
FROM python:3.11-slim

# Where else pip may look for packages: give it the index of torch's CPU builds to keep the image small.
ARG PIP_EXTRA_INDEX_URL=""

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1

WORKDIR /opt/footnote

# The dependencies alone first: a change of Footnote's own code does not install them again.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; print(*p['dependencies'], *p['optional-dependencies']['qdrant'], *p['optional-dependencies']['postgres'], *p['optional-dependencies']['slack'], sep='\n')" > /tmp/dependencies.txt \
    && pip install -c constraints.txt --upgrade pip \
    && pip install -c constraints.txt -r /tmp/dependencies.txt \
    && rm /tmp/dependencies.txt

COPY README.md LICENSE ./
COPY core core
COPY prompts prompts
COPY index index
COPY ingest ingest
COPY app app
COPY evals evals
RUN pip install --no-deps . \
    && useradd --system --uid 10001 --no-create-home --home-dir /tmp footnote \
    && mkdir /data /documents \
    && chown footnote /data

ENV FOOTNOTE_DATA_DIR=/data \
    FOOTNOTE_MODEL_CACHE=/data/models \
    FOOTNOTE_WEB__HOST=0.0.0.0 \
    FOOTNOTE_WEB__PORT=8501 \
    HOME=/tmp

USER 10001
WORKDIR /tmp
VOLUME /data
EXPOSE 8501

HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/healthz', timeout=4)"]

ENTRYPOINT ["footnote"]
CMD ["web"]
