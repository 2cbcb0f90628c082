# The board, alone in a container without privileges.
FROM python:3.11-slim AS build
WORKDIR /source
COPY deploy/local/uv.txt .
RUN pip install --no-cache-dir --require-hashes --target /uv -r uv.txt
COPY requirements.lock .
COPY shared shared
COPY services/board services/board
RUN python -m venv --without-pip /app \
    && /uv/bin/uv pip install --python /app/bin/python --no-sources --compile-bytecode \
    --constraints requirements.lock --build-constraints requirements.lock ./shared ./services/board

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin hotich
COPY --from=build /app /app
USER 10001
ENV PYTHONUNBUFFERED=1 PATH=/app/bin:$PATH
ENTRYPOINT ["python", "-m", "board"]
