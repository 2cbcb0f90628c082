# The audit, alone in a container without privileges; the archive is on a volume.
FROM python:3.11-slim AS build
WORKDIR /source
COPY deploy/local/uv.txt .
RUN pip install --no-cache-dir --require-hashes --target /uv -r uv.txt
COPY requirements.lock .
COPY shared shared
COPY services/audit services/audit
RUN python -m venv --without-pip /app \
    && /uv/bin/uv pip install --python /app/bin/python --no-sources --compile-bytecode \
    --constraints requirements.lock --build-constraints requirements.lock ./shared ./services/audit

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin hotich
COPY --from=build /app /app
RUN install -d -o 10001 /archive
USER 10001
ENV PYTHONUNBUFFERED=1 PATH=/app/bin:$PATH
ENTRYPOINT ["python", "-m", "audit"]
