# syntax=docker/dockerfile:1
# The builder makes a venv from the lock file (every hash checked); the last stage receives the venv and nothing else.
# Pin a digest with: docker build --build-arg PYTHON_IMAGE=python:3.12-slim-trixie@sha256:…
ARG PYTHON_IMAGE=python:3.12-slim-trixie

FROM ${PYTHON_IMAGE} AS builder
ENV PIP_NO_CACHE_DIR=1 \
    PIP_NO_INPUT=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv --without-pip /opt/observer
COPY requirements.lock requirements-dev.lock ./
RUN python -m pip --python /opt/observer/bin/python install --no-compile --require-hashes \
      --only-binary :all: -r requirements.lock
# The build backend stays in the builder. Versions and hashes come from the development lock, so a name that is missing
# here stops the build.
RUN awk '/^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/ {keep = 1} keep {print} !/\\$/ {keep = 0}' \
      requirements-dev.lock > build.lock \
 && python -m pip install --require-hashes -r build.lock
COPY pyproject.toml README.md LICENSE slo.yaml ./
COPY observer ./observer
COPY expectations/contracts ./expectations/contracts
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && python -m pip --python /opt/observer/bin/python install --no-compile --no-deps --no-index dist/*.whl
# Bytecode that is never checked against the source's time: a read-only root cannot rewrite it, and Great Expectations
# takes 6 to 8 s to import without it.
RUN python -m compileall -q -f -j 0 --invalidation-mode unchecked-hash /opt/observer/lib

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="crm-observer" \
      org.opencontainers.image.description="Data-quality observability for CRM data: contracts in, the truth about your tables out." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
RUN python -m pip uninstall --yes --quiet pip --root-user-action=ignore \
 && groupadd --gid 10001 observer \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/observer --shell /usr/sbin/nologin observer \
 && install --directory --owner 10001 --group 10001 --mode 0750 /var/lib/observer
COPY --from=builder /opt/observer /opt/observer
ENV PATH=/opt/observer/bin:$PATH \
    HOME=/var/lib/observer \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OBSERVER_WEB_HOST=0.0.0.0
# The only places written to: state and kept snapshots here (observer.toml may lie here too), everything temporary in /tmp.
# Read-only root: docker run --read-only --tmpfs /tmp --volume observer:/var/lib/observer --publish 127.0.0.1:8484:8484 …
WORKDIR /var/lib/observer
VOLUME ["/var/lib/observer"]
USER 10001:10001
EXPOSE 8484
STOPSIGNAL SIGTERM
# Asks the daemon whether it lives; no proxy stands between. Whoever moves web.port sets OBSERVER_WEB_PORT too; whoever runs
# another command than `serve` adds --no-healthcheck.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-I", "-c", "import os; from http.client import HTTPConnection; c = HTTPConnection('127.0.0.1', int(os.environ.get('OBSERVER_WEB_PORT', '8484')), timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["observer"]
CMD ["serve"]
