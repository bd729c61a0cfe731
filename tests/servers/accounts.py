"""Accounts of the emulated SageMaker with moto's S3 beside it: each test may have one of its own."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from emulators.sagemaker import Remote
from servers import s3
from servers.shared import Services

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Place:
    """One account: the backend's URL, the environment that leads there, and the handle that turns its switches."""

    url: str
    account: Remote
    bucket: str
    prefix: str
    s3_endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        return {**s3.ENVIRONMENT, "AWS_ACCESS_KEY_ID": self.account.number}

    def client(self, service: str) -> Any:
        """Give boto3's own client of the account."""
        return s3.client(self.s3_endpoint) if service == "s3" else self.account.client(service)


def bucket(services: Services, s3_endpoint: str) -> str:
    """Give the bucket of all accounts; each has its own prefix in it."""
    return services.once("sagemaker-bucket", lambda _: {"name": s3.create_bucket(s3_endpoint, "sagemaker-runs")})[
        "name"
    ]


def new_place(services: Services, emulator_url: str, s3_endpoint: str) -> Place:
    """Give an account that nobody used before."""
    number = f"{random.randrange(10**12):012}"
    prefix, where = f"of-{number}", bucket(services, s3_endpoint)
    query = f"bucket={where}&prefix={prefix}&endpoint_url={emulator_url}&s3_endpoint_url={s3_endpoint}"
    return Place(f"sagemaker://{REGION}?{query}", Remote(emulator_url, number), where, prefix, s3_endpoint)
