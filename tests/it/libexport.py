# SPDX-License-Identifier: ISC
"""Makes a correct export of an imaginary line, and the parts of which false ones are made.

Written from docs/PROTOCOL.md; it shares no code with the openline program nor with
tools/verify_export.py. Everything is computed from fixed seeds, so that each run is the same.
"""
import base64
import hashlib
import hmac

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

LINE = "hotline"
START = 1_766_000_000
LANES = ("urgent", "routine")
LANGUAGES = {"usa": ("en", "United States"), "prc": ("zh", "中国"), "swi": ("fr", "Suisse"),
             "rus": ("ru", "Россия"), "eve": ("en", "Eve")}
TILE = 256

# Streams of a brotli encoder, window 16 bits: a text of two lines; 65,536, 16,384 and 16,385
# bytes of "a"; two bytes that are not UTF-8; a text with U+202E. And 500 bytes, window 22 bits.
BROTLI_TEXT = bytes.fromhex(
    "200210546865206f626a656374206973206f7572732e0a497420697320756e6d616e6e65642e03")
BROTLI_BOMB = bytes.fromhex("e2ff1fbf44583c1608e4de0300")
BROTLI_MOST = bytes.fromhex("e2ff07bf44583c1608e4de0000")
BROTLI_MORE = bytes.fromhex("020008bf44583c1608e8de0000")
BROTLI_BYTES = bytes.fromhex("100010fffe03")
BROTLI_BIDI = bytes.fromhex("90001068696464656e20e280ae03")
BROTLI_WIDE = bytes.fromhex("1bf301f825c282b140a015")


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def b64(data):
    return base64.b64encode(data).decode()


def raw(key):
    return key.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw)


# ---------------------------------------------------------------- encodings
def cbor_head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    for info, count in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << 8 * count:
            return bytes([major << 5 | info]) + value.to_bytes(count, "big")
    raise ValueError(value)


def cbor(item):
    if isinstance(item, int):
        return cbor_head(0, item) if item >= 0 else cbor_head(1, -1 - item)
    if isinstance(item, bytes):
        return cbor_head(2, len(item)) + item
    if isinstance(item, str):
        return cbor_head(3, len(item.encode())) + item.encode()
    return cbor_head(4, len(item)) + b"".join(map(cbor, item))


def mth(hashes):
    """RFC 6962 section 2.1, as it stands there."""
    if not hashes:
        return sha()
    if len(hashes) == 1:
        return hashes[0]
    cut = 1
    while cut * 2 < len(hashes):
        cut *= 2
    return sha(b"\x01", mth(hashes[:cut]), mth(hashes[cut:]))


def audit_path(index, hashes):
    if len(hashes) <= 1:
        return []
    cut = 1
    while cut * 2 < len(hashes):
        cut *= 2
    if index < cut:
        return audit_path(index, hashes[:cut]) + [mth(hashes[cut:])]
    return audit_path(index - cut, hashes[cut:]) + [mth(hashes[:cut])]


def key_id(name, kind, public):
    return sha(name.encode(), b"\n", bytes([kind]), public)[:4]


def vkey(name, kind, public):
    blob = b64(bytes([kind]) + public)
    return f"{name}+{key_id(name, kind, public).hex()}+{blob}"


def note(text, *lines):
    return (text + "\n" + "".join(lines)).encode()


def line_of(name, blob):
    return f"\u2014 {name} {b64(blob)}\n"


def signature(name, key, text):
    return line_of(name, key_id(name, 1, raw(key)) + key.sign(text.encode()))


def receipt_line(name, key, text, when):
    signed = f"cosignature/v1\ntime {when}\n{text}".encode()
    blob = key_id(name, 4, raw(key)) + when.to_bytes(8, "big") + key.sign(signed)
    return line_of(name, blob)


# ---------------------------------------------------------------- parties
class Party:
    """A party and the keys of each of its cards; the identity key is one for all."""

    def __init__(self, name, serials=1):
        self.name = name
        self.identity = self._ed(b"identity")
        self.log = {s: self._ed(b"log%d" % s) for s in range(1, serials + 1)}
        self.receipt = {s: self._ed(b"receipt%d" % s) for s in range(1, serials + 1)}
        self.static = {s: X25519PrivateKey.from_private_bytes(
            sha(name.encode(), b"static%d" % s)) for s in range(1, serials + 1)}
        self.last = serials

    def _ed(self, label):
        return Ed25519PrivateKey.from_private_bytes(sha(self.name.encode(), label))

    def card_text(self, serial):
        lang, said = LANGUAGES[self.name]
        return (f"openline card v1\n[party]\nname = {self.name}\nserial = {serial}\n"
                f"languages = {lang}\nname.{lang} = {said}\n[keys]\n"
                f"identity = {b64(raw(self.identity))}\nlog = {b64(raw(self.log[serial]))}\n"
                f"receipt = {b64(raw(self.receipt[serial]))}\n"
                f"static = {b64(raw(self.static[serial]))}\n")

    def sign(self, text):
        return signature(f"{self.name}/identity", self.identity, text)


def charter_text(parties, generation=0, more=""):
    text = (f"openline charter v1\n# The line that they agreed on.\nline = {LINE}\n"
            f"generation = {generation}\n{more}formats = 1\nsuite = 1\n"
            "rungs = watch duty-officer commander minister\nanswer.flash = 600\n"
            "answer.immediate = 1800\nanswer.priority = 10800\nanswer.routine = 21600\n"
            "check.interval = 1200\nlimit.entries = 20000\nlimit.bytes = 20000000\n"
            "crypto.period = 604800\ncourier.time = 2592000\nretention = forever\n")
    for party in parties:
        lang, said = LANGUAGES[party.name]
        text += (f"\n[party {party.name}]\nidentity = {b64(raw(party.identity))}\n"
                 f"languages = {lang}\nname.{lang} = {said}\n")
    return text


# ---------------------------------------------------------------- entries
def opening(before=b"", size=0, root=b"", reason=0):
    return [before, size, root, reason]


def message(text, precedence=3, lang="", subject="", ref=(), status=0, to=0):
    body = text if isinstance(text, list) else [0, text]
    return [precedence, status, to, body, lang, subject, list(ref)]


class Log:
    """One incarnation of a party's log on one lane."""

    def __init__(self, world, party, lane, name, serial=None):
        self.world, self.party, self.lane = world, party, lane
        self.incarnation = sha(party.name.encode(), name.encode())[:8]
        self.serial = serial or party.last
        self.key = (party.name, lane, self.incarnation)
        self.dir = f"{party.name}/{LANES[lane]}/{self.incarnation.hex()}"
        self.origin = f"{LINE}/{self.dir}"
        self.entries, self.numbers = [], {}
        self.rows = []        # (wall, [(log key, size), ...]) of each entry, as the order needs it
        self.receipts = {}    # party name: [(size, time, serial), ...]
        self.log_key = party.log[self.serial]

    # Entries
    def mentions(self):
        """What the station held of other logs and had not yet said."""
        out = []
        held = self.world.held[self.party.name]
        for key, size in held.items():
            number, said = self.numbers.get(key, (0, 0))
            if key == self.key or size <= said:
                continue
            if number:
                out.append([number, size])
            else:
                number = len(self.numbers) + 1
                index = self.world.number(key[0])
                out.append([number, size, index, key[1], key[2]])
            self.numbers[key] = (number, size)
        return sorted(out)

    def append(self, kind, body, seen=None, rest=()):
        self.world.clock += 7
        seen = self.mentions() if seen is None else seen
        said = {number: key for key, (number, _) in self.numbers.items()}
        needs = [(said[m[0]], m[1]) for m in seen if m[0] in said]
        fields = [kind, self.world.clock, seen, body, *rest]
        return self.append_bytes(cbor(fields), (self.world.clock, needs))

    def append_bytes(self, entry, row=None):
        self.entries.append(entry)
        self.rows.append(row or (self.rows[-1][0] if self.rows else 0, []))
        self.world.held[self.party.name][self.key] = len(self.entries)
        return len(self.entries) - 1

    def say(self, text, read=(), item=None, seen=None, **more):
        item = item or sha(b"item", self.origin.encode(), bytes([len(self.entries) & 255]),
                           bytes([len(self.entries) >> 8]))[:6]
        return self.append(2, message(text, **more), seen, [item, list(read)])

    def leaf(self, index):
        label = self.origin.encode() + b"\n" + index.to_bytes(8, "big")
        return hmac.digest(self.world.secret, label, "sha256")[:16] + self.entries[index]

    def hashes(self, size=None):
        return [sha(b"\x00", self.leaf(i)) for i in range(len(self.entries))[:size]]

    def root(self, size=None):
        return mth(self.hashes(size))

    # Notes
    def head_text(self, size, root=None):
        return f"{self.origin}\n{size}\n{b64(self.root(size) if root is None else root)}\n"

    def head(self, size, *receipts, root=None, key=None):
        """The head of one size as a note; receipts are (party, time, serial)."""
        text = self.head_text(size, root)
        lines = [signature(self.origin, key or self.log_key, text)]
        for party, when, serial in receipts:
            party = self.world.party(party)
            name = f"{LINE}/{party.name}/mirror"
            lines.append(receipt_line(name, party.receipt[serial], text, when))
        return note(text, *lines)

    def receive(self, *names, serial=None):
        """These parties store all there is, and say so."""
        for name in names:
            self.world.clock += 1
            party = self.world.party(name)
            self.world.held[name][self.key] = len(self.entries)
            self.receipts.setdefault(name, []).append(
                (len(self.entries), self.world.clock, serial or party.last))

    def others(self):
        return [p.name for p in self.world.parties if p is not self.party]

    def common(self):
        """The largest size that every other member has receipted, with all receipts of it."""
        sizes = [{r[0] for r in self.receipts.get(name, [])} for name in self.others()]
        shared = set.intersection(*sizes)
        if not shared:
            return None
        size = max(shared)
        return size, [(name, when, serial) for name in self.others()
                      for s, when, serial in self.receipts[name] if s == size]

    # Files
    def policy(self):
        common = self.common()
        serials = {name: serial for name, _, serial in common[1]} if common else {}
        lines = [f"log {vkey(self.origin, 1, raw(self.log_key))}"]
        for name in self.others():
            party = self.world.party(name)
            key = party.receipt[serials.get(name, party.last)]
            lines.append(f"witness {name} {vkey(f'{LINE}/{name}/mirror', 4, raw(key))}")
        lines += ["group others all " + " ".join(self.others()), "quorum others", ""]
        return "\n".join(lines).encode()

    def notes(self):
        """Files of this log but its tiles, by name."""
        out = {"policy": self.policy(), "head.note": self.head(len(self.entries))}
        common = self.common()
        if common:
            out["checkpoint"] = self.head(common[0], *common[1])
        for name in self.others():
            if name in self.receipts:
                size, when, serial = self.receipts[name][-1]
                out[f"heads/{name}.note"] = self.head(size, (name, when, serial))
        return out

    def pending(self):
        out, size = "", len(self.entries)
        for name in self.others():
            held = self.receipts[name][-1][0] if name in self.receipts else 0
            if held < size:
                out += f"{held} {size - held} {name}\n"
        return out.encode()

    def tiles(self):
        leaves = [self.leaf(i) for i in range(len(self.entries))]
        out = cut_tiles("entries", [len(x).to_bytes(2, "big") + x for x in leaves])
        level, hashes = 0, self.hashes()
        while hashes:
            out |= cut_tiles(str(level), hashes)
            hashes = [mth(hashes[i:i + TILE]) for i in range(0, len(hashes) - TILE + 1, TILE)]
            level += 1
        return out

    def files(self):
        out = self.notes() | self.tiles()
        if self.pending():
            out["pending"] = self.pending()
        return {f"{self.dir}/{name}": data for name, data in out.items()}


def cut_tiles(level, things):
    out = {}
    for first in range(0, len(things), TILE):
        part, number = things[first:first + TILE], first // TILE
        suffix = "" if len(part) == TILE else f".p/{len(part)}"
        out[f"tile/{level}/{number:03d}{suffix}"] = b"".join(part)
    return out


# ---------------------------------------------------------------- the line
class World:
    """Three parties, what each of their stations holds, and their logs."""

    def __init__(self):
        self.parties = [Party("usa"), Party("prc", serials=2), Party("swi")]
        self.secret = sha(b"line secret")
        self.clock = START
        self.held = {party.name: {} for party in self.parties}
        self.logs = {}
        self.charter = charter_text(self.parties)

    def party(self, name):
        return next(p for p in self.parties if p.name == name)

    def number(self, name):
        return [p.name for p in self.parties].index(name)

    def open(self, name, party, lane, before=None, reason=0, serial=None):
        """A new log under a short name, with its opening."""
        log = Log(self, self.party(party), lane, name, serial)
        self.logs[name] = log
        body = opening()
        if before:
            body = opening(before.incarnation, len(before.entries), before.root(), reason)
        log.append(1, body)
        return log

    def files(self):
        out = {"charter": note(self.charter, *[p.sign(self.charter) for p in self.parties])}
        for party in self.parties:
            for serial in party.log:
                text = party.card_text(serial)
                out[f"cards/{party.name}.{serial}"] = note(text, party.sign(text))
        for log in self.logs.values():
            out |= log.files()
        return out

    def proof(self, log, index):
        """The files that disclose one entry."""
        size = log.common()[0]
        path = "".join(b64(h) + "\n" for h in audit_path(index, log.hashes(size)))
        out = {name: data for name, data in self.files().items()
               if name == "charter" or name.startswith("cards/")}
        out |= {f"{log.dir}/{name}": data for name, data in log.notes().items()}
        out[f"{log.dir}/{index}.leaf"] = log.leaf(index)
        out[f"{log.dir}/{index}.tlog-proof"] = (
            f"c2sp.org/tlog-proof@v1\nindex {index}\n{path}\n".encode()
            + log.notes()["checkpoint"])
        return out


def build():
    """The line that every test begins with.

    u: usa urgent, 9 entries, of which 3 cannot be read; prc has all, swi the first 5
    r: usa routine, 300 entries, two bundles and a tile of level 1; all have all
    p: prc urgent under its first card, closed;  q: its next incarnation, under the second card
    s: swi urgent, which only usa has receipted
    """
    w = World()
    p = w.open("p", "prc", 0, serial=1)
    p.say("谁的飞行物？请立即答复。", precedence=0, lang="zh", subject="Object")
    u = w.open("u", "usa", 0)
    p.receive("usa", "swi")
    u.say("It is ours. It is unmanned.", precedence=0, ref=[1, 0, p.incarnation, 1])
    u.say([1, BROTLI_TEXT], precedence=1)
    u.append(64, ["a kind of tomorrow"], None, [sha(b"later")[:6], []])
    u.say([1, BROTLI_BOMB], precedence=1)
    u.receive("prc", "swi")
    p.say("收到。", precedence=1, read=[[1, 2]], ref=[0, 0, u.incarnation, 1])
    p.receive("usa", "swi", serial=1)
    u.append_bytes(bytes.fromhex("84021801"))
    u.say("The " + "o" * 2011 + "ng", precedence=1)    # an entry of 2,048 bytes
    q = w.open("q", "prc", 0, before=p, reason=5)
    r = w.open("r", "usa", 1)
    u.say("It has landed.", precedence=1)
    u.say("This is routine.", precedence=3)
    u.receive("prc")
    for number in range(299):
        r.say(f"Report {number}: nothing to report.", subject="Watch" * (number % 3))
        if number % 16 == 0:
            r.receive("prc")
    r.receive("prc", "swi")
    q.say("Our new machine is up.", precedence=1)
    q.receive("usa", "swi")
    s = w.open("s", "swi", 0)
    s.say("Do you need our good offices?", precedence=1)
    s.receive("usa")
    u.receive("prc")
    return w


def joint_order(w):
    """PROTOCOL 4.5, word for word and slowly: ids, and those that did not qualify."""
    logs = {log.key: log for log in w.logs.values()}
    taken = dict.fromkeys(logs, 0)
    order, forced = [], []

    def rank(log):
        return log.rows[taken[log.key]][0], w.number(log.party.name), log.lane, log.incarnation

    def qualifies(log):
        return all(key not in logs or taken[key] >= min(size, len(logs[key].rows))
                   for key, size in log.rows[taken[log.key]][1])

    while True:
        left = [log for log in logs.values() if taken[log.key] < len(log.rows)]
        if not left:
            return order, forced
        good = [log for log in left if qualifies(log)]
        log = min(good or left, key=rank)
        order.append(f"{log.dir}.{taken[log.key]}")
        if not good:
            forced.append(order[-1])
        taken[log.key] += 1


def write(files, top):
    for name, data in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
