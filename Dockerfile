# bandscribe serve in a container; see docs/page.md for how to run it.
FROM python:3.13-slim
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip install --no-cache-dir '.[page,formats]' && rm -rf /build
RUN useradd --system --create-home bandscribe
USER bandscribe
WORKDIR /home/bandscribe
EXPOSE 8080
HEALTHCHECK CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health')"]
ENTRYPOINT ["bandscribe", "serve", "--host", "0.0.0.0", "--port", "8080"]
