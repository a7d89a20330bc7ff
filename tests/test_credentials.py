"""Content credentials (C2PA): a copy is signed without a pixel changed, and read against a root made on this machine."""

import io
import shutil
import subprocess

import pytest
from PIL import Image

from osint import cli
from osint.errors import BadInputError, OsintError
from osint.passport import Verdict, credentials, sign, stamp, verify, with_credential
from tests.test_passport import TOLD, chart, evidence, numbers

CONF = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = {name}
O = a desk
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
P256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Make a figure, an authority, another one, and a publisher's certificate under the first."""
    here = tmp_path_factory.mktemp("desk")
    made = stamp(chart(), "claimed", numbers=numbers(), evidence=evidence(), dpi=100, formats=("png",), **TOLD)
    for name, body in made.files.items():
        (here / name).write_bytes(body)
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=here, check=True, capture_output=True)

    for name in ("root", "other", "leaf"):
        (here / f"{name}.cnf").write_text(CONF.format(name=name))
        form = [] if name == "leaf" else ["-x509", "-days", "36500", "-extensions", "root"]
        openssl("req", "-new", *form, *P256, "-keyout", f"{name}.key", "-config", f"{name}.cnf", "-out", f"{name}.pem")
    by_root = ["-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "36500"]
    openssl("x509", "-req", "-in", "leaf.pem", *by_root, "-extfile", "leaf.cnf", "-extensions", "leaf", "-out", "l.pem")
    (here / "chain.pem").write_bytes((here / "l.pem").read_bytes() + (here / "root.pem").read_bytes())
    return here


@pytest.fixture(scope="module")
def signed(desk):
    pytest.importorskip("c2pa")
    out = desk / "signed.png"
    assert cli.main(["seal", str(desk / "claimed.png"), "--out", str(out), *key(desk)]) == 0
    return out


def key(desk):
    return ["--chain", str(desk / "chain.pem"), "--key", str(desk / "leaf.key")]


def test_a_signed_copy_is_the_same_picture_and_names_its_passport_and_who_signed(desk, signed, capsys):
    found = verify(signed)
    assert found.verdict == Verdict.SAME_PICTURE
    told = with_credential(found, signed, desk / "root.pem")
    assert told.verdict == Verdict.SAME_PICTURE and "by 'leaf of a desk', trusted by: root.pem" in told.shown[-1]
    assert "names this passport" in told.shown[-1]
    assert cli.main(["verify", str(signed), "--signer", str(desk / "root.pem")]) == 0
    assert "trusted by: root.pem" in capsys.readouterr().out
    credential = credentials.read(signed.read_bytes(), desk / "root.pem")
    assert (credential.intact, credential.trusted, credential.passport_id) == (True, True, found.passport_id)


def test_a_signature_under_another_root_is_intact_and_not_trusted(desk, signed):
    told = with_credential(verify(signed), signed, desk / "other.pem")
    assert told.verdict == Verdict.SAME_PICTURE and "is not trusted by other.pem" in told.not_shown[-1]
    assert not any("trusted by" in line for line in told.shown)


def test_what_was_changed_after_it_was_signed_is_a_conflict(desk, signed, tmp_path):
    body = bytearray(signed.read_bytes())
    at = body.index(b"IDAT")
    text = b"tEXtComment\0added"
    chunk = len(text[4:]).to_bytes(4, "big") + text + credentials.verify.zlib.crc32(text).to_bytes(4, "big")
    body[at - 4 : at - 4] = chunk
    (tmp_path / "signed.png").write_bytes(body)
    told = with_credential(verify(tmp_path / "signed.png", passports=desk), tmp_path / "signed.png", desk / "root.pem")
    assert told.verdict == Verdict.CONFLICT and "dataHash.mismatch" in told.not_shown[0]


def test_a_copy_that_was_saved_anew_has_no_credential(desk, signed, tmp_path):
    copy = tmp_path / "claimed.png"
    Image.open(io.BytesIO(signed.read_bytes())).save(copy)
    assert not credentials.is_in(copy.read_bytes()) and credentials.is_in(signed.read_bytes())
    assert (
        "no content credential" in with_credential(verify(copy, passports=desk), copy, desk / "root.pem").not_shown[-1]
    )


def test_only_a_figure_as_it_was_written_is_signed_and_with_a_key_that_fits(desk, signed, tmp_path):
    with pytest.raises(BadInputError, match="SAME PICTURE"):
        sign(signed, desk / "chain.pem", desk / "leaf.key")
    with pytest.raises(BadInputError, match="was not signed"):
        sign(desk / "claimed.png", desk / "chain.pem", desk / "root.key")
    with pytest.raises(BadInputError, match="no certificate"):
        credentials.read(signed.read_bytes(), desk / "leaf.key")


def test_without_the_package_it_is_said_which_one_is_wanted(desk, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "c2pa", None)
    with pytest.raises(OsintError, match="c2pa-python"):
        sign(desk / "claimed.png", desk / "chain.pem", desk / "leaf.key")
    assert (
        "no content credential"
        in with_credential(verify(desk / "claimed.png"), desk / "claimed.png", desk / "root.pem").not_shown[-1]
    )
