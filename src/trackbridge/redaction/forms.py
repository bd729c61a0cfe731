"""Secrets that are known by their form: keys of services, private keys, credentials in URLs and headers (X4).

The forms are those that the services publish or that secret scanners agree on. Each has literals of which one must be
there: looking for those first keeps ordinary text cheap, and a form is compiled when it is first needed. Every pattern
takes time linear in the text: quantifiers are bounded, possessive, or end at a character that they cannot take. One whose
literals are common begins with them and looks back for the boundary, which lets the search skip from one to the next.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

__all__ = ["MASK", "redact_forms"]

MASK: Final = "***"

_Form = tuple[tuple[str, ...], str, str]  # literals of which one is there, pattern, replacement

_CLOUDS: Final[tuple[_Form, ...]] = (
    (("AKIA", "ASIA", "ABIA", "ACCA", "A3T"), r"\b(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}\b", MASK),
    (("ABSK",), r"\bABSK[A-Za-z0-9+/]{100,400}={0,2}", MASK),
    (("bedrock-api-key-",), r"\bbedrock-api-key-[A-Za-z0-9+/=]{20,}", MASK),
    (("AIza",), r"\bAIza[\w-]{35}", MASK),
    (("ya29.",), r"\bya29\.[\w.-]{20,}", MASK),
    (("1//0",), r"(?<![\w/:])1//0[\w-]{30,}", MASK),
    (("GOCSPX-",), r"\bGOCSPX-[\w-]{20,}", MASK),
    (("Q~",), r"(?<![\w.~-])[\w~.]{3}[0-9]Q~[\w~.-]{31,34}(?![\w.~-])", MASK),
    (("+ASt", "+ASb", "+ABa", "+AEh", "+ARm"), r"(?<![\w+/])[\w+/]{76}\+A(?:St|Sb|Ba|Eh|Rm)[\w+/]{5,7}=={0,2}", MASK),
    (("JQQJ99",), r"\b[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{20,30}(?:==)?", MASK),
    (("AZDO",), r"\b[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}\b", MASK),
    (("LTAI",), r"\bLTAI[A-Za-z0-9]{20}\b", MASK),
    (("dop_v1_", "doo_v1_", "dor_v1_"), r"\bdo[opr]_v1_[0-9a-f]{64}", MASK),
    (("HRKU-",), r"\bHRKU-[\w-]{36,70}", MASK),
    (("fo1_", "fm1", "fm2_"), r"\b(?:fo1_[\w-]{43}|fm(?:1[ar]|2)_[A-Za-z0-9+/]{60,}={0,3})", MASK),
    (("v1.0-",), r"\bv1\.0-[0-9a-f]{24}-[0-9a-f]{146}\b", MASK),
    (("sha256~",), r"\bsha256~[\w-]{43}(?![\w-])", MASK),
)

_MODELS: Final[tuple[_Form, ...]] = (
    (("sk-",), r"\bsk-(?:(?:proj|ant|svcacct|admin|or|lf|None)-[\w-]{20,}|[A-Za-z0-9]{32,})", MASK),
    (("hf_", "api_org_"), r"\b(?:hf|api_org)_[A-Za-z0-9]{30,}", MASK),
    (("gsk_",), r"\bgsk_[A-Za-z0-9]{40,}", MASK),
    (("xai-",), r"\bxai-[A-Za-z0-9]{60,}", MASK),
    (("pplx-",), r"\bpplx-[A-Za-z0-9]{40,}", MASK),
    (("r8_",), r"\br8_[A-Za-z0-9]{37,}", MASK),
    (("nvapi-",), r"\bnvapi-[\w-]{50,}", MASK),
    (("lsv2_",), r"\blsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}", MASK),
    (("pcsk_",), r"\bpcsk_\w{30,}", MASK),
    (("jina_",), r"\bjina_(?=\w*[0-9])\w{40,}", MASK),
    (("tgp_v1_",), r"\btgp_v1_[\w-]{30,}", MASK),
    (("rpa_",), r"\brpa_[A-Z0-9]{40,}", MASK),
    (("wandb_v1_",), r"\bwandb_v1_\w{40,}", MASK),
    (("wandb login",), r"\b(wandb login\s+(?:--?[\w-]+(?:=\S+)?\s+){0,8})[0-9a-f]{40}\b", rf"\1{MASK}"),
    (("eyJhcGlf",), r"\beyJhcGlf[A-Za-z0-9+/_-]{40,}={0,2}", MASK),  # Neptune's: {"api_address": …}
    (("dapi", "dose", "dkea"), r"\bd(?:api|ose|kea)[0-9a-f]{32}(?:-\d)?\b", MASK),
)

_CODE: Final[tuple[_Form, ...]] = (
    (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b", MASK),
    (("github_pat_",), r"\bgithub_pat_\w{22,255}", MASK),
    (("gl",), r"gl(?<=\bgl)(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas|ffct)-[\w.-]{20,}", MASK),
    (("GR1348941",), r"\bGR1348941[\w-]{20,}", MASK),
    (("ATATT3", "ATBB", "ATCTT3"), r"(?<![\w=-])AT(?:ATT3|BB|CTT3)(?=[\w=-]*[0-9])[\w=-]{28,}", MASK),
    (("npm_",), r"\bnpm_[A-Za-z0-9]{36}\b", MASK),
    (("pypi-",), r"\bpypi-[\w-]{50,}", MASK),
    (("rubygems_",), r"\brubygems_[0-9a-f]{48}", MASK),
    (("dckr_", ), r"\bdckr_(?:pat|oat)_[\w-]{20,}", MASK),
    (("AKCp",), r"\bAKCp[A-Za-z0-9]{60,}\b", MASK),
    (("cmVmdGtuO",), r"\bcmVmdGtuO[A-Za-z0-9]{50,}\b", MASK),
    (("bkua_", "CCIPAT_"), r"\b(?:bkua_[0-9a-f]{40}|CCIPAT_\w{40,})", MASK),
    (("pul-",), r"\bpul-[0-9a-f]{40}\b", MASK),
    (("pnu_", "pnb_"), r"\bpn[ub]_[A-Za-z0-9]{36}\b", MASK),
    ((".atlasv1.",), r"\b[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}", MASK),
    (("dp.",), r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.(?:[\w-]{1,40}\.)?[A-Za-z0-9]{40,44}\b", MASK),
    (("hvs.", "hvb.", "hvr."), r"\bhv[sbr]\.[\w-]{24,}", MASK),
    (("AGE-SECRET-KEY-1",), r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}", MASK),
    (("ops_eyJ",), r"\bops_eyJ[A-Za-z0-9+/_-]{50,}={0,3}", MASK),
    (("tskey-",), r"\btskey-[a-z]{2,10}-[\w-]{16,}", MASK),
)  # fmt: skip

_SERVICES: Final[tuple[_Form, ...]] = (
    (("xox", "xapp-"), r"\b(?:xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9-]{10,}", MASK),
    (("hooks.slack.com/",), r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/-]+", MASK),
    (("webhook.office.com/",), r"(?<=webhook\.office\.com/)webhookb2/[\w@/-]+", MASK),
    (("/api/webhooks/",), r"(?<=/api/webhooks/)[0-9]{15,21}/[\w-]{50,}", MASK),
    ((":AA",), r"\b[0-9]{8,10}:AA[\w-]{33}(?![\w-])", MASK),
    (("_live_", "_test_", "_prod_"), r"\b[sr]k_(?:live|test|prod)_[A-Za-z0-9]{16,}", MASK),
    (("whsec_",), r"\bwhsec_[A-Za-z0-9+/=]{24,}", MASK),
    (("SG.",), r"\bSG\.[\w-]{16,}\.[\w-]{16,}", MASK),
    (("SK",), r"\bSK[0-9a-f]{32}\b", MASK),
    (("xkeysib-",), r"\bxkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}", MASK),
    (("shp",), r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}", MASK),
    (("sq0",), r"\bsq0(?:atp|csp|idp)-[\w-]{22,60}", MASK),
    (("EAAA", "EAAC", "EAAM"), r"\bEAA[ACM][A-Za-z0-9]{100,}", MASK),
    (("pscale_",), r"\bpscale_(?:tkn|pw|oauth)_[\w=.-]{32,64}", MASK),
    (("PMAK-",), r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b", MASK),
    (("glsa_", "glc_"), r"\bgl(?:sa_[A-Za-z0-9]{32}_[0-9A-Fa-f]{8}|c_[A-Za-z0-9+/]{32,400}={0,3})", MASK),
    (("eyJrIjoi",), r"\beyJrIjoi[A-Za-z0-9+/_-]{60,400}={0,3}", MASK),
    (("sntrys_", "sntryu_"), r"\bsntry(?:u_[0-9a-f]{64}|s_eyJ[\w+/=-]{40,})", MASK),
    (("NRAK-", "NRJS-"), r"\b(?:NRAK-[A-Z0-9]{27}|NRJS-[0-9a-f]{19})\b", MASK),
    (("dt0c01.",), r"\bdt0c01\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}", MASK),
    (("lin_api_",), r"\blin_api_[A-Za-z0-9]{40}", MASK),
    (("ntn_",), r"\bntn_[0-9]{11}[A-Za-z0-9]{35}\b", MASK),
    (("figd_",), r"\bfigd_[\w-]{30,}", MASK),
    (("pat",), r"pat(?<=\bpat)[A-Za-z0-9]{14}\.[0-9a-f]{64}\b", MASK),
    (("sbp_",), r"\bsbp_[0-9a-f]{40}\b", MASK),
    (("sgp_",), r"\bsgp_(?:(?:[0-9a-fA-F]{16}|local)_)?[0-9a-fA-F]{40}\b", MASK),
)

_JWT: Final[tuple[_Form, ...]] = ((("eyJ",), r"(?<![\w-])eyJ[\w-]{8,}+\.eyJ[\w-]{8,}+\.[\w-]*", MASK),)

# What is told by the words around it.
_PLACES: Final[tuple[_Form, ...]] = (
    (
        ("PRIVATE KEY",),
        # All up to its end; where that is cut off, the lines that look like the inside of a key. Lines of a patch begin
        # with a sign, and in JSON a line ends with a backslash and n.
        (
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
            r"(?:(?:[^-]++|-(?!----(?:BEGIN|END) ))*+-----END [A-Z0-9 ]*-----"
            r"|(?:[ \t]*+(?:\r?\n|(?:\\+r)?\\+n)[ \t+>-]*+"
            r"(?:[A-Za-z-]++: [\w,: -]+|[A-Za-z0-9+/=]++(?! *[\w(\"'])|(?=\r?\n|\\+[rn])))++)"
        ),
        MASK,
    ),
    (("://",), r"""(?<=://)([^\s/?#@:"'<>]*):[^\s/?#"'<>]+@""", rf"\1:{MASK}@"),
    (("://",), r"""(?<=://)(?=[^\s/?#@]*[0-9])[^\s/?#@:"'<>]{20,}@""", f"{MASK}@"),
    (
        ("sig=", "Signature=", "X-Amz-", "X-Goog-"),
        r"(?i:([?&](?:sig|signature|x-(?:amz|goog)-(?:signature|credential|security-token))=))[^\s&#\"'<>,;*]{8,}",
        rf"\1{MASK}",
    ),
    (
        ("uthorization", "UTHORIZATION"),
        (
            r"""(?i:(authorization["']?\s*[:=]\s*["']?(?:(?:basic|bearer|digest|key|negotiate|token)\s++)?+)(?!none|null))"""
            r"""[^\s"',;*]{4,}"""
        ),
        rf"\1{MASK}",
    ),
    (("earer ", "EARER "), r"(?i:\b(bearer\s+))(?=\S*[0-9])[\w.~+/=-]{16,}", rf"\1{MASK}"),
    (
        ("ookie:", "OOKIE:"),
        r"""(?i:\b((?:set-)?cookie:\s*))(?=[\w.%-]{1,64}=[^\s;"']{6})[^\r\n"']{8,}""",
        rf"\1{MASK}",
    ),
    (("_gitlab_session=",), r"(_gitlab_session=)[0-9a-f]{32}", rf"\1{MASK}"),
    (("login ",), r"\b(login\s+\S{1,128}\s+password\s+)(?!\*)[^\s\"'`]+", rf"\1{MASK}"),
    (
        ("curl ",),
        r"""\b(curl\s[^\n|;]{0,512}?\s(?:-u|--user|--proxy-user)[\s=]\s*["']?[^\s:"'*]{1,128}:)[^\s"'*]+""",
        rf"\1{MASK}",
    ),
    (("sshpass ",), r"\b(sshpass\s+-p\s*[\"']?)[^\s\"'*]+", rf"\1{MASK}"),
    ((" login ",), r"\b((?:docker|podman|helm registry|oras) login\s[^\n|;]{0,256}?-p[\s=]\s*[\"']?)[^\s\"'*]+", rf"\1{MASK}"),
    (("PWD=", "Pwd=", "pwd="), r"(?i:(;\s*pwd\s*=\s*))[^;\s\"'*]+", rf"\1{MASK}"),
)  # fmt: skip

_TOKENS: Final = (*_CLOUDS, *_MODELS, *_CODE, *_SERVICES, *_JWT)
_SHORTEST: Final = 15  # code points of the shortest token; none of them has white space in it


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def redact_forms(text: str) -> str:
    """Give `text` with all that has the form of a secret replaced by ``***``."""
    long_words = [word for word in text.split() if len(word) >= _SHORTEST]
    if long_words:
        text = _redact(text, _TOKENS, " ".join(long_words))
    return _redact(text, _PLACES, text)


def _redact(text: str, forms: tuple[_Form, ...], told_by: str) -> str:
    for anchors, pattern, replacement in forms:
        for anchor in anchors:
            if anchor in told_by:
                text = _compiled(pattern).sub(replacement, text)
                break
    return text
