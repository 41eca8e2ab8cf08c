# SPDX-License-Identifier: ISC
"""No key byte outside the pages that are left out of core dumps, while a station works."""
import base64
import hashlib
import hmac
import os
import pathlib
import re
import resource
import signal

import libline
from libline import Control, Failure, connected, main, station_down, station_up

KEEP = 12  # bytes of a key in a row that count as the key


def check(condition, what):
    if not condition:
        raise Failure(what)


def expand(key, info):
    return hmac.new(key, info + b"\x01", hashlib.sha256).digest()


def secrets_of(party):
    """Every long-term secret of a home, and what is made from it: name -> bytes."""
    text = (party.home / "station.key").read_text()
    found = {f"station.key {name}": bytes.fromhex(value)
             for name, value in re.findall(r"(\w+) = ([0-9a-f]{64})\n", text)}
    check(set(found) == {f"station.key {n}" for n in ("log", "receipt", "static")}, text)
    for name in ("log", "receipt"):
        spread = bytearray(hashlib.sha512(found[f"station.key {name}"]).digest())
        found[f"{name} prefix"] = bytes(spread[32:])
        spread[0] &= 248
        spread[31] = spread[31] & 127 | 64
        found[f"{name} scalar"] = bytes(spread[:32])
    for file in party.home.glob("lines/*/secret"):
        kept = re.findall(r"(secret|key) = ([0-9a-f]{64})\n", file.read_text())
        for number, (name, value) in enumerate(kept):
            raw = bytes.fromhex(value)
            found[f"{file.parent.name} {name} {number}"] = raw
            if name == "key":
                found[f"psk {number}"] = expand(raw, b"openline/1 psk")
                found[f"mac {number}"] = expand(raw, b"openline/1 mac")
    return found


def areas(pid):
    """(first address, last, name, whether a core holds it) of every area of the process."""
    span, name = None, ""
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (r?\S+) \S+ \S+ \S+ *(.*)", line)
        if head:
            span, name = (int(head[1], 16), int(head[2], 16), head[3]), head[4]
        elif line.startswith("VmFlags:"):
            yield *span[:2], name, span[2].startswith("r") and " dd" not in line


def memory(pid, wants_dumped=True):
    with open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for first, last, name, is_dumped in areas(pid):
            if is_dumped != wants_dumped or name in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
                continue
            try:
                mem.seek(first)
                yield name, first, mem.read(last - first)
            except OSError:
                continue


def leaks(name, bytes_of, secrets):
    """Places in an area where KEEP bytes of a secret stand, as they are or in hex."""
    for secret, value in secrets.items():
        for at in range(0, len(value) - KEEP + 1, 4):
            for form in (value[at:at + KEEP], value[at:at + KEEP].hex().encode()):
                place = bytes_of.find(form)
                if place >= 0:
                    yield f"{secret}, from byte {at}, in {name or 'memory'} at {place:#x}"


def busy(usa, prc):
    for party in (usa, prc):
        for text in ("one", "two"):
            party.ask("send", "hotline", text, "--anyway", "--wait", "stored")
    with Control(usa.home) as client:
        client.ask("status")


def at_work(where):
    """Memory that a core would hold, after start, sessions, signatures, receipts, a restart"""
    usa, prc = connected(where)
    busy(usa, prc)
    station_down(prc)
    station_up(prc)
    busy(prc, usa)
    for party in (usa, prc):
        secrets = secrets_of(party)
        locked = b"".join(held for *_, held in memory(party.process.pid, False))
        for name in ("station.key log", "hotline secret 0", "psk 1"):  # this test can see them
            check(secrets[name] in locked, f"{name} is not in the memory left out of cores")
        found = [leak for name, first, held in memory(party.process.pid)
                 for leak in leaks(f"{name}+{first:#x}", held, secrets)]
        check(not found, f"{party.name}:\n  " + "\n  ".join(found[:20]))
        print(f"  {party.name}: {len(secrets)} secrets, none to be seen")


def dumped(where):
    """The same of a core that the kernel writes"""
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith(("|", "/")):
        print(f"  cores go to {pattern} here: memory alone was looked at")
        return
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    here, libline.BIN = os.getcwd(), os.path.abspath(libline.BIN)
    os.chdir(where)
    try:
        usa, prc = connected(where)
        busy(usa, prc)
        secrets = secrets_of(usa)
        station_down(usa, signal.SIGQUIT)
    finally:
        os.chdir(here)
    cores = list(where.glob("core*"))
    check(len(cores) == 1, f"cores: {cores}")
    found = list(leaks(cores[0].name, cores[0].read_bytes(), secrets))
    check(not found, "\n  ".join(found[:20]))
    print(f"  {cores[0].stat().st_size} bytes of core, {len(secrets)} secrets, none to be seen")


def windows(areas_held):
    """16 bytes of each place in these areas that look drawn at random, once each, with how many
    areas have them."""
    found = {}
    for _, _, held in areas_held:
        for part in {held[at:at + 16] for at in range(0, len(held) - 15, 8)}:
            if len(set(part)) >= 12:
                found[part] = found.get(part, 0) + 1
    return found


def published(parties):
    """What the files that are no secret say: text, keys, ids."""
    said = b""
    for party in parties:
        for file in (party.home / "card", *party.home.glob("lines/*/charter"),
                     *party.home.glob("lines/*/cards/*")):
            data = file.read_bytes()
            said += data + b"".join(base64.b64decode(key)
                                    for key in re.findall(rb"[A-Za-z0-9+/]{43}=", data))
            text = data.split("\n\n—".encode())[0] + b"\n"
            said += hashlib.sha256(text).digest()
    return said


def whatever(where):
    """Whatever stands in the locked pages, keys of sessions too, stands nowhere else; nor does
    the passphrase"""
    usa, prc = connected(where, start=False)
    phrase = "correct horse battery staple 4711"
    nor = where / "nor"
    with_fd(phrase, lambda fd: libline.run("init", "nor", "--name", "Norge", "--lang", "no",
                                           "--passphrase-fd", fd, home=nor, pass_fds=(fd,)))
    sealed = type(usa).__new__(type(usa))
    sealed.name, sealed.home = "nor", nor
    (nor / "config").write_text("[port main]\nurl = udp://127.0.0.1:0\n")
    with_fd(phrase, lambda fd: station_up(sealed, "--passphrase-fd", fd, pass_fds=(fd,)))
    station_up(usa)
    station_up(prc)
    busy(usa, prc)
    public = published([usa, prc, sealed])
    for party in (usa, prc, sealed):
        pid = party.process.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            secret, seen = list(memory(pid, False)), list(memory(pid))
        finally:
            os.kill(pid, signal.SIGCONT)
        # What many areas have is the mark by which libsodium knows that none was overrun.
        keys = [key for key, areas_with in windows(secret).items()
                if areas_with < 4 and key not in public]
        found = [f"{key.hex()} of the locked pages, in {name or 'memory'}+{first:#x}"
                 for key in keys for name, first, held in seen
                 if "libsodium" not in name and key in held]
        found += [f"the passphrase, in {name or 'memory'}+{first:#x}"
                  for name, first, held in seen if phrase.encode() in held]
        check(not found, f"{party.name}:\n  " + "\n  ".join(found[:20]))
        print(f"  {party.name}: {len(keys)} places in locked pages, none to be seen elsewhere")


def with_fd(text, act):
    read, write = os.pipe()
    os.write(write, text.encode() + b"\n")
    os.close(write)
    try:
        return act(read)
    finally:
        os.close(read)


if __name__ == "__main__":
    main(at_work, whatever, dumped)
