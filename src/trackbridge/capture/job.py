"""What started the process: a scheduler, a launcher of ranks, a container."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from trackbridge.protocol import Found

__all__ = ["find_container", "find_job"]

# slurm.schedmd.com/sbatch.html, pytorch.org/docs/stable/elastic/run.html, docs.ray.io (job submission, runtime env),
# kubernetes.io/docs/concepts/workloads/pods/downward-api, and what batch services of clouds set.
_VARIABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "slurm": {
        "job_id": "SLURM_JOB_ID",
        "job_name": "SLURM_JOB_NAME",
        "array_job_id": "SLURM_ARRAY_JOB_ID",
        "array_task_id": "SLURM_ARRAY_TASK_ID",
        "step_id": "SLURM_STEP_ID",
        "partition": "SLURM_JOB_PARTITION",
        "cluster": "SLURM_CLUSTER_NAME",
        "nodes": "SLURM_JOB_NUM_NODES",
        "node_list": "SLURM_JOB_NODELIST",
        "tasks": "SLURM_NTASKS",
        "rank": "SLURM_PROCID",
    },
    "torchrun": {
        "run_id": "TORCHELASTIC_RUN_ID",
        "restarts": "TORCHELASTIC_RESTART_COUNT",
        "rank": "RANK",
        "local_rank": "LOCAL_RANK",
        "world_size": "WORLD_SIZE",
        "group_rank": "GROUP_RANK",
    },
    "ray": {"job_id": "RAY_JOB_ID", "submission_id": "RAY_JOB_SUBMISSION_ID", "cluster": "RAY_CLUSTER_NAME"},
    "kubernetes": {"pod": "POD_NAME", "namespace": "POD_NAMESPACE", "node": "NODE_NAME", "job": "JOB_NAME"},
    "pbs": {"job_id": "PBS_JOBID", "job_name": "PBS_JOBNAME", "queue": "PBS_QUEUE"},
    "lsf": {"job_id": "LSB_JOBID", "job_name": "LSB_JOBNAME", "queue": "LSB_QUEUE"},
}
# One of these must be there, or the rest may mean something else: RANK, POD_NAME and JOB_NAME are anybody's words.
_SIGNS: Final[Mapping[str, str]] = {
    "slurm": "SLURM_JOB_ID",
    "torchrun": "TORCHELASTIC_RUN_ID",
    "kubernetes": "KUBERNETES_SERVICE_HOST",
    "pbs": "PBS_JOBID",
    "lsf": "LSB_JOBID",
}
_IMAGES: Final = (
    "TRACKBRIDGE_CONTAINER_IMAGE",
    "CONTAINER_IMAGE",
    "IMAGE_NAME",
    "SINGULARITY_CONTAINER",
    "APPTAINER_CONTAINER",
    "SLURM_CONTAINER_IMAGE",
)
_CGROUP_ID: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def find_job() -> Found:
    """Give the ids by which a scheduler knows this process."""
    found = {}
    for system, variables in _VARIABLES.items():
        if system in _SIGNS and _SIGNS[system] not in os.environ:
            continue
        for fact, variable in variables.items():
            if text := os.environ.get(variable):
                found[f"environment.{system}.{fact}"] = text
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        # Unless told otherwise, a pod's host is called as the pod is.
        found.setdefault("environment.kubernetes.pod", os.environ.get("HOSTNAME", ""))
        found.setdefault("environment.kubernetes.namespace", _line(_NAMESPACE))
    return Found({name: text for name, text in found.items() if text})


def find_container(root: Path = Path("/")) -> Found:
    """Give the kind of container, its id, and its image where a variable names it: within, nothing else does."""
    kind = _kind(root)
    if kind is None:
        return Found()
    image = next((os.environ[name] for name in _IMAGES if os.environ.get(name)), "")
    found = {"environment.container": kind, "environment.container.id": _id(root), "environment.container.image": image}
    return Found({name: text for name, text in found.items() if text})


def _kind(root: Path) -> str | None:
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return "kubernetes"
    if "APPTAINER_CONTAINER" in os.environ or "SINGULARITY_CONTAINER" in os.environ:
        return "apptainer"
    if (root / "run/.containerenv").exists():
        return "podman"
    if (root / ".dockerenv").exists():
        return "docker"
    return os.environ.get("container") or None  # noqa: SIM112 - systemd's own name for it (systemd.io/CONTAINER_INTERFACE)


def _id(root: Path) -> str:
    """Find the id among the control groups; with those of version 2, in the paths of what is mounted from outside."""
    for file in ("proc/self/cgroup", "proc/self/mountinfo"):
        try:
            lines = (root / file).read_text(errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            if ("containers" in line or "cgroup" in file) and (match := _CGROUP_ID.search(line)):
                return match[0]
    return ""


def _line(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
