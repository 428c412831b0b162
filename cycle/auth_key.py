"""The key pair of the owner's app: made here, its public half laid out for a free static host, and fetched back to see what Tesla sees."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from clients.http import Ask, Http, Reply
from clients.http_status import excerpt
from errors import BadCertificate, ClientError, StateError, Unreachable
from state.logins import Logins

KEY_PATH = ".well-known/appspecific/com.tesla.3p.public-key.pem"
SITE = "tesla_site"  # folder in STATE_DIR
REDIRECTS = (301, 302, 303, 307, 308)
INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>Log-in</title></head>
<body><p>If you came from Tesla's page: copy the whole address out of the address bar and paste it into the terminal.</p></body></html>
"""


def own_key(logins: Logins) -> tuple[bytes, bool]:
    """The private key in PEM, made now if there is none; and whether it is new. Raises StateError."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    found = logins.load_key()
    if found is not None:
        return found, False
    key = ec.generate_private_key(ec.SECP256R1())  # the only curve that cars know
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    logins.save_key(pem)
    return pem, True


def public_half(pem: bytes) -> tuple[bytes, str]:
    """Its public key in PEM, and as the point in hex that Tesla answers with. Raises StateError for a file that is no such key."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise StateError("state", "tesla_key.pem in STATE_DIR is no prime256v1 key: move it away, or put the right one back.")
    public = key.public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), point


def site_files(public_pem: bytes) -> Mapping[str, bytes]:
    """What has to lie at the root of the host. The two extra files keep GitHub's page builder from leaving out folders with a dot."""
    return {
        KEY_PATH: public_pem,
        ".nojekyll": b"",
        "_config.yml": b'include: [".well-known"]\n',
        "index.html": INDEX.encode(),
    }


def lay_out(folder: Path, files: Mapping[str, bytes]) -> None:
    """Nothing in it is secret; written anew each time. Raises OSError."""
    for name, body in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def looked_up(http: Http, key_url: str, point: str) -> str:
    """What is wrong with the key at its address, and what to do; "" when it is the right one."""
    url = f"{key_url.rstrip('/')}/{KEY_PATH}"
    try:
        reply = http.ask(Ask("key host", url))
    except BadCertificate:
        return f"The host of {url} has no valid certificate. Tesla needs https that every browser accepts."
    except Unreachable:
        return f"{url} cannot be reached: is the name right, and is this Pi on the internet? A new host may need some minutes."
    except ClientError as error:
        return f"{url} gave no usable answer: {error.text}"
    return judged(reply, url, point)


def judged(reply: Reply, url: str, point: str) -> str:
    """Tells apart what hosts do wrong."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    if reply.status in REDIRECTS:
        target = excerpt(reply.headers.get("location", "elsewhere"), 100)
        return f"{url} redirects to {target}. Tesla follows no redirect: use the host name that answers itself, in the app and here."
    if reply.status == 404:
        return (
            f"{url} is not there (404). Are the files at the root of the host, the folder .well-known with its dot included? On GitHub the"
            " files .nojekyll and _config.yml must lie beside it, and Pages must be switched on; it takes some minutes."
        )
    if not reply.ok:
        return f"{url} answers {reply.status}. It must be open to everybody, always."
    if b"-----BEGIN" not in reply.body:
        page = b"<" in reply.body[:200]
        what = "a web page" if page else "something else"
        return f"At {url} comes {what}, not the key. Hosts with one page for every address need an exception for this file."
    try:
        key = load_pem_public_key(reply.body)
        there = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()
    except ValueError:  # of RSA keys too
        return f"At {url} lies a file that is no public key of the right kind. Upload the one from the folder, unchanged."
    if there != point:
        return f"At {url} lies another key than this Pi's. Upload the file from the folder again; hosts may show the old one for 10 min."
    return ""
