#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Bundles on paper: as codes on a terminal, in pictures and on sheets, as groups of digits; and
back again. Hostile pictures and wrong digits are refused and named; what reads them is confined.
"""
import os
import pathlib
import pty
import random
import re
import struct
import subprocess
import sys
import tempfile
import zlib

import libline
import libpicture
from libline import Failure, refused, run

SCAN = pathlib.Path(libline.BIN).parent / "openline-scan"
rng = random.Random(25)


def write(path, data):
    path.write_bytes(data)
    return path


def taken(where, *files):
    """What paper take makes of these files, by the names that it prints."""
    names = run("paper", "take", *files, cwd=where).stdout.decode().split()
    got = [(where / name).read_bytes() for name in names]
    for name in names:
        (where / name).unlink()
    return got


def check(what, got, want):
    if got != want:
        raise Failure(f"{what}: {len(got)} came back of {len(want)}, or others")
    print(f"  same: {what}")


def pictures(where):
    """Of every size a bundle's bytes come back from its pictures, in any order."""
    for size in (1, 62, 258, 340, 592, 593, 1500):
        bundle = rng.randbytes(size)
        file = write(where / "b.olb", bundle)
        made = run("paper", "make", file, "--out", "b.png", cwd=where).stdout.decode().split()
        if len(made) != -(-size // 592):
            raise Failure(f"{size} bytes are {len(made)} pictures")
        check(f"{size} bytes as {len(made)} picture(s)", taken(where, *reversed(made)), [bundle])
        for name in made:
            (where / name).unlink()
    zeros = bytes(range(256)) + bytes(40)  # bytes that a reader of text would change
    run("paper", "make", write(where / "z.olb", zeros), "--out", "z.png", cwd=where)
    check("every byte there is", taken(where, "z.png"), [zeros])


def several(where):
    """Parts of several bundles together; what is missing, strange or there twice."""
    bundles = [rng.randbytes(700), rng.randbytes(1200)]
    files = [write(where / f"{i}.olb", b) for i, b in enumerate(bundles)]
    made = run("paper", "make", *files, "--out", "s.png", cwd=where).stdout.decode().split()
    got = taken(where, *made[::-1], *made)
    check("five codes of two bundles, twice", sorted(got), sorted(bundles))
    out = where / "in"
    out.mkdir()
    done = run("paper", "take", made[0], made[1], made[4], "--out", out, cwd=where, expect=1)
    if b"part 2 of 3 and others are missing" not in done.stderr or len(list(out.iterdir())) != 1:
        raise Failure(done.stderr)
    print("  what is whole is taken, what is missing is named")
    rows = [bytearray(b"\xff" * 300)] * 300
    write(where / "blank.png", libpicture.png(rows))
    done = run("paper", "take", "blank.png", cwd=where, expect=1)
    if b"blank.png: no code can be seen in it" not in done.stderr:
        raise Failure(done.stderr)


def codes_shown(where, bundle):
    """The codes of a bundle as a terminal shows them, each a list of lines."""
    shown = run("paper", "make", write(where / "t.olb", bundle), cwd=where).stdout.decode()
    codes = []
    for line in shown.split("\n"):
        if line.startswith("Part "):
            codes.append([])
        elif line:
            codes[-1].append(line)
    return codes


def terminal(where):
    """What a terminal shows can be photographed; it fits into 80 columns."""
    bundle = rng.randbytes(500)
    codes = codes_shown(where, bundle)
    if max(len(line) for lines in codes for line in lines) > 80:
        raise Failure("wider than 80 columns")
    rows = [libpicture.terminal(lines) for lines in codes]
    write(where / "both.png", libpicture.png(rows[0] + rows[1]))
    check("two codes on one picture", taken(where, "both.png"), [bundle])
    for i, degrees in enumerate((7, -134)):
        photo = libpicture.photograph(rows[0], degrees, seed=i)
        other = libpicture.png(rows[1])
        files = [write(where / "photo.png", libpicture.png(photo)), write(where / "o.png", other)]
        check(f"photographed, turned by {degrees} degrees", taken(where, *files), [bundle])


def sheets(where):
    """PDF, as a printer and a scanner would have it; with the groups that stand on it."""
    bundles = [rng.randbytes(304), rng.randbytes(1500)]
    files = [write(where / f"f{i}.olb", b) for i, b in enumerate(bundles)]
    run("paper", "make", *files, "--out", "f.pdf", "--groups", "--title", "Balloon", "--from",
        "usa", "--to", "prc", cwd=where)
    subprocess.run(["pdftoppm", "-r", "110", "-gray", "-png", "f.pdf", "sheet"], cwd=where,
                   check=True)
    subprocess.run(["pdftoppm", "-r", "110", "-jpeg", "-l", "1", "f.pdf", "photo"], cwd=where,
                   check=True)
    check("a sheet as JPEG", taken(where, *where.glob("photo*.jpg")), bundles[:1])
    scans = sorted(where.glob("sheet-*.png"))
    text = subprocess.run(["pdftotext", "-layout", "f.pdf", "-"], cwd=where, check=True,
                          capture_output=True).stdout.decode()
    for words in ("Balloon", "FROM usa", "TO prc", "page 1 of 5", "page 5 of 5", "Part 1 of 1",
                  "Part 3 of 3", "openline paper take --take"):
        if words not in " ".join(text.split()):
            raise Failure(f"{words} is not on the sheets: {text}")
    got = []
    for scan in scans:  # sheets of groups have no code
        done = run("paper", "take", scan, "--out", where / "nothing", cwd=where, expect=None)
        got += [scan] if b"no code can be seen" not in done.stderr else []
    check("sheets, printed and scanned", sorted(taken(where, *got)), sorted(bundles))
    lines = [line for line in text.split("\n") if line[:2].isdigit() and len(line.split()) > 2]
    (where / "typed").write_text("\n".join(lines[:14]), encoding="utf-8")
    check("the groups of the first sheet", taken(where, "typed"), bundles[:1])


def named(where):
    """From whom and to whom, also where the names are long: nothing runs off the sheet."""
    bundle = rng.randbytes(200)
    file = write(where / "n.olb", bundle)
    for n, names in enumerate((("United States Department of State, Operations Center",
                                "Ministry of Foreign Affairs of the People's Republic of China"),
                               ("\u7f8e" * 80, "\u4e2d" * 80), ("M" * 240, "w" * 240))):
        for form in ("png", "pdf"):
            run("paper", "make", file, "--out", f"n{n}.{form}", "--from", names[0], "--to",
                names[1], cwd=where)
        check(f"named in {len(names[0])} and {len(names[1])} characters",
              taken(where, f"n{n}.png"), [bundle])
        boxes = subprocess.run(["pdftotext", "-nopgbrk", "-bbox", f"n{n}.pdf", "-"], cwd=where,
                               check=True, capture_output=True).stdout.decode()
        width = float(re.search(r'<page width="([0-9.]+)"', boxes)[1])
        ends = [float(end) for end in re.findall(r'xMax="([0-9.]+)"', boxes)]
        if max(ends) > width - 50:
            raise Failure(f"a text ends at {max(ends)} of {width} points")


def hostile(where):
    """Each is refused with a sentence, and by openline-scan within its bounds."""
    head, end = libpicture.SIGNATURE, libpicture.chunk(b"IEND", b"")
    squeeze = zlib.compress(bytes(200 << 20), 9)
    good = libpicture.png([bytearray(b"\xff" * 400)] * 400)
    cases = {
        "30,000 x 30,000": (head + libpicture.header(30000, 30000) +
                            libpicture.chunk(b"IDAT", squeeze) + end, "pixels are read"),
        "2^31-1 wide": (head + libpicture.header(2**31 - 1, 2**31 - 1) + end, "pixels are read"),
        "wide and flat": (head + libpicture.header(2**31 - 1, 1) + end, "pixels are read"),
        "no size": (head + libpicture.header(0, 5) + end, "no size"),
        "cut in its head": (good[:20], "cut off"),
        "cut in its body": (good[:60], "damaged"),
        "a wrong sum": (good[:50] + bytes([good[50] ^ 1]) + good[51:], "damaged"),
        "two gigabytes, it says": (head + libpicture.header(400, 400) +
                                   struct.pack(">I4s", 0x7FFFFFF0, b"IDAT") + b"x", "damaged"),
        "a text of two hundred megabytes": (
            head + libpicture.header(400, 400) + libpicture.chunk(b"zTXt", b"k\0\0" + squeeze) +
            libpicture.chunk(b"iCCP", b"k\0\0" + squeeze) + end, "damaged"),
        "more pixels than it says": (head + libpicture.header(9, 9) +
                                     libpicture.chunk(b"IDAT", squeeze) + end, "no code"),
        "no JPEG": (b"\xff\xd8\xff\xe0" + bytes(99), "damaged"),
        "a JPEG of 64,000 x 64,000": (libpicture.jpeg_head(64000, 64000), "pixels are read"),
        "a JPEG cut off": (libpicture.jpeg_head(400, 400), "damaged"),
        "a PDF": (b"%PDF-1.7\n", "pdftoppm"),
        "bytes": (b"\0\1\2\3" * 99, "no PNG or JPEG"),
        "a bundle": (bytes(12) + rng.randbytes(300), "to openline bundle take"),
        "half a signature": (head[:5] + b"\0", "no PNG or JPEG"),
    }
    for name, (data, says) in cases.items():
        file = write(where / "hostile.png", data)
        done = run("paper", "take", file, cwd=where, expect=1)
        if says not in done.stderr.decode() or "; " not in done.stderr.decode():
            raise Failure(f"{name}: {done.stderr}")
        told = done.stderr.decode().split("\n")[0].split(": ", 1)[1]
        print(f"  refused: {name}: {told}")
    refused("paper", "take", "hostile.png", cwd=where, says="nothing was taken")


def confined(where):
    """What reads pictures has given everything away before it reads the first byte."""
    start = libpicture.SIGNATURE + libpicture.header(4000, 4000)
    with subprocess.Popen([SCAN], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, cwd=where, pass_fds=[2]) as scan:
        scan.stdin.write(start + bytes(1 << 20))  # more than a pipe holds: it has begun to read
        scan.stdin.flush()
        status = pathlib.Path(f"/proc/{scan.pid}/status").read_text(encoding="utf-8")
        limits = pathlib.Path(f"/proc/{scan.pid}/limits").read_text(encoding="utf-8")
        fds = sorted(os.listdir(f"/proc/{scan.pid}/fd"))
        scan.stdin.close()
        code = scan.wait()
    state = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    if state["Seccomp"] != "2" or state["NoNewPrivs"] != "1" or fds != ["0", "1", "2"]:
        raise Failure(f"not confined: {state['Seccomp']} {state['NoNewPrivs']} {fds}")
    for limit in ("Max address space", "Max cpu time", "Max file size", "Max open files"):
        line = next(x for x in limits.splitlines() if x.startswith(limit))
        if "unlimited" in line:
            raise Failure(line)
    if code != 1:
        raise Failure(f"half a picture: exit {code}")
    print("  no calls but a few, no privileges, no descriptors but three, bounded")


def groups_of(where, bundle, name="g"):
    file = write(where / f"{name}.olb", bundle)
    return run("paper", "make", file, "--qr", "none", "--groups",
               cwd=where).stdout.decode().splitlines()


def typed(where):
    """Typed as people type; one mistake in every line, each named, and nothing taken."""
    bundle = rng.randbytes(304)
    head, *lines = groups_of(where, bundle)
    if len(lines) != 14 or not head.startswith("# bundle "):
        raise Failure(f"{head}, {len(lines)} lines")
    forms = {
        "as printed": "\n".join([head] + lines),
        "without spaces": "\n".join(x[:2] + ":" + x[2:].replace(" ", "") for x in lines),
        "with hyphens": "\r\n".join(x[:3] + x[3:].replace(" ", "-") for x in lines),
        "backwards, twice": "\n".join(lines[::-1] + lines),
        "in wide digits": "\n".join(lines).translate({ord("0") + i: 0xFF10 + i for i in range(10)}),
    }
    for name, text in forms.items():
        write(where / "typed", text.encode())
        check(f"typed {name}", taken(where, "typed"), [bundle])
    check("typed on standard input", run("paper", "take", "-", "--out", "std.olb", cwd=where,
                                         stdin=forms["as printed"]).stdout, b"std.olb\n")
    wrong = []
    for i, line in enumerate(lines):
        at = 4 + 6 * (i % 2) + i % 5  # the digit that is another, in the first or second group
        wrong.append(line[:at] + str((int(line[at]) + 1 + i % 9) % 10) + line[at + 1:])
    write(where / "wrong", "\n".join(wrong).encode())
    before = sorted(os.listdir(where))
    said = run("paper", "take", "wrong", cwd=where, expect=1).stderr.decode()
    for i in range(1, 15):
        if f"wrong:{i}: line {i} is wrong: " not in said:
            raise Failure(f"line {i} is not named: {said}")
    told = said.count("probably at group ") + said.count("must be from")
    if told < 12 or "missing" in said or sorted(os.listdir(where)) != before:
        raise Failure(f"{told} groups told: {said}")
    print(f"  14 wrong lines, each named; of {told} the group")
    refused("paper", "take", "wrong", cwd=where, says=["nothing was taken", "14 things are wrong"])
    others = ["01  O0258"] + lines[1:4] + lines[5:]
    write(where / "wrong", "\n".join(others).encode())
    said = run("paper", "take", "wrong", cwd=where, expect=1).stderr.decode()
    for words in ('wrong:1: line 1 is wrong: character 5 is "O"', "line 5 is missing"):
        if words not in said:
            raise Failure(said)
    strange = groups_of(where, bundle[:100] + b"?" + bundle[101:], "strange")
    write(where / "wrong", "\n".join(lines[:4] + [strange[5]] + lines[5:]).encode())
    said = run("paper", "take", "wrong", cwd=where, expect=1).stderr.decode()
    if "a line of another bundle is among them" not in said:
        raise Failure(said)


def dictated(where):
    """On a terminal every line is answered at once; a wrong one is asked for again."""
    bundle = rng.randbytes(55)
    _, *lines = groups_of(where, bundle, "d")
    slip = lines[1][:12] + str((int(lines[1][12]) + 5) % 10) + lines[1][13:]
    pid, terminal_fd = pty.fork()
    if pid == 0:
        os.chdir(where)
        os.execv(libline.BIN, [libline.BIN, "paper", "take", "--out", "dictated.olb"])
    said = b""
    for wait, line in (("line 1: ", lines[0]), ("line 2: ", slip), ("line 2: ", lines[2]),
                       ("line 2: ", lines[1])):
        while not said.endswith(wait.encode()):
            said += os.read(terminal_fd, 4096)
        said += b"\n"  # what was waited for is not waited for again
        os.write(terminal_fd, line.encode() + b"\n")
    try:
        while got := os.read(terminal_fd, 4096):
            said += got
    except OSError:  # the terminal's end
        pass
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code != 0 or said.count(b"NOT TAKEN") != 1 or b"There are 3 lines" not in said:
        raise Failure(f"exit {code}: {said.decode()}")
    check("dictated, with one slip", (where / "dictated.olb").read_bytes(), bundle)


def usage(where):
    file = write(where / "u.olb", b"bundle")
    refused("paper", "make", file, "--qr", "fax", code=2, says="terminal, png, pdf or none")
    refused("paper", "make", file, "--qr", "none", code=2, says="makes nothing")
    refused("paper", "make", file, "--qr", "pdf", code=2, says="--out")
    refused("paper", "make", file, "--out", "u.txt", code=2, says="FILE.pdf")
    refused("paper", "make", where / "absent", says="absent")
    refused("paper", "make", write(where / "empty", b""), says="is empty")
    refused("paper", "make", write(where / "large", bytes(65536)), says="larger than a bundle")
    refused("paper", "make", file, "--title", "a\nb", "--out", "u.pdf", code=2, says="--title")
    write(where / "there.pdf", b"")
    refused("paper", "make", file, "--out", where / "there.pdf", says="there.pdf")
    refused("paper", "take", where / "absent", says="absent")
    refused("paper", "take", file, cwd=where)
    far = where / ("d" * 200) / ("d" * 200)
    far.mkdir(parents=True)
    write(where / "groups", run("paper", "make", file, "--qr", "none", "--groups").stdout)
    refused("paper", "take", where / "groups", "--out", far, says="name of more than")
    if list(far.parent.iterdir()) != [far] or list(far.iterdir()):
        raise Failure("a name was cut, and something written")
    refused("paper", code=2, says="not a whole command")
    for helper in ("openline-scan", "openline-paper"):
        path = pathlib.Path(libline.BIN).parent / helper
        if subprocess.run([path, "what"], capture_output=True, check=False).returncode != 2:
            raise Failure(f"{helper} takes any word")
    lone = where / "bin"
    lone.mkdir()
    (lone / "openline").write_bytes(pathlib.Path(libline.BIN).read_bytes())
    (lone / "openline").chmod(0o755)
    done = subprocess.run([lone / "openline", "paper", "make", file], capture_output=True,
                          check=False)
    if done.returncode != 1 or b"openline-paper is not installed beside" not in done.stderr:
        raise Failure(done.stderr)
    done = subprocess.run([lone / "openline", "paper", "make", file, "--qr", "none", "--groups"],
                          capture_output=True, check=True)
    print("  groups need no helper:", done.stdout.decode().split("\n")[1])


def main():
    for step in (pictures, several, sheets, named, terminal, hostile, confined, typed,
                 dictated, usage):
        print(f"{step.__name__}: {step.__doc__ or ''}".splitlines()[0])
        with tempfile.TemporaryDirectory(prefix="ol-") as where:
            step(pathlib.Path(where))
    print("1 passed, 0 failed")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        print(failure)
        sys.exit(1)
