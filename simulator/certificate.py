"""A self-signed certificate without alternative names, as a Powerwall gateway has one: to be pinned by its fingerprint, not by name."""

from __future__ import annotations

import hashlib
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path


def self_signed(name: str = "powerwall") -> tuple[ssl.SSLContext, str]:
    """A server context with a new certificate (subject `name`, ten years) and its SHA-256 fingerprint as AA:BB:..."""
    # imported here: only a house with a gateway needs it
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    draft = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    draft = draft.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    certificate = draft.not_valid_after(now + timedelta(days=3650)).sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    digest = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest().upper()
    context = _context(secret, certificate.public_bytes(serialization.Encoding.PEM))
    return context, ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def _context(secret: bytes, certificate: bytes) -> ssl.SSLContext:
    """ssl reads key and certificate from files only; they lie in a private folder for that moment."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "both.pem"
        path.write_bytes(secret + certificate)
        context.load_cert_chain(path)
    return context
