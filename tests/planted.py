"""Sixty secrets, each in a text as people write it, and what only looks like one (X4).

The secrets are made at run time, of no service's making, so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import base64
import hashlib
import random
import string
import uuid
from typing import Final, NamedTuple

__all__ = ["LOOK_ALIKES", "PLANTED", "VARIABLES", "Planted"]

_random: Final = random.Random(20261123)
_ALNUM: Final = string.ascii_letters + string.digits


class Planted(NamedTuple):
    """What a secret is of, the secret, and the text that it stands in."""

    kind: str
    secret: str
    text: str


def _some(length: int, alphabet: str = _ALNUM) -> str:
    """Give random characters, a digit and a letter among them."""
    return "a1" + "".join(_random.choices(alphabet, k=length - 2))


def _hex(length: int) -> str:
    return _some(length, "0123456789abcdef")


def _upper(length: int) -> str:
    return _some(length, string.ascii_uppercase + string.digits).upper()


def _form(kind: str, secret: str) -> Planted:
    """A secret that is known by its form alone."""
    return Planted(kind, secret, f"used {secret} here")


def _placed(kind: str, text: str, secret: str) -> Planted:
    """A secret that is known by what stands around it, ``{}`` in `text`."""
    return Planted(kind, secret, text.replace("{}", secret))


def _pem(kind: str) -> Planted:
    body = "\n".join(_some(64, _ALNUM + "+/") for _ in range(4))
    return Planted(f"pem {kind}", body, f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----")


def _json_key() -> Planted:
    body = "\\n".join(_some(64, _ALNUM + "+/") for _ in range(3))
    key = f"-----BEGIN PRIVATE KEY-----\\n{body}\\n-----END PRIVATE KEY-----\\n"
    return Planted("service account", body, f'{{"type": "service_account", "private_key": "{key}", "client_id": "1"}}')


_JWT_PARTS: Final = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"HS256"}', b'{"sub":"12345"}')]  # fmt: skip

PLANTED: Final = (
    _form("aws key id", "AKIA" + _upper(16)),
    _form("aws session", "ASIA" + _upper(16)),
    _form("bedrock", "ABSK" + _some(120)),
    _form("google api", "AIza" + _some(35)),
    _form("google oauth", "ya29." + _some(60)),
    _form("google client", "GOCSPX-" + _some(28)),
    _form("azure client", _some(3) + "8Q~" + _some(32)),
    _form("azure storage", _some(76) + "+ASt" + _some(6) + "=="),
    _form("alibaba", "LTAI" + _some(20)),
    _form("digitalocean", "dop_v1_" + _hex(64)),
    _form("github", "ghp_" + _some(36)),
    _form("github app", "ghs_" + _some(36)),
    _form("github fine", "github_pat_" + _some(82)),
    _form("gitlab", "glpat-" + _some(20)),
    _form("gitlab runner", "glrt-" + _some(20)),
    _form("atlassian", "ATATT3" + _some(60)),
    _form("slack bot", "xoxb-" + "123456789012-" + _some(24)),
    _form("slack app", "xapp-" + "1-A012-" + _hex(40)),
    _form("discord hook", "123456789012345678/" + _some(68))._replace(text=""),
    _form("telegram", "123456789:AA" + _some(33)),
    _form("openai", "sk-" + "proj-" + _some(80)),
    _form("openai old", "sk-" + _some(48)),
    _form("anthropic", "sk-" + "ant-api03-" + _some(90)),
    _form("hugging face", "hf_" + _some(34)),
    _form("groq", "gsk_" + _some(52)),
    _form("nvidia", "nvapi-" + _some(64)),
    _form("replicate", "r8_" + _some(37)),
    _form("langsmith", "lsv2_" + "pt_" + _hex(32) + "_" + _hex(10)),
    _form("databricks", "dapi" + _hex(32)),
    _form("wandb", "wandb_v1_" + _some(60)),
    _form("neptune", base64.b64encode(b'{"api_address":"' + _some(60).encode()).decode().rstrip("=")),
    _form("npm", "npm_" + _some(36)),
    _form("pypi", "pypi-" + _some(120)),
    _form("docker", "dckr_" + "pat_" + _some(27)),
    _form("vault", "hvs." + _some(90)),
    _form("terraform", _some(14) + ".atlasv1." + _some(64)),
    _form("stripe", "sk_" + "live_" + _some(24)),
    _form("sendgrid", "SG." + _some(22) + "." + _some(43)),
    _form("twilio", "SK" + _hex(32)),
    _form("grafana", "glsa_" + _some(32) + "_" + _hex(8)),
    _form("shopify", "shpat_" + _hex(32)),
    _form("jwt", ".".join((*_JWT_PARTS, _some(43)))),
    _pem("RSA "),
    _pem(""),
    _pem("OPENSSH "),
    _json_key(),
    _placed("database url", "see postgresql://alice:{}@db.example.com:5432/x", _some(18)),
    _placed("git remote", "https://oauth2:{}@git.example.com/a/b.git", _some(26)),
    _placed("token url", "https://{}@github.com/a/b.git", _hex(40)),
    _placed("basic", 'curl -H "Authorization: Basic {}" x', base64.b64encode(_some(24).encode()).decode()),
    _placed("bearer", "send Bearer {} along", _some(40)),
    _placed("presigned", "https://b.s3.amazonaws.com/k?X-Amz-Date=1&X-Amz-Signature={}", _hex(64)),
    _placed("sas", "https://a.blob.core.windows.net/c?sv=2022&sig={}%3D", _some(43)),
    _placed("argument", "train.py --db-password {} --lr 0.1", _some(12)),
    _placed("assignment", "aws_secret_access_key = {}", _some(40, _ALNUM + "/+")),
    _placed("connection", "AccountName=x;AccountKey={};EndpointSuffix=y", _some(40)),
    _placed("json", '{"user": "x", "password": "{}"}', _some(12) + " and " + _some(6)),
    _placed("netrc", "machine api.wandb.ai login user password {}", _hex(40)),
    _placed("cookie", "Cookie: session={}", _some(32)),
    _placed("variable", "in plain words: {}", "correct horse " + _some(12)),
    _placed("other variable", "cost is {} each", _some(16)),
)
PLANTED = tuple(
    each._replace(text=f"https://discord.com/api/webhooks/{each.secret}") if each.kind == "discord hook" else each
    for each in PLANTED
)

_BY_KIND: Final = {each.kind: each.secret for each in PLANTED}
VARIABLES: Final = {"ACME_DB_PASSWORD": _BY_KIND["variable"], "ACME_API_TOKEN": _BY_KIND["other variable"]}

_DATA: Final = [f"content {number}".encode() for number in range(6)]
_PIXELS: Final = base64.b64encode(random.Random(7).randbytes(3_000)).decode()

LOOK_ALIKES: Final = (
    # digests and ids
    *(hashlib.sha1(data).hexdigest() for data in _DATA),
    *(hashlib.sha256(data).hexdigest() for data in _DATA),
    *(hashlib.md5(data).hexdigest() for data in _DATA),
    *(hashlib.sha512(data).hexdigest() for data in _DATA[:2]),
    *(f"sha256:{hashlib.sha256(data).hexdigest()}" for data in _DATA[:2]),
    *(f"md5:{hashlib.md5(data).hexdigest()}.dir" for data in _DATA[:2]),
    *(str(uuid.UUID(bytes=hashlib.md5(data).digest())) for data in _DATA[:4]),
    f"sha512-{base64.b64encode(hashlib.sha512(b'x').digest()).decode()}",
    "018f2f6e4c7a7b3c9d1e2f3a4b5c6d7e",
    "run id 018f2f6e-4c7a-7b3c-9d1e-2f3a4b5c6d7e of batch 12",
    f"git checkout {hashlib.sha1(b'c').hexdigest()}",
    f"index {hashlib.sha1(b'a').hexdigest()[:10]}..{hashlib.sha1(b'b').hexdigest()[:10]} 100644",
    f"trackbridge @ git+https://github.com/a/b.git@{hashlib.sha1(b'd').hexdigest()}",
    f"numpy==2.1.0 --hash=sha256:{hashlib.sha256(b'n').hexdigest()}",
    f"docker.io/library/python@sha256:{hashlib.sha256(b'p').hexdigest()}",
    f"cache key-{hashlib.md5(b'k').hexdigest()}",
    # encoded content
    _PIXELS,
    f"data:image/png;base64,{_PIXELS}",
    base64.b32encode(random.Random(8).randbytes(60)).decode(),
    base64.urlsafe_b64encode(random.Random(9).randbytes(120)).decode(),
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7mAkqTx0lq8l8b8k5D2bVbQ9w3X2q2VfY5m1Zs9yKp me@host",
    "-----BEGIN CERTIFICATE-----\nMIIEowIBAAKCAQEA7x\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
    'if text.startswith("-----BEGIN PRIVATE KEY-----"): raise ValueError(path)',
    # hyper-parameters and vocabulary
    "token_length=128", "max_tokens=4096", "max_new_tokens: 512", "num_tokens = 1000000000", "tokens_per_second=18231.55",
    "pad_token='[PAD12345]'", "eos_token=<|endoftext12345|>", "bos_token_id=50256", "mask_token='<mask_0001>'",
    "tokenizer=bert-base-uncased", "tokenizer_name: meta-llama/Llama-3.1-8B", "--tokenizer gpt2-medium-355M",
    "token: misunderstanding", "n_keys=64 key_dim=128 value_dim=128", "num_key_value_heads=8", "key=value", "sort_keys=True",
    "primary_key=customer_0001", "partition_key: customer_00000001", "foreign_key=orders.id12345", "keypoints=17",
    "monkey=12345678", "keyboard: de-latin1-nodeadkeys", "public_key=ed25519:abcdef123456", "passes=3", "n_passes=12345678",
    "pass_rate=0.99871234", "compass=north12345", "bypass_cache=true", "password_length=12", "password_policy=strict2024",
    "secret_santa_year=2024", "secretary: Ms. Jones 1234",
    # prose
    "the password policy asks for twelve characters", "see the chapter on password hashing", "no secrets in params, please",
    "the secret: patience", "a token of appreciation", "bearer of bad news, the bearer responsibilities",
    "the key to success: more data", "Authorization: none", "the cookie: chocolate", "login as user, password as usual",
    "password reset requested by support", "credentials expire after 30 days", "API key rotation is due",
    "risk-adjusted returns of task-learning-rate-schedule-1234567890", "sk-learn-pipeline-model-version-2-with-many-words",
    # code and settings that name where a secret comes from
    "password=None", "token=null", "api_key=${API_KEY}", "password=$DB_PASSWORD", "secret=<secret>", "api_key=***",
    "connect(password=password, token=self.token12345678)", "password=args.password", "api_key = config.api_key",
    "password = getpass()", "api_key = os.environ['API_KEY']", "api_key=os.getenv('API')",
    "def connect(user: str, password: str) -> None", "password: Optional[str] = None", "token: str | None",
    "api_key_file=/run/secrets/api_key", "PASSWORD_FILE=/run/secrets/db", "secret_name=projects/1/secrets/db",
    "credentials_path=/etc/gcp/key.json", "token_url=https://login.example.com/oauth2/token", "token_type=bearer",
    # addresses, paths and names
    "s3://bucket/keys/token/secret/train.parquet?versionId=abc", "gs://bucket/models/2024-11-23/model.pkl",
    "https://example.com:8080/a/b?c=d#e", "http://127.0.0.1:5000/#/experiments/1/runs/0123456789abcdef",
    "git@github.com:owner/project.git", "ssh://git@github.com/owner/project.git", "postgresql://db.example.com:5432/mlflow",
    "https://user@example.com/path", "me@example.com", "arn:aws:iam::123456789012:role/service-role/AmazonSageMaker",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf", "abfss://data@account.dfs.core.windows.net/x",
    "https://bucket.s3.amazonaws.com/train.csv?partNumber=1&uploadId=2", "hdfs://namenode:8020/user/me/secrets.csv",
    "/home/me/.cache/huggingface/hub/models--bert-base-uncased/snapshots/86b5e0934494bd15c9632b12f734a8a67f723594",
    "C:\\Users\\me\\data\\token\\train.parquet", "checkpoints/epoch=12-val_loss=0.1234.ckpt", "secrets.csv", "password.py",
    "hf_hub_download", "AIza", "ghp_short", "glue-wide-and-deep-recommender-model-2024", "npm_package_version",
    "eyJust a word.eyJnot a token", "2024-11-23T10:15:30.123456Z", "1.2.3+cu121.post20241123", "nvidia/cuda:12.1.0-runtime",
    "AKIRA-1988-remaster", "SKU 12345678901234567890", "r8_spline_order_3", "pat_0001.dcm", "SG.model.v2",
    "Linux-6.8.0-45-generic-x86_64-with-glibc2.39", "12:30:00@host", "a:b@c",
)  # fmt: skip
