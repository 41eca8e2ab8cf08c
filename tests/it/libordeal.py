# SPDX-License-Identifier: ISC
"""What tests of kills, restores and full disks share: records compared, heads collected."""
import base64
import hashlib
import os
import pathlib
import subprocess
import sys

from libline import SRC, Control, Failure

VERIFIER = SRC / "tools/verify_export.py"
EXPORTS = pathlib.Path(os.environ.get("OPENLINE_EXPORTS", "/nonexistent"))
TILE = 256


def check(condition, what):
    if not condition:
        raise Failure(what)


def body_of(text, precedence=3):
    """The body of an exercise message, in base64: [precedence, 1, 0, [0, text]]"""
    text = text.encode()
    head = bytes([0x60 | len(text)]) if len(text) < 24 else \
        bytes([0x78, len(text)]) if len(text) < 256 else b"\x79" + len(text).to_bytes(2, "big")
    return base64.b64encode(bytes([0x84, precedence, 1, 0, 0x82, 0]) + head + text).decode()


def markers(home):
    """The run markers of a home, wherever they lie, by device and inode (station/marker.h)."""
    st = os.stat(home)
    uid = os.geteuid()
    places = [pathlib.Path(place, f"openline-{uid}")
              for place in ("/run", f"/run/user/{uid}", "/dev/shm")]
    names = [f"{st.st_dev:016x}-{st.st_ino:016x}-{line_id(path)}"
             for path in pathlib.Path(home).glob("lines/*/charter")]
    return [place / name for place in places for name in names if (place / name).exists()]


def line_id(charter):
    """First 16 bytes of SHA-256 of the text, without its signatures (docs/PROTOCOL.md 2.4)."""
    text = charter.read_bytes().split("\n\n—".encode())[0] + b"\n"
    return hashlib.sha256(text).hexdigest()[:32]


def forget(home):
    """What a reboot does to the run markers of a home."""
    gone = markers(home)
    for path in gone:
        path.unlink()
    return len(gone)


class Heads:
    """All heads that anybody showed: one root for one log and size, or it is a contradiction."""

    def __init__(self):
        self.root = {}

    def add(self, log, size, root):
        known = self.root.setdefault((log, size), root)
        check(known == root, f"TWO ROOTS for size {size} of {log}: {known} and {root}")

    def ask(self, client, line="hotline"):
        """Takes all that a station has to show; returns its logs: {log: (size, receipts)}."""
        found, at = {}, 0
        while at is not None:
            page = client.ask("record", line=line, **({"from": at} if at else {}))
            for log in page["logs"]:
                for head in log["heads"]:
                    self.add(log["log"], head["size"], head["root"])
                found[log["log"]] = (log["size"], {r["party"]: r["size"] for r in log["receipts"]})
            at = page["next"]
        return found

    def check_export(self, directory):
        """Every head that was ever shown is one of the record as it stands now."""
        roots = {}
        for policy in pathlib.Path(directory).glob("*/*/*/policy"):
            roots["/".join(policy.parts[-4:-1])] = all_roots(leaf_hashes(policy.parent))
        for (log, size), root in self.root.items():
            check(log in roots, f"{log}, of which a head was shown, is not in {directory}")
            check(size < len(roots[log]), f"{log} was {size} long and is {len(roots[log]) - 1}")
            now = base64.b64encode(roots[log][size]).decode()
            check(root == now, f"TWO ROOTS for size {size} of {log}: {root} was shown, now {now}")
        return len(self.root)


def leaf_hashes(log):
    """The leaf hashes of a log's tiles, in order."""
    found = {}
    for path in (log / "tile/0").rglob("*"):
        if path.is_file():
            parts = path.relative_to(log / "tile/0").parts
            number = 0
            for part in parts:
                digits = part.removeprefix("x").removesuffix(".p")
                number = number * 1000 + int(digits)
                if part.endswith(".p"):
                    break
            data = path.read_bytes()
            if len(data) > len(found.get(number, b"")):
                found[number] = data
    data = b"".join(found[n] for n in sorted(found))
    return [data[i:i + 32] for i in range(0, len(data), 32)]


def all_roots(leaves):
    """The root of each size from 0 (RFC 6962 section 2.1)."""
    roots, stack = [hashlib.sha256(b"").digest()], []
    for at, leaf in enumerate(leaves):
        stack.append(leaf)
        for _ in range(((at + 1) & -(at + 1)).bit_length() - 1):
            right = stack.pop()
            stack.append(node(stack.pop(), right))
        root = stack[-1]
        for left in reversed(stack[:-1]):
            root = node(left, root)
        roots.append(root)
    return roots


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def export(party, where, name, line="hotline"):
    """Exports a line and has a stranger check it; it is left for the others who check exports."""
    target = (EXPORTS / name if EXPORTS.is_dir() else where / "exports" / name) / party.name
    target.parent.mkdir(parents=True, exist_ok=True)
    party.run("export", line, target, "--yes")
    done = subprocess.run([sys.executable, VERIFIER, "--quiet", target], capture_output=True,
                          check=False)
    check(done.returncode == 0, f"{target}: {done.stdout.decode()}{done.stderr.decode()}")
    return target


def same_record(one, other):
    """Two exports of one line tell the same: logs, sizes, roots, entries, tiles."""
    def files(top):
        return {str(p.relative_to(top)): p.read_bytes() for p in top.rglob("*")
                if p.is_file() and p.parent.name != "heads" and p.name not in ("pending",
                                                                             "checkpoint")}
    one, other = files(one), files(other)
    check(set(one) == set(other), f"files of one side only: {sorted(set(one) ^ set(other))}")
    differ = [name for name, data in one.items() if other[name] != data]
    check(not differ, f"the sides differ in {differ}")
    return len(one)


def stored(client, line="hotline", receipts=None):
    """Every entry that a station holds, as {(log, index): event}, by a subscription from the
    beginning; receipts gets {(log, party): size} of those that are stored."""
    entries = {}
    client.ask("subscribe", line=line)
    while True:
        event = client.event()
        if event["event"] == "live":
            break
        if event["event"] == "entry":
            entries[event["log"], event["index"]] = event
        elif event["event"] == "receipt" and receipts is not None:
            key = event["log"], event["party"]
            receipts[key] = max(receipts.get(key, 0), event["size"])
    client.ask("unsubscribe", line=line)
    return entries


def settled(parties, line="hotline"):
    """Waits until every side holds the same and has each other's receipt for all of it."""
    names = {party.name for party in parties}
    clients = [Control(party.home) for party in parties]
    sizes, got = {}, [{} for _ in clients]
    held = [{} for _ in clients]

    def take(i, event):
        if event["event"] == "entry":
            held[i][event["log"]] = event["index"] + 1
            sizes[event["log"]] = max(sizes.get(event["log"], 0), event["index"] + 1)
        elif event["event"] == "receipt" and "cursor" in event:
            key = event["log"], event["party"]
            got[i][key] = max(got[i].get(key, 0), event["size"])

    def is_done(i):
        return all(held[i].get(log, 0) >= size and
                   all(got[i].get((log, name), 0) >= size
                       for name in names - {log.split("/")[0]})
                   for log, size in sizes.items())

    for i, client in enumerate(clients):
        client.ask("subscribe", line=line)
        event = None
        while not event or event["event"] != "live":
            event = client.event()
            take(i, event)
    for _ in range(2):  # what the later sides told may be news to the earlier ones
        for i, client in enumerate(clients):
            while not is_done(i):
                take(i, client.event())
    for client in clients:
        client.socket.close()
    return sizes
