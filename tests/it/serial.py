# SPDX-License-Identifier: ISC
"""Lines over a serial cable alone: what is sent, small frames, a plug pulled, no device.

The cable is tests/tools/ttyem: pseudo-terminals, as quick as the line is said to be. Rates are
higher than those of the radios that these are for, so that a test takes seconds; timers follow the
rate, and bench/thin measures at 75 and 300 bit/s.
"""
from libline import main, station_down
from libordeal import check
from libttyem import Cable, joined, same, say


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
        text = "One more, which needs no session any more"
        before = cable.bytes()
        say(usa, prc, text)
        took = cable.bytes() - before
        check(took < 600, f"{took} bytes for a message and its receipt")
        text, took = "How long will it take to say this and to know that it came?", []
        told = usa.ask("weigh", "hotline", text)
        path = told["paths"][0]
        for _ in range(3):
            before = cable.bytes()
            say(usa, prc, text)
            took.append(cable.bytes() - before)
        check(len(told["paths"]) == 1 and path["rate"] == 6800 and path["port"] == "main", told)
        check(0 <= path["seconds"] - told["bytes"] * 8 / 6800 < 0.1, told)
        framed = told["bytes"] * 70 / 62  # and what was said again, in one of them, is more
        check(abs(framed - min(took)) < 0.1 * min(took), f"{framed} bytes expected, {took} came")


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


main(clean, small, unplugged, missing)
