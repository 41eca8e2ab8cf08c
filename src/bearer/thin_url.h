/* bearer/thin_url.h — urls of ports that carry frames over a line of bytes.
 * Shape    serial:<device>[?key=value[&key=value]…]      serial:/dev/ttyS0?baud=300&half=1
 *          exec:<program>[ <word>]…[?key=value…]         exec:/usr/bin/ssh -T relay?rate=2400
 *          A \ makes the character after it an ordinary one: a space or ? in a word, a \.
 *          A peer's end is the scheme alone: serial: or exec: there is one place at the other end.
 * Keys     each at most once; numbers are decimal, times are 0, <n>ms or <n>s.
 *          baud 50 … 4000000, parity n|e|o, stop 1|2, bits 8     of a byte on the wire; serial has
 *                    baud=9600&bits=8&parity=n&stop=1; exec none: as quick as the program reads
 *          flow none|rtscts       serial only
 *          rate 10 … 100000000    bits a second of data that the link behind carries at most
 *          frame 14 … 1200        bytes of a frame; 64, or 1200 where no rate is known
 *          half 0|1               one side at a time
 *          turnaround             0 … 30s: what it takes to turn the direction around
 * Errors   a static phrase, NULL when all is well; *ret is untouched then.
 * Source   docs/PROTOCOL.md §5.10 */
#ifndef OL_BEARER_THIN_URL_H
#define OL_BEARER_THIN_URL_H

#include "bearer/bearer.h"
#include "bearer/pace.h"

enum { OL_THIN_TEXT_MAX = 320, OL_THIN_WORDS_MAX = 32, OL_THIN_FRAME_MIN = 14, OL_THIN_FRAME = 64 };

typedef struct {
    ol_pace_line line;
    bool is_odd, has_rtscts; /* odd: where line.has_parity */
    bool is_half;
    uint32_t turnaround_ms;
    uint16_t frame;
    uint8_t words;
    char text[OL_THIN_TEXT_MAX]; /* the device, or the program's words, each with its NUL */
} ol_thin_url;

const char *ol_thin_url_parse(const char *scheme, const char *url, ol_thin_url *ret);
const char *ol_thin_url_check(const char *scheme, const char *url, bool is_local);
/* The words as an argument list, ended by NULL; they lie in u. */
void ol_thin_url_argv(ol_thin_url *u, char *ret[OL_THIN_WORDS_MAX + 1]);
/* What the station must know of the line (bearer.h). */
void ol_thin_url_link(const ol_thin_url *u, ol_port_link *ret);
/* Is there such a rate for a serial line? *ret is termios's name for it. */
bool ol_thin_url_speed(uint32_t baud, unsigned *ret);

#endif
