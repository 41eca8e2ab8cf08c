/* print/draw.h — what sheets and pictures are drawn of: text, rules, codes. Black on white.
 * Units    a sheet's are points (1/72 inch), a picture's pixels; y is a text's base line. */
#ifndef OL_PRINT_DRAW_H
#define OL_PRINT_DRAW_H

#include <cairo.h>

#include "print/code.h"

typedef enum { OL_PRINT_PLAIN, OL_PRINT_BOLD, OL_PRINT_DIGITS, OL_PRINT_DIGITS_BOLD } ol_print_face;

double ol_print_width(cairo_t *to, ol_print_face face, double size, const char *text);
/* The x where the text ends. */
double ol_print_text(cairo_t *to, ol_print_face face, double size, double x, double y,
                     const char *text);
/* The same, smaller where it would be wider. */
double ol_print_fitted(cairo_t *to, ol_print_face face, double size, double x, double y,
                       double width, const char *text);
/* In lines of at most that width, pitch apart; the base line after the last. */
double ol_print_wrapped(cairo_t *to, ol_print_face face, double size, double x, double y,
                        double width, double pitch, const char *text);
void ol_print_rule(cairo_t *to, double x, double y, double width, double thick);
/* With its quiet zone, within a square. */
void ol_print_draw_code(cairo_t *to, const ol_print_code *c, double x, double y, double side);

#endif
