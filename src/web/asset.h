/* web/asset.h — the console's files, as they were when this program was built.
 * Shape    a table of path, type and bytes, the bytes compressed by gzip; made by
 *          tools/embed-console from console/ and what the build fetched. */
#ifndef OL_WEB_ASSET_H
#define OL_WEB_ASSET_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *path; /* "/app.js" */
    const char *type; /* of its Content-Type */
    const char *tag;  /* of its ETag, in quotes */
    const uint8_t *gzip;
    size_t gzip_len;
} ol_asset;

extern const ol_asset ol_assets[];
extern const size_t ol_assets_n;
extern const char ol_assets_licences[]; /* of what is in them that others wrote */

#endif
