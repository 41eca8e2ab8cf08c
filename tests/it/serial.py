# SPDX-License-Identifier: ISC
"""Lines over serial cables and programs alone: noise, small frames, a plug pulled, one at a time.

The cable is tests/tools/ttyem: pseudo-terminals, as quick as the line is said to be. Rates are
higher than those of the radios that these are for, so that a test takes seconds; timers follow the
rate, and bench/thin measures at 75 and 300 bit/s.
"""
import os
import pathlib
import shutil

from libline import Failure, found, main, station_down, station_up
from libordeal import check, export, same_record, settled
from libttyem import Cable, joined


def say(party, other, text, *options):
    sent = party.ask("send", "hotline", text, "--anyway", "--wait", "stored", *options)
    check(sent["states"][other.name]["state"] == "stored", sent)


def same(parties, where, name):
    settled(parties)
    return same_record(*[export(party, where, name) for party in parties])


def clean(where):
    """A message and its receipt each way; what status says; nothing is sent for nothing"""
    with Cable(where, "--baud", 9600) as cable:
        usa, prc = joined(where, cable, "baud=9600")
        say(usa, prc, "Over a cable", "--precedence", "flash", "--status", "exercise")
        say(prc, usa, "And back")
        for party, device in ((usa, cable.a), (prc, cable.b)):
            status = party.ask("status")
            port = status["ports"][0]
            check(port["url"] == f"serial:{device}?baud=9600" and port["trouble"] is None, port)
            path = status["lines"][0]["paths"][0]
            check(path["live"] and path["proven"] and path["url"] == "serial:", path)
            check(path["rate"] == 6800, path)  # 62 bytes of 70 that take 10 bits each
        same([usa, prc], where, "serial-clean")
        before = cable.bytes()
        say(usa, prc, "One more, which needs no session any more")
        took = cable.bytes() - before
        check(took < 600, f"{took} bytes for a message and its receipt")


def noise(where):
    """One bit in a thousand is wrong, and frames of 64 bytes: every message arrives"""
    with Cable(where, "--baud", 38400, "--seed", 3) as cable:
        usa, prc = joined(where, cable, "baud=38400")
        cable.say("noise 0.001")
        for i in range(3):
            say(usa, prc, f"Through the noise {i}: " + "all of it is heard. " * 8)
            say(prc, usa, f"Back {i}")
        wrong = cable.stats()["a"]["wrong_bits"]
        check(wrong > 10, f"only {wrong} bits were wrong")
        cable.say("noise 0")
        same([usa, prc], where, "serial-noise")


def small(where):
    """Frames of 14 bytes, the smallest there are"""
    with Cable(where, "--baud", 38400) as cable:
        usa, prc = joined(where, cable, "baud=38400&frame=14")
        for i in range(2):
            say(usa, prc, f"In small pieces {i}")
            say(prc, usa, f"Back {i}")
        same([usa, prc], where, "serial-small")


def unplugged(where):
    """A plug pulled in the middle of a frame; the device comes back, and the message arrives"""
    with Cable(where, "--baud", 9600) as cable:
        usa, prc = joined(where, cable, "baud=9600")
        say(usa, prc, "While it is whole")
        for end, party in (("a", usa), ("b", prc)):
            cable.say(f"break {end} 100")
            usa.run("send", "hotline", f"Cut at {end} " + "x" * 60, "--anyway")
            while party.ask("status")["ports"][0]["trouble"] is None:
                pass
            told = party.run("status").stdout.decode()
            check("DOWN: the device" in told, told)
            cable.say(f"plug {end}")
            say(usa, prc, "After it")  # and so the one before it, too
            check(party.ask("status")["ports"][0]["trouble"] is None, "it is there again")
        same([usa, prc], where, "serial-unplugged")


def missing(where):
    """A station starts without its device, says so, and takes it up when it comes"""
    with Cable(where, "--baud", 9600) as cable:
        cable.say("unplug a")
        usa, prc = joined(where, cable, "baud=9600")
        trouble = usa.ask("status")["ports"][0]["trouble"]
        check(trouble == "the device cannot be opened", trouble)
        cable.say("plug a")
        say(usa, prc, "Plugged in now")
        station_down(usa)
        cable.a.unlink()
        cable.a.write_text("no device")
        usa.refused("run", says="it is no serial device")


def by_turns(where):
    """One at a time, half a second to turn around: who talks at once spoils both"""
    with Cable(where, "--baud", 9600, "--half") as cable:
        usa, prc = joined(where, cable, "baud=9600&half=1&turnaround=500ms")
        for i in range(2):
            say(usa, prc, f"Over to you {i}")
            say(prc, usa, f"And back {i}")
        same([usa, prc], where, "serial-turns")


def programs(where):
    """exec: two socats as the line; one is killed, and started again"""
    socat = shutil.which("socat")
    if socat is None:
        if os.environ.get("CI") == "true":
            raise Failure("socat is not installed")
        print("  skipped: socat is not installed")
        return
    usa, prc = parties = found(where)
    usa.run("port", "add", f"exec:{socat} - UNIX-LISTEN:{where}/link,unlink-early")
    prc.run("port", "add", f"exec:{socat} - UNIX-CONNECT:{where}/link,retry=100,interval=0.1")
    for party, other in (parties, parties[::-1]):
        party.run("bearer", "add", "hotline", other.name, "exec:")
        station_up(party)
    say(usa, prc, "Through two programs")
    say(prc, usa, "And back")
    for task in pathlib.Path("/proc").glob(f"{usa.process.pid}/task/*/children"):
        for child in task.read_text().split():
            if "socat" in pathlib.Path(f"/proc/{child}/cmdline").read_text():
                os.kill(int(child), 9)
    say(usa, prc, "Through a new one")
    log = "\n".join(usa.log)
    check("the program was ended by signal 9" in log, log)
    children = [c for t in pathlib.Path("/proc").glob(f"{usa.process.pid}/task/*/children")
                for c in t.read_text().split()]
    station_down(usa)
    check(children and not any(pathlib.Path(f"/proc/{c}/exe").exists() for c in children),
          f"of {children} some are left")
    same([station_up(usa), prc], where, "exec")


main(clean, noise, small, unplugged, missing, by_turns, programs)
