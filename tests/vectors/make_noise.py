#!/usr/bin/python3
"""Writes noise-own.txt: Noise handshakes as openline uses them, computed without its code.

Noise revision 34 with python3-cryptography's X25519 and ChaCha20-Poly1305 and Python's hmac.
Every secret is SHA-256 of a label, so a second run writes the same bytes.
"""
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def secret(label):
    return hashlib.sha256(b"openline test " + label.encode()).digest()


def public(private):
    key = X25519PrivateKey.from_private_bytes(private).public_key()
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def dh(private, pub):
    return X25519PrivateKey.from_private_bytes(private).exchange(
        X25519PublicKey.from_public_bytes(pub))


def hkdf(ck, ikm, n):
    temp = hmac.new(ck, ikm, hashlib.sha256).digest()
    out, last = [], b""
    for i in range(1, n + 1):
        last = hmac.new(temp, last + bytes([i]), hashlib.sha256).digest()
        out.append(last)
    return out


def aead(key, n, ad, plain):
    return ChaCha20Poly1305(key).encrypt(b"\0\0\0\0" + struct.pack("<Q", n), plain, ad)


class Symmetric:
    def __init__(self, name, prologue, *known):
        name = name.encode()
        self.h = name.ljust(32, b"\0") if len(name) <= 32 else hashlib.sha256(name).digest()
        self.ck = self.h
        self.k = None
        for x in (prologue,) + known:
            self.mix_hash(x)

    def mix_hash(self, x):
        self.h = hashlib.sha256(self.h + x).digest()

    def mix_key(self, x):
        self.ck, self.k = hkdf(self.ck, x, 2)

    def mix_psk(self, psk):
        self.ck, temp, self.k = hkdf(self.ck, psk, 3)
        self.mix_hash(temp)

    def encrypt(self, plain):
        c = aead(self.k, 0, self.h, plain)
        self.mix_hash(c)
        return c


def case(pattern, label, prologue, payload1, payload2):
    psk = secret(label + " psk")
    i, r = secret(label + " initiator"), secret(label + " responder")
    e1, e2 = secret(label + " first ephemeral"), secret(label + " second ephemeral")
    s = Symmetric("Noise_%s_25519_ChaChaPoly_SHA256" % pattern, prologue, public(i), public(r))

    s.mix_psk(psk)
    s.mix_hash(public(e1))
    s.mix_key(public(e1))
    s.mix_key(dh(e1, public(r)))  # es
    s.mix_key(dh(i, public(r)))  # ss
    message1 = public(e1) + s.encrypt(payload1)
    message2 = b""
    if pattern.startswith("KK"):
        s.mix_hash(public(e2))
        s.mix_key(public(e2))
        s.mix_key(dh(e2, public(e1)))  # ee
        s.mix_key(dh(e2, public(i)))  # se
        message2 = public(e2) + s.encrypt(payload2)
    k1, k2 = hkdf(s.ck, b"", 2)
    n = 65536 + len(payload1)
    return [("pattern", pattern)] + [(k, v.hex()) for k, v in (
        ("prologue", prologue), ("psk", psk), ("initiator", i), ("responder", r),
        ("e1", e1), ("e2", e2), ("payload1", payload1), ("message1", message1),
        ("payload2", payload2), ("message2", message2), ("hash", s.h),
        ("key1", k1), ("key2", k2), ("n", struct.pack(">Q", n)),
        ("frame", aead(k1, n, b"", payload1)))]


def prologue(label, initiator, responder, counter):
    line = secret(label + " line")[:16]
    hint = secret(label + " hint")[:4]
    return (b"openline/1\0" + line + struct.pack(">IHBB", 0, 0, initiator, responder)
            + hint + struct.pack(">HQ", 0, counter))


def main():
    cases = [
        case("KKpsk0", "a", prologue("a", 0, 1, 1), b"", b""),
        case("KKpsk0", "b", prologue("b", 1, 0, 1025), b"\x04\x01\x02\x03\x04" + b"x" * 300, b"ok"),
        case("KKpsk0", "c", prologue("c", 3, 15, 2**62 - 1), b"\0" * 1106, b"\xff" * 1144),
        case("KKpsk0", "d", b"", b"no prologue", b"none"),
        case("Kpsk0", "e", prologue("e", 0, 1, 7), b"one way", b""),
        case("Kpsk0", "f", prologue("f", 1, 0, 8), bytes(range(256)) * 5, b""),
    ]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "noise-own.txt")
    with open(path, "w") as f:
        f.write("# Written by make_noise.py; hex; an empty value is zero bytes.\n")
        for c in cases:
            f.write("\n" + "".join("%s =%s\n" % (k, v and " " + v) for k, v in c))


if __name__ == "__main__":
    main()
