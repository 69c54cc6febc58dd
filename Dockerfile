# The site and its worker in one container; see docs/how-to/running.md.
FROM python:3.11-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY src src
RUN python -m venv /polso && /polso/bin/pip install --no-cache-dir --constraint constraints.txt '.[postgres]'

FROM python:3.11-slim
RUN useradd --system --uid 1000 --create-home polso && mkdir /facts && chown polso /facts
COPY --from=build /polso /polso
ENV PATH=/polso/bin:$PATH PYTHONUNBUFFERED=1
USER polso
VOLUME /facts
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
ENTRYPOINT ["polso", "--workspace", "/facts"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
