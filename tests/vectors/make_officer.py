#!/usr/bin/python3
"""Writes officer.txt: roster and watch bodies, right and wrong, and known answers of what a voucher
and a sign cover, without openline's code: CBOR from make_entry.py, Ed25519 from cryptography."""
import hashlib
import os

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from make_entry import Raw, cbor

KEY = bytes(range(32))
SIG = bytes(range(64))
NAMES = [["en", "Ann Smith"], ["zh", "史密斯"]]
TITLES = [["en", "Rear Admiral"]]
LINE_ID = bytes(range(0x40, 0x50))


def sha(b):
    return hashlib.sha256(b).digest()


def fields(number=7, serial=1, key=KEY, rung=2, powers=3, state=0, names=NAMES, titles=TITLES,
           languages=("en", "zh"), hours="0800-1600Z", voucher=(), more=()):
    return [number, serial, key, rung, powers, state, list(names), list(titles), list(languages),
            hours, list(voucher), *more]


def row(what, name, want, body, **told):
    body = bytes(body) if isinstance(body, Raw) else cbor(body)
    return [("name", name), (what, body.hex()), ("want", want), *told.items()]


def right(name, **given):
    f = fields(**given)
    said = lambda pairs: "|".join(f"{lang}={text}" for lang, text in pairs)
    return row("officer", name, "OL_OK", f, number=f[0], serial=f[1], key=f[2].hex(), rung=f[3],
               powers=f[4], state=f[5], names=said(f[6]), titles=said(f[7]),
               languages=" ".join(f[8]), hours=f[9], by=f[10][0] if f[10] else "",
               sig=f[10][1].hex() if f[10] else "", more=len(f) - 11)


def wrong(name, want, **given):
    return row("officer", name, want, fields(**given))


def officers():
    form, limit, eight = "OL_EFORM", "OL_ELIMIT", [["en", "x"]] * 8
    return [
        right("whole"),
        right("vouched for by the identity key", voucher=[0, SIG]),
        right("vouched for by an officer", voucher=[65535, SIG]),
        right("the least", number=1, serial=0, key=b"", rung=0, powers=0, names=[["en", "x"]],
              titles=[], languages=[], hours=""),
        right("the largest numbers", number=65535, serial=2**64 - 1, rung=2**64 - 1,
              powers=2**64 - 1, state=1),
        right("eight of each", names=eight, titles=eight, languages=["en"] * 8),
        right("the longest texts", names=[["en", "x" * 200]], titles=[["en", "y" * 200]],
              hours="z" * 100),
        right("later fields", voucher=[0, SIG], more=["later", [1]]),
        wrong("number 0", form, number=0),
        wrong("number 65536", limit, number=65536),
        wrong("number is text", form, number="7"),
        wrong("serial is negative", form, serial=-1),
        wrong("key of 31", form, key=KEY[:31]),
        wrong("key of 33", form, key=KEY + b"x"),
        wrong("key is text", form, key="x" * 32),
        wrong("rung is negative", form, rung=-1),
        wrong("powers are bytes", form, powers=b""),
        wrong("state 2", limit, state=2),
        wrong("no names", form, names=[]),
        wrong("nine names", limit, names=eight + [["en", "x"]]),
        wrong("a name of 201", limit, names=[["en", "x" * 201]]),
        wrong("an empty name", form, names=[["en", ""]]),
        wrong("a name with a newline", form, names=[["en", "a\nb"]]),
        wrong("a name with an override", form, names=[["en", "a\u202eb"]]),
        wrong("a name is bytes", form, names=[["en", b"x"]]),
        wrong("a name in no language", form, names=[["", "x"]]),
        wrong("a name in a language of another form", form, names=[["e_n", "x"]]),
        wrong("a name of three", form, names=[["en", "x", "y"]]),
        wrong("names are a text", form, names="x"),
        wrong("nine titles", limit, titles=eight + [["en", "x"]]),
        wrong("a title of 201", limit, titles=[["en", "x" * 201]]),
        wrong("nine languages", limit, languages=["en"] * 9),
        wrong("a language that is empty", form, languages=[""]),
        wrong("hours of 101", limit, hours="x" * 101),
        wrong("hours with a newline", form, hours="a\nb"),
        wrong("a voucher of one", form, voucher=[0]),
        wrong("a voucher of three", form, voucher=[0, SIG, 0]),
        wrong("a voucher by 65536", limit, voucher=[65536, SIG]),
        wrong("a voucher of 63 bytes", form, voucher=[0, SIG[:63]]),
        wrong("a voucher of 65 bytes", form, voucher=[0, SIG + b"x"]),
        row("officer", "ten fields", form, fields()[:10]),
        row("officer", "nothing", "OL_ESHORT", Raw()),
        row("officer", "a byte too many", form, Raw(cbor(fields()) + b"\0")),
        row("officer", "no array", form, 4),
    ]


def watches():
    form, limit = "OL_EFORM", "OL_ELIMIT"
    ok = lambda name, officer, before, text, *more: row(
        "watch", name, "OL_OK", [officer, before, text, *more], officer=officer, from_=before,
        text=text, more=len(more))
    return [
        ok("taken", 7, 0, ""), ok("handed over", 7, 3, "all quiet"), ok("nobody", 0, 7, ""),
        ok("the largest", 65535, 65535, "x" * 200), ok("later fields", 7, 3, "", 1, [2]),
        row("watch", "two fields", form, [7, 0]),
        row("watch", "officer 65536", limit, [65536, 0, ""]),
        row("watch", "from 65536", limit, [0, 65536, ""]),
        row("watch", "from is text", form, [0, "", ""]),
        row("watch", "a text of 201", limit, [0, 0, "x" * 201]),
        row("watch", "a text with a newline", form, [0, 0, "a\nb"]),
        row("watch", "a text of bytes", form, [0, 0, b""]),
        row("watch", "a byte too many", form, Raw(cbor([0, 0, ""]) + b"\0")),
    ]


def words():
    """What signs and vouchers cover, and signatures by a key from a fixed seed."""
    seed = bytes([0x5a]) * 32
    key = Ed25519PrivateKey.from_private_bytes(seed)
    pub = key.public_key().public_bytes_raw()
    out = []
    for party, by in ((1, 0), (15, 3)):
        f = fields(voucher=[by, SIG])
        ten = cbor(f[:10])
        covers = b"openline/enrol/v1\n" + LINE_ID + bytes([party]) + sha(ten)
        out.append([("name", f"voucher of party {party}"), ("line_id", LINE_ID.hex()),
                    ("party", party), ("voucher", cbor(f).hex()), ("covers", covers.hex()),
                    ("seed", seed.hex()), ("pub", pub.hex()), ("sig", key.sign(covers).hex())])
    inc = lambda n: bytes([n]) * 8
    reads = {
        "nothing": [],
        "one log": [(0, 1, inc(9), 5)],
        "not in order": [(2, 0, inc(1), 3), (1, 1, inc(0x80), 2**48 - 1), (1, 1, inc(0x7f), 9),
                         (1, 0, inc(0xff), 1), (0, 1, inc(3), 0)],
    }
    for name, rows in reads.items():
        for officer, written, generation, kind, ref in (
                (7, 1687305600, 0, 2, b""), (65535, 2**64 - 1, 2**32 - 1, 12, b"\x86\x02")):
            body = cbor([0, 0, 0, [0, "Is it yours?"]])
            item = bytes.fromhex("a1b2c3d4e5f6")
            read = b"".join(bytes([p, lane]) + i + size.to_bytes(8, "big")
                            for p, lane, i, size in sorted(rows) if size > 0)
            covers = (b"openline/officer/v1\n" + LINE_ID + generation.to_bytes(4, "big") + b"\1"
                      + officer.to_bytes(2, "big") + item + written.to_bytes(8, "big") + sha(read)
                      + bytes([kind]) + sha(ref) + sha(body))
            out.append([
                ("name", f"a sign of officer {officer} who had read {name}"),
                ("line_id", LINE_ID.hex()), ("party", 1), ("generation", generation),
                ("kind", kind), ("item", item.hex()), ("ref", ref.hex()), ("body", body.hex()),
                ("reads", " ".join(f"{p}:{lane}:{i.hex()}:{size}" for p, lane, i, size in rows)),
                ("officer_number", officer), ("written", written), ("covers", covers.hex()),
                ("seed", seed.hex()), ("pub", pub.hex()), ("sig", key.sign(covers).hex())])
    return out


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "officer.txt")
    with open(path, "w", encoding="utf-8") as f:
        f.write("# Written by make_officer.py. Hex, decimal numbers, names language=text, joined\n"
                "# by |, reads party:lane:incarnation:size.\n")
        for c in officers() + watches() + words():
            f.write("\n" + "".join(f"{k.rstrip('_')} = {v}".rstrip() + "\n" for k, v in c))


if __name__ == "__main__":
    main()
