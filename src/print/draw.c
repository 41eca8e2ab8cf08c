#include "print/draw.h"

#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 400 };

static void choose(cairo_t *to, ol_print_face face, double size) {
    bool is_digits = face == OL_PRINT_DIGITS || face == OL_PRINT_DIGITS_BOLD;
    bool is_bold = face == OL_PRINT_BOLD || face == OL_PRINT_DIGITS_BOLD;
    cairo_select_font_face(to, is_digits ? "DejaVu Sans Mono" : "DejaVu Sans",
                           CAIRO_FONT_SLANT_NORMAL,
                           is_bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(to, size);
}

double ol_print_width(cairo_t *to, ol_print_face face, double size, const char *text) {
    cairo_text_extents_t e;
    choose(to, face, size);
    cairo_text_extents(to, text, &e);
    return e.x_advance;
}

double ol_print_text(cairo_t *to, ol_print_face face, double size, double x, double y,
                     const char *text) {
    choose(to, face, size);
    cairo_set_source_rgb(to, 0, 0, 0);
    cairo_move_to(to, x, y);
    cairo_show_text(to, text);
    return x + ol_print_width(to, face, size, text);
}

double ol_print_fitted(cairo_t *to, ol_print_face face, double size, double x, double y,
                       double width, const char *text) {
    double is = ol_print_width(to, face, size, text);
    return ol_print_text(to, face, is > width ? size * width / is : size, x, y, text);
}

double ol_print_wrapped(cairo_t *to, ol_print_face face, double size, double x, double y,
                        double width, double pitch, const char *text) {
    char line[WORD_MAX + 1] = "";
    for (size_t at = 0; text[at] != '\0';) {
        char longer[WORD_MAX + 1];
        size_t word = strcspn(text + at, " ");
        (void)snprintf(longer, sizeof longer, "%s%s%.*s", line, line[0] != '\0' ? " " : "",
                       (int)word, text + at);
        if (line[0] != '\0' && ol_print_width(to, face, size, longer) > width) {
            (void)ol_print_text(to, face, size, x, y, line);
            y += pitch;
            (void)snprintf(longer, sizeof longer, "%.*s", (int)word, text + at);
        }
        memcpy(line, longer, sizeof line);
        at += word + strspn(text + at + word, " ");
    }
    (void)ol_print_text(to, face, size, x, y, line);
    return y + pitch;
}

void ol_print_rule(cairo_t *to, double x, double y, double width, double thick) {
    cairo_set_source_rgb(to, 0, 0, 0);
    cairo_rectangle(to, x, y, width, thick);
    cairo_fill(to);
}

void ol_print_draw_code(cairo_t *to, const ol_print_code *c, double x, double y, double side) {
    double unit = side / (c->side + 2 * OL_PRINT_QUIET);
    cairo_set_antialias(to, CAIRO_ANTIALIAS_NONE);
    cairo_set_source_rgb(to, 0, 0, 0);
    for (int row = 0; row < c->side; row++)
        for (int from = 0; from < c->side;) { /* a run of dark modules is one rectangle */
            int end = from;
            while (ol_print_code_is_dark(c, end, row))
                end++;
            cairo_rectangle(to, x + (from + OL_PRINT_QUIET) * unit,
                            y + (row + OL_PRINT_QUIET) * unit, (end - from) * unit, unit);
            cairo_fill(to);
            from = end > from ? end : from + 1;
        }
    cairo_set_antialias(to, CAIRO_ANTIALIAS_DEFAULT);
}
