# SPDX-License-Identifier: ISC
"""Real sound: two stations joined by minimodem at 300 baud, through audio pipes with noise."""
import array
import os
import pathlib
import random
import shutil
import sys
import threading

SRC = pathlib.Path(os.environ.get("OPENLINE_SRC", pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(SRC / "tests/it"))

from libline import Failure, found, main, station_up  # pylint: disable=wrong-import-position

CHUNK = 640  # bytes: 40 ms of 8,000 samples a second
SIGNAL, NOISE = 0.5, 3000  # of what minimodem sounds; deviation of the noise, of 32,767


def air(sounded, heard, seed, sums):
    """Carries sound from one pipe to another, quieter and with noise; both in the format .au."""
    rng = random.Random(seed)
    hiss = array.array("h", [int(rng.gauss(0, NOISE)) for _ in range(1 << 16)])
    with open(sounded, "rb", buffering=0) as source, open(heard, "wb", buffering=0) as sink:
        sink.write(source.read(24))
        left = b""
        while True:
            got = source.read(CHUNK)
            if not got:
                return
            data = left + got
            left = data[len(data) & ~1:]
            samples = array.array("h", data[:len(data) & ~1])
            samples.byteswap()
            at = rng.randrange(len(hiss) - 1)
            for i, sample in enumerate(samples):
                noise = hiss[(at + i) & 0xffff]
                sums[0] += (SIGNAL * sample) ** 2
                sums[1] += noise ** 2
                samples[i] = max(-32768, min(32767, int(SIGNAL * sample) + noise))
            samples.byteswap()
            try:
                sink.write(samples.tobytes())
            except BrokenPipeError:
                return


def acoustic(where):
    """A message and its receipt through sound at 300 baud, with noise"""
    parties = found(where)
    for name in ("usa", "prc"):
        os.mkfifo(where / f"{name}-sends.au")
        os.mkfifo(where / f"{name}-hears.au")
    sums = [[0, 0], [0, 0]]
    for i, (one, other) in enumerate((("usa", "prc"), ("prc", "usa"))):
        threading.Thread(target=air, daemon=True, args=(
            where / f"{one}-sends.au", where / f"{other}-hears.au", 7 + i, sums[i])).start()
    for party, other in (parties, parties[::-1]):
        party.run("port", "add", f"exec:{SRC}/examples/acoustic-line 300 {where}/{party.name}-sends"
                                 f".au {where}/{party.name}-hears.au?baud=300")
        party.run("bearer", "add", "hotline", other.name, "exec:")
        station_up(party)
    sent = parties[0].ask("send", "hotline", "Can you hear this?", "--wait", "stored")
    if sent["states"]["prc"]["state"] != "stored":
        raise Failure(sent)
    ports = [party.ask("status")["ports"][0] for party in parties]
    if any(port["trouble"] for port in ports):
        raise Failure(ports)
    print(f"  signal over noise, of all that sounded: {sums[0][0] / sums[0][1]:.1f}, back "
          f"{sums[1][0] / sums[1][1]:.1f}")


if shutil.which("minimodem") is None:
    print("minimodem is not installed: tools/install-deps check")
    sys.exit(1 if os.environ.get("CI") == "true" else 77)
main(acoustic)
