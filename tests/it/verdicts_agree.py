#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Three that share no code come to the same verdicts: the core, verify_export.py and libcalls.py.

    verdicts_agree.py [WORDS]

Over every schedule of one call and one close in which the called say at most WORDS words (1; 2 is
1,635 schedules and takes minutes), as exports with the logs of many of them; with the proof of
each: the close, the reply, the receipt, the first entry that had seen the call.
"""
import collections
import shutil
import sys

import libcalls
import libexport
from verify_agree import ours, theirs
from verify_tampering import Run, expect

KEYS = ("verdict", "late", "crossed", "ended", "stored", "rang")


AT_ONCE = 300    # stories in one export: of some three logs each


def check(run, stories):
    world = libexport.World()
    names = {libcalls.write(world, number, story): story
             for number, story in enumerate(stories)}
    top = run.place(world.files())
    status, mine = ours(top)
    want, other = theirs(top)
    shutil.rmtree(top)
    expect(status == 0 and want == 0, mine["failures"][:3], other["failures"][:3])
    expect(len(mine["calls"]) == len(stories), f"{len(mine['calls'])} of {len(stories)} calls")
    by_name = {call["call"]: call["verdicts"] for call in other["calls"]}
    for call in mine["calls"]:
        expect(call["verdicts"] == by_name[call["call"]], call["call"], call["verdicts"],
               by_name[call["call"]])
        story, (verdict,) = names[call["call"]], call["verdicts"]
        have = tuple(verdict[key] for key in KEYS)
        expect(have == story.verdict(), have, "told:", story.verdict(), story)


def main():
    run = Run()
    stories = libcalls.stories(words=int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    try:
        for first in range(0, len(stories), AT_ONCE):
            some = stories[first:first + AT_ONCE]
            run.check(f"{len(some)} schedules from {first} on", check, run, some)
    finally:
        shutil.rmtree(run.top)
    found = collections.Counter(story.verdict()[0] for story in stories)
    print(f"{run.passed} passed, {run.failed} failed: {dict(found)}")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
