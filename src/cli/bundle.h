/* cli/bundle.h — files of bundles and the conversation about them, shared by bundle*.c.
 * Replies  refusals are answers here: take tells of each file what came of it. */
#ifndef OL_CLI_BUNDLE_H
#define OL_CLI_BUNDLE_H

#include "cli/talk.h"
#include "line/bundle.h"

#define OL_CLI_BUNDLE_END ".olb"

/* At most OL_BUNDLE_MAX bytes of it; OL_ELIMIT: longer. */
OL_MUST ol_err ol_cli_bundle_read(const char *path, uint8_t to[OL_BUNDLE_MAX], size_t *ret_len,
                                  ol_why *why);
/* Hands one to the station. *ret: its reply, ok or not. An exit code that was told, or -1. */
int ol_cli_bundle_ask(ol_cli *c, ol_talk *t, ol_do what, const uint8_t *p, size_t len,
                      json_t **ret);

#endif
