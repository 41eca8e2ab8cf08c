/* scan/confine.h — takes away from this process what reading a stranger's picture does not need.
 * After it: no more privileges by any program, no files, no network, no processes, no memory that
 * can be run, no descriptor but the first three; bounded memory and time. What asks for more
 * than that is ended by the kernel.
 * Errors   false: the kernel does not do it (errno); nothing may be read then.
 * Built    with a sanitizer, which needs what is taken away here, it only closes descriptors.
 * Source   seccomp(2), Linux 5.9 and later. */
#ifndef OL_SCAN_CONFINE_H
#define OL_SCAN_CONFINE_H

#include <stdbool.h>

enum { OL_SCAN_MEMORY_MAX = 768 << 20, OL_SCAN_SECONDS_MAX = 30 };

bool ol_scan_confine(void);

#endif
