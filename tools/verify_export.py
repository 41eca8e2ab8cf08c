#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Check an exported openline record, or the proof of one entry.

Written from docs/PROTOCOL.md and the public specifications it names (RFC 6962, RFC 8032,
RFC 8949, RFC 7932 and C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles,
tlog-policy, tlog-proof). It shares no code with the openline program. It needs Python 3.11 and
python3-cryptography; compressed texts are shown if libbrotlidec.so.1 is installed.

What comes from the export is hostile until proven: every size is bounded before it is read,
links are not followed, and nothing is printed that was not cleaned of control characters.
"""
import base64
import bisect
import contextlib
import ctypes
import datetime
import functools
import hashlib
import heapq
import json
import os
import re
import stat
import sys
import unicodedata

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

USAGE = """usage: verify_export.py [--json] [--quiet] DIR

Checks the export of a line, or the proof of one entry, in DIR. Prints for each log what is
proven: its size, who has stored how much of it, and when they said so.

  --json    the result as one JSON object, with every entry and the joint order
  --quiet   only what is broken
  --help    this text

Exit status: 0 the record verifies, 1 it does not, 2 wrong usage."""

# ---------------------------------------------------------------- limits (PROTOCOL 2, 3, 7, 8)
NOTE_BYTES_MAX = 65536
SIGNATURES_MAX = 64
LINE_BYTES_MAX = 1024
VALUE_BYTES_MAX = 1000
LEAF_BYTES_MIN, LEAF_BYTES_MAX = 17, 2064
SALT_BYTES = 16
TEXT_BYTES_MAX = 16384
SUBJECT_BYTES_MAX = 200
NAME_BYTES_MAX = 200
TAG_BYTES_MAX = 35
WORDS_MAX = 200
MENTIONS_MAX = 64
WHOLE_MAX = 1984    # bytes of an entry that had room for another mention (4.2)
DEPTH_MAX = 8
LOGS_MAX = 4096
SIZE_LIMIT = 1 << 48
TILE_WIDTH = 256
# Not the protocol's: what this program is ready to hold.
FILES_MAX = 1_000_000
ENTRIES_MAX = 1 << 24
CARDS_MAX = 1000
EVIDENCE_MAX = 16
SENTENCES_MAX = 50

EMPTY_ROOT = hashlib.sha256(b"").digest()
LANES = ("urgent", "routine")
PRECEDENCES = ("FLASH", "IMMEDIATE", "PRIORITY", "ROUTINE")
STATUSES = ("operational", "exercise", "test")
SORTS = ("traffic", "service", "correction", "readback", "translation")
GRADES = ("none", "sight", "rough", "official")
REASONS = ("first", "started without a run marker", "the store is behind the run marker",
           "a member holds more of this log", "fork evidence", "amendment or new card")
ACTS = ("seen", "interim", "cancel", "right", "wrong", "present", "here")
ORDERS = ("minimise", "end-minimise", "suspend", "resume")
SECONDS_MAX = 604800
KIND_OPENING, KIND_MESSAGE, KIND_HANDBACK, KIND_ACT, KIND_ORDER = 1, 2, 3, 6, 12
KIND_OFFICER, KIND_WATCH = 4, 5
KIND_CHECK, KIND_MENTIONS = 11, 13
PATHS_MAX, DAY, DAYS_MAX, TIME_LIMIT = 32, 86400, 366, 1 << 40
KIND_CALL, KIND_RING, KIND_REPLY, KIND_CLOSE = 7, 8, 9, 10
REMARK_BYTES_MAX, ORIGIN_BYTES_MAX = 200, 120
CLOSE_RECEIPTS_MAX = 15
# Names that would collide with files of an export or with words of its policies.
RESERVED_NAMES = ("cards", "charter", "none", "others")

# Every rule this program can find broken. The sentence is printed after "<file>: ".
RULES = {
    # files
    "file-kind": "is neither a plain file nor a directory, and is not followed",
    "file-size": "is larger than {limit} bytes",
    "file-missing": "is missing",
    "file-unexpected": "does not belong in this export",
    "file-read": "cannot be read: {why}",
    "too-many": "holds more than {limit} {what}",
    # texts
    "text-char": "line {line} holds U+{code}, which no signed text may hold",
    "text-title": "does not begin with the line \"{title}\"",
    "text-long": "line {line} is longer than {limit} bytes",
    "text-line": "line {line} is neither empty, a comment, a [section] nor key = value",
    "text-section-twice": "line {line} begins section [{section}] a second time",
    "text-key-twice": "line {line} gives {key} a second time",
    "text-section-unknown": "has a section [{section}] that nobody knows",
    "text-section-missing": "has no section [{section}]",
    "text-key-unknown": "has a key {key} in [{section}] that nobody knows",
    "text-key-missing": "has no key {key} in [{section}]",
    "text-value": "the value of {key} in [{section}] {why}",
    # notes
    "note-form": "is not a signed note: {why}",
    "note-signatures": "has more than 64 signature lines",
    "note-base64": "the base64 after {name} is not canonical",
    "note-twice": "carries two signatures of {name} by one key",
    # keys and signatures
    "key-point": "the {role} key of {party} is not a point of the curve",
    "key-canonical": "the {role} key of {party} is not in canonical form",
    "key-small": "the {role} key of {party} is of small order",
    "key-shared": "the {role} key of {party} is also the {role2} key of {party2}",
    "sig-length": "the signature of {name} has {have} bytes, not {want}",
    "sig-r-canonical": "the signature of {name} has an R that is not in canonical form",
    "sig-r-small": "the signature of {name} has an R of small order",
    "sig-s-large": "the signature of {name} has an S that is not below the group order",
    "sig-identity": "the signature of {party} does not verify",
    "sig-head": "the head of {party} does not verify over size {size}",
    "sig-receipt": "receipt of {party} does not verify over size {size}",
    # charter and cards
    "charter-unsigned": "is not signed by {party}",
    "charter-parties": "names {count} parties; a line has 2 to 16",
    "charter-name": "a party cannot be called {party}",
    "charter-generation": "says generation {have}, its place says {want}",
    "charter-line": "speaks of line {have}, generation 0 of line {want}",
    "charter-id": "names another line id than that of generation 0",
    "charter-identity": "gives {party} another identity key than generation {before}",
    "charter-stay": "keeps nobody of generation {before}",
    "charter-previous": "does not follow from generation {before}: its hash is another",
    "card-stranger": "is a card of {party}, who is not in the charter",
    "card-name": "is a card of {party} with serial {serial}: its name says otherwise",
    "card-identity": "has another identity key of {party} than the charter",
    "card-unsigned": "is not signed by {party}",
    "card-missing": "{party} has authored or receipted, and there is no card of it",
    # logs
    "log-stranger": "is a log of {party}, who is not in the charter",
    "policy-form": "line {line} is not what a policy of this line says there",
    "policy-key": "names a key of {party} that is on none of its cards",
    "policy-members": "does not name the other members of a generation",
    "head-form": "is not a head: {why}",
    "head-origin": "is a head of {have}, not of {want}",
    "head-unsigned": "is not signed by the log key of {party} that the policy names",
    "head-root": "its root over size {size} is not that of the tiles",
    "head-fork": "the log key of {party} signed another root over size {size} than head.note "
                 "leads to: its log contradicts itself",
    "head-beyond": "speaks of size {size}, the export holds {held}",
    "receipt-time": "the receipt of {party} bears a time above 2^63 - 1",
    "receipt-missing": "carries no receipt of {party}",
    "receipt-fork": "{party} receipted over size {size} a root that is not that of the tiles",
    "checkpoint-quorum": "has no receipt of {party}, which the policy asks for",
    "checkpoint-behind": "every other member has receipted size {size}, and it does not say so",
    "heads-behind": "stands at size {size}; checkpoint shows a later receipt of {party}, "
                    "over size {later}",
    "pending-wrong": "does not say what the receipts say: {why}",
    # evidence of two histories
    "evidence-unsigned": "is signed neither by the log key of {party} nor by a receipt key of a "
                         "member",
    "evidence-size": "speaks of size {size}, the note beside it only of {beside}",
    "evidence-none": "contradicts nothing: its root over size {size} is that of the tiles",
    # tiles
    "tile-form": "does not hold {want} {what}",
    "tile-leaf": "entry {index} has a leaf of {length} bytes, not 17 to 2,064",
    "tile-hash": "hash {at} is not that of the entries",
    "tile-partial": "differs from the wider tile of the same place",
    # entries
    "opening-first": "entry 0 is not an opening: {why}",
    "opening-later": "entry {index} is an opening; only entry 0 may be one",
    "opening-before": "names its predecessor {before}, which the export does not hold",
    "opening-generation": "is of generation {generation} by its opening, and the policy names the "
                          "members of another",
    "opening-self": "names itself as its predecessor",
    "opening-size": "names size {size} of its predecessor {before}, the export holds {held}",
    "opening-root": "names another root of its predecessor {before} over size {size} than "
                    "the export holds: the log of {party} contradicts itself",
    "seen-number": "entry {index}: seen names log {number}, {why}",
    "seen-self": "entry {index}: seen names the log itself",
    "seen-twice": "entry {index}: seen gives {log} a second number",
    "seen-party": "entry {index}: seen names party {number}, the charter has {count}",
    "seen-falls": "entry {index}: the size seen of {log} goes from {before} to {size}",
    "seen-missing": "entry {index} has seen {log}, which the export does not hold",
    "seen-beyond": "entry {index} has seen {size} entries of {log}, the export holds {held}",
    "read-number": "entry {index}: read names log {number}, which seen never named",
    "read-beyond": "entry {index}: read says {size} of {log}, seen {seen}: it must be less",
    "item-twice": "entry {index} repeats the item of {first}, which its author held",
    # proofs
    "proof-layout": "is not the proof of one entry: {why}",
    "proof-form": "is not a proof: {why}",
    "proof-index": "proves entry {have}, its name says {want}",
    "proof-checkpoint": "does not carry the checkpoint of this directory",
    "proof-root": "does not lead from the leaf to the root of the checkpoint",
}


class Broken(Exception):
    """One rule is broken; whoever knows the file adds it and goes on with the next."""

    def __init__(self, rule, **fields):
        super().__init__(rule)
        self.rule = rule
        self.fields = fields


class Unreadable(Exception):
    """An entry that is stored and proven, and says nothing (section 3.5)."""


def clean(value):
    """Anything, as text that cannot move a cursor or hide a word."""
    if isinstance(value, int):
        return str(value)
    return "".join(c if is_shown(c) else f"\\u{ord(c):04x}" for c in str(value))


def is_shown(char):
    """Printable; also the spaces of all scripts, and the joiners that some cannot do without."""
    return char.isprintable() or unicodedata.category(char) == "Zs" or char in "\u200c\u200d"


def is_bidi(char):
    return "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"


class Report:
    """What was found: failures break the record, anomalies only need a reader's eye."""

    def __init__(self):
        self.failures = []
        self.known = set()
        self.anomalies = []
        self.unreadable = []
        self.counts = {}

    def fail(self, rule, file, **fields):
        sentence = RULES[rule].format(**{k: clean(v) for k, v in fields.items()})
        failure = (rule, clean(file), f"{clean(file)}: {sentence}")
        if failure in self.known:
            return
        self.counts[rule] = self.counts.get(rule, 0) + 1
        if self.counts[rule] <= SENTENCES_MAX:
            self.known.add(failure)
            self.failures.append(failure)

    def note(self, sentence):
        if len(self.anomalies) < 20 * SENTENCES_MAX:
            self.anomalies.append(clean(sentence))

    def note_strangers(self, file, names):
        for name in names:
            self.note(f"{file}: carries a signature of {name} by a key that is not known")

    @contextlib.contextmanager
    def on(self, file):
        try:
            yield
        except Broken as broken:
            self.fail(broken.rule, broken.fields.pop("file", file), **broken.fields)


# ---------------------------------------------------------------- files
class Tree:
    """The files of an export: listed once, read with a limit, each expected or named."""

    def __init__(self, top, report):
        self.top = top
        self.report = report
        self.files = set()
        self.touched = set()

    def list(self):
        self._walk("", 0)

    def _walk(self, under, depth):
        try:
            with os.scandir(os.path.join(self.top, under)) as entries:
                found = sorted(entries, key=lambda e: os.fsencode(e.name))
        except OSError as error:
            self.report.fail("file-read", under or ".", why=error.strerror)
            return
        for entry in found:
            path = under + entry.name
            if entry.is_dir(follow_symlinks=False) and depth < 16:
                self._walk(path + "/", depth + 1)
            elif entry.is_file(follow_symlinks=False):
                self._add(path)
            else:
                self.report.fail("file-kind", path)

    def _add(self, path):
        if len(self.files) == FILES_MAX:
            raise Broken("too-many", limit=FILES_MAX, what="files")
        self.files.add(path)

    def has(self, path):
        return path in self.files

    def under(self, prefix):
        return sorted(p[len(prefix):] for p in self.files if p.startswith(prefix))

    def read(self, path, limit):
        if path not in self.files:
            raise Broken("file-missing", file=path)
        self.touched.add(path)
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            with open(os.open(os.path.join(self.top, path), flags), "rb") as stream:
                if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                    raise Broken("file-kind", file=path)
                data = stream.read(limit + 1)
        except OSError as error:
            raise Broken("file-read", file=path, why=error.strerror) from error
        if len(data) > limit:
            raise Broken("file-size", file=path, limit=limit)
        return data

    def name_the_rest(self):
        for path in sorted(self.files - self.touched):
            self.report.fail("file-unexpected", path)


# ---------------------------------------------------------------- strict scalars
def decimal(text, limit=SIZE_LIMIT):
    """A number below limit, or None."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,19}", text, re.ASCII) or int(text) >= limit:
        return None
    return int(text)


def unbase64(text):
    """RFC 4648 section 4, padded, unused bits zero; or None."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, UnicodeEncodeError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def is_name(text):
    return re.fullmatch(r"[a-z][a-z0-9-]{0,31}", text, re.ASCII) is not None


def is_language(text):
    return re.fullmatch(r"([a-z]{2,3}|[a-z]{5,8})(-[a-z0-9]{1,8})*", text, re.ASCII) is not None


# ---------------------------------------------------------------- Ed25519 (RFC 8032)
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def point_fault(encoded):
    """None, or why these 32 bytes cannot be a public key or an R: point, canonical, small."""
    number = int.from_bytes(encoded, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= P:
        return "canonical"
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (v * x * x - u) % P:
        return "point"
    if x == 0 and sign:
        return "canonical"
    z = 1
    for _ in range(3):  # eight times the point, projectively; the sign of x plays no part
        b, c, d, h = (x + y) ** 2 % P, x * x % P, y * y % P, z * z % P
        f = (d - c) % P
        j = (f - 2 * h) % P
        x, y, z = (b - c - d) * j % P, f * (-c - d) % P, f * j % P
    return "small" if x == 0 and (y - z) % P == 0 else None


def check_public_key(public, role, party):
    fault = point_fault(public)
    if fault:
        raise Broken("key-" + fault, role=role, party=party)


class Key:
    """A verifying key as signed-note knows it: name, type, 32 bytes."""

    def __init__(self, name, kind, public, party, role):
        self.name, self.kind, self.public = name, kind, public
        self.party, self.role = party, role
        named = name.encode() + b"\n" + bytes([kind]) + public
        self.id = hashlib.sha256(named).digest()[:4]

    def vkey(self):
        blob = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{blob}"

    def verify(self, signature, message, size):
        """Strictly; libraries differ in what they let pass, so they are asked last."""
        fault = point_fault(signature[:32])
        if fault in ("canonical", "small"):
            raise Broken("sig-r-" + fault, name=self.name)
        if int.from_bytes(signature[32:], "little") >= L:
            raise Broken("sig-s-large", name=self.name)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            raise Broken("sig-" + self.role, party=self.party, size=size) from None


# ---------------------------------------------------------------- signed notes (C2SP)
class Note:
    """A parsed note: its text, its signature lines, not yet verified."""

    def __init__(self, data):
        try:
            whole = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Broken("note-form", why=f"it is not UTF-8 at byte {error.start}") from None
        if re.search("[\x00-\x09\x0b-\x1f]", whole):
            raise Broken("note-form", why="it holds a control character")
        cut = whole.rfind("\n\n")
        if cut < 0:
            raise Broken("note-form", why="no empty line before signatures")
        self.data = data
        self.text = whole[:cut + 1]
        self.lines = [self._line(line) for line in self._split(whole[cut + 2:])]
        seen = set()
        for name, key_id, _ in self.lines:
            if (name, key_id) in seen:
                raise Broken("note-twice", name=name)
            seen.add((name, key_id))

    @staticmethod
    def _split(text):
        if not text.endswith("\n"):
            raise Broken("note-form", why="it does not end in a signature line")
        lines = text[:-1].split("\n")
        if len(lines) > SIGNATURES_MAX:
            raise Broken("note-signatures")
        return lines

    @staticmethod
    def _line(line):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or not parts[1]:
            raise Broken("note-form", why="a signature line has another form")
        name = parts[1]
        if "+" in name or any(c.isspace() for c in name):
            raise Broken("note-form", why="a key name holds a space or a plus sign")
        blob = unbase64(parts[2])
        if blob is None:
            raise Broken("note-base64", name=name)
        if len(blob) < 5:
            raise Broken("note-form", why="a signature line holds no signature")
        return name, blob[:4], blob[4:]

    def strangers(self, keys):
        """The names of signature lines by none of these keys; nothing is known of them."""
        known = {(key.name, key.id) for key in keys}
        return [name for name, key_id, _ in self.lines if (name, key_id) not in known]

    def verify(self, keys, size=0):
        """The known signatures as [(key, receipt time or None)]; a known one that fails raises."""
        known = {(key.name, key.id): key for key in keys}
        found = []
        for name, key_id, blob in self.lines:
            key = known.get((name, key_id))
            if key is None:
                continue
            want = 72 if key.kind == 4 else 64
            if len(blob) != want:
                raise Broken("sig-length", name=name, have=len(blob), want=want)
            message, when = self.text.encode(), None
            if key.kind == 4:
                when = int.from_bytes(blob[:8], "big")
                message = f"cosignature/v1\ntime {when}\n".encode() + message
            key.verify(blob[-64:], message, size)
            if when is not None and when >= 1 << 63:
                raise Broken("receipt-time", party=key.party)
            found.append((key, when))
        return found


# ---------------------------------------------------------------- signed texts (section 2.1)
def forbidden(char):
    code = ord(char)
    return (code < 0x20 and char != "\n" or 0x7f <= code <= 0x9f or code in (0x2028, 0x2029, 0xfeff)
            or is_bidi(char))


def read_text(text, title):
    """The strict grammar: {section: {key: value}}; keys before any section are under ""."""
    for char in text:
        if forbidden(char):
            line = text[:text.index(char)].count("\n") + 1
            raise Broken("text-char", line=line, code=f"{ord(char):04X}")
    lines = text[:-1].split("\n")
    if lines[0] != title:
        raise Broken("text-title", title=title)
    sections, section = {"": {}}, ""
    for number, line in enumerate(lines[1:], 2):
        if len(line.encode()) > LINE_BYTES_MAX:
            raise Broken("text-long", line=number, limit=LINE_BYTES_MAX)
        if line == "" or line.startswith("#"):
            continue
        section = read_line(line, number, sections, section)
    return sections


def read_line(line, number, sections, section):
    """One line that says something; returns the section it leaves us in."""
    head = re.fullmatch(r"\[([a-z0-9._-]+(?: [a-z0-9._-]+)*)\]", line)
    if head:
        if head[1] in sections:
            raise Broken("text-section-twice", line=number, section=head[1])
        sections[head[1]] = {}
        return head[1]
    pair = re.fullmatch(r"([a-z0-9._-]+) = ([^ ]|[^ ].*[^ ])", line)
    if not pair:
        raise Broken("text-line", line=number)
    if len(pair[2].encode()) > VALUE_BYTES_MAX:
        raise Broken("text-long", line=number, limit=VALUE_BYTES_MAX)
    if pair[1] in sections[section]:
        raise Broken("text-key-twice", line=number, key=pair[1])
    sections[section][pair[1]] = pair[2]
    return section


def as_number(low=0, high=SIZE_LIMIT - 1):
    def convert(value):
        number = decimal(value)
        if number is None or not low <= number <= high:
            raise ValueError(f"is not a number from {low} to {high}")
        return number
    return convert


def as_exactly(*words):
    def convert(value):
        if value not in words:
            raise ValueError("is not " + " or ".join(words))
        return value
    return convert


def as_name(value):
    if not is_name(value):
        raise ValueError("is not a name")
    return value


def as_rungs(value):
    rungs = value.split(" ")
    if not all(map(is_name, rungs)) or len(set(rungs)) != len(rungs):
        raise ValueError("is not a list of different names")
    return rungs


def as_languages(value):
    words = value.split(" ")
    if not 1 <= len(words) <= 8 or not all(map(is_language, words)):
        raise ValueError("is not 1 to 8 languages")
    return words


def as_public_name(value):
    if len(value.encode()) > NAME_BYTES_MAX:
        raise ValueError(f"is longer than {NAME_BYTES_MAX} bytes")
    return value


def as_key(value):
    key = unbase64(value)
    if key is None or len(key) != 32:
        raise ValueError("is not 32 bytes in canonical base64")
    return key


def as_hex(count):
    def convert(value):
        if not re.fullmatch(r"[0-9a-f]+", value, re.ASCII) or len(value) != 2 * count:
            raise ValueError(f"is not {count} bytes in lower-case hex")
        return bytes.fromhex(value)
    return convert


def as_retention(value):
    return value if value == "forever" else as_number()(value)


def as_precedences(value):
    words = value.split(" ")
    if len(set(words)) != len(words) or not set(words) <= {p.lower() for p in PRECEDENCES}:
        raise ValueError("is not a list of different precedences")
    return words


def take(values, section, wanted, names=False, absent=()):
    """The values of one section, converted; all wanted, none unknown; name.<lang> if names."""
    out, said = {}, {}
    for key, value in values.items():
        convert = wanted.get(key)
        if names and key.startswith("name.") and is_language(key[5:]):
            convert = as_public_name
        if convert is None:
            raise Broken("text-key-unknown", key=key, section=section)
        try:
            out[key] = convert(value)
        except ValueError as error:
            raise Broken("text-value", key=key, section=section, why=str(error)) from None
        if key not in wanted:
            said[key[5:]] = value
    for key in list(wanted) + (["name.<language>"] if names and not said else []):
        if key not in out and key not in absent:
            raise Broken("text-key-missing", key=key, section=section)
    return out, said


# ---------------------------------------------------------------- charter and cards
CHARTER_KEYS = {
    "line": as_name, "generation": as_number(high=2**32 - 1), "formats": as_exactly("1"),
    "suite": as_exactly("1"), "rungs": as_rungs,
    "answer.flash": as_number(), "answer.immediate": as_number(), "answer.priority": as_number(),
    "answer.routine": as_number(), "check.interval": as_number(60, 86400),
    "limit.entries": as_number(), "limit.bytes": as_number(), "crypto.period": as_number(),
    "courier.time": as_number(), "retention": as_retention,
    "release.two": as_precedences, "quota.flash": as_number(1, 1000000),
    "quota.immediate": as_number(1, 1000000),
}
MAY_BE_ABSENT = ("release.two", "quota.flash", "quota.immediate")
AMENDMENT_KEYS = CHARTER_KEYS | {"id": as_hex(16), "previous": as_hex(32)}
MEMBER_KEYS = {"identity": as_key, "languages": as_languages}
CARD_KEYS = {"name": as_name, "serial": as_number(), "languages": as_languages}
KEY_KEYS = {"identity": as_key, "log": as_key, "receipt": as_key, "static": as_key}


class Charter:
    """One generation: its text and what it says; signed by every party in it."""

    def __init__(self, data, generation):
        note = Note(data)
        self.text = note.text.encode()
        sections = read_text(note.text, "openline charter v1")
        wanted = AMENDMENT_KEYS if generation else CHARTER_KEYS
        self.values, _ = take(sections.pop(""), "", wanted, absent=MAY_BE_ABSENT)
        if self.values["generation"] != generation:
            raise Broken("charter-generation", have=self.values["generation"], want=generation)
        self.line, self.rungs = self.values["line"], self.values["rungs"]
        self.identities = {}
        for section, values in sections.items():
            self._member(section, values)
        if not 2 <= len(self.identities) <= 16:
            raise Broken("charter-parties", count=len(self.identities))
        self.parties = list(self.identities)
        self.numbers = self.parties  # by number: of an amendment, all who ever were
        keys = [identity_key(p, k) for p, k in self.identities.items()]
        self.strangers = note.strangers(keys)
        signers = {key.party for key, _ in note.verify(keys)}
        for party in self.parties:
            if party not in signers:
                raise Broken("charter-unsigned", party=party)

    def _member(self, section, values):
        words = section.split(" ")
        if len(words) != 2 or words[0] != "party" or not is_name(words[1]):
            raise Broken("text-section-unknown", section=section)
        party = words[1]
        if party in RESERVED_NAMES:
            raise Broken("charter-name", party=party)
        said, _ = take(values, section, MEMBER_KEYS, names=True)
        check_public_key(said["identity"], "identity", party)
        for other, key in self.identities.items():
            if key == said["identity"]:
                raise Broken("key-shared", role="identity", party=party, role2="identity",
                             party2=other)
        self.identities[party] = said["identity"]


def identity_key(party, public):
    return Key(f"{party}/identity", 1, public, party, "identity")


def read_charters(tree, report):
    """Every generation, in order; empty if generation 0 cannot be had."""
    charters = []
    with report.on("charter"):
        charters.append(Charter(tree.read("charter", NOTE_BYTES_MAX), 0))
        report.note_strangers("charter", charters[0].strangers)
    line_id = hashlib.sha256(charters[0].text).digest()[:16] if charters else None
    while charters and tree.has(f"charter.{len(charters)}"):
        path, before = f"charter.{len(charters)}", charters[-1]
        with report.on(path):
            charter = Charter(tree.read(path, NOTE_BYTES_MAX), len(charters))
            if charter.line != before.line:
                raise Broken("charter-line", have=charter.line, want=before.line)
            if charter.values["id"] != line_id:
                raise Broken("charter-id")
            if charter.values["previous"] != hashlib.sha256(before.text).digest():
                raise Broken("charter-previous", before=len(charters) - 1)
            check_members(charter, charters)
            charter.numbers = before.numbers + [
                p for p in charter.parties if p not in before.numbers]
            if len(charter.numbers) > 16:
                raise Broken("too-many", file=path, limit=16, what="parties")
            charters.append(charter)
            report.note_strangers(path, charter.strangers)
        if charters[-1] is before:
            break
    return charters


def check_members(charter, charters):
    """A name keeps its identity key for ever; an amendment is made by those who stay."""
    for number, older in enumerate(charters):
        for party, key in charter.identities.items():
            if older.identities.get(party, key) != key:
                raise Broken("charter-identity", party=party, before=number)
    if not set(charter.parties) & set(charters[-1].parties):
        raise Broken("charter-stay", before=len(charters) - 1)


class Card:
    """A party's keys at one serial, under the identity that the charter names."""

    def __init__(self, data, party, serial, identity):
        note = Note(data)
        sections = read_text(note.text, "openline card v1")
        for section in ("party", "keys"):
            if section not in sections:
                raise Broken("text-section-missing", section=section)
        take(sections.pop(""), "", {})
        said, _ = take(sections.pop("party"), "party", CARD_KEYS, names=True)
        self.keys, _ = take(sections.pop("keys"), "keys", KEY_KEYS)
        for section in sections:
            raise Broken("text-section-unknown", section=section)
        if (said["name"], said["serial"]) != (party, serial):
            raise Broken("card-name", party=said["name"], serial=said["serial"])
        if self.keys["identity"] != identity:
            raise Broken("card-identity", party=party)
        for role in ("identity", "log", "receipt"):
            check_public_key(self.keys[role], role, party)
        keys = [identity_key(party, self.keys["identity"])]
        self.strangers = note.strangers(keys)
        if not note.verify(keys):
            raise Broken("card-unsigned", party=party)
        self.party, self.serial = party, serial


def read_cards(tree, charters, report):
    """{party: [card, ...] by serial}; no key serves two parties or two purposes."""
    cards, identities, places = {}, {}, []
    for charter in charters:
        identities |= charter.identities
    owner = {key: (party, "identity") for party, key in identities.items()}
    for name in tree.under("cards/"):
        match = re.fullmatch(r"([a-z0-9-]+)\.([0-9]+)", name, re.ASCII)
        if match and is_name(match[1]) and decimal(match[2]) is not None:
            places.append((match[1], decimal(match[2]), "cards/" + name))
    if len(places) > CARDS_MAX:
        raise Broken("too-many", file="cards", limit=CARDS_MAX, what="cards")
    for party, serial, path in sorted(places):
        with report.on(path):
            data = tree.read(path, NOTE_BYTES_MAX)
            if party not in identities:
                raise Broken("card-stranger", party=party)
            card = Card(data, party, serial, identities[party])
            for role, key in card.keys.items():
                party2, role2 = owner.setdefault(key, (party, role))
                if (party2, role2) != (party, role):
                    raise Broken("key-shared", role=role, party=party, role2=role2, party2=party2)
            cards.setdefault(party, []).append(card)
            report.note_strangers(path, card.strangers)
    return cards


# ---------------------------------------------------------------- entries (section 4)
def cbor(data):
    """The one item in data: RFC 8949 section 4.2.1, integers, strings and arrays only."""
    item, end = cbor_item(data, 0, 0)
    if end != len(data):
        raise Unreadable("bytes follow the CBOR item")
    return item


def cbor_item(data, at, depth):
    major, value, at = cbor_head(data, at)
    if major == 0:
        return value, at
    if major == 1:
        return -1 - value, at
    if major in (2, 3):
        if value > len(data) - at:
            raise Unreadable("a CBOR string is cut short")
        body = data[at:at + value]
        if major == 2:
            return body, at + value
        try:
            return body.decode("utf-8"), at + value
        except UnicodeDecodeError:
            raise Unreadable("a CBOR text string is not UTF-8") from None
    if major != 4:
        raise Unreadable("CBOR maps, tags, floats and simple values are not used")
    if depth == DEPTH_MAX:
        raise Unreadable("CBOR arrays are nested more than 8 deep")
    if value > len(data) - at:
        raise Unreadable("a CBOR array is cut short")
    items = []
    for _ in range(value):
        item, at = cbor_item(data, at, depth + 1)
        items.append(item)
    return items, at


def cbor_head(data, at):
    """Major type and argument, in their shortest form."""
    if at >= len(data):
        raise Unreadable("the CBOR is cut short")
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if info < 24 or major == 7:
        return major, info, at
    if info > 27:
        raise Unreadable("CBOR of indefinite length or unknown form")
    count = 1 << (info - 24)
    if count > len(data) - at:
        raise Unreadable("the CBOR is cut short")
    value = int.from_bytes(data[at:at + count], "big")
    if value < (24, 1 << 8, 1 << 16, 1 << 32)[info - 24]:
        raise Unreadable("a CBOR head is not in its shortest form")
    return major, value, at + count


def slices(data):
    """The bytes of each item of an array that was read before."""
    _, count, at = cbor_head(data, 0)
    out = []
    for _ in range(count):
        _, end = cbor_item(data, at, 1)
        out.append(data[at:end])
        at = end
    return out


def is_uint(item, limit=1 << 64):
    return isinstance(item, int) and 0 <= item < limit


def is_bytes(item, *sizes):
    return isinstance(item, bytes) and len(item) in sizes


def demand(condition, reason):
    if not condition:
        raise Unreadable(reason)


def is_known(mention):
    return (isinstance(mention, list) and len(mention) == 2 and is_uint(mention[0], SIZE_LIMIT)
            and is_uint(mention[1], SIZE_LIMIT))


def is_first(mention):
    return (isinstance(mention, list) and len(mention) == 5 and is_known(mention[:2])
            and is_uint(mention[2]) and is_uint(mention[3], 2) and is_bytes(mention[4], 8))


class Envelope:
    """What every entry has, whatever its kind: kind, wall, seen. People's entries have more.

    An entry that has one counts with its seen, even where its body cannot be read.
    """

    def __init__(self, data):
        fields = cbor(data)
        demand(isinstance(fields, list) and len(fields) >= 4, "it is not an array of 4 or more")
        self.kind, self.wall, self.seen, self.body = fields[:4]
        demand(is_uint(self.kind) and is_uint(self.wall), "kind or wall is not a number")
        self._demand_mentions("seen", self.seen, lambda m: is_known(m) or is_first(m))
        self.item, self.read, self.author = None, None, None
        if len(fields) > 4:
            demand(len(fields) >= 6, "it has an item id and no read")
            demand(is_bytes(fields[4], 6), "the item id is not 6 bytes")
            self._demand_mentions("read", fields[5], is_known)
            self.item, self.read = fields[4:6]
        self.raw_body = slices(data)[3]
        self.signs = fields[6] if len(fields) > 6 else []
        demand(isinstance(self.signs, list) and len(self.signs) <= 2, "there are too many signs")
        for sign in self.signs:
            demand(isinstance(sign, list) and len(sign) == 3 and is_uint(sign[0], 65536)
                   and sign[0] > 0 and is_uint(sign[1]) and is_bytes(sign[2], 64),
                   "a sign has another form")

    @staticmethod
    def _demand_mentions(name, mentions, has_form):
        demand(isinstance(mentions, list), f"{name} is not an array")
        demand(len(mentions) <= MENTIONS_MAX, f"{name} has more than 64 mentions")
        last = 0
        for mention in mentions:
            demand(has_form(mention), f"{name} has a mention of another form")
            demand(mention[0] > last, f"{name} is not in ascending order from 1")
            last = mention[0]


def read_opening(body):
    demand(isinstance(body, list) and len(body) >= 4, "the opening has too few fields")
    before, size, root, reason = body[:4]
    demand(is_bytes(before, 0, 8) and is_bytes(root, 0, 32), "the opening has another form")
    demand(is_uint(size, SIZE_LIMIT) and is_uint(reason), "the opening has another form")
    demand(bool(before) == bool(root) and (before or size == 0),
           "the opening names half a predecessor")
    generation = body[4] if len(body) > 4 else 0
    demand(is_uint(generation, 1 << 32), "the opening has another form")
    return {"predecessor": before.hex(), "size": size, "root": root, "reason": reason,
            "generation": generation}


def read_handback(envelope, lane, charter):
    body = envelope.body
    demand(lane == 0, "it stands in the wrong lane, routine")
    demand(isinstance(body, list) and len(body) >= 3, "the handback has another form")
    party, is_all, receipts = body[:3]
    demand(is_uint(party, len(charter.numbers)) and is_uint(is_all, 2)
           and isinstance(receipts, list)
           and len(receipts) <= 24, "the handback has another form")
    for r in receipts:
        demand(isinstance(r, list) and len(r) == 4 and is_uint(r[0], 2) and is_bytes(r[1], 8)
               and is_uint(r[2], SIZE_LIMIT) and is_uint(r[3], 1 << 40),
               "the handback has another form")
    return {"party": party, "receipts": len(receipts)}, None


def read_mentions(envelope, _lane, _charter):
    demand(isinstance(envelope.body, list), "the mentions have another form")
    return {}, None


def read_paths(paths, charter):
    """When its paths were last proven, as a check or a close says it."""
    form = "the paths have another form, or are more than 32"
    demand(isinstance(paths, list) and len(paths) <= PATHS_MAX, form)
    said = []
    for path in paths:
        demand(isinstance(path, list) and len(path) == 3, form)
        party, bearer, age = path
        demand(is_uint(party) and isinstance(bearer, str) and is_uint(age, 1 << 32)
               and re.fullmatch("[a-z0-9/-]{1,16}", bearer, re.ASCII), form)
        demand(party < len(charter.numbers), "a path leads to no party of the charter")
        said.append({"party": charter.numbers[party], "bearer": bearer, "age": age})
    return said


def read_check(envelope, lane, charter):
    body = envelope.body
    demand(lane == 0, "it stands in the wrong lane, routine")
    demand(isinstance(body, list) and len(body) >= 5, "the check has too few fields")
    number, interval, watch, proven, missed = body[:5]
    demand(is_uint(number, SIZE_LIMIT) and number > 0, "the check has no number")
    demand(is_uint(interval, 86401) and interval > 0,
           "the interval is not 1 to 86400 seconds")
    demand(is_uint(watch, 65536), "the watch is no officer's number")
    said = {"number": number, "interval": interval, "watch": watch,
            "proven": read_paths(proven, charter), "missed": {}}
    form, last = "the missed checks have another form", -1
    demand(isinstance(missed, list) and len(missed) <= 15, form)
    for miss in missed:
        demand(isinstance(miss, list) and len(miss) == 2 and is_uint(miss[0])
               and miss[0] > last and is_uint(miss[1], SIZE_LIMIT), form)
        demand(miss[0] < len(charter.numbers), "a missed check is that of no party of the charter")
        last = miss[0]
        said["missed"][charter.numbers[last]] = miss[1]
    return said, None


def read_message(envelope, lane, charter):
    body, rungs, parties = envelope.body, charter.rungs, charter.numbers
    demand(isinstance(body, list) and len(body) >= 4, "the message has too few fields")
    body = body[:13] + ["", "", [], [], 0, 0, [], [], 0][min(len(body), 13) - 4:]
    precedence, status, to, text, lang, subject, ref = body[:7]
    demand(is_uint(precedence, 4), "the precedence is unknown")
    demand(is_uint(status, 3), "the status is unknown")
    demand(is_uint(to), "the addressee has another form")
    demand(to <= len(rungs), f"it is addressed to rung {to}, the charter has {len(rungs)}")
    demand(isinstance(lang, str) and (not lang or is_tag(lang)),
           "the language has another form")
    demand(isinstance(subject, str) and len(subject.encode()) <= SUBJECT_BYTES_MAX,
           "the subject has another form or more than 200 bytes")
    demand("\n" not in subject, "the subject has more than one line")
    demand_text(subject)
    urgent = is_ref_urgent(ref, parties) or precedence <= 1
    demand(lane == (0 if urgent else 1), f"it stands in the wrong lane, {LANES[lane]}")
    message = {"precedence": PRECEDENCES[precedence], "status": STATUSES[status],
               "to": rungs[to - 1] if to else "", "lang": lang, "subject": subject}
    if ref:
        message["ref"] = f"{parties[ref[0]]}/{LANES[ref[1]]}/{ref[2].hex()}.{ref[3]}"
    if body[7] != []:
        message["part"] = read_part(body[7])
    message |= read_sort(body, envelope.author, parties)
    message["text"] = read_body_text(text, precedence)
    return message, ref


def is_ascending(items, limit):
    return (isinstance(items, list) and len(items) <= 16
            and all(is_uint(i, limit) for i in items)
            and all(a < b for a, b in zip(items, items[1:])))


def read_sort(body, author, parties):
    """What section 4.7 adds: sort, what is asked, who must act and who need only know, grade."""
    ref, sort, asks, action, info, grade = body[6], *body[8:13]
    demand(is_uint(sort, len(SORTS)), "the sort is unknown")
    demand(is_uint(asks), "what it asks for has another form")
    demand(is_ascending(action, 16), "the parties that must act have another form")
    demand(isinstance(info, list) and (not info or is_uint(info[0], 4) and len(info) > 1
                                       and is_ascending(info[1:], 16)),
           "the parties that need only know have another form")
    demand(is_uint(grade, len(GRADES)), "the grade is unknown")
    demand(not set(action) & set(info[1:]), "a party must act and need only know")
    demand(ref or sort < 2, "a correction, read-back or translation refers to nothing")
    demand((SORTS[sort] == "translation") == (grade > 0),
           "a translation has a grade, and nothing else has one")
    named = action + info[1:]
    demand(all(p < len(parties) for p in named),
           "it is addressed to a party that the charter does not have")
    demand(author not in named, "it is addressed to its own author")
    demand(SORTS[sort] != "correction" or ref[0] == author, "it corrects what another wrote")
    demand(SORTS[sort] != "readback" or ref[0] != author, "it reads back what its author wrote")
    said = {"sort": SORTS[sort]} if sort else {}
    if asks & 1:
        said["asks"] = "readback"
    if action:
        said["action"] = [parties[p] for p in action]
    if info:
        said["info"] = [parties[p] for p in info[1:]]
        said["info_precedence"] = PRECEDENCES[info[0]]
    if grade:
        said["grade"] = GRADES[grade]
    return said


def is_ref_urgent(ref, parties):
    demand(isinstance(ref, list) and len(ref) in (0, 4), "the reference has another form")
    if not ref:
        return False
    demand(is_uint(ref[0], len(parties)), "the reference names no party of the charter")
    demand(is_uint(ref[1], 2) and is_bytes(ref[2], *range(2, 9))
           and is_uint(ref[3], SIZE_LIMIT),
           "the reference has another form")
    return ref[1] == 0


def read_remark(text):
    demand(isinstance(text, str) and len(text.encode()) <= SUBJECT_BYTES_MAX,
           "the remark has another form or is too long")
    demand("\n" not in text, "the remark has more than one line")
    demand_text(text)
    return text


def read_ref(ref, parties, *sizes):
    demand(isinstance(ref, list) and len(ref) == 4 and is_uint(ref[1], 2)
           and is_bytes(ref[2], *sizes) and is_uint(ref[3], SIZE_LIMIT),
           "the reference has another form")
    demand(is_uint(ref[0], len(parties)), "the reference names no party of the charter")
    return f"{parties[ref[0]]}/{LANES[ref[1]]}/{ref[2].hex()}.{ref[3]}"


def read_act(envelope, lane, charter):
    body = envelope.body
    demand(isinstance(body, list) and len(body) >= 5, "the act has too few fields")
    verb, status, ref, seconds, text = body[:5]
    demand(is_uint(verb, len(ACTS)), "the act's verb is unknown")
    demand(is_uint(status, 3), "the status is unknown")
    act = {"verb": ACTS[verb], "status": STATUSES[status]}
    demand(isinstance(ref, list) and bool(ref) == (act["verb"] != "present"),
           "a presence query refers to no entry, every other act to one")
    if ref:
        act["ref"] = read_ref(ref, charter.numbers, *range(2, 9))
        own = ref[0] == envelope.author
        demand(own == (act["verb"] == "cancel"), "it speaks of an entry of the wrong party's")
    demand(is_uint(seconds, SECONDS_MAX + 1)
           and (seconds > 0) == (act["verb"] == "interim"), "the time has another form")
    if seconds:
        act["seconds"] = seconds
    act["text"] = read_remark(text)
    demand(lane == (ref[1] if ref else 0), f"it stands in the wrong lane, {LANES[lane]}")
    return act, ref


def read_order(envelope, lane, charter):
    body = envelope.body
    demand(isinstance(body, list) and len(body) >= 4, "the order has too few fields")
    verb, status, seconds, text = body[:4]
    demand(is_uint(verb, len(ORDERS)), "the order's verb is unknown")
    demand(is_uint(status, 3), "the status is unknown")
    demand(is_uint(seconds), "the order's time has another form")
    demand(lane == 0, "it stands in the wrong lane, routine")
    return {"verb": ORDERS[verb], "status": STATUSES[status], "seconds": seconds,
            "text": read_remark(text)}, None


def is_line(text, low, high):
    return (isinstance(text, str) and low <= len(text.encode()) <= high and "\n" not in text
            and not any(map(forbidden, text)))


def is_said(pairs, low):
    return (isinstance(pairs, list) and low <= len(pairs) <= 8 and all(
        isinstance(pair, list) and len(pair) == 2 and is_tag(pair[0]) and is_line(pair[1], 1, 200)
        for pair in pairs))


def is_tag(text):
    """A language as bodies name it."""
    return isinstance(text, str) and len(text) <= TAG_BYTES_MAX and re.fullmatch(
        "[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*", text, re.ASCII) is not None


def read_officer(envelope, lane, charter):
    body = envelope.body
    demand(isinstance(body, list) and len(body) >= 11, "the officer has too few fields")
    number, serial, key, rung, powers, state, names, titles, languages, hours, voucher = body[:11]
    demand(is_uint(number, 65536) and number > 0,
           "the officer's number is not one of 1 to 65535")
    demand(is_uint(serial), "the serial has another form")
    demand(is_bytes(key, 0, 32), "the key is not one of 32 bytes, nor empty")
    demand(is_uint(rung) and is_uint(powers), "the rung or the powers have another form")
    demand(is_uint(state, 2), "the state is unknown")
    demand(is_said(names, 1), "the names are not 1 to 8, of 1 to 200 bytes each")
    demand(is_said(titles, 0), "the titles are not up to 8, of 1 to 200 bytes each")
    demand(isinstance(languages, list) and len(languages) <= 8 and all(map(is_tag, languages)),
           "the languages are not up to 8")
    demand(is_line(hours, 0, 100), "the hours have more than 100 bytes")
    demand(isinstance(voucher, list) and (not voucher or (
        len(voucher) == 2 and is_uint(voucher[0], 65536) and is_bytes(voucher[1], 64))),
        "the voucher has another form")
    demand(rung <= len(charter.rungs),
           "the officer stands on a rung that the charter does not have")
    demand(lane == 0, "it stands in the wrong lane, routine")
    return {"number": number, "serial": serial, "key": key.hex(),
            "rung": charter.rungs[rung - 1] if rung else "", "powers": powers,
            "left": state == 1, "names": names, "titles": titles}, None


def read_watch(envelope, lane, _):
    body = envelope.body
    demand(isinstance(body, list) and len(body) >= 3, "the watch has too few fields")
    officer, before, text = body[:3]
    demand(is_uint(officer, 65536) and is_uint(before, 65536), "the watch has another form")
    demand(is_line(text, 0, 200), "the remark has another form or more than 200 bytes")
    demand(lane == 0, "it stands in the wrong lane, routine")
    return {"officer": officer, "from": before, "text": text}, None


def demand_remark(text, limit=REMARK_BYTES_MAX):
    demand(isinstance(text, str) and len(text.encode()) <= limit and "\n" not in text,
           f"a remark has another form or more than {limit} bytes")
    demand_text(text)


def demand_fields(envelope, lane, count):
    """The body of what belongs to a call, and who wrote it."""
    body = envelope.body
    demand(lane == 0, "it stands in the wrong lane, routine")
    demand(isinstance(body, list) and len(body) >= count, "it has too few fields")
    return body, envelope.author


def demand_own_call(ref, parties, author, is_own):
    """The call that a ring, reply or close is about, with all of its incarnation."""
    demand(isinstance(ref, list) and len(ref) == 4, "it names no call")
    is_ref_urgent(ref, parties)
    demand(len(ref[2]) == 8, "it names its call by a part of the incarnation")
    demand((ref[0] == author) == is_own, "it is not for its author to say")
    return ref


def read_call(envelope, lane, charter):
    body, author = demand_fields(envelope, lane, 5)
    body = body[:9] + ["", [], [], ""][len(body[:9]) - 5:]
    precedence, status, rung, purpose, text, lang, called, ref, of = body
    demand(is_uint(precedence, 4) and is_uint(status, 3) and is_uint(purpose, 2),
           "the call has another form")
    demand(is_uint(rung, len(charter.rungs) + 1), "it calls a rung that there is not")
    demand_remark(text)
    demand(isinstance(lang, str) and (not lang or is_tag(lang)),
           "the language has another form")
    demand(isinstance(called, list) and all(is_uint(p, len(charter.numbers)) for p in called)
           and sorted(set(called)) == called, "who is called has another form")
    demand(author not in called, "it calls its own author")
    is_ref_urgent(ref, charter.numbers)
    demand_remark(of, ORIGIN_BYTES_MAX)
    named = [charter.numbers[p] for p in called] or charter.parties
    return {"precedence": PRECEDENCES[precedence], "status": STATUSES[status], "rung": rung,
            "purpose": ("text", "voice")[purpose], "text": text,
            "called": [p for p in charter.numbers if p in named and p in charter.parties
                       and p != charter.numbers[author]]}, ref


def read_ring(envelope, lane, charter):
    body, author = demand_fields(envelope, lane, 5)
    state, ref, rung, seconds, after = body[:5]
    demand(is_uint(state, 2) and is_uint(after), "the ring has another form")
    demand_own_call(ref, charter.numbers, author, False)
    demand(is_uint(rung, len(charter.rungs) + 1) and rung, "it rings no rung of the charter")
    demand(is_uint(seconds, SECONDS_MAX + 1) and bool(seconds) == (state == 0),
           "the seconds do not fit the ring")
    return {"state": state, "rung": rung, "seconds": seconds, "after": after}, ref


def read_reply(envelope, lane, charter):
    body, author = demand_fields(envelope, lane, 7)
    verb, status, ref, rung, seconds, after, text = body[:7]
    demand(is_uint(verb, 3) and is_uint(status, 3) and is_uint(after),
           "the reply has another form")
    demand_own_call(ref, charter.numbers, author, False)
    demand(is_uint(rung, len(charter.rungs) + 1), "a rung that there is not replies")
    demand(is_uint(seconds, SECONDS_MAX + 1) and bool(seconds) == (verb == 2),
           "the seconds do not fit the reply")
    demand_remark(text)
    return {"verb": ("answered", "declined", "deferred")[verb], "status": STATUSES[status],
            "rung": rung, "seconds": seconds, "after": after, "text": text}, ref


def read_close(envelope, lane, charter):
    body, author = demand_fields(envelope, lane, 5)
    why, ref, after, receipts, paths = body[:5]
    demand(is_uint(why, 6) and is_uint(after), "the close has another form")
    demand_own_call(ref, charter.numbers, author, True)
    demand(isinstance(receipts, list) and len(receipts) <= CLOSE_RECEIPTS_MAX,
           "the receipts have another form")
    count, last = len(charter.numbers), -1
    for r in receipts:
        demand(isinstance(r, list) and len(r) == 4 and is_uint(r[0], count)
               and is_uint(r[1], SIZE_LIMIT) and is_uint(r[2], 1 << 40) and is_bytes(r[3], 64),
               "a receipt has another form")
        demand(r[0] > last and r[0] != author, "a receipt is out of place")
        last = r[0]
    demand(isinstance(paths, list) and len(paths) <= PATHS_MAX, "the paths have another form")
    for path in paths:
        demand(isinstance(path, list) and len(path) == 3 and is_uint(path[0], count)
               and is_uint(path[2], 1 << 32) and isinstance(path[1], str)
               and re.fullmatch("[a-z0-9/-]{1,16}", path[1], re.ASCII),
               "a path has another form")
    return {"why": why, "after": after,
            "receipts": [(charter.numbers[r[0]], r[1], r[2], r[3].hex()) for r in receipts],
            "paths": [(charter.numbers[p], bearer, age) for p, bearer, age in paths]}, ref


# By kind: its name; do people write it, True or False, or may both, None; and what reads it:
# from (envelope, lane, charter) to what is shown and the reference in it, if any.
KINDS = {
    KIND_MESSAGE: ("message", True, read_message),
    KIND_HANDBACK: ("handback", False, read_handback),
    KIND_ACT: ("act", True, read_act),
    KIND_ORDER: ("order", True, read_order),
    KIND_OFFICER: ("officer", True, read_officer),
    KIND_WATCH: ("watch", True, read_watch),
    KIND_CHECK: ("check", False, read_check),
    KIND_MENTIONS: ("mentions", False, read_mentions),
    KIND_CALL: ("call", None, read_call),
    KIND_RING: ("ring", False, read_ring),
    KIND_REPLY: ("reply", True, read_reply),
    KIND_CLOSE: ("close", None, read_close),
}


def read_part(part):
    demand(isinstance(part, list) and len(part) == 2 and all(map(is_uint, part)),
           "the part has another form")
    demand(1 <= part[0] <= part[1] <= 99, f"part {part[0]} of {part[1]} cannot be")
    return part


def read_body_text(text, precedence):
    """The text, or None where it is compressed and nothing here can decompress it."""
    demand(isinstance(text, list) and len(text) == 2 and is_uint(text[0], 2),
           "the text has another form")
    if text[0] == 0:
        demand(isinstance(text[1], str), "the text has another form")
        plain = text[1]
    else:
        demand(isinstance(text[1], bytes), "the text has another form")
        data = unbrotli(text[1])
        if data is None:
            return None
        try:
            plain = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Unreadable("the text is not UTF-8") from None
    demand(plain, "the text is empty")
    demand_text(plain)
    if precedence <= 1:
        count = words(plain)
        demand(count <= WORDS_MAX, f"{PRECEDENCES[precedence]} of {count} words, not 200 or less")
    return plain


def demand_text(text):
    for char in text:
        demand(not forbidden(char), f"the text holds U+{ord(char):04X}")


# Han, Kana, Hangul, Thai, Lao, Khmer, Myanmar: two characters count as one word.
DENSE = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf"
                   "\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf"
                   "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc"
                   "\U00020000-\U0003ffff]")


def words(text):
    """One for a run between spaces without a dense character; half of one for each of those."""
    runs = [run for run in re.split("[ \n\u3000]", text) if run]
    dense = [len(DENSE.findall(run)) for run in runs]
    return dense.count(0) + (sum(dense) + 1) // 2


# ---------------------------------------------------------------- brotli, if it is installed
def load_brotli():
    try:
        library = ctypes.CDLL("libbrotlidec.so.1")
    except OSError:
        return None
    library.BrotliDecoderCreateInstance.restype = ctypes.c_void_p
    library.BrotliDecoderCreateInstance.argtypes = [ctypes.c_void_p] * 3
    library.BrotliDecoderDestroyInstance.restype = None
    library.BrotliDecoderDestroyInstance.argtypes = [ctypes.c_void_p]
    library.BrotliDecoderDecompressStream.restype = ctypes.c_int
    library.BrotliDecoderDecompressStream.argtypes = [ctypes.c_void_p] * 6
    return library


BROTLI = load_brotli()


def window_is_small(data):
    """RFC 7932 section 9.1: WBITS of 16 or less."""
    return bool(data) and (data[0] & 1 == 0 or data[0] & 15 == 1 and data[0] >> 4 & 7 >= 2)


def unbrotli(data):
    """At most 16,384 bytes, from a stream that ends with data; None without a decoder."""
    demand(window_is_small(data), "the compressed text has a window above 16 bits or is broken")
    if BROTLI is None:
        return None
    out = ctypes.create_string_buffer(TEXT_BYTES_MAX + 1)
    source = ctypes.create_string_buffer(data, len(data))
    left_in, left_out = ctypes.c_size_t(len(data)), ctypes.c_size_t(len(out))
    next_in, next_out = ctypes.c_void_p(ctypes.addressof(source)), ctypes.c_void_p(
        ctypes.addressof(out))
    state = BROTLI.BrotliDecoderCreateInstance(None, None, None)
    if not state:
        return None
    try:
        result = BROTLI.BrotliDecoderDecompressStream(
            state, ctypes.byref(left_in), ctypes.byref(next_in),
            ctypes.byref(left_out), ctypes.byref(next_out), None)
    finally:
        BROTLI.BrotliDecoderDestroyInstance(state)
    demand(result in (1, 2, 3), "the text does not decompress")
    demand(left_out.value > 0, "the text decompresses to more than 16,384 bytes")
    demand(result == 1, "the compressed text is unfinished")
    demand(left_in.value == 0, "bytes follow the compressed text")
    return out.raw[:len(out) - left_out.value]


# ---------------------------------------------------------------- trees and tiles (RFC 6962)
def hash_leaf(leaf):
    return hashlib.sha256(b"\x00" + leaf).digest()


def hash_pair(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def roots_at(hashes, sizes):
    """{size: root of the first size hashes} for the sizes asked, in one pass."""
    wanted, out, peaks = set(sizes), {0: EMPTY_ROOT}, []
    for count, leaf in enumerate(hashes, 1):
        peaks.append(leaf)
        low = count
        while low % 2 == 0:
            right = peaks.pop()
            peaks.append(hash_pair(peaks.pop(), right))
            low //= 2
        if count in wanted:
            root = peaks[-1]
            for peak in reversed(peaks[:-1]):
                root = hash_pair(peak, root)
            out[count] = root
    return out


def tile_name(number):
    """000 … 999, x001/000 …"""
    name = f"{number % 1000:03d}"
    while number >= 1000:
        number //= 1000
        name = f"x{number % 1000:03d}/" + name
    return name


def tile_paths(level, count):
    """(path, first, width) of the tiles of one level that hold count things."""
    for number in range(count // TILE_WIDTH):
        yield f"tile/{level}/{tile_name(number)}", number * TILE_WIDTH, TILE_WIDTH
    if count % TILE_WIDTH:
        number = count // TILE_WIDTH
        path = f"tile/{level}/{tile_name(number)}.p/{count % TILE_WIDTH}"
        yield path, number * TILE_WIDTH, count % TILE_WIDTH


def read_bundle(data, first, width):
    leaves, at = [], 0
    for index in range(first, first + width):
        if len(data) - at < 2:
            raise Broken("tile-form", want=width, what="entries")
        length = int.from_bytes(data[at:at + 2], "big")
        if length > len(data) - at - 2:
            raise Broken("tile-form", want=width, what="entries")
        if not LEAF_BYTES_MIN <= length <= LEAF_BYTES_MAX:
            raise Broken("tile-leaf", index=index, length=length)
        leaves.append(data[at + 2:at + 2 + length])
        at += 2 + length
    if at != len(data):
        raise Broken("tile-form", want=width, what="entries")
    return leaves


def fold_proof(index, size, leaf, proof):
    """The root that an RFC 6962 audit path leads to, or None if its length is wrong."""
    node, last = leaf, size - 1
    for sibling in proof:
        if last == 0:
            return None
        if index % 2 or index == last:
            while index % 2 == 0:
                index, last = index // 2, last // 2
            node = hash_pair(sibling, node)
        else:
            node = hash_pair(node, sibling)
        index, last = index // 2, last // 2
    return node if last == 0 else None


# ---------------------------------------------------------------- heads
class Head:
    """A checkpoint note: what it says, and who of the known keys signed it."""

    def __init__(self, data, origin, author_keys, receipt_keys):
        self.note = Note(data)
        lines = self.note.text[:-1].split("\n")
        if len(lines) != 3:
            raise Broken("head-form", why=f"it has {len(lines)} lines, not 3")
        if lines[0] != origin:
            raise Broken("head-origin", have=lines[0], want=origin)
        size, root = decimal(lines[1]), unbase64(lines[2])
        if size is None:
            raise Broken("head-form", why="its size is not a number below 2^48")
        if root is None or len(root) != 32:
            raise Broken("head-form", why="its root is not 32 bytes in canonical base64")
        self.size, self.root = size, root
        self.author, self.receipts, self.receipt_keys = set(), {}, set()
        for key, when in self.note.verify(author_keys + receipt_keys, size):
            if when is None:
                self.author.add(key.public)
            else:
                self.receipts[key.party] = max(when, self.receipts.get(key.party, 0))
                self.receipt_keys.add((key.party, key.public))
        self.strangers = self.note.strangers(author_keys + receipt_keys)


class Log:
    """One incarnation: what its directory holds, as far as it could be checked."""

    def __init__(self, party, lane, incarnation):
        self.party, self.lane, self.incarnation = party, lane, incarnation
        self.key = (party, lane, incarnation)
        self.dir = f"{party}/{LANES[lane]}/{incarnation}/"
        self.name = self.dir[:-1]
        self.heads = {}     # file: Head
        self.evidence = {}  # file of what contradicts: Head
        self.stored = {}    # party: (size, time)
        self.in_closes = {}  # party: [(size, time), ...], receipts of its that stand in closes
        self.size = None    # of the tiles, once they were found right
        self.rows = []      # per entry: (wall, ((log key, size), ...))
        self.whole = []     # per entry: it has a wall, and left no mention out
        self.hashed = []    # per entry: SHA-256 of its bytes
        self.opening = None
        self.has_policy = False
        self.charter = None
        self.log_key = None  # of its policy
        self.forked = False  # its key signed another history, too


def log_id(key):
    return f"{key[0]}/{LANES[key[1]]}/{key[2]}"


# ---------------------------------------------------------------- the record
class Record:
    """An export, read and checked from the charter down to the last entry."""

    def __init__(self, top):
        self.report = Report()
        self.tree = Tree(top, self.report)
        self.charters, self.logs, self.entries, self.order = [], {}, [], []
        self.items, self.repeats, self.references = {}, [], []
        self.enrolled, self.signed = {}, {}    # by (log key, index)
        self.rolls = {}                        # log key: where it has officer entries
        self.said, self.calls = {}, []  # said: place: (kind, what it says, reference)
        self.valid = {}                 # place of a close: its receipts that verify
        self.count, self.is_proof = 0, False
        with self.report.on("."):
            self.tree.list()
            self.charters = read_charters(self.tree, self.report)
            if self.charters:
                self._check()

    def _check(self):
        self.is_proof = any(path.endswith(".tlog-proof") for path in self.tree.files)
        self.line = self.charters[-1].line
        self.line_id = hashlib.sha256(self.charters[0].text).digest()[:16]
        self.parties = list(dict.fromkeys(p for c in self.charters for p in c.parties))
        self.cards = read_cards(self.tree, self.charters, self.report)
        for log in self._find_logs():
            self.logs[log.key] = log
        if self.is_proof:
            self._check_proof()
        else:
            for log in self.logs.values():
                self._check_log(log)
            self._check_between_logs()
        self.tree.name_the_rest()

    def verified(self):
        return not self.report.failures

    # ------------------------------------------------------------ logs: notes
    def _find_logs(self):
        form = re.compile(r"([a-z][a-z0-9-]{0,31})/(urgent|routine)/([0-9a-f]{16})/", re.ASCII)
        found = sorted({m.groups() for m in map(form.match, self.tree.files) if m})
        if len(found) > LOGS_MAX:
            raise Broken("too-many", limit=LOGS_MAX, what="logs")
        logs = [Log(p, LANES.index(lane), inc) for p, lane, inc in found]
        for log in logs:
            if log.party not in self.parties:
                self.report.fail("log-stranger", log.name, party=log.party)
                self.tree.touched.update(log.dir + path for path in self.tree.under(log.dir))
            else:
                yield log

    def _keys(self, log):
        """The keys that may sign heads of this log, and those that may receipt it."""
        origin = f"{self.line}/{log.name}"
        author = [Key(origin, 1, card.keys["log"], log.party, "head")
                  for card in self.cards[log.party]]
        receipt = [Key(f"{self.line}/{party}/mirror", 4, card.keys["receipt"], party, "receipt")
                   for party in self.parties if party != log.party
                   for card in self.cards.get(party, [])]
        return origin, author, receipt

    def _read_notes(self, log):
        """policy and every head of this log; head.note leads, or nothing else can be said."""
        origin, author, receipt = self._keys(log)
        policy = None
        with self.report.on(log.dir + "policy"):
            policy = self._read_policy(log, author, receipt)
        others = [p for p in log.charter.parties if p != log.party]
        files = {"head.note": None, "checkpoint": None}
        files |= {f"heads/{party}.note": party for party in others}
        for file, party in files.items():
            path = log.dir + file
            if file != "head.note" and not self.tree.has(path):
                continue
            with self.report.on(path):
                data = self.tree.read(path, NOTE_BYTES_MAX)
                if party and party not in self.cards:
                    raise Broken("card-missing", file="cards", party=party)
                head = Head(data, origin, author, receipt)
                allowed = {policy[0].public} if policy else {k.public for k in author}
                if not head.author & allowed:
                    raise Broken("head-unsigned", party=log.party)
                if party and party not in head.receipts:
                    raise Broken("receipt-missing", party=party)
                log.heads[file] = head
                self.report.note_strangers(path, head.strangers)
        if policy:
            log.log_key = policy[0]
            self._check_quorum(log, policy[1])
        self._check_heads_agree(log, others)

    def _read_policy(self, log, author, receipt):
        """(log key, witness keys), exactly as section 7 writes them."""
        data = self.tree.read(log.dir + "policy", NOTE_BYTES_MAX)
        lines = data.decode("utf-8", "replace").split("\n")
        words = [line.split(" ") for line in lines]
        if len(words[0]) != 2 or words[0][0] != "log":
            raise Broken("policy-form", line=1)
        log_key = next((k for k in author if k.vkey() == words[0][1]), None)
        if log_key is None:
            raise Broken("policy-key", party=log.party)
        witnesses = []
        for line in words[1:]:
            if line[0] != "witness" or len(line) != 3:
                break
            key = next((k for k in receipt if (k.party, k.vkey()) == (line[1], line[2])), None)
            if line[1] in self.parties and line[1] not in self.cards:
                raise Broken("card-missing", file="cards", party=line[1])
            if key is None:
                raise Broken("policy-key", party=line[1])
            witnesses.append(key)
        names = [key.party for key in witnesses]
        rest = ["group others all " + " ".join(names), "quorum others", ""]
        if lines[1 + len(names):] != rest:
            raise Broken("policy-form", line=2 + len(names) + next(
                (i for i, (a, b) in enumerate(zip(lines[1 + len(names):], rest)) if a != b),
                min(len(rest), len(lines) - 1 - len(names))))
        for charter in reversed(self.charters):
            if log.party in charter.parties and names == [
                    p for p in charter.numbers if p in charter.parties and p != log.party]:
                log.charter = charter
                log.has_policy = True
                return log_key, witnesses
        raise Broken("policy-members")

    def _check_quorum(self, log, witnesses):
        head = log.heads.get("checkpoint")
        for key in witnesses if head else ():
            if (key.party, key.public) not in head.receipt_keys:
                self.report.fail("checkpoint-quorum", log.dir + "checkpoint", party=key.party)

    def _check_heads_agree(self, log, others):
        """heads/ against checkpoint; log.stored from heads/."""
        for party in others:
            head = log.heads.get(f"heads/{party}.note")
            if head:
                log.stored[party] = (head.size, head.receipts[party])
        whole = log.heads.get("checkpoint")
        for party in others if whole else ():
            size, when = log.stored.get(party, (0, 0))
            path = f"{log.dir}heads/{party}.note"
            if size < whole.size and (f"heads/{party}.note" in log.heads
                                      or not self.tree.has(path)):
                self.report.fail("heads-behind", path, size=size, party=party, later=whole.size)
            elif when < whole.receipts.get(party, 0):
                self.report.note(f"{path}: the receipt of {party} is dated before the one in "
                                 f"checkpoint over size {whole.size}")
        sizes = {log.stored.get(party, (0, 0))[0] for party in others}
        if len(sizes) == 1 and max(sizes) > (whole.size if whole else 0):
            if whole or not self.tree.has(log.dir + "checkpoint"):
                self.report.fail("checkpoint-behind", log.dir + "checkpoint", size=max(sizes))
        by_size = {}
        for file, head in log.heads.items():
            if by_size.setdefault(head.size, head.root) != head.root and self.is_proof:
                self.report.fail("head-fork", log.dir + file, party=log.party, size=head.size)

    # ------------------------------------------------------------ logs: tiles and entries
    def _check_log(self, log):
        log.charter = self.charters[-1]
        if log.party not in self.cards:
            self.report.fail("card-missing", "cards", party=log.party)
            self.tree.touched.update(log.dir + path for path in self.tree.under(log.dir))
            return
        self._read_notes(log)
        last = log.heads.get("head.note")
        if last is None:
            self.tree.touched.update(log.dir + path for path in self.tree.under(log.dir))
            return
        self.count += last.size
        if self.count > ENTRIES_MAX:
            raise Broken("too-many", file=log.name, limit=ENTRIES_MAX, what="entries")
        self._check_pending(log, last.size)
        self._read_evidence(log)
        leaves = self._read_leaves(log, last.size)
        if leaves is None:
            self.tree.touched.update(log.dir + path for path in self.tree.under(log.dir))
            return
        log.hashes = [hash_leaf(leaf) for leaf in leaves]
        self._check_hash_tiles(log)
        self._check_partials(log, leaves)
        if self._check_roots(log, last):
            log.size = last.size
            self._read_entries(log, leaves)

    def _check_pending(self, log, size):
        path, want = log.dir + "pending", []
        for party in log.charter.parties:
            held = log.stored.get(party, (0, 0))[0]
            if party != log.party and held < size:
                want.append(f"{held} {size - held} {party}")
        notes = self.tree.under(log.dir + "heads/")
        with self.report.on(path):
            have = self.tree.read(path, NOTE_BYTES_MAX) if self.tree.has(path) else b""
            if any("heads/" + name not in log.heads for name in notes):
                return    # a note is broken, and already named: who has what is not known
            text = have.decode("utf-8", "replace")
            if text and not text.endswith("\n"):
                raise Broken("pending-wrong", why="it does not end in a newline")
            lines = text.split("\n")[:-1]
            for line in sorted(set(want) ^ set(lines)):
                why = "it lacks" if line in want else "nothing in the notes says"
                raise Broken("pending-wrong", why=f"{why} \"{line}\"")
            if len(lines) != len(want):
                raise Broken("pending-wrong", why="a line stands twice")

    def _read_evidence(self, log):
        """Pairs of notes: one of this export's history, one that contradicts it."""
        for number in range(EVIDENCE_MAX):
            own, other = (f"evidence/{number}.{x}.note" for x in "ab")
            if self.tree.has(log.dir + own) or self.tree.has(log.dir + other):
                heads = [self._read_evidence_note(log, file) for file in (own, other)]
                if None in heads:
                    continue
                if heads[1].size > heads[0].size:
                    self.report.fail("evidence-size", log.dir + other, size=heads[1].size,
                                     beside=heads[0].size)
                    continue
                log.heads[own], log.evidence[other] = heads

    def _read_evidence_note(self, log, file):
        origin, author, receipt = self._keys(log)
        with self.report.on(log.dir + file):
            head = Head(self.tree.read(log.dir + file, NOTE_BYTES_MAX), origin, author, receipt)
            self.report.note_strangers(log.dir + file, head.strangers)
            ours = {log.log_key.public} if log.log_key else {k.public for k in author}
            if file.endswith(".a.note") and not head.author & ours:
                raise Broken("head-unsigned", party=log.party)
            if not head.author and not head.receipts:
                raise Broken("evidence-unsigned", party=log.party)
            return head
        return None

    def _judge_evidence(self, log, roots):
        """What was signed over another root than the tiles' says that there are two histories."""
        words = f"{LANES[log.lane]} log {log.incarnation}"
        for file, head in log.evidence.items():
            path, size = log.dir + file, head.size
            if size not in roots:
                continue
            if head.root == roots[size]:
                self.report.fail("evidence-none", path, size=size)
                continue
            log.forked = log.forked or bool(head.author)
            if head.author:
                self.report.note(f"{path}: {log.party} signed two histories of its {words}: over "
                                 f"size {size} the one in this export, and another")
            for party in head.receipts:
                self.report.note(
                    f"{path}: {party} receipted another history of the {words} of {log.party} "
                    f"than the one in this export, over size {size}" + (
                        "" if head.author else
                        f"; nothing here shows that it was ever signed by {log.party}"))

    def _read_leaves(self, log, size):
        leaves = []
        for path, first, width in tile_paths("entries", size):
            with self.report.on(log.dir + path):
                limit = width * (2 + LEAF_BYTES_MAX)
                leaves += read_bundle(self.tree.read(log.dir + path, limit), first, width)
            if len(leaves) < first + width:
                return None
        return leaves

    def _check_hash_tiles(self, log):
        """Every level against what the entries hash to; keeps the hashes of each level."""
        log.levels = [log.hashes]
        while len(log.levels[-1]) >= TILE_WIDTH:
            below = log.levels[-1]
            log.levels.append([
                roots_at(below[at:at + TILE_WIDTH], [TILE_WIDTH])[TILE_WIDTH]
                for at in range(0, len(below) - TILE_WIDTH + 1, TILE_WIDTH)])
        for level, hashes in enumerate(log.levels):
            for path, first, width in tile_paths(level, len(hashes)):
                with self.report.on(log.dir + path):
                    data = self.tree.read(log.dir + path, TILE_WIDTH * 32)
                    if len(data) != width * 32:
                        raise Broken("tile-form", want=width, what="hashes")
                    for at in range(width):
                        if data[32 * at:32 * at + 32] != hashes[first + at]:
                            raise Broken("tile-hash", at=at)

    def _check_partials(self, log, leaves):
        """A narrower tile of a place may have been left behind; it must be its beginning."""
        form = re.compile(r"(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})\.p/([1-9][0-9]{0,2})",
                          re.ASCII)
        for name in self.tree.under(log.dir + "tile/"):
            path, match = log.dir + "tile/" + name, form.fullmatch(name)
            if path in self.tree.touched or not match:
                continue
            number = int(re.sub("[x/]", "", match[2]))
            first, width = number * TILE_WIDTH, int(match[3])
            level = -1 if match[1] == "entries" else int(match[1])
            if level >= len(log.levels) or tile_name(number) != match[2] or width >= TILE_WIDTH:
                continue
            things = leaves if level < 0 else log.levels[level]
            part = things[first:first + width]
            if len(part) < width or match[1] != ("entries" if level < 0 else str(level)):
                continue
            want = b"".join(len(t).to_bytes(2, "big") + t if level < 0 else t for t in part)
            with self.report.on(path):
                if self.tree.read(path, TILE_WIDTH * (2 + LEAF_BYTES_MAX)) != want:
                    raise Broken("tile-partial")

    def _check_roots(self, log, last):
        """Every note against the tiles. A validly signed other root is a fork."""
        notes = [*log.heads.values(), *log.evidence.values()]
        roots = roots_at(log.hashes, [head.size for head in notes])
        if roots[last.size] != last.root:
            self.report.fail("head-root", log.dir + "head.note", size=last.size)
            return False
        for file, head in log.heads.items():
            path = log.dir + file
            if head.size > last.size:
                self.report.fail("head-beyond", path, size=head.size, held=last.size)
            elif head.root != roots[head.size]:
                self.report.fail("head-fork", path, party=log.party, size=head.size)
                for party in head.receipts:
                    self.report.fail("receipt-fork", path, party=party, size=head.size)
        self._judge_evidence(log, roots)
        return True

    def _read_entries(self, log, leaves):
        seen, wall = Seen(log, self.report), 0
        for index, leaf in enumerate(leaves):
            shown = {"id": f"{log.name}.{index}"}
            self.entries.append(shown)
            log.hashed.append(hashlib.sha256(leaf[SALT_BYTES:]).digest())
            mentions, envelope, whole = (), None, False
            try:
                envelope = Envelope(leaf[SALT_BYTES:])
                wall = envelope.wall
                whole = (len(leaf) - SALT_BYTES <= WHOLE_MAX
                         and len(envelope.seen) < MENTIONS_MAX)
                shown |= {"kind": envelope.kind, "wall": wall}
                if index == 0:
                    self._find_generation(log, envelope)
                mentions = seen.take(index, envelope.seen)
                seen.take_read(index, envelope.read or ())
                ref = self._read_entry(log, index, envelope, shown, seen)
                self._keep_words(log, index, envelope, ref, seen, shown)
            except Unreadable as reason:
                self._name_unreadable(log, index, envelope, shown, str(reason))
            log.rows.append((wall, mentions))
            log.whole.append(whole)
        if not leaves:
            self.report.fail("opening-first", log.name, why="there is none")

    def _find_generation(self, log, envelope):
        """Of generations with the same members the policy does not say which; the opening does."""
        try:
            number = read_opening(envelope.body)["generation"]
        except Unreadable:
            number = 0
        if envelope.kind != KIND_OPENING:
            number = 0
        if number < len(self.charters) and (
                set(self.charters[number].parties) == set(log.charter.parties)):
            log.charter = self.charters[number]
        elif log.has_policy:
            self.report.fail("opening-generation", log.name, generation=number)

    def _read_entry(self, log, index, envelope, shown, seen=None):
        if envelope.kind == KIND_OPENING:
            opening = read_opening(envelope.body)
            if index:
                self.report.fail("opening-later", log.name, index=index)
            else:
                log.opening = opening
            shown |= opening | {"root": opening["root"].hex()}
            return None
        demand(envelope.kind in KINDS, f"unknown kind {envelope.kind}")
        name, people, read = KINDS[envelope.kind]
        demand(people is not False or envelope.item is None, "only stations write it")
        demand(people is not True or envelope.item is not None,
               f"the {name} has no item id or no read")
        envelope.author = log.charter.numbers.index(log.party)
        said, ref = read(envelope, log.lane, log.charter)
        shown |= said if envelope.kind == KIND_MESSAGE else {name: said}
        place = (log.key, index)
        self.said[place] = (envelope.kind, said, ref)
        if ref and seen:
            self.references.append((place, ref, seen.fitting(index, ref)))
        if index == 0:
            self.report.fail("opening-first", log.name, why=f"it is a {name}")
        if envelope.item is not None:
            self._keep_item(log, index, envelope, shown)
        return ref

    def _keep_words(self, log, index, envelope, ref, seen, shown):
        if envelope.kind == KIND_OFFICER:
            self.enrolled[log.key, index] = envelope
        two = envelope.item is not None and needs_two(envelope, log.charter)
        if envelope.signs or two:
            reads = seen.read_at(envelope.read)
            self.signed[log.key, index] = (envelope, ref, reads, shown, two)

    def _keep_item(self, log, index, envelope, shown):
        shown["item"] = envelope.item.hex()
        place = (log.key, index)
        first = self.items.setdefault(envelope.item, place)
        if first != place and len(self.repeats) < 1000:
            self.repeats.append((first, place))

    def _name_unreadable(self, log, index, envelope, shown, reason):
        shown["unreadable"] = reason
        if index == 0:
            self.report.fail("opening-first", log.name, why=reason)
        elif envelope and envelope.kind == KIND_OPENING:
            self.report.fail("opening-later", log.name, index=index)
        self.report.unreadable.append((log.name, index, reason))

    # ------------------------------------------------------------ receipts in closes
    def _check_closes(self):
        """Each receipt in a close, over the root of the tiles; those that verify are kept."""
        wanted = {}
        for place, (kind, said, ref) in self.said.items():
            for receipt in said["receipts"] if kind == KIND_CLOSE else ():
                number, lane, incarnation, _ = ref
                party = self.logs[place[0]].charter.numbers[number]
                key = (party, lane, incarnation.hex())
                if key in self.logs and self.logs[key].size is not None:
                    wanted.setdefault(key, []).append((place, receipt))
        for key, receipts in wanted.items():
            log = self.logs[key]
            roots = roots_at(log.hashes, [receipt[1] for _, receipt in receipts])
            for place, receipt in receipts:
                party, size, when, _ = receipt
                if self._verifies(log, receipt, roots.get(size)):
                    self.valid.setdefault(place, []).append(receipt)
                    log.in_closes.setdefault(party, []).append((size, when))
                else:
                    self.report.note(f"{log_id(place[0])}: entry {place[1]} carries a receipt of "
                                     f"{party} over {size} entries of {log.name} that does not "
                                     "verify")

    def _verifies(self, log, receipt, root):
        party, size, when, signature = receipt
        if root is None:
            return False
        head = f"{self.line}/{log.name}\n{size}\n{base64.b64encode(root).decode()}\n"
        message = f"cosignature/v1\ntime {when}\n{head}".encode()
        name = f"{self.line}/{party}/mirror"
        for card in self.cards.get(party, []):
            with contextlib.suppress(Broken):
                key = Key(name, 4, card.keys["receipt"], party, "receipt")
                key.verify(bytes.fromhex(signature), message, size)
                return True
        return False

    # ------------------------------------------------------------ between logs
    def _check_between_logs(self):
        self.generations = {log.opening["generation"] if log.opening else 0
                            for log in self.logs.values()}
        begun = {}
        self._check_closes()
        for log in self.logs.values():
            if log.opening:
                self._check_why(log, begun)
            if log.opening and log.opening["predecessor"]:
                self._check_opening(log)
            for index, (_, mentions) in enumerate(log.rows):
                for key, size in mentions:
                    self._check_mention(log, index, key, size)
            self._check_receipted(log)
            self._check_walls(log)
        for first, second in self.repeats:
            self._check_repeat(first, second)
        targets = {}
        for place, ref, found in self.references:
            self._check_reference(place, ref, found, targets)
        joint = JointOrder(self.logs)
        self.order = joint.order
        self._judge_words()
        for key, index in joint.forced:
            self.report.note(f"{log_id(key)}: entry {index} has seen what had itself seen this "
                             "entry; the joint order goes on with it all the same")
        self.calls = Calls(self, targets).judge()

    def _judge_words(self):
        """Whose word each signed entry is: by the roster that its own log had come to see."""
        roster = Roster(self.line_id, self.charters)
        nth = {place: n for n, place in enumerate(self.order) if place in self.enrolled}
        known = {}    # log key: (its roster, how far it has seen the logs of its party)
        borne = set()    # (party, item, officer): an officer says an item once
        for place in self.order:
            log, index = self.logs[place[0]], place[1]
            if place in self.signed:
                mine, seen = known.setdefault(log.key, (Roster(self.line_id, self.charters), {}))
                self._learn(log, index, mine, seen, nth)
                envelope, ref, reads, shown, two = self.signed[place]
                numbers = self.charters[-1].numbers
                rows = sorted((numbers.index(key[0]), key[1], bytes.fromhex(key[2]), size)
                              for key, size in reads)
                read = b"".join(bytes([party, lane]) + incarnation + size.to_bytes(8, "big")
                                for party, lane, incarnation, size in rows)
                word = (envelope, hashlib.sha256(read).digest(), self._hash_ref(log, index, ref),
                        log.opening["generation"] if log.opening else 0)
                shown["signed"] = mine.judge(log.party, *word)
                self._drop_repeated(log.party, envelope.item, shown["signed"], borne)
                few = sum(sign["valid"] and sign["releases"] for sign in shown["signed"])
                if two and few < 2:
                    self.report.note(f"{log.name}: entry {index} was to be released by two "
                                     f"officers of {log.party} who may, and was by {few}")
                for sign in shown["signed"]:
                    if not sign["valid"]:
                        self.report.note(f"{log.name}: entry {index} is signed as officer "
                                         f"{sign['officer']} of {log.party}, {sign['why']}")
            if place in self.enrolled:
                for sentence in roster.take(log.party, self.enrolled[place]):
                    self.report.note(f"{log.name}: entry {index}{sentence}")

    @staticmethod
    def _drop_repeated(party, item, signs, borne):
        for sign in signs:
            what = party, item, sign["officer"]
            if sign["valid"] and what in borne:
                sign |= {"valid": False, "why": "who has signed this item before"}
            elif sign["valid"]:
                borne.add(what)

    def _learn(self, log, index, roster, seen, nth):
        """Takes what this entry has seen of its party's roster and the roster has not: entry by
        entry of the log; what one of them brings at once, in the joint order."""
        for row in range(seen.get(log.key, 0), index + 1):
            new = [(log.key, row - 1)] if row else []
            for key, size in log.rows[row][1]:
                if key[0] == log.party:
                    new += [(key, i) for i in self._rolls(key) if seen.get(key, 0) <= i < size]
                    seen[key] = max(seen.get(key, 0), size)
            for place in sorted((p for p in new if p in nth), key=nth.get):
                roster.take(log.party, self.enrolled[place])
        seen[log.key] = index + 1

    def _rolls(self, key):
        """The indices of the officer entries of a log."""
        if not self.rolls:
            for other, index in self.enrolled:
                self.rolls.setdefault(other, []).append(index)
        return self.rolls.get(key, ())

    def _hash_ref(self, log, index, ref):
        """Of the one entry that is meant; of nothing where there is none."""
        found = []
        for key, other in self.logs.items() if ref else ():
            if (key[0] == log.charter.numbers[ref[0]] and key[1] == ref[1]
                    and key[2].startswith(ref[2].hex()) and ref[3] < len(other.hashed)
                    and self._held((log.key, index), (key, ref[3]), False)):
                found.append(other.hashed[ref[3]])
        return found[0] if len(found) == 1 else hashlib.sha256(b"").digest()

    def _is_partial(self, log):
        """Nothing is there of a generation before this log's: it may not be the exporter's."""
        number = log.opening["generation"] if log.opening else 0
        return any(g not in self.generations for g in range(min(number, 64)))

    def _check_mention(self, log, index, key, size):
        other = self.logs.get(key)
        if other is None and self._is_partial(log):
            return
        if other is None:
            self.report.fail("seen-missing", log.name, index=index, log=log_id(key))
        elif other.size is not None and size > other.size and other.forked:
            self.report.note(f"{log.name}: entry {index} has seen {size} entries of {log_id(key)}, "
                             f"the export holds {other.size} of another history")
        elif other.size is not None and size > other.size:
            self.report.fail("seen-beyond", log.name, index=index, size=size, log=log_id(key),
                             held=other.size)

    def _check_receipted(self, log):
        """Entries of a party that are later than its receipts and had seen less (section 7)."""
        given = []
        for other in self.logs.values():
            if other.size is None or other.party == log.party or not self._was_member(log, other):
                continue
            receipts = [other.stored[log.party]] if log.party in other.stored else []
            for receipt in receipts + other.in_closes.get(log.party, []):
                given.append((other, *receipt))
        seen = {}
        for index, (wall, mentions) in enumerate(log.rows):
            for key, size in mentions:
                seen[key] = max(size, seen.get(key, 0))
            given = [g for g in given if seen.get(g[0].key, 0) < g[1]]
            if not log.whole[index]:
                continue
            denied = {}
            for other, size, time in given:
                if time < wall:
                    denied[other.key] = max(size, denied.get(other.key, 0))
            for key, size in denied.items():
                self.report.note(f"{log.name}: entry {index} has seen {seen.get(key, 0)} entries "
                                 f"of {log_id(key)}, of which {log.party} had receipted {size} "
                                 "before")
            given = [g for g in given if g[0].key not in denied]

    def _was_member(self, log, other):
        """From the generation of the other log to that of this one, without a break?"""
        first = other.opening["generation"] if other.opening else 0
        last = self.charters.index(log.charter)
        return all(log.party in charter.parties for charter in self.charters[first:last])

    def _check_walls(self, log):
        """Times that go back: within the log, and over logs of one party where it knew both."""
        opening, last = log.opening, None
        for index, (wall, mentions) in enumerate(log.rows):
            if last is not None and wall < last:
                self.report.note(f"{log.name}: entry {index} is dated before entry {index - 1}")
            last, known = wall, set(mentions)
            if index == 0 and opening and opening["predecessor"]:
                known.add(((log.party, log.lane, opening["predecessor"]), opening["size"]))
            for key, size in known:
                other = self.logs.get(key) if key[0] == log.party else None
                if other is None or other.forked or not 0 < size <= len(other.rows):
                    continue
                if wall < other.rows[size - 1][0]:
                    self.report.note(f"{log.name}: entry {index} is dated before entry {size - 1} "
                                     f"of {log_id(key)}, which its author held")

    def _check_why(self, log, begun):
        """Why there is a new log, and whether another goes on from the same one."""
        before, reason = log.opening["predecessor"], log.opening["reason"]
        if reason not in (0, 5):
            why = REASONS[reason] if reason < len(REASONS) else f"reason {reason}"
            self.report.note(f"{log.name}: is a new log after {log.opening['size']} entries of "
                             f"{before}: {why}" if before else
                             f"{log.name}: is a new log, of which its station knew no earlier "
                             f"one: {why}")
        first = begun.setdefault((log.party, log.lane, before or log.opening["generation"]), log)
        if first is not log:
            how = "continues the same log as" if before else "begins anew as"
            self.report.note(f"{log.name}: {how} {first.incarnation} does: two stations of one "
                             "party, or one that was set back")

    def _check_opening(self, log):
        opening = log.opening
        before = self.logs.get((log.party, log.lane, opening["predecessor"]))
        if before is log:
            self.report.fail("opening-self", log.name)
        elif before is None and self._is_partial(log):
            return
        elif before is None:
            self.report.fail("opening-before", log.name, before=opening["predecessor"])
        elif before.size is None:
            return
        elif before.forked and (opening["size"] > before.size or roots_at(
                before.hashes, [opening["size"]])[opening["size"]] != opening["root"]):
            self.report.note(f"{log.name}: continues another history of its predecessor "
                             f"{before.incarnation} than the one in the export, after "
                             f"{opening['size']} entries")
        elif opening["size"] > before.size:
            self.report.fail("opening-size", log.name, size=opening["size"],
                             before=before.incarnation, held=before.size)
        elif roots_at(before.hashes, [opening["size"]])[opening["size"]] != opening["root"]:
            self.report.fail("opening-root", log.name, size=opening["size"],
                             before=before.incarnation, party=log.party)
        elif opening["size"] < before.size and not before.forked:
            self.report.note(f"{log.name}: was opened when {log.party} knew {opening['size']} "
                             f"entries of {before.name}; of the {before.size} in the export the "
                             "others were recovered later")

    def _check_reference(self, place, ref, found, targets):
        """Section 11: the one entry that fits, of the logs of which this one had seen so much."""
        log, index, at = self.logs[place[0]], place[1], ref[3]
        if len(found) > 1:
            self.report.note(f"{log.name}: entry {index} refers to entry {at} of one of "
                             f"{len(found)} logs, and does not say which")
            return
        if not found:
            named = log_id((log.charter.numbers[ref[0]], ref[1], ref[2].hex()))
            self.report.note(f"{log.name}: entry {index} refers to {named}, entry {at}, which its "
                             "author had not seen")
            return
        target = (found[0], at)
        mine, its = (self.said.get(p, (0, {}))[1].get("status") for p in (place, target))
        if mine and its and mine != its:
            self.report.note(f"{log.name}: entry {index} is {mine} and refers to "
                             f"{log_id(found[0])}, entry {at}, which is {its}: it has no effect")
        elif found[0] in self.logs and at < len(self.logs[found[0]].rows):
            targets[place] = target

    def _check_repeat(self, first, second):
        """One item, two entries: a breach where the author held the one when it wrote the other."""
        for this, that in ((second, first), (first, second)):
            if self._held(this, that):
                self.report.fail("item-twice", log_id(this[0]), index=this[1],
                                 first=f"{log_id(that[0])}, entry {that[1]}")
                return
        self.report.note(f"{log_id(second[0])}: entry {second[1]} has the item id of "
                         f"{log_id(first[0])}, entry {first[1]}, "
                         + ("which its author did not hold" if first[0][0] == second[0][0]
                            else "another party's"))

    def _held(self, this, that, own=True):
        if own and this[0][0] != that[0][0]:
            return False
        if this[0] == that[0]:
            return this[1] > that[1]
        rows = self.logs[this[0]].rows[:this[1] + 1]
        return any(key == that[0] and size > that[1] for _, seen in rows for key, size in seen)

    # ------------------------------------------------------------ the proof of one entry
    def _check_proof(self):
        before = len(self.report.failures)
        with self.report.on("."):
            self._read_proof()
        if len(self.report.failures) > before:
            self.tree.touched |= self.tree.files    # one broken rule is enough to name

    def _read_proof(self):
        logs = list(self.logs.values())
        if len(logs) != 1:
            raise Broken("proof-layout", why=f"it holds {len(logs)} logs")
        log = logs[0]
        log.charter = self.charters[-1]
        if log.party not in self.cards:
            raise Broken("card-missing", file="cards", party=log.party)
        names = [n for n in self.tree.under(log.dir) if n.endswith(".leaf")]
        index = decimal(names[0][:-5]) if len(names) == 1 else None
        if index is None:
            raise Broken("proof-layout", why="there is not one file <index>.leaf")
        self._read_notes(log)
        leaf = self.tree.read(f"{log.dir}{index}.leaf", LEAF_BYTES_MAX)
        if len(leaf) < LEAF_BYTES_MIN:
            raise Broken("tile-leaf", file=f"{log.dir}{index}.leaf", index=index,
                         length=len(leaf))
        checkpoint = self.tree.read(log.dir + "checkpoint", NOTE_BYTES_MAX)
        path = f"{log.dir}{index}.tlog-proof"
        with self.report.on(path):
            data = self.tree.read(path, 2 * NOTE_BYTES_MAX)
            head = log.heads.get("checkpoint")
            if head and self._follow_proof(path, data, index, leaf, head, checkpoint):
                self._read_proven(log, index, leaf)

    def _follow_proof(self, path, data, index, leaf, head, checkpoint):
        top, blank, note = data.partition(b"\n\n")
        lines = top.decode("utf-8", "replace").split("\n")
        if lines.pop(0) != "c2sp.org/tlog-proof@v1" or not blank:
            raise Broken("proof-form", why="its first line or its empty line is missing")
        if lines and lines[0].startswith("extra "):
            if unbase64(lines.pop(0)[6:]) is None:
                raise Broken("proof-form", why="its extra line is not canonical base64")
            self.report.note(f"{path}: carries extra data, which nobody has signed")
        if not lines or not lines[0].startswith("index ") or decimal(lines[0][6:]) is None:
            raise Broken("proof-form", why="it has no index")
        if decimal(lines[0][6:]) != index:
            raise Broken("proof-index", have=lines[0][6:], want=index)
        path = [unbase64(line) for line in lines[1:]]
        if len(path) > 64 or any(p is None or len(p) != 32 for p in path):
            raise Broken("proof-form", why="a hash is not 32 bytes in canonical base64")
        if note != checkpoint:
            raise Broken("proof-checkpoint")
        if index >= head.size or fold_proof(index, head.size, hash_leaf(leaf), path) != head.root:
            raise Broken("proof-root")
        return True

    def _read_proven(self, log, index, leaf):
        shown = {"id": f"{log.name}.{index}"}
        self.entries.append(shown)
        envelope = None
        try:
            envelope = Envelope(leaf[SALT_BYTES:])
            shown |= {"kind": envelope.kind, "wall": envelope.wall}
            self._read_entry(log, index, envelope, shown)
        except Unreadable as reason:
            self._name_unreadable(log, index, envelope, shown, str(reason))


def needs_two(envelope, charter):
    """Must two officers release it? Messages and calls begin with precedence and status."""
    return (envelope.kind in (KIND_MESSAGE, KIND_CALL) and envelope.body[1] != 2
            and PRECEDENCES[envelope.body[0]].lower() in charter.values.get("release.two", ()))


@functools.lru_cache(maxsize=4096)
def verifies(public, message, signature):
    try:
        check_public_key(public, "officer", "")
        Key("officer", 1, public, "", "identity").verify(signature, message, 0)
    except Broken:
        return False
    return True


class Roster:
    """Who the officers are, as one entry after the other is taken (section 4.8)."""

    def __init__(self, line_id, charters):
        self.line_id, self.numbers = line_id, charters[-1].numbers
        self.identities = {}
        for charter in charters:
            self.identities |= charter.identities
        self.officers = {}    # (party, number): a dict

    def take(self, party, envelope):
        """One officer entry; sentences of what is amiss with it."""
        number, serial, key, _, powers, state, names, titles = envelope.body[:8]
        voucher, before = envelope.body[10], self.officers.get((party, number))
        vouched = bool(voucher) and self._is_vouched(party, number, envelope, *voucher)
        who = {"serial": serial, "key": key, "left": state == 1, "vouched": vouched,
               "vouches": vouched and powers & 1, "releases": vouched and bool(powers & 2),
               "name": names[0][1], "title": titles[0][1] if titles else ""}
        out = []
        if voucher and not vouched:
            out.append(f": the voucher for officer {number} of {party} does not verify")
        if before and before["vouched"] and not vouched:
            if state == 1:
                self.officers[party, number] = before | {"left": True}
            else:
                out.append(f" says of officer {number} of {party}, who is vouched for, what "
                           "nobody vouches for: it has no effect")
        elif before and before["vouched"] == vouched and serial <= before["serial"]:
            out.append(f" about officer {number} of {party} has no higher serial than one before: "
                       "it has no effect")
        else:
            self.officers[party, number] = who
        return out

    def _is_vouched(self, party, number, envelope, by, signature):
        if by == 0:
            key = self.identities[party]
        else:
            officer = self.officers.get((party, by))
            if by == number or not officer or officer["left"] or not officer["vouches"]:
                return False
            key = officer["key"]
        ten = b"\x8a" + b"".join(slices(envelope.raw_body)[:10])
        message = (b"openline/enrol/v1\n" + self.line_id + bytes([self.numbers.index(party)])
                   + hashlib.sha256(ten).digest())
        return len(key) == 32 and verifies(key, message, signature)

    def judge(self, party, envelope, read, ref, generation):
        out, signers = [], set()
        for number, written, signature in envelope.signs:
            officer = self.officers.get((party, number))
            sign = {"officer": number, "written": written, "valid": False}
            if officer:
                sign |= {k: officer[k] for k in ("name", "title", "vouched", "releases")}
            message = (b"openline/officer/v1\n" + self.line_id + generation.to_bytes(4, "big")
                       + bytes([self.numbers.index(party)]) + number.to_bytes(2, "big")
                       + envelope.item + written.to_bytes(8, "big") + read
                       + bytes([envelope.kind]) + ref
                       + hashlib.sha256(envelope.raw_body).digest())
            sign["why"] = self._fault(officer, number in signers, message, signature)
            sign["valid"] = not sign["why"]
            signers.add(number)
            out.append(sign)
        return out

    @staticmethod
    def _fault(officer, is_again, message, signature):
        if is_again:
            return "who has signed it already"
        if not officer:
            return "nobody of that number is on the roster"
        if officer["left"]:
            return "who had left"
        if not officer["key"]:
            return "who has no key on the roster"
        if not verifies(officer["key"], message, signature):
            return "and the signature does not verify"
        return ""


class Seen:
    """What one log has said it has seen so far: its numbers of logs, and their sizes."""

    def __init__(self, log, report):
        self.log, self.report = log, report
        self.table = [[log.key, 0]]
        self.numbers = {log.key: 0}

    def _fail(self, rule, index, **fields):
        self.report.fail(rule, self.log.name, index=index, **fields)

    def take(self, index, seen):
        """The mentions of one entry as ((log key, size), ...), each checked."""
        out = []
        for mention in seen:
            number, size = mention[:2]
            row = self._first(index, mention) if len(mention) == 5 else self._later(index, number)
            if row is None:
                continue
            if size <= row[1]:
                self._fail("seen-falls", index, log=log_id(row[0]), before=row[1], size=size)
            row[1] = max(row[1], size)
            out.append((row[0], size))
        return tuple(out)

    def _first(self, index, mention):
        number, _, party, lane, incarnation = mention
        parties = self.log.charter.numbers
        if number != len(self.table):
            self._fail("seen-number", index, number=number,
                       why=f"the next free number is {len(self.table)}")
            return None
        self.table.append([None, 0])
        if party >= len(parties):
            self._fail("seen-party", index, number=party, count=len(parties))
            return None
        key = (parties[party], lane, incarnation.hex())
        if key == self.log.key:
            self._fail("seen-self", index)
            return None
        if key in self.numbers:
            self._fail("seen-twice", index, log=log_id(key))
            return None
        self.numbers[key] = number
        self.table[number][0] = key
        return self.table[number]

    def _later(self, index, number):
        if number >= len(self.table):
            self._fail("seen-number", index, number=number, why="which it never introduced")
            return None
        return self.table[number] if self.table[number][0] else None

    def read_at(self, read):
        """((log key, size), ...): what had been read of every log mentioned so far."""
        below = dict(map(tuple, read))
        sizes = [(key, below.get(number, seen)) for number, (key, seen) in enumerate(self.table)]
        return [(key, size) for key, size in sizes[1:] if key and size > 0]

    def fitting(self, index, ref):
        """Keys of the logs that a reference can mean: of so much had been seen by this entry."""
        party, lane, incarnation, at = ref
        party = self.log.charter.numbers[party]
        self.table[0][1] = index
        return [key for key, size in self.table
                if key and key[:2] == (party, lane) and key[2].startswith(incarnation.hex())
                and size > at]

    def take_read(self, index, read):
        for number, size in read:
            if number >= len(self.table):
                self._fail("read-number", index, number=number)
                continue
            key, seen = self.table[number]
            if key and size >= seen:
                self._fail("read-beyond", index, size=size, log=log_id(key), seen=seen)


# ---------------------------------------------------------------- the joint order (section 4.5)
class JointOrder:
    """Takes entry after entry; an entry waits until what it has seen was taken before it."""

    def __init__(self, logs):
        self.logs = {key: log for key, log in logs.items() if log.rows}
        self.taken = dict.fromkeys(self.logs, 0)
        self.needs = {}                      # of the next entry of each log: [(log key, size)]
        self.waiting = {}                    # log key: heap of (size, who waits, its entry)
        self.ready, self.blocked = [], []    # heaps of ranks
        self.order, self.forced = [], []     # [(log key, index)]
        for key in self.logs:
            self._next(key)
        for _ in range(sum(len(log.rows) for log in self.logs.values())):
            if not self.ready:
                self._force()
            self._take(heapq.heappop(self.ready)[-1])

    def _rank(self, key):
        log, index = self.logs[key], self.taken[key]
        number = log.charter.numbers.index(log.party)
        return log.rows[index][0], number, log.lane, log.incarnation, index, key

    def _next(self, key):
        log, index = self.logs[key], self.taken[key]
        if index < len(log.rows):
            self.needs[key] = [(other, min(size, len(self.logs[other].rows)))
                               for other, size in log.rows[index][1] if other in self.logs]
            self._settle(key)

    def _settle(self, key):
        need = self.needs[key]
        while need:
            other, size = need[-1]
            if self.taken[other] < size:
                wait = (size, key, self.taken[key])
                heapq.heappush(self.waiting.setdefault(other, []), wait)
                heapq.heappush(self.blocked, self._rank(key))
                return
            need.pop()
        heapq.heappush(self.ready, self._rank(key))

    def _force(self):
        """Nothing qualifies: the first by the same order goes on, and is named."""
        while True:
            rank = heapq.heappop(self.blocked)
            if self.taken[rank[-1]] == rank[-2]:
                break
        self.forced.append((rank[-1], rank[-2]))
        heapq.heappush(self.ready, rank)

    def _take(self, key):
        self.order.append((key, self.taken[key]))
        self.taken[key] += 1
        queue = self.waiting.get(key, [])
        while queue and queue[0][0] <= self.taken[key]:
            _, other, index = heapq.heappop(queue)
            if self.taken[other] == index:
                self._settle(other)
        self._next(key)


# ---------------------------------------------------------------- availability (section 11.5)
class Availability:
    """Per party and path the share of a period, from the walls of each party's own checks."""

    def __init__(self, record):
        self.checks = {}
        for entry in record.entries:
            if "check" in entry and entry["wall"] < TIME_LIMIT:
                party, _, log = entry["id"].split("/")
                incarnation, _, index = log.partition(".")
                said = entry["check"]
                self.checks.setdefault(party, []).append(
                    (entry["wall"], said["number"], incarnation, int(index), said))
        for checks in self.checks.values():
            checks.sort(key=lambda check: check[:4])
        # of each its own, first to last: what another claims does not move it
        self.periods = {party: (checks[0][0], checks[-1][0] + 1)
                        for party, checks in self.checks.items()}

    @staticmethod
    def _reach(said):
        return said["interval"] + said["interval"] // 2

    def of_party(self, party, begin, end):
        checks, available, paths = self.checks.get(party, []), 0, {}
        for i, (wall, *_, said) in enumerate(checks):
            until = wall + self._reach(said)
            if i + 1 < len(checks):
                until = min(until, checks[i + 1][0])
            available += max(0, min(until, end) - max(wall, begin))
        written = [check[-1] for check in checks if begin <= check[0] < end]
        for path in written[-1]["proven"] if written else ():
            paths.setdefault((path["party"], path["bearer"]), [0, 0])
        for said in written:
            named = set()
            for path in said["proven"]:
                key = (path["party"], path["bearer"])
                if key not in named and key in paths:
                    paths[key][0] += 1
                    paths[key][1] += path["age"] <= self._reach(said)
                named.add(key)
        return {"party": party, "seconds": end - begin, "available": available,
                "checks": len(written),
                "paths": [{"party": to, "bearer": bearer, "checks": count, "proven": proven}
                          for (to, bearer), (count, proven) in paths.items()]}

    def days(self, parties):
        spans = {}
        for begin, end in self.periods.values():
            last = (end - 1) // DAY
            begin = max(begin, (last - DAYS_MAX + 1) * DAY)
            for day in range(begin // DAY, last + 1):
                spans.setdefault(day, []).append((max(begin, day * DAY),
                                                  min(end, (day + 1) * DAY)))
        for day, times in sorted(spans.items()):
            a, b = min(time[0] for time in times), max(time[1] for time in times)
            yield {"day": day * DAY, "parties": [self.of_party(p, a, b) for p in parties]}, a, b

    def figures(self, parties):
        days = list(self.days(parties))
        own = []
        for party in parties:
            if party in self.periods:
                begin, end = self.periods[party]
                share = self.of_party(party, begin, end)
                own.append({"party": party, "from": begin, "to": end,
                            "available": share["available"], "checks": share["checks"]})
        return {"from": days[0][1], "to": days[-1][2], "days": [day[0] for day in days],
                "parties": own}
# ---------------------------------------------------------------- calls (section 11.4)
class Calls:
    """How each call ended for each party called, with the entries and receipts that prove it."""

    def __init__(self, record, targets):
        self.record, self.logs = record, record.logs
        self.place_of = {place: number for number, place in enumerate(record.order)}
        self.seen = {}      # log key: {other log's key: [(index, size), ...] ascending}
        self.about = {}     # place of a call: places of what belongs to it, in the joint order
        for place in sorted(record.said, key=self.place_of.get):
            kind = record.said[place][0]
            if kind not in (KIND_CALL, KIND_RING, KIND_REPLY, KIND_CLOSE):
                continue
            if kind == KIND_CALL:
                self.about.setdefault(place, [])
            elif place in targets:
                self._file(place, kind, targets[place])
        self.close_of = {call: self._close(call) for call in self.about}

    def _file(self, place, kind, call):
        log, (other, at) = self.logs[place[0]], call
        if self.record.said.get(call, (0,))[0] != KIND_CALL:
            self.record.report.note(f"{log.name}: entry {place[1]} speaks of {log_id(other)}, "
                                    f"entry {at}, which is no call")
        elif kind != KIND_CLOSE and log.party not in self.record.said[call][1]["called"]:
            self.record.report.note(f"{log.name}: entry {place[1]} speaks of the call "
                                    f"{log_id(other)}, entry {at}, which does not call {log.party}")
        else:
            self.about.setdefault(call, []).append(place)

    def _close(self, call):
        """The close that counts: in the log of the call, else the first. Others are named."""
        closes = [place for place in self.about[call]
                  if self.record.said[place][0] == KIND_CLOSE]
        counts = min(closes, key=lambda place: place[0] != call[0], default=None)
        for place in closes:
            if place != counts:
                self.record.report.note(f"{self.logs[place[0]].name}: entry {place[1]} closes a "
                                        f"call that {log_id(counts[0])}, entry {counts[1]}, closes")
        return counts

    # ------------------------------------------------------------ who had seen what
    def _seen_of(self, key, other):
        if key not in self.seen:
            table = self.seen[key] = {}
            for index, (_, mentions) in enumerate(self.logs[key].rows):
                for log, size in mentions:
                    steps = table.setdefault(log, [])
                    steps.append((index, max(size, steps[-1][1] if steps else 0)))
        return self.seen[key].get(other, [])

    def has_seen(self, entry, other):
        (key, index), (other_key, other_index) = entry, other
        if key == other_key:
            return index > other_index
        steps = self._seen_of(key, other_key)
        last = bisect.bisect_left(steps, (index + 1, 0))
        return last > 0 and steps[last - 1][1] > other_index

    def first_to_see(self, key, call):
        """The first entry of this log that has seen the call, or None."""
        steps = self._seen_of(key, call[0])
        at = bisect.bisect_right([size for _, size in steps], call[1])
        return (key, steps[at][0]) if at < len(steps) else None

    # ------------------------------------------------------------ verdicts
    def judge(self):
        out = []
        for call in sorted(self.about, key=self.place_of.get):
            said = self.record.said[call][1]
            verdicts = [self._judge(call, party) for party in said["called"]]
            out.append({"call": self._name(call), "verdicts": verdicts})
        return out

    @staticmethod
    def _name(place):
        return f"{log_id(place[0])}.{place[1]}" if place else None

    def _judge(self, call, party):
        words = [(place, *self.record.said[place][:2]) for place in self.about[call]]
        close = self.close_of[call]
        replies = [(place, said["verb"]) for place, kind, said in words
                   if kind == KIND_REPLY and place[0][0] == party]
        rings = [said["state"] for place, kind, said in words
                 if kind == KIND_RING and place[0][0] == party]
        receipt, witness, known = self._held_in_time(call, close, party)
        out = {"party": party, "late": False, "crossed": False, "ended": 1 in rings,
               "stored": False, "rang": bool(rings), "by": None, "close": self._name(close),
               "receipt": receipt, "witness": self._name(witness), "known": known}
        answers = [reply for reply in replies if reply[1] == "answered"]
        if replies:
            by, out["verdict"] = answers[0] if answers else replies[-1]
            out["by"] = self._name(by)
            out["late"] = close is not None and self.has_seen(by, close)
            out["crossed"] = (close is not None and not out["late"]
                              and not self.has_seen(close, by))
        elif close is None:
            out["verdict"] = "open"
        elif receipt or known:
            out["verdict"] = "unanswered"
        else:
            out["verdict"], out["stored"] = "unreached", witness is not None
        return out

    def _held_in_time(self, call, close, party):
        """(its receipt in the close, an entry of its that had seen the call and not the close,
        whether the close had seen that entry)."""
        if close is None:
            return None, None, False
        receipt = next(({"size": size, "time": when}
                        for who, size, when, _ in self.record.valid.get(close, ())
                        if who == party and size > call[1]
                        and (close[0] != call[0] or close[1] >= size)), None)
        found = []
        for key in self.logs:
            first = self.first_to_see(key, call) if key[:2] == (party, 0) else None
            if first and not self.has_seen(first, close):
                found.append((not self.has_seen(close, first), self.place_of[first], first))
        unknown, _, witness = min(found, default=(True, 0, None))
        return receipt, witness, not unknown


# ---------------------------------------------------------------- what is said about it
def say_time(seconds):
    try:
        when = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
        return when.strftime("%Y-%m-%d %H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"second {seconds}"


def count_of(number, one, many):
    return f"{number:,} {one if number == 1 else many}"


def say_stored(log, last):
    for party in log.charter.parties:
        if party == log.party:
            continue
        if party not in log.stored:
            yield f"{party} has receipted nothing"
            continue
        size, when = log.stored[party]
        share = f"all {size:,}" if size == last.size else f"{size:,} of {last.size:,}"
        yield f"{party} has stored {share}, by its receipt of {say_time(when)}"


def say_log(record, log):
    last = log.heads.get("head.note")
    if last is None or log.size is None and not record.is_proof:
        yield f"{log.name}: nothing is proven"
        return
    if record.is_proof:
        yield f"{log.name}: {log.party} has signed {count_of(last.size, 'entry', 'entries')}"
    else:
        yield f"{log.name}: {count_of(log.size, 'entry', 'entries')}, signed by {log.party}"
    for sentence in say_stored(log, last):
        yield "  " + sentence
    opening = log.opening
    if opening and opening["predecessor"]:
        reason = opening["reason"]
        why = REASONS[reason] if reason < len(REASONS) else f"reason {reason}"
        yield f"  continues {opening['predecessor']} after size {opening['size']:,}: {why}"
    for name, index, reason in record.report.unreadable:
        if name == log.name:
            yield f"  entry {index} is unreadable: {clean(reason)}"


def say_entry(entry):
    """The one entry of a proof, in full."""
    yield f"{entry['id']}, written {say_time(entry.get('wall', 0))} by its author's clock"
    if "text" not in entry:
        return
    to = entry["to"] or "the watch"
    yield f"  {entry['precedence']}, {entry['status']}, to {to}"
    if entry["subject"]:
        yield "  subject: " + clean(entry["subject"])
    if entry["text"] is None:
        yield "  its text is compressed, and libbrotlidec.so.1 is not installed"
    for line in (entry["text"] or "").split("\n"):
        yield "  | " + clean(line)


def say_availability(record):
    there = Availability(record)
    for party in record.charters[-1].numbers if not record.is_proof else ():
        if party not in there.periods:
            continue
        share = there.of_party(party, *there.periods[party])
        yield (f"{party}: {count_of(share['checks'], 'line check', 'line checks')}, available "
               f"{share['available'] * 1000 // share['seconds'] / 10} % of the time from its first "
               f"check, {say_time(there.periods[party][0])}, to its last, "
               f"{say_time(there.periods[party][1] - 1)}")


VERDICTS = {
    "open": "open", "answered": "answered", "declined": "declined", "deferred": "deferred",
    "unanswered": "unanswered: their station had it in time, and nobody came",
    "unreached": "unreached: nothing shows that their station had it in time",
}


def say_call(call):
    """How it ended for each party called, and what proves it."""
    yield f"call {call['call']}"
    for v in call["verdicts"]:
        word = VERDICTS[v["verdict"]]
        if v["stored"]:
            word = "unreached: stored there, and no word came back before the close"
        elif v["verdict"] == "unanswered" and not v["rang"]:
            word = "unanswered: their station had it in time; that it rang is not on record"
        word += ", by " + v["by"] if v["by"] else ""
        word += ", late" if v["late"] else ", crossed" if v["crossed"] else ""
        yield f"  {v['party']}: {word}"
        if v["receipt"]:
            yield (f"    its receipt over {v['receipt']['size']:,} entries, of "
                   f"{say_time(v['receipt']['time'])}, stands in the close {v['close']}")
        if v["witness"]:
            yield (f"    {v['witness']} had seen the call and not the close; the close had "
                   + ("" if v["known"] else "not ") + "seen it")
        if v["ended"]:
            yield "    its ladder has ended"


def print_text(record, quiet):
    report, lines = record.report, []
    if record.charters and not quiet:
        lines.append(f"line {record.line}, {record.line_id.hex()}: "
                     f"{', '.join(record.charters[0].parties)}; all have signed its charter")
        for number, charter in enumerate(record.charters[1:], 1):
            lines.append(f"  generation {number}: {', '.join(charter.parties)}; all have signed it")
        for log in record.logs.values():
            lines += say_log(record, log)
        for entry in record.entries if record.is_proof else ():
            lines += say_entry(entry)
        for call in record.calls:
            lines += say_call(call)
        lines += say_availability(record)
        lines += ["look at: " + sentence for sentence in report.anomalies]
    lines += [f"BROKEN [{rule}] {sentence}" for rule, _, sentence in report.failures]
    for rule, count in report.counts.items():
        if count > SENTENCES_MAX:
            lines.append(f"BROKEN [{rule}] and {count - SENTENCES_MAX:,} more like these")
    if not quiet or report.failures:
        lines.append(last_line(record))
    if lines:
        print("\n".join(lines))


def last_line(record):
    report = record.report
    if report.failures:
        count = sum(report.counts.values())
        return f"NOT VERIFIED: {count_of(count, 'rule is', 'rules are')} broken"
    if record.is_proof:
        return "verified: the entry stands in the log, and every other member has stored it"
    return (f"verified: {count_of(len(record.logs), 'log', 'logs')}, "
            f"{count_of(len(record.entries), 'entry', 'entries')}, "
            f"{len(report.unreadable):,} unreadable, "
            f"{count_of(len(report.anomalies), 'thing', 'things')} to look at")


def as_json(record):
    report = record.report
    out = {"verified": record.verified(), "form": "proof" if record.is_proof else "export"}
    if record.charters:
        out |= {"line": record.line, "id": record.line_id.hex(),
                "parties": record.charters[-1].parties,
                "logs": [log_as_json(log) for log in record.logs.values()],
                "entries": record.entries,
                "order": [f"{log_id(key)}.{index}" for key, index in record.order],
                "calls": record.calls}
        there = Availability(record)
        if there.periods and not record.is_proof:
            out["availability"] = there.figures(record.charters[-1].numbers)
    out["unreadable"] = [{"id": f"{name}.{index}", "reason": reason}
                         for name, index, reason in report.unreadable]
    out["anomalies"] = report.anomalies
    out["failures"] = [{"rule": rule, "file": file, "sentence": sentence}
                       for rule, file, sentence in report.failures]
    return out


def log_as_json(log):
    last, whole = log.heads.get("head.note"), log.heads.get("checkpoint")
    return {"log": log.name, "size": last.size if last else None, "proven": log.size,
            "root": last.root.hex() if last else None,
            "checkpoint": whole.size if whole else None,
            "stored": {party: {"size": size, "time": when}
                       for party, (size, when) in log.stored.items()}}


# ---------------------------------------------------------------- command line
def main(arguments):
    options, places = set(), []
    for argument in arguments:
        if argument == "--help":
            print(USAGE)
            return 0
        if argument.startswith("-"):
            if argument not in ("--json", "--quiet") or argument in options:
                print(f"verify_export.py: {clean(argument)} is no option, or stands twice; "
                      "see --help", file=sys.stderr)
                return 2
            options.add(argument)
        else:
            places.append(argument)
    if len(places) != 1 or not os.path.isdir(places[0]):
        what = "is not a directory" if len(places) == 1 else "name one directory"
        print(f"verify_export.py: {clean(' '.join(places))}: {what}; see --help",
              file=sys.stderr)
        return 2
    record = Record(places[0])
    if "--json" in options:
        json.dump(as_json(record), sys.stdout, indent=1)
        print()
    else:
        print_text(record, "--quiet" in options)
    return 0 if record.verified() else 1


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))
