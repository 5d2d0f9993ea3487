/* The C library that the benches call: each function does next to nothing, so that what is timed is the way there. */

#include <stdarg.h>
#include <stdint.h>

struct point { double x, y; };
struct segment { int id; struct point from, to; };
struct big { int64_t at[6]; };

void nothing(void) {}
int add(int a, int b) { return a + b; }
double scale(double x, double by) { return x * by; }
int64_t add6(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f) { return a + b + c + d + e + f; }
int first_byte(const char *text) { return text[0]; }
struct point mirror(struct point p) { struct point q = {p.y, p.x}; return q; }
struct big next(struct big b) { b.at[0]++; return b; }
double length(const struct point *p) { return p->x + p->y; }
int divide(int a, int b, int *rest) { *rest = a % b; return a / b; }
const char *name(void) { return "a name of some length"; }
int counter = 5;

int sum_of(int count, ...) {
  va_list rest;
  int sum = 0;
  va_start(rest, count);
  while (count-- > 0) sum += va_arg(rest, int);
  va_end(rest);
  return sum;
}

int call_often(int (*f)(int, int), int times) {
  int sum = 0;
  for (int i = 0; i < times; i++) sum = f(sum, i);
  return sum;
}

double scale_often(double (*f)(double), int times) {
  double value = 0;
  for (int i = 0; i < times; i++) value = f(value);
  return value;
}

int pass_often(int (*f)(int *, int *), int times) {
  int pair[2] = {1, 2}, sum = 0;
  for (int i = 0; i < times; i++) sum += f(&pair[0], &pair[1]);
  return sum;
}

/* As sorting merges: one of the two stays. */
int compare_often(int (*f)(const int *, const int *), int times) {
  int rows[2][16] = {{1}, {2}}, sum = 0;
  for (int i = 0; i < times; i++) sum += f(&rows[0][(i + 1) / 2 % 16], &rows[1][i / 2 % 16]);
  return sum;
}
