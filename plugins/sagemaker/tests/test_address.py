"""URLs: a region, a bucket, and nothing that is not known."""

from __future__ import annotations

import pytest

from trackbridge.errors import ConfigurationError
from trackbridge.protocol import parse_url
from trackbridge_sagemaker.address import address_of


def test_a_url_names_region_and_bucket():
    address = address_of(parse_url("sagemaker://eu-west-1?bucket=my-bucket"))
    assert (address.region, address.bucket, address.prefix) == ("eu-west-1", "my-bucket", "trackbridge")
    assert (address.endpoint_url, address.s3_endpoint_url, address.timeout_s) == (None, None, 60.0)


def test_options():
    url = "sagemaker://us-gov-west-1?bucket=b-1&prefix=/team/a/&endpoint_url=http://h:1&s3_endpoint_url=http://h:2&timeout_s=5"
    address = address_of(parse_url(url))
    assert (address.prefix, address.endpoint_url, address.s3_endpoint_url) == ("team/a", "http://h:1", "http://h:2")
    assert (address.region, address.timeout_s) == ("us-gov-west-1", 5.0)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sagemaker://?bucket=abc", "no region"),
        ("sagemaker://Europe?bucket=abc", "no region"),
        ("sagemaker://eu-west-1", "no bucket"),
        ("sagemaker://eu-west-1?bucket=Upper", "S3 does not take"),
        ("sagemaker://eu-west-1?bucket=abc&colour=red", "'colour'"),
        ("sagemaker://eu-west-1?bucket=abc&timeout_s=0", "timeout_s"),
        ("sagemaker://eu-west-1?bucket=abc&timeout_s=soon", "timeout_s"),
    ],
)
def test_what_is_wrong_is_named(url, said):
    with pytest.raises(ConfigurationError, match=said):
        address_of(parse_url(url))
