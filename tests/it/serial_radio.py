# SPDX-License-Identifier: ISC
"""Lines over a bad cable alone: one bit in a thousand wrong; one side at a time.

The cable is tests/tools/ttyem: pseudo-terminals, as quick as the line is said to be. Rates are
higher than those of the radios that these are for, so that a test takes seconds; timers follow the
rate, and bench/thin measures at 75 and 300 bit/s.
"""
from libline import main
from libordeal import check
from libttyem import Cable, joined, same, say


def noise(where):
    """One bit in a thousand is wrong, and frames of 64 bytes: every message arrives"""
    with Cable(where, "--baud", 38400, "--seed", 3) as cable:
        usa, prc = joined(where, cable, "baud=38400")
        cable.say("noise 0.001")
        for i in range(30):  # until the line has been wrong often enough to have meant something
            say(usa, prc, f"Through the noise {i}: " + "all of it is heard. " * 8)
            say(prc, usa, f"Back {i}")
            wrong = cable.stats()["a"]["wrong_bits"]
            if i >= 2 and wrong > 10:
                break
        check(wrong > 10, f"only {wrong} bits were wrong")
        cable.say("noise 0")
        same([usa, prc], where, "serial-noise")


def by_turns(where):
    """One at a time, a quarter of a second to turn around: who talks at once spoils both"""
    with Cable(where, "--baud", 9600, "--half") as cable:
        usa, prc = joined(where, cable, "baud=9600&half=1&turnaround=250ms")
        for i in range(2):
            say(usa, prc, f"Over to you {i}")
            say(prc, usa, f"And back {i}")
        same([usa, prc], where, "serial-turns")


main(noise, by_turns)
