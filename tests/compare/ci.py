"""A CI service in small: it runs the `run:` steps of a workflow file as they stand, in order, each leg in its folder.

Only what moves files is stood in for: checkout, artifacts and caches are copies of folders. `sudo` does nothing, and
pip may install nothing that is not installed already.
"""

from __future__ import annotations

import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import yaml

from harness.model import Json
from tests.conftest import LEAN

CI = pathlib.Path(__file__).parents[2] / "packaging" / "ci"
EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")


@dataclass(frozen=True, kw_only=True)
class Service:
    """What outlives a job: the checkout, artifacts by name, and the cache."""

    root: pathlib.Path
    inputs: Mapping[str, bool] = field(default_factory=dict)

    @property
    def cache(self) -> pathlib.Path:
        return self.root / "cache"

    @property
    def artifacts(self) -> pathlib.Path:
        return self.root / "artifacts"


@dataclass(kw_only=True)
class Job:
    """One job under way in a folder of its own."""

    service: Service
    folder: pathlib.Path
    known: Mapping[str, str]  # expressions and their values
    code: int = 0
    printed: str = ""

    @property
    def summary(self) -> str:
        return self._summary.read_text(encoding="utf-8") if self._summary.exists() else ""

    @property
    def _summary(self) -> pathlib.Path:
        return self.folder.with_suffix(".summary")

    def github(self, steps: list[dict[str, Json]]) -> Job:
        for step in steps:
            if not self._holds(str(step.get("if", "success()"))):
                continue
            if "uses" in step:
                getattr(self, "_" + re.sub(r"\W", "_", step["uses"].partition("@")[0]))(step.get("with", {}))
            else:
                self.shell(step["run"], {name: self._filled(text) for name, text in step.get("env", {}).items()})
        return self

    def shell(self, text: str, env: Mapping[str, str]) -> None:
        """Run the lines as a CI service does: by bash, which stops at the first command that fails."""
        self.folder.mkdir(parents=True, exist_ok=True)
        env = {**surroundings(self.service.root), **env, "GITHUB_STEP_SUMMARY": str(self._summary)}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text], cwd=self.folder, env=env,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
        )  # fmt: skip
        self.printed += done.stdout
        self.code = self.code or done.returncode

    def _holds(self, condition: str) -> bool:
        """`always()`, `success() || inputs.accept`."""
        truths = {"always()": True, "success()": self.code == 0}
        truths |= {f"inputs.{name}": value for name, value in {"accept": False, **self.service.inputs}.items()}
        return any(truths[part.strip()] for part in condition.split("||"))

    def _filled(self, text: str) -> str:
        return EXPRESSION.sub(lambda found: self.known[found[1]], text)

    # What moves files.

    def _actions_checkout(self, _: Mapping[str, str]) -> None:
        copy(self.service.root / "checkout", self.folder)

    def _actions_setup_python(self, _: Mapping[str, str]) -> None:
        """Python is here."""

    def _actions_upload_artifact(self, given: Mapping[str, str]) -> None:
        copy(self.folder / given["path"], self.service.artifacts / self._filled(given["name"]))

    def _actions_download_artifact(self, given: Mapping[str, str]) -> None:
        for found in sorted(self.service.artifacts.glob(given["pattern"])):
            copy(found, self.folder / given["path"])

    def _actions_cache_restore(self, given: Mapping[str, str]) -> None:
        copy(self.service.cache, self.folder / given["path"])

    def _actions_cache_save(self, given: Mapping[str, str]) -> None:
        shutil.rmtree(self.service.cache, ignore_errors=True)
        copy(self.folder / given["path"], self.service.cache)


class GitHub:
    """Runs packaging/ci/nightly.yml."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.jobs = yaml.safe_load((CI / "nightly.yml").read_text(encoding="utf-8"))["jobs"]

    def measure(self) -> list[Job]:
        """Every leg of the matrix, side by side."""
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda job: job.github(self.jobs["measure"]["steps"]), self._legs()))

    def report(self, night: str = "report") -> Job:
        job = Job(service=self.service, folder=self.service.root / night, known={"github.run_id": "1"})
        return job.github(self.jobs["report"]["steps"])

    def _legs(self) -> Iterator[Job]:
        for index, values in enumerate(combinations(self.jobs["measure"]["strategy"]["matrix"])):
            known = {"strategy.job-index": str(index)} | {f"matrix.{name}": value for name, value in values.items()}
            yield Job(service=self.service, folder=self.service.root / f"leg-{index}", known=known)


class GitLab:
    """Runs packaging/ci/gitlab-ci.yml."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.jobs = yaml.safe_load((CI / "gitlab-ci.yml").read_text(encoding="utf-8"))

    def measure(self, only: str) -> list[Job]:
        """The legs of one world, side by side; their artifacts are kept whatever becomes of them."""
        legs = enumerate(combinations(self.jobs["measure"]["parallel"]["matrix"][0]), 1)
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(self._leg, [leg for leg in legs if only in leg[1]["WHERE"]]))

    def report(self, night: str = "report", **variables: str) -> Job:
        job, what = Job(service=self.service, folder=self.service.root / night, known={}), self.jobs["report"]
        copy(self.service.root / "checkout", job.folder)
        copy(self.service.artifacts, job.folder)
        copy(self.service.cache, job.folder / what["cache"]["paths"][0])
        job.shell("\n".join(what["script"]), {**what["variables"], **variables})
        if job.code == 0:
            job._actions_cache_save({"path": what["cache"]["paths"][0]})
        return job

    def _leg(self, leg: tuple[int, Mapping[str, str]]) -> Job:
        index, values = leg
        job, what = Job(service=self.service, folder=self.service.root / f"leg-{index}", known={}), self.jobs["measure"]
        copy(self.service.root / "checkout", job.folder)
        job.shell("\n".join(what["script"]), {**values, "CI_NODE_INDEX": str(index)})
        for path in what["artifacts"]["paths"]:
            copy(job.folder / path, self.service.artifacts / path)
        return job


def combinations(matrix: Mapping[str, list[str]]) -> list[dict[str, str]]:
    """Every leg of a matrix."""
    return [dict(zip(matrix, values, strict=True)) for values in itertools.product(*matrix.values())]


def copy(source: pathlib.Path, target: pathlib.Path) -> None:
    """Copy a folder into another, if it is there at all."""
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)


def surroundings(root: pathlib.Path) -> dict[str, str]:
    """The environment of a step: our own Python first, no network for pip, and a `sudo` that does nothing."""
    stand_in = root / "bin"
    stand_in.mkdir(exist_ok=True)
    sudo = stand_in / "sudo"
    if not sudo.exists():
        sudo.write_text("#!/bin/sh\n")
        sudo.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_", "TOX_"))}
    path = os.pathsep.join([str(stand_in), str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    return {
        **kept,
        "PATH": path,
        "PYTEST_ADDOPTS": LEAN,
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "WAYGAUGE_OFFLINE": "1",
        "XDG_STATE_HOME": str(root / "state"),
    }
