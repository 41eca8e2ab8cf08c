/* A station like any other, but for what it signs: a message whose item begins with ba d0 is not
 * appended. Its text is the path of a file, and that file's bytes are the entry, whatever they are.
 * Linked with --wrap=ol_entry_encode, so that everything else is the station that is shipped. */
#include <stdio.h>
#include <string.h>

#include "message/body.h"
#include "station/station.h"
#include "wire/entry.h"

void __real_ol_entry_encode(const ol_entry *e, ol_wr *w);
void __wrap_ol_entry_encode(const ol_entry *e, ol_wr *w);

void __wrap_ol_entry_encode(const ol_entry *e, ol_wr *w) {
    static uint8_t room[OL_TEXT_MAX];
    char path[512];
    uint8_t bytes[OL_ENTRY_MAX];
    ol_message m;
    const char *why;
    if (!e->has_item || e->item[0] != 0xba || e->item[1] != 0xd0) {
        __real_ol_entry_encode(e, w);
        return;
    }
    OL_ASSERT(e->seens == 0); /* what the engine takes to be said there must not be lost */
    OL_ASSERT(ol_body_get(e->body, e->body_len, room, &m, &why) == OL_OK);
    OL_ASSERT(m.text.len < sizeof path);
    memcpy(path, m.text.p, m.text.len);
    path[m.text.len] = '\0';
    FILE *file = fopen(path, "rb");
    OL_ASSERT(file != NULL);
    size_t n = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    ol_wr_put(w, bytes, n);
}

int main(void) {
    ol_station_opts opts = { .passphrase_fd = -1 };
    ol_why why = { "" };
    static ol_station_again again; /* nobody asks for it */
    ol_err err = ol_station_run(&opts, &again, &why);
    if (err != OL_OK)
        (void)fprintf(stderr, "hostile: %s\n", why.text);
    return err == OL_OK ? 0 : 1;
}
