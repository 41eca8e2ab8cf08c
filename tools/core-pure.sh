#!/bin/bash
# tools/core-pure.sh ARCHIVE - prove from its symbols that the core performs nothing.
# tools/core-pure.sh --selftest CC - compile impure modules and see each one found.
#
# What the archive leaves undefined must be on the allow-list below: libc's pure functions and
# libsodium's, none of which does I/O, reads a clock or draws entropy. Heap only in base/mem.c.
# And it may define no variable that can be written: the core has no state but what is handed in.
# Meant for the gcc build: sanitizers add symbols and writable tables of their own.
set -euo pipefail

# libc, with what fortification (__*_chk) and the stack protector make of it
libc='memcpy|memmove|memset|memcmp|memchr|memrchr|strlen|strnlen|strcmp|strncmp|strchr|strrchr'
libc+='|snprintf|vsnprintf|qsort|bsearch'
fortified='__(memcpy|memmove|memset|snprintf|vsnprintf)_chk|__stack_chk_fail'
# libsodium: what takes all its inputs as arguments …
sodium='sodium_(memzero|memcmp|compare|is_zero|increment|add|sub|stackzero|pad|unpad)'
sodium+='|sodium_(bin2hex|hex2bin|bin2base64|base642bin|base64_encoded_len)'
sodium+='|randombytes_buf_deterministic|crypto_[a-z0-9_]+'
# … less what draws entropy by itself
draws='crypto_[a-z0-9_]*_keygen|crypto_[a-z0-9_]*_random|crypto_[a-z0-9_]*_init_push'
draws+='|crypto_[a-z0-9_]*seal|crypto_pwhash_[a-z0-9_]*str|crypto_pwhash_str[a-z0-9_]*'
draws+='|crypto_(box|kx|sign)(_[a-z0-9]+)*_keypair'

impurities() { # impurities ARCHIVE: prints what should not be there
    nm -g --defined-only --format=posix "$1" | awk '$2 ~ /^[A-Z]$/ { print "defined", $1 }' \
        >"$scratch/defined"
    nm -u -A --format=posix "$1" | sed -n 's/.*\[\(.*\)\]: \([^ ]*\) .*/\1 \2/p' \
        >"$scratch/undefined"
    # sed: archive[member]: symbol U …
    awk -v libc="^($libc|$fortified)\$" -v sodium="^($sodium)\$" -v draws="^($draws)\$" '
        $1 == "defined" { own[$2] = 1; next }
        own[$2] || $2 == "_GLOBAL_OFFSET_TABLE_" { next }
        $1 == "mem.c.o" && $2 ~ /^(malloc|free)$/ { next }
        $2 ~ draws && $2 !~ /_seed_keypair$/ { print $1 ": draws entropy: " $2; next }
        $2 !~ libc && $2 !~ sodium { print $1 ": calls " $2 }
    ' "$scratch/defined" "$scratch/undefined"
    objdump -t "$1" | awk '
        /file format/ { member = $1; sub(/:$/, "", member) }
        { section = "" }
        match($0, /[ \t](\.data|\.bss|\.tdata|\.tbss|\*COM\*)[^ \t]*[ \t]/) {
            section = substr($0, RSTART + 1, RLENGTH - 2)
        }
        section != "" && section !~ /^\.data\.rel\.ro/ && $NF !~ /^\./ {
            print member ": has a variable that can be written: " $NF
        }'
}

selftest() { # selftest CC: each line is what must be found | a module
    local cc=$1 missed=0 want source found
    while IFS='|' read -r want source; do
        rm -f "$scratch/t.c.o" "$scratch/t.a"
        printf '%b\n' "$source" | "$cc" -std=c17 -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
            -fPIE -Wno-all -x c -c -o "$scratch/t.c.o" -
        ar rc "$scratch/t.a" "$scratch/t.c.o"
        found=$(impurities "$scratch/t.a")
        if [ "$want" = nothing ] && [ -z "$found" ]; then
            continue
        elif [ "$want" != nothing ] && [[ $found == *"$want"* ]]; then
            continue
        fi
        echo "core-pure: selftest: wanted '$want', found '$found' in: $source" >&2
        missed=1
    done <<'END'
calls time|#include <time.h>\nlong f(void) { return (long)time(0); }
calls clock_gettime|int clock_gettime(int, void *); int f(void *t) { return clock_gettime(0, t); }
calls randombytes_buf|#include <sodium.h>\nvoid f(void *p) { randombytes_buf(p, 32); }
draws entropy: crypto_kx_keypair|int crypto_kx_keypair();\nint f() { return crypto_kx_keypair(); }
draws entropy: crypto_box_seal|int crypto_box_seal(int);\nint f(void) { return crypto_box_seal(1); }
calls malloc|#include <stdlib.h>\nvoid *f(void) { return malloc(7); }
calls getrandom|#include <sys/random.h>\nlong f(void *p) { return getrandom(p, 7, 0); }
calls write|#include <unistd.h>\nlong f(void *p) { return write(1, p, 7); }
calls stderr|#include <stdio.h>\nvoid *f(void) { return stderr; }
calls abort|#include <stdlib.h>\nvoid f(void) { abort(); }
calls __errno_location|#include <errno.h>\nint f(void) { return errno; }
can be written: count|static int count;\nint f(void) { return ++count; }
can be written: level|int level = 3;
nothing|int crypto_sign_seed_keypair(int);\nint f(void) { return crypto_sign_seed_keypair(1); }
nothing|#include <string.h>\nvoid f(char *p, int n) { char b[9]; memcpy(b, p, n); memcpy(p, b, 9); }
nothing|static const char *const names[] = { "a", "b" };\nconst char *f(int i) { return names[i]; }
END
    return $missed
}

if [ $# -lt 1 ] || { [ "$1" = --selftest ] && [ $# -ne 2 ]; }; then
    echo "core-pure: usage: core-pure.sh ARCHIVE | --selftest CC" >&2
    exit 2
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ "$1" = --selftest ]; then
    selftest "$2"
    exit
fi
found=$(impurities "$1")
if [ -n "$found" ]; then
    echo "core-pure: the core may only compute; move these to station/ or hand the result in:" >&2
    echo "$found" >&2
    exit 1
fi
