# One image for cron's part, the page and the heartbeat; linux/arm64 and linux/amd64. See compose.yaml.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 STATE_DIR=/data RUN_DIR=/run/ampshift
RUN groupadd --gid 1000 ampshift \
    && useradd --uid 1000 --gid 1000 --groups dialout --no-create-home --shell /usr/sbin/nologin ampshift \
    && install -d -o ampshift -g ampshift -m 750 /data /run/ampshift
WORKDIR /app
# the packages change seldom: a layer of their own
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --requirement requirements.txt
COPY . .
RUN python -m compileall -q .
# by number, so that a cluster can see that it is not root
USER 1000
VOLUME ["/data", "/run/ampshift"]
# healthy: the last cycle is younger than three of them and a little
HEALTHCHECK --interval=5m --timeout=10s CMD ["sh", "-c", "find /run/ampshift/decision.json -mmin -20 | grep -q ."]
# process 1 hears only signals that it catches, and all four programs catch Ctrl-C's: without it a stop is ten seconds and a kill
STOPSIGNAL SIGINT
ENTRYPOINT ["python"]
CMD ["scheduler.py", "run", "-i", "5"]
