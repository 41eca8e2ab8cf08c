/* station/load.h — what the store holds of a line → its engine, before EV_START.
 * Errors   of the store; OL_ECONFLICT, OL_ELIMIT, OL_ENOMEM of the engine: the line cannot run. */
#ifndef OL_STATION_LOAD_H
#define OL_STATION_LOAD_H

#include "line/line.h"
#include "store/store.h"

OL_MUST ol_err ol_load_line(ol_store *s, const uint8_t line[OL_LINE_ID_LEN], ol_line *engine);

#endif
