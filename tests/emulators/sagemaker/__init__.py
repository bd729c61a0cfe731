"""A strict emulator of Amazon SageMaker's classic experiments, metrics, lineage and model registry: see README.md."""

from emulators.sagemaker.handle import Emulator, Remote
from emulators.sagemaker.signing import DEFAULT_ACCOUNT
from emulators.sagemaker.switches import Switches

__all__ = ["DEFAULT_ACCOUNT", "Emulator", "Remote", "Switches"]
