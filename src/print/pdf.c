/* Sheets of A4: what this is and what to do with it, the codes with a text above each, and the
 * groups to be read aloud. They are laid out twice: first to count them, for "page 1 of 3". */
#include <cairo-pdf.h>
#include <stdio.h>

#include "base/err.h"
#include "paper/groups.h"
#include "paper/parts.h"
#include "print/draw.h"
#include "print/job.h"

static const double WIDTH = 595.28, HEIGHT = 841.89; /* A4 in points */
static const double LEFT = 57, WIDE = 481, TOP = 86, BOTTOM = 792;
static const double CODE_SIDE = 300, CODE_SIDE_MIN = 190, CAPTION = 18, GAP = 6;
static const double PITCH = 17, DIGITS = 10.35, LABEL = 104, GROUPS_HEAD = 32;

typedef struct {
    cairo_t *to;
    const ol_print_job *job;
    const ol_print_bundle *b;
    size_t codes, lines; /* of b */
    char id[2 * OL_PARTS_ID_LEN + 1];
    unsigned page, pages; /* pages 0: they are being counted */
    double y;             /* what is free begins here */
} sheet;

static void begin_page(sheet *s) {
    char text[64];
    if (s->page > 0)
        cairo_show_page(s->to);
    s->page++;
    (void)ol_print_text(s->to, OL_PRINT_BOLD, 11, LEFT, 52, "openline");
    (void)ol_print_text(s->to, OL_PRINT_PLAIN, 9, LEFT + 62, 52, "sealed bundle on paper");
    (void)snprintf(text, sizeof text, "bundle %s     page %u of %u", s->id, s->page, s->pages);
    double width = ol_print_width(s->to, OL_PRINT_PLAIN, 9, text);
    (void)ol_print_text(s->to, OL_PRINT_PLAIN, 9, LEFT + WIDE - width, 52, text);
    ol_print_rule(s->to, LEFT, 60, WIDE, 1.2);
    s->y = TOP;
}

/* Room for so much, on this page or the next. */
static void need(sheet *s, double height) {
    if (s->y + height > BOTTOM)
        begin_page(s);
}

/* From whom and to whom, in one row where there is room. */
static void put_parties(sheet *s) {
    const char *label[] = { "FROM  ", "TO  " }, *name[] = { s->job->from, s->job->to };
    double x = LEFT;
    for (size_t i = 0; i < OL_LEN(name); i++) {
        if (name[i] == NULL)
            continue;
        double wide = ol_print_width(s->to, OL_PRINT_PLAIN, 11, label[i]) +
                      ol_print_width(s->to, OL_PRINT_BOLD, 11, name[i]);
        if (x > LEFT && x + wide > LEFT + WIDE)
            x = LEFT, s->y += 16;
        x = ol_print_text(s->to, OL_PRINT_PLAIN, 11, x, s->y, label[i]);
        x = ol_print_fitted(s->to, OL_PRINT_BOLD, 11, x, s->y, LEFT + WIDE - x, name[i]) + 26;
    }
    s->y += x > LEFT ? 18 : 0;
}

static void put_title(sheet *s) {
    char text[400];
    s->y = ol_print_wrapped(s->to, OL_PRINT_BOLD, 20, LEFT, s->y + 8, WIDE, 25,
                            s->job->title != NULL ? s->job->title : "Sealed bundle");
    put_parties(s);
    int at = snprintf(text, sizeof text, "Bundle %s, %zu bytes: %zu code%s", s->id, s->b->len,
                      s->codes, s->codes == 1 ? "" : "s");
    if (s->job->has_groups)
        at += snprintf(text + at, sizeof text - (size_t)at, ", %zu line%s of groups", s->lines,
                       s->lines == 1 ? "" : "s");
    if (s->job->when != NULL)
        (void)snprintf(text + at, sizeof text - (size_t)at, ". Printed %s", s->job->when);
    s->y = ol_print_wrapped(s->to, OL_PRINT_PLAIN, 9.5, LEFT, s->y, WIDE, 13, text) + 5;
}

static void put_advice(sheet *s) {
    static const struct {
        bool is_of_groups;
        const char *label, *text;
    } row[] = {
        { false, "What it is",
          "Messages and receipts of a line between two stations, sealed for one of them: only that "
          "station can read it. Whoever finds it, please bring it to the addressee." },
        { false, "With a camera",
          "Take a picture of each code, or scan the sheet, as JPEG or PNG. At the station: "
          "openline "
          "paper take --take PICTURE …" },
        { true, "By voice",
          "At the station: openline paper take --take, then type the groups below, line by line. "
          "What is wrong with a line is told at once, and it is read again." },
    };
    ol_print_rule(s->to, LEFT, s->y - 8, WIDE, 0.25);
    s->y += 6;
    for (size_t i = 0; i < OL_LEN(row); i++) {
        if (row[i].is_of_groups && !s->job->has_groups)
            continue;
        (void)ol_print_text(s->to, OL_PRINT_BOLD, 9, LEFT, s->y, row[i].label);
        s->y = ol_print_wrapped(s->to, OL_PRINT_PLAIN, 9, LEFT + LABEL, s->y, WIDE - LABEL, 12,
                                row[i].text) +
               4;
    }
    ol_print_rule(s->to, LEFT, s->y - 9, WIDE, 0.25);
    s->y += 4;
}

/* One code and its groups go onto one sheet, if the code stays large enough for that. */
static double side_of(const sheet *s) {
    double groups = s->job->has_groups ? GROUPS_HEAD + (double)(s->lines + 1) * PITCH : 0;
    double left = BOTTOM - s->y - CAPTION - GAP - groups;
    return s->codes > 1 || left > CODE_SIDE || left < CODE_SIDE_MIN ? CODE_SIDE : left;
}

static bool put_code(sheet *s, size_t part) {
    uint8_t bytes[OL_PARTS_PART_MAX];
    ol_print_code c = { 0 };
    char text[100];
    size_t len = ol_parts_put(s->b->p, s->b->len, part, s->codes, bytes);
    if (!ol_print_code_make(bytes, len, &c))
        return false;
    double side = side_of(s);
    need(s, CAPTION + side + GAP);
    (void)snprintf(text, sizeof text, "Part %zu of %zu", part, s->codes);
    double x = ol_print_text(s->to, OL_PRINT_BOLD, 12, LEFT, s->y + 14, text);
    (void)snprintf(text, sizeof text, "   of bundle %s", s->id);
    (void)ol_print_text(s->to, OL_PRINT_PLAIN, 9.5, x, s->y + 14, text);
    ol_print_draw_code(s->to, &c, LEFT + (WIDE - side) / 2, s->y + CAPTION, side);
    ol_print_code_free(&c);
    s->y += CAPTION + side + GAP;
    return true;
}

static void put_line(sheet *s, size_t line) {
    char text[OL_GROUPS_TEXT_MAX + 1], piece[OL_GROUPS_TEXT_MAX + 1];
    ol_groups_put(s->b->p, s->b->len, line, text);
    size_t len = 0, space = 0; /* number, groups, check group: the ends are bold */
    for (size_t i = 0; text[i] != '\0'; i++, len++)
        space = text[i] == ' ' ? i : space;
    size_t number = 0;
    while (text[number] != ' ')
        number++;
    (void)snprintf(piece, sizeof piece, "%.*s", (int)number, text);
    (void)ol_print_text(s->to, OL_PRINT_DIGITS_BOLD, DIGITS, LEFT, s->y, piece);
    double unit = ol_print_width(s->to, OL_PRINT_DIGITS, DIGITS, "0");
    (void)snprintf(piece, sizeof piece, "%.*s", (int)(space - number), text + number);
    (void)ol_print_text(s->to, OL_PRINT_DIGITS, DIGITS, LEFT + unit * (double)number, s->y, piece);
    (void)ol_print_text(s->to, OL_PRINT_DIGITS_BOLD, DIGITS, LEFT + unit * (double)(space + 1),
                        s->y, text + space + 1);
    ol_print_rule(s->to, LEFT, s->y + 4.4, WIDE, 0.25);
    s->y += PITCH;
}

static void put_groups(sheet *s) {
    static const char how[] = "line by line: number, groups digit by digit, in bold the "
                              "group that proves it";
    need(s, GROUPS_HEAD + 2 * PITCH);
    s->y += 12;
    double x = ol_print_text(s->to, OL_PRINT_BOLD, 12, LEFT, s->y, "To be read aloud");
    (void)ol_print_text(s->to, OL_PRINT_PLAIN, 8.5, x + 10, s->y, how);
    s->y += 20;
    for (size_t line = 1; line <= s->lines; line++) {
        if (s->y + 4 > BOTTOM) {
            begin_page(s);
            s->y += 8;
        }
        put_line(s, line);
    }
    (void)ol_print_text(s->to, OL_PRINT_PLAIN, 8.5, LEFT, s->y, "End of the groups.");
}

static bool lay_out(sheet *s) {
    for (size_t i = 0; i < s->job->n; i++) {
        uint8_t id[OL_PARTS_ID_LEN];
        s->b = &s->job->bundle[i];
        s->codes = ol_parts_count(s->b->len, OL_PARTS_PART_MAX);
        s->lines = ol_groups_lines(s->b->len);
        ol_parts_id(s->b->p, s->b->len, id);
        (void)snprintf(s->id, sizeof s->id, "%02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
        begin_page(s);
        put_title(s);
        put_advice(s);
        for (size_t part = 1; part <= s->codes; part++)
            if (!put_code(s, part))
                return false;
        if (s->job->has_groups)
            put_groups(s);
    }
    cairo_show_page(s->to);
    return true;
}

static cairo_status_t count(void *ctx, const unsigned char *p, unsigned len) {
    (void)ctx, (void)p, (void)len;
    return CAIRO_STATUS_SUCCESS;
}

static cairo_status_t put(void *ctx, const unsigned char *p, unsigned len) {
    (void)ctx;
    return fwrite(p, len, 1, stdout) == 1 ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static bool lay_out_to(const ol_print_job *job, cairo_write_func_t to, unsigned *pages) {
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(to, NULL, WIDTH, HEIGHT);
    sheet s = { .to = cairo_create(surface), .job = job, .pages = *pages };
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE,
                                   job->title != NULL ? job->title : "Sealed bundle");
    bool is_done = lay_out(&s) && cairo_status(s.to) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(s.to);
    cairo_surface_finish(surface);
    is_done = is_done && cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS;
    cairo_surface_destroy(surface);
    *pages = s.page;
    return is_done;
}

bool ol_print_pdf(const ol_print_job *job) {
    unsigned pages = 0;
    return lay_out_to(job, count, &pages) && lay_out_to(job, put, &pages) && fflush(stdout) == 0;
}
