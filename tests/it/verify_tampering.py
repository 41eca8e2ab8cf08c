#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A correct export verifies; whatever a hostile hand changes is named by one stable sentence.

The table is in libtamper.py. A rule of tools/verify_export.py without a row fails.
"""
import contextlib
import importlib.util
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback

import libcalls
import libexport
import libhands
import liboddities
import libtamper

SRC = pathlib.Path(os.environ.get("OPENLINE_SRC", pathlib.Path(__file__).parents[2]))
TOOL = SRC / "tools" / "verify_export.py"


def load_tool():
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location("verify_export", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VERIFY = load_tool()


@contextlib.contextmanager
def changed(fault=None, **settings):
    """Constants of the tool, changed for one row; fault makes opening of such files fail."""
    before = {name: getattr(VERIFY, name) for name in settings}
    real_open = os.open

    def failing(path, *more, **named):
        if fault and str(path).endswith(fault):
            raise OSError(5, "Input/output error")
        return real_open(path, *more, **named)
    try:
        VERIFY.os.open = failing
        for name, value in settings.items():
            setattr(VERIFY, name, value)
        yield
    finally:
        VERIFY.os.open = real_open
        for name, value in before.items():
            setattr(VERIFY, name, value)


class Run:
    """Counts what passed; each check gets its own directory."""

    def __init__(self):
        self.passed, self.failed = 0, 0
        # thousands of small files that nobody needs on a disk
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="openline-tamper-", dir=memory))
        self.count = 0

    def place(self, files):
        self.count += 1
        top = self.top / str(self.count)
        top.mkdir()
        for name, data in files.items():
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(data, libhands.Link):
                path.symlink_to(str(data))
            else:
                path.write_bytes(data)
        return top

    def verify(self, files, **settings):
        """(exit status, the tool's JSON) of one directory, through its command line."""
        top = self.place(files)
        out = io.StringIO()
        with changed(**settings), contextlib.redirect_stdout(out):
            status = VERIFY.main(["--json", str(top)])
        shutil.rmtree(top)
        return status, json.loads(out.getvalue())

    def check(self, name, function, *arguments):
        try:
            function(*arguments)
            self.passed += 1
        except Exception:  # a test that breaks is a test that fails
            self.failed += 1
            print(f"FAILED {name}")
            traceback.print_exc(limit=-2, file=sys.stdout)


def expect(condition, *what):
    if not condition:
        raise AssertionError("\n  ".join(map(str, what)))


def check_row(run, rule, sentence, hand, also, settings):
    world = libexport.build()
    names = {"next": len(world.logs["u"].numbers) + 1}
    files = hand(world)
    status, result = run.verify(files, **settings)
    sentence = sentence.format(**libhands.dirs(world), **names)
    found = [(f["rule"], f["sentence"]) for f in result["failures"]]
    expect(status == 1 and not result["verified"], "it verified")
    expect((rule, sentence) in found, f"expected [{rule}] {sentence}", "found", *found)
    extra = {r for r, _ in found} - {rule} - also
    expect(not extra, f"beside {rule} also {extra}", *found)


def check_table(run):
    for rule, sentence, hand, also, settings in libtamper.ROWS:
        run.check(f"{rule}: {sentence}", check_row, run, rule, sentence, hand, also, settings)
    for rule in VERIFY.RULES:
        run.check(f"{rule} has a row", lambda r=rule: expect(
            any(r == row[0] for row in libtamper.ROWS), f"no row for {r}"))


# ---------------------------------------------------------------- what is odd breaks nothing
def check_good(run, hand):
    world = libexport.build()
    status, result = run.verify(hand(world))
    expect(status == 0 and result["verified"] and not result["anomalies"], result["failures"],
           result["anomalies"])
    expect(result["order"] == libexport.joint_order(world)[0], "another joint order")
    entries = sum(len(log.entries) for log in world.logs.values())
    expect(len(result["entries"]) == entries, len(result["entries"]))


def check_entry(run, entry, reason, **settings):
    """One more entry in u: it is stored and proven, and read or not."""
    world = libexport.build()
    world.logs["u"].append_bytes(entry)
    world.logs["u"].receive("prc", "swi")
    status, result = run.verify(world.files(), **settings)
    expect(status == 0, *[f["sentence"] for f in result["failures"]])
    name = world.logs["u"].dir + ".9"
    found = [u["reason"] for u in result["unreadable"] if u["id"] == name]
    expect(found == ([reason] if reason else []), f"expected {reason}", f"found {found}")


def check_anomaly(run, sentence, hand):
    world = libexport.build()
    status, result = run.verify(hand(world))
    expect(status == 0, *[f["sentence"] for f in result["failures"]])
    sentence = sentence.format(**libhands.dirs(world))
    expect(sentence in result["anomalies"], f"expected {sentence}", *result["anomalies"])
    if result["form"] == "export":
        expect(result["order"] == libexport.joint_order(world)[0], "another joint order")


def check_oddities(run):
    for number, hand in enumerate(liboddities.GOOD):
        run.check(f"good export {number}", check_good, run, hand)
    for reason, entry in liboddities.UNREADABLE:
        run.check(f"{reason}: {entry[:40].hex()}", check_entry, run, entry, reason)
    for entry in liboddities.READABLE:
        run.check(f"readable: {entry[:40].hex()}", check_entry, run, entry, None)
    for sentence, hand in [*liboddities.ANOMALIES, *libcalls.ANOMALIES]:
        run.check(sentence, check_anomaly, run, sentence, hand)


# ---------------------------------------------------------------- of the whole
def check_every_byte(run):
    """No file of an export can be removed, nor a bit of it be changed, unseen.

    But for checkpoint, where the largest receipts differ: then nothing says that there was a size
    at which all receipts met.
    """
    world = libexport.build()
    files = world.files()
    for name in sorted(set(files) - {world.logs["u"].dir + "/checkpoint"}):
        less = {n: d for n, d in files.items() if n != name}
        run.check(f"without {name}", lambda: expect(run.verify(less)[0] == 1, "it verified"))
    for number, name in enumerate(sorted(files)):
        data = bytearray(files[name])
        data[number * 7919 % len(data)] ^= 1 << number % 7
        run.check(f"a bit of {name}", lambda: expect(
            run.verify(files | {name: bytes(data)})[0] == 1, "it verified"))


def check_proofs(run):
    """Each of these entries can be proven alone; and a fold agrees with the definition."""
    world = libexport.build()
    for name, index in (("u", 0), ("u", 1), ("u", 4), ("p", 2), ("r", 0), ("r", 255), ("r", 299)):
        status, result = run.verify(world.proof(world.logs[name], index))
        expect(status == 0 and result["form"] == "proof", *result["failures"])
        expect(result["entries"][0]["id"] == f"{world.logs[name].dir}.{index}", result["entries"])
    expect(VERIFY.tile_name(1234067) == "x001/x234/067", "tile names of tlog-tiles")
    hashes = [libexport.sha(bytes([i])) for i in range(40)]
    for size in range(1, 41):
        root = libexport.mth(hashes[:size])
        expect(VERIFY.roots_at(hashes, [size])[size] == root, size)
        for index in range(size):
            path = libexport.audit_path(index, hashes[:size])
            expect(VERIFY.fold_proof(index, size, hashes[index], path) == root, index, size)
            for wrong in (path[:-1], path + [root]) if path else ([root],):
                expect(VERIFY.fold_proof(index, size, hashes[index], wrong) != root, index, size)


# The points of order 1, 2, 4 and 8 and their second encodings.
SMALL = """
0000000000000000000000000000000000000000000000000000000000000000
0100000000000000000000000000000000000000000000000000000000000000
ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a
26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05
0000000000000000000000000000000000000000000000000000000000000080
0100000000000000000000000000000000000000000000000000000000000080
ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa
26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85
edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
""".split()


def check_points():
    """Small and second encodings are refused; and it is not the library that refuses them."""
    for number, point in enumerate(SMALL):
        fault = VERIFY.point_fault(bytes.fromhex(point))
        canonical = number < 10 and point not in (SMALL[6], SMALL[7])
        expect(fault == ("small" if canonical else "canonical"), point, fault)
    world = libexport.build()
    for party in world.parties:
        expect(VERIFY.point_fault(libexport.raw(party.identity)) is None, party.name)
    key, text = world.logs["u"].log_key, "a text\n"
    key.public_key().verify(libhands.sign_small(key, text), text.encode())


def check_command_line(run):
    world = libexport.build()
    good, bad = run.place(world.files()), run.place(libhands.rolled_back(libexport.build()))
    proof = run.place(world.proof(world.logs["u"], 1))

    def tool(status, *arguments):
        done = subprocess.run([sys.executable, TOOL, *map(str, arguments)], capture_output=True,
                              text=True, check=False)
        expect(done.returncode == status, done.stdout, done.stderr)
        return done.stdout + done.stderr
    said = tool(0, good)
    for part in ("line hotline, ", ": usa, prc, swi; all have signed its charter\n",
                 "{r}: 300 entries, signed by usa\n  prc has stored all 300, by its receipt of ",
                 "  swi has stored 5 of 9, by its receipt of 2025-12-17 19:34:13Z\n",
                 "  prc has receipted nothing\n", "  entry 3 is unreadable: unknown kind 64\n",
                 "  continues {p} after size 3: amendment or new card\n".replace(
                     "{p}", "f2971799b1cbbcba"),
                 "verified: 5 logs, 316 entries, 4 unreadable, 0 things to look at\n"):
        expect(part.format(**libhands.dirs(world)) in said, part, said)
    said = tool(0, proof)
    expect("\n  | It is ours. It is unmanned.\nverified: the entry stands in the log, and every "
           "other member has stored it\n" in said, said)
    expect(tool(0, "--quiet", good) == "", "--quiet speaks")
    expect("\nNOT VERIFIED: 3 rules are broken\n" in tool(1, "--quiet", bad), "it is quiet")
    expect(json.loads(tool(0, good, "--json"))["logs"][3]["stored"]["swi"]["size"] == 300, "json")
    expect(tool(0, "--help").startswith("usage: verify_export.py"), "--help")
    for wrong in ((), (good, bad), ("--loud", good), ("--json", "--json", good), (TOOL,)):
        expect("see --help" in tool(2, *wrong), wrong)


def check_no_decoder(run):
    """Without libbrotlidec a compressed text is proven all the same, and not shown."""
    status, result = run.verify(libexport.build().files(), BROTLI=None)
    texts = [e["text"] for e in result["entries"] if "usa/urgent" in e["id"] and "text" in e]
    expect(status == 0 and texts.count(None) == 2, status, texts)


def main():
    run = Run()
    try:
        check_table(run)
        check_oddities(run)
        check_every_byte(run)
        run.check("proofs", check_proofs, run)
        run.check("points", check_points)
        run.check("no decoder", check_no_decoder, run)
        run.check("command line", check_command_line, run)
    finally:
        shutil.rmtree(run.top)
    print(f"{run.passed} passed, {run.failed} failed")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
