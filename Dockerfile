# kzmonitor on Airflow's image. The packages are those of requirements.lock, by their hashes, which hold for Python 3.11.
ARG BASE=apache/airflow:3.3.2-python3.11

FROM ${BASE} AS wheel
WORKDIR /tmp/source
COPY --chown=airflow:0 requirements.lock pyproject.toml README.md ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY --chown=airflow:0 kzmonitor kzmonitor
COPY --chown=airflow:0 spiders spiders
COPY --chown=airflow:0 dags dags
COPY --chown=airflow:0 models models
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /tmp/wheels .

FROM ${BASE}
USER root
# Volumes take the owner of the folder that they are mounted on.
RUN install --directory --owner=airflow --group=0 --mode=0770 /data /auth /opt/kzmonitor
USER airflow
COPY --chown=airflow:0 requirements.lock /tmp/requirements.lock
RUN pip install --no-cache-dir --require-hashes --requirement /tmp/requirements.lock
COPY --from=wheel /tmp/wheels /tmp/wheels
RUN pip install --no-cache-dir --no-deps /tmp/wheels/*.whl
COPY --chown=airflow:0 dags /opt/kzmonitor/dags
COPY --chown=airflow:0 deploy /opt/kzmonitor/deploy
