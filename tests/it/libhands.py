# SPDX-License-Identifier: ISC
"""Hostile hands: each takes a correct world of libexport and gives the files of a false one.

A hand either changes files, or holds keys (of a log, of receipts, of an identity) and writes,
hashes and signs anew what it changes.
"""
import hashlib
import re

import libexport as x

ONE = (1).to_bytes(32, "little")                         # the neutral element: of small order
ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19
NOT_CANONICAL = (PRIME + 3).to_bytes(32, "little")       # y = 3, written with p added
NOT_A_POINT = (2).to_bytes(32, "little")                 # y = 2 has no x
OTHER_ROOT = x.sha(b"another history")
ABSENT = x.sha(b"absent")[:8]


class Link(str):
    """A symbolic link in place of a file."""


# ---------------------------------------------------------------- hands on files
def put(**files):
    """Writes files; {u} and so on stand for log directories; None removes one."""
    return lambda w: change(w.files(), w, files["files"])


def change(files, w, changes):
    for name, data in changes.items():
        path = name.format(**dirs(w))
        if data is None:
            del files[path]
        else:
            files[path] = data(files.get(path)) if callable(data) else data
    return files


def dirs(w):
    return {name: log.dir for name, log in w.logs.items()}


def swap(old, new):
    """One change of bytes, which must be there to be made."""
    def edit(data):
        assert old in data, (old, data)
        return data.replace(old, new, 1)
    return edit


def lines(*edits):
    """Edits of the lines of a file: (number, text), text None removing it."""
    def edit(data):
        rows = data.decode().split("\n")
        for number, text in sorted(edits, key=lambda e: e[0], reverse=True):
            rows[number:number + 1] = [] if text is None else [text]
        return "\n".join(rows).encode()
    return edit


# ---------------------------------------------------------------- hands that hold keys
def card(edit, name="usa", serial=1):
    """A card whose text was changed before its own party signed it."""
    def hand(w):
        party = w.party(name)
        text = edit(party.card_text(serial).encode()).decode()
        return w.files() | {f"cards/{name}.{serial}": x.note(text, party.sign(text))}
    return hand


def charter(edit):
    """A charter whose text was changed before every party signed it."""
    def hand(w):
        w.charter = edit(w.charter.encode()).decode()
        return w.files()
    return hand


def amendment(generation=1, members=None, **changes):
    """charter.1, signed by all in it, true but for what is changed."""
    def hand(w):
        parties = members(w) if members else w.parties
        digest = x.sha(w.charter.encode())
        says = {"generation": generation, "line": x.LINE, "id": digest[:16].hex(),
                "previous": digest.hex()} | changes
        more = f"id = {says['id']}\nprevious = {says['previous']}\n"
        text = x.charter_text(parties, says["generation"], more)
        text = text.replace(f"line = {x.LINE}", f"line = {says['line']}")
        return w.files() | {"charter.1": x.note(text, *[p.sign(text) for p in parties])}
    return hand


def head(name, log, size, *receipts, **more):
    """A note of one log, signed anew: name is its place, receipts (party, time, serial)."""
    def hand(w):
        a_log = w.logs[log]
        files = w.files()
        files[f"{a_log.dir}/{name}"] = a_log.head(size, *receipts, **more)
        return files
    return hand


def evidence(other, log="u", own=9, number=0):
    """A piece of evidence: other(log) contradicts the log's own head of size `own`."""
    def hand(w):
        a_log = w.logs[log]
        path = f"{a_log.dir}/evidence/{number}"
        return w.files() | {f"{path}.a.note": a_log.head(own), f"{path}.b.note": other(a_log)}
    return hand


def only_receipt(log, size, root, party="prc", serial=2):
    """A receipt that stands alone under a head of this root, as its signer handed it out."""
    text = log.head_text(size, root)
    name = f"{x.LINE}/{party}/mirror"
    key = log.world.party(party).receipt[serial]
    return x.note(text, x.receipt_line(name, key, text, x.START))


def entries(act, *names):
    """act(w) appends to logs; the logs named are receipted by all afterwards."""
    def hand(w):
        act(w)
        for name in names:
            w.logs[name].receive(*w.logs[name].others())
        return w.files()
    return hand


def says(log, seen=None, read=(), **more):
    """A message that claims to have seen what is given."""
    return entries(lambda w: w.logs[log].say("A claim.", read, seen=seen, precedence=1, **more),
                   log)


def opens(body, lane=0):
    """A new log of swi whose opening is body(w)."""
    def act(w):
        log = x.Log(w, w.party("swi"), lane, "t")
        w.logs["t"] = log
        log.append(1, body(w))
    return entries(act, "t")


def scalar(key):
    """The secret scalar of an Ed25519 key, from its seed (RFC 8032 section 5.1.5)."""
    seed = key.private_bytes(x.serialization.Encoding.Raw, x.serialization.PrivateFormat.Raw,
                             x.serialization.NoEncryption())
    digest = bytearray(hashlib.sha512(seed).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    return int.from_bytes(digest, "little")


def sign_small(key, text, r=ONE):
    """A signature with R of small order; it satisfies the equation of RFC 8032."""
    k = int.from_bytes(hashlib.sha512(r + x.raw(key) + text.encode()).digest(), "little")
    return r + (k * scalar(key) % ORDER).to_bytes(32, "little")


def resign(sign):
    """head.note of u with the signature that sign(key, text) gives."""
    def hand(w):
        u = w.logs["u"]
        text = u.head_text(9)
        blob = x.key_id(u.origin, 1, x.raw(u.log_key)) + sign(u.log_key, text)
        return w.files() | {u.dir + "/head.note": x.note(text, x.line_of(u.origin, blob))}
    return hand


def plus_order(key, text):
    """The true signature with the group order added to S."""
    good = key.sign(text.encode())
    return good[:32] + (int.from_bytes(good[32:], "little") + ORDER).to_bytes(32, "little")


def receipt_by(name, size, log="u", time=x.START):
    """heads/<name>.note of one size, the receipt dated anew."""
    return head(f"heads/{name}.note", log, size, (name, time, 2 if name == "prc" else 1))


def rewrite(w):
    """The thief of usa's log key gives entry 1 of u another text, and every tile with it."""
    w.logs["u"].entries[1] = w.logs["u"].entries[1].replace(b"ours", b"free")


def rewritten_after_receipt(w):
    old = w.logs["u"].notes()
    rewrite(w)
    u = w.logs["u"]
    files = w.files()
    for name in ("heads/prc.note", "heads/swi.note", "checkpoint"):
        files[f"{u.dir}/{name}"] = old[name]
    return files


def rewritten_with_receipt_copied(w):
    """As before; the thief signs the new root and copies prc's receipt below it."""
    files = rewritten_after_receipt(w)
    u = w.logs["u"]
    old = files[f"{u.dir}/heads/prc.note"].decode().split("\n")[-2]
    files[f"{u.dir}/heads/prc.note"] = u.head(9) + (old + "\n").encode()
    files[f"{u.dir}/heads/swi.note"] = u.head(5, ("swi", x.START, 1))
    files[f"{u.dir}/checkpoint"] = u.head(5, ("prc", x.START, 2), ("swi", x.START, 1))
    return files


def rolled_back(w):
    """The author drops what it last said, and shows its own older head."""
    u = w.logs["u"]
    old = u.notes()
    del u.entries[8:]
    u.receipts["prc"].pop()
    return w.files() | {f"{u.dir}/heads/prc.note": old["heads/prc.note"]}


def renamed(w, name):
    """A party called by a name that an export cannot hold."""
    return charter(lambda t: t.replace(b"[party swi]", f"[party {name}]".encode()))(w)


def parties(count):
    """A charter of this many parties, each signing it."""
    def hand(w):
        made = [x.Party(f"n{i}") for i in range(count)]
        text = x.charter_text([]) + "".join(
            f"\n[party {p.name}]\nidentity = {x.b64(x.raw(p.identity))}\nlanguages = en\n"
            f"name.en = {p.name}\n" for p in made)
        return w.files() | {"charter": x.note(text, *[p.sign(text) for p in made])}
    return hand


def stranger(w, name="rus"):
    """A party that is not in the charter."""
    return x.Party(name)


def stranger_card(w):
    party = stranger(w)
    text = party.card_text(1)
    return w.files() | {"cards/rus.1": x.note(text, party.sign(text))}


def stranger_log(w):
    w.parties.append(stranger(w))
    w.held["rus"] = {}
    log = x.Log(w, w.parties[-1], 0, "t")
    log.append(1, x.opening())
    w.parties.pop()
    return w.files() | {name: data for name, data in log.files().items()}


def impostor(name):
    """A party of a member's name under an identity key of the thief's own making."""
    party = x.Party(name)
    party.identity = party._ed(b"thief")
    return party


def thief_identity_card(w):
    party = impostor("usa")
    text = party.card_text(1)
    return w.files() | {"cards/usa.1": x.note(text, party.sign(text))}


def shared_key(w):
    """prc's identity key is given as swi's: one signature would stand for two parties."""
    w.party("swi").identity = w.party("prc").identity
    w.charter = x.charter_text(w.parties)
    return w.files()


KEY = re.compile(rb"log = .*")


def log_key(public):
    return card(lambda t: KEY.sub(b"log = " + x.b64(public).encode(), t))


def proof(changes, log="u", index=1):
    return lambda w: change(w.proof(w.logs[log], index), w, changes)
