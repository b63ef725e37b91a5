"""What is in the project's image, and what is not: whoever gets into a container finds little to work with."""

import subprocess

import pytest

# The image is built first.
MAY_BE_WRITTEN = ("/data", "/credentials", "/tmp", "/var/tmp", "/dev/", "/proc/", "/run/lock", "/var/lock")
WRITABLE = """
import os
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if not (folder == "/" and name in ("proc", "sys", "dev"))]
    for path in (folder, *(os.path.join(folder, name) for name in files)):
        if not os.path.islink(path) and os.access(path, os.W_OK):
            print(path)
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def inside(image: str, *command: str, user: str = "0:0") -> str:
    """What a command prints in a container of the image without a network; by default as root, who sees all."""
    run = ["docker", "run", "--rm", "--network", "none", "--user", user, image, *command]
    return subprocess.run(run, capture_output=True, text=True, timeout=60, check=True).stdout


def test_nobody_logs_in(grid_image: str) -> None:
    users = [line.split(":") for line in inside(grid_image, "cat", "/etc/passwd").splitlines()]

    assert {user[-1] for user in users} == {"/usr/sbin/nologin"}
    assert "grid" in {user[0] for user in users}


def test_no_program_lends_its_owners_rights(grid_image: str) -> None:
    assert inside(grid_image, "find", "/", "-xdev", "-type", "f", "-perm", "/6000") == ""


def test_nothing_installs_packages(grid_image: str) -> None:
    program = "import importlib.util as u; print([n for n in ('pip', 'ensurepip', 'setuptools') if u.find_spec(n)])"

    for python in ("/opt/grid/bin/python", "/usr/bin/env python"):
        assert inside(grid_image, *python.split(), "-c", program).strip() == "[]"
    assert inside(grid_image, "find", "/", "-xdev", "-type", "f", "-name", "pip*", "-path", "*/bin/*") == ""


def test_the_programs_run_as_a_number_that_is_not_root(grid_image: str) -> None:
    user = subprocess.run(
        ["docker", "image", "inspect", "--format", "{{.Config.User}}", grid_image],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert user.stdout.strip() == "10001:10001"


def test_the_programs_can_change_nothing_of_the_image(grid_image: str) -> None:
    found = inside(grid_image, "python", "-c", WRITABLE, user="10001:10001").split()

    assert "/data" in found
    assert [path for path in found if not path.startswith(MAY_BE_WRITTEN)] == []
