# Both programs in one image: `docker run IMAGE grid-monitor`, `docker run IMAGE grid-turbines --count 6`.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
RUN python -m venv /opt/grid
ENV PATH=/opt/grid/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# Where no package index is in reach: put the wheels into wheels/ and build with --build-arg PIP_NO_INDEX=1.
# The hashes hold for them too.
ARG PIP_NO_INDEX
COPY requirements.txt requirements-build.txt wheels/*.whl ./
RUN pip install --quiet --only-binary :all: --find-links . --require-hashes \
        -r requirements-build.txt -r requirements.txt
COPY . .
RUN pip install --quiet --no-deps --no-build-isolation . && pip uninstall --quiet --yes setuptools pip

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/grid /opt/grid
# Nobody logs in, no program lends its owner's rights, and nothing installs packages.
RUN echo 'grid:x:10001:10001::/nonexistent:/usr/sbin/nologin' >>/etc/passwd \
    && sed -i 's#:[^:]*$#:/usr/sbin/nologin#' /etc/passwd \
    && find / -xdev -type f -perm /6000 -exec chmod ug-s {} + \
    && if python -c 'import pip' 2>/dev/null; then python -m pip uninstall --quiet --yes --root-user-action ignore pip; fi \
    && rm -rf "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')/ensurepip" /usr/share/python-wheels
# A number, not a name: Kubernetes can see that it isn't root. New volumes on these two start as its own.
RUN mkdir -m 0700 /data /credentials && chown 10001:10001 /data /credentials
USER 10001:10001
ENV PATH=/opt/grid/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp GRID_DATA_DIR=/data
WORKDIR /data
VOLUME /data
CMD ["grid-monitor"]
