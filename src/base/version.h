/* base/version.h — the release, as `openline version` and the control socket tell it.
 * Raised with each release; formats have versions of their own. */
#ifndef OL_BASE_VERSION_H
#define OL_BASE_VERSION_H

#define OL_VERSION "0.1.0"

#endif
